"""The log pipeline, fed by structlog and by libraries."""

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from weighbridge.privacy import log


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level, hook = root.handlers[:], root.level, sys.excepthook
    out = io.StringIO()
    log.configure("info", "auto", out)
    yield out
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook = hook


def _last(stream: io.StringIO) -> dict[str, object]:
    parsed = json.loads(stream.getvalue().splitlines()[-1])
    assert isinstance(parsed, dict)
    return parsed


def test_json_when_stderr_is_no_terminal(stream: io.StringIO) -> None:
    """One JSON object per line, with level and time."""
    structlog.get_logger().info("worker ready", worker=1, key="AIzaSyTESTTEST")
    line = _last(stream)
    assert (line["event"], line["level"], line["worker"]) == ("worker ready", "info", 1)
    assert line["key"] == "[withheld]"
    assert str(line["timestamp"]).endswith("Z")


def test_levels_below_the_setting_are_silent(stream: io.StringIO) -> None:
    """`debug` writes nothing at `info`."""
    structlog.get_logger().debug("noise")
    assert stream.getvalue() == ""


def test_an_exception_has_no_text(stream: io.StringIO) -> None:
    """P1: the message of an exception never reaches the log."""
    try:
        int("canary prompt")
    except ValueError:
        structlog.get_logger().exception("failed")
    assert "canary" not in stream.getvalue()
    assert str(_last(stream)["exception"]).startswith("ValueError at ")


def test_a_librarys_text_is_replaced_by_its_place(stream: io.StringIO) -> None:
    """P1: asyncio quotes callbacks with their arguments; only logger, level and place stay."""
    logging.getLogger("asyncio").error("Exception in callback f(b'canary') %s", "canary")
    line = _last(stream)
    assert "canary" not in stream.getvalue()
    assert line["logger"] == "asyncio"
    assert str(line["event"]).startswith("asyncio at test_log.py:")


def test_a_librarys_exception_has_no_text(stream: io.StringIO) -> None:
    """P1: nor does the exception that a library logs."""
    try:
        {}["canary"]
    except KeyError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application canary")
    assert "canary" not in stream.getvalue()
    assert str(_last(stream)["exception"]).startswith("KeyError at ")


def test_an_uncaught_exception_has_no_text(stream: io.StringIO) -> None:
    """P1: a crash leaves type and place, no values."""
    error = RuntimeError("canary")
    sys.excepthook(RuntimeError, error, None)
    assert "canary" not in stream.getvalue()
    assert _last(stream)["exception"] == "RuntimeError"


def test_text_form() -> None:
    """`text` is for people, under the same rules."""
    out = io.StringIO()
    try:
        log.configure("info", "text", out)
        structlog.get_logger().warning("slow", reason="key=hunter2")
    finally:
        structlog.reset_defaults()
        logging.getLogger().handlers[:] = []
    assert "slow" in out.getvalue()
    assert "hunter2" not in out.getvalue()


def test_a_log_that_cannot_be_written_fails_nothing() -> None:
    """Whoever logs goes on when the stream behind the log is gone."""
    out = io.StringIO()
    log.configure("info", "json", out)
    out.close()
    structlog.get_logger().error("journal is failing")
    logging.getLogger("asyncio").error("a library's line")
