"""The one log pipeline: structlog and the standard library's logging, both through redaction.

JSON lines on stderr unless it is a terminal. Lines of libraries keep their logger, level and
place in code, but not their text: asyncio and others put representations of callbacks and
their arguments there, and those may hold a body.
Rules for future edits: no handler may be added that does not end in `clean_event`.
Counterpart: `redaction` has the rules; `compose/` calls `configure` once per process.
"""

import contextlib
import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO, cast

import structlog

from weighbridge.privacy import redaction

_FOREIGN_LEVEL = logging.WARNING


def configure(level: str, form: str, stream: TextIO | None = None) -> None:
    """Set the process's logging up.

    Takes: `level` as in `log.level`, `form` as in `log.format` (`auto`, `json`, `text`).
    """
    out = stream or sys.stderr
    as_json = form == "json" or (form == "auto" and not out.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _exception_to_place,
        _redact,
    ]
    render: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(sort_keys=True)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=_no_traceback)
    )
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", _Unfailing(out))),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _redact,
                render,
            ],
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                _foreign_to_place,
                _exception_to_place,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(_FOREIGN_LEVEL, logging.getLevelNamesMapping()[level.upper()]))
    logging.raiseExceptions = False
    sys.excepthook = _log_uncaught


class _Unfailing:
    """A stream that loses what it cannot write: no call or row may fail for want of a log.

    The terminal or the pipe behind stderr may be gone, or its disk full, while we go on.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def __repr__(self) -> str:
        return f"<_Unfailing {self._out!r}>"

    def write(self, text: str) -> None:
        """Write, or lose it."""
        with contextlib.suppress(OSError, ValueError):
            self._out.write(text)

    def flush(self) -> None:
        """Flush, or give up."""
        with contextlib.suppress(OSError, ValueError):
            self._out.flush()


def _redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return redaction.clean_event(event)


def _exception_to_place(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> Mapping[str, Any]:
    info = event.pop("exc_info", None)
    error = sys.exc_info()[1] if info is True else info
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["exception"] = redaction.describe(error)
    event.pop("stack_info", None)
    return event


def _foreign_to_place(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> Mapping[str, Any]:
    record: logging.LogRecord = event["_record"]
    event["event"] = f"{record.name} at {record.filename}:{record.lineno}"
    return event


def _no_traceback(*_: Any) -> None:
    """The console renderer gets no exception: `_exception_to_place` took it."""


def _log_uncaught(kind: type[BaseException], error: BaseException, _trace: Any) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    structlog.get_logger().critical("uncaught exception", exception=redaction.describe(error))
