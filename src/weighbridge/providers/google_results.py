"""The file with a batch's results, read as it is downloaded: one answer a line.

Hides the file's size, which may be gigabytes. A line is decoded only where it holds usage; a
line that is too long to keep (an image) is walked. Any other file that is downloaded has no such
lines, or is no text at all, and is looked at no further than that. Rules for future edits: what
a line of any length means is told by one rule, whether it is decoded or walked; a part of a file
(206) is not the file and settles nothing.
Source: Batch API documentation (`{"key", "response"}` or `{"key", "error"}`), read 2026-11-21.
Counterpart: `google_batches` names the file; `batch_answers` sums.
"""

from typing import Any, Final

import msgspec

from weighbridge.core.outcome import UsageSource
from weighbridge.core.resource import ResourceKind, Settlement
from weighbridge.core.usage import Usage
from weighbridge.providers.base import Reading, Route, UsageReader
from weighbridge.providers.batch_answers import ANSWER_PATHS, RESPONSE_PATHS, AnswerSum
from weighbridge.providers.decoding import UNREADABLE
from weighbridge.providers.google_batches import BATCH_TIER
from weighbridge.providers.google_grounding import Candidate, Grounding, tells_of_tools
from weighbridge.providers.google_usage import UsageMetadata, as_count
from weighbridge.providers.json_walk import JsonWalker, wanted
from weighbridge.providers.model_names import keep_model
from weighbridge.providers.unread import UnreadAnswer

LONGEST_LINE_BYTES: Final = 1 << 20
_USAGE: Final = b'"usageMetadata"'
_TOKENS: Final = b'"tokenCount"'
_ERROR: Final = b'"error"'
_NO_TEXT: Final = (
    b"image/",
    b"video/",
    b"audio/",
    b"font/",
    b"application/pdf",
    b"application/zip",
)
_LINE: Final = wanted({**RESPONSE_PATHS, **ANSWER_PATHS})
_OK: Final = 200


class _Response(msgspec.Struct, rename="camel"):
    usage_metadata: UsageMetadata | None = None
    model_version: Any = None
    token_count: Any = None
    candidates: list[Candidate] | None = None


class _Line(_Response, rename="camel"):
    """A line: an answer with its key, or an answer alone."""

    response: _Response | None = None
    error: Any = None


_decode: Final = msgspec.json.Decoder(_Line).decode


def results_reader(route: Route, status: int, content_type: bytes | None) -> UsageReader:
    """A reader for a file that may be a batch's results."""
    media = (content_type or b"").lower()
    if status != _OK or route.resource is None or media.startswith(_NO_TEXT):
        return UnreadAnswer()
    return ResultsReader(route.resource)


class ResultsReader:
    """Reads a file line by line."""

    __slots__ = ("_ignored", "_line", "_name", "_started", "_sum", "_walker")

    def __init__(self, name: str) -> None:
        self._name = name
        self._sum = AnswerSum()
        self._line = bytearray()
        self._walker: JsonWalker | None = None  # of a line that is too long to keep
        self._started = False
        self._ignored = False

    def __repr__(self) -> str:
        return f"<ResultsReader {'ignoring' if self._ignored else repr(self._sum)}>"

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the file."""
        if self._ignored:
            return
        if not self._started:
            beginning = data.lstrip()
            if not beginning:
                return
            self._started = True
            if beginning[0] != 0x7B:
                self._ignored = True  # Lines of JSON begin with a brace.
                return
        lines = data.split(b"\n")
        rest = lines.pop()
        for line in lines:
            self._add(line)
            self._end_line()
        self._add(rest)

    def finish(self, *, complete: bool) -> Reading:
        """What the answers came to, where there were any."""
        reading = Reading(usage=Usage(), usage_source=UsageSource.NONE)
        if complete:
            self._end_line()
        if self._sum.answers and not self._ignored:
            reading.settlement = Settlement(
                kind=ResourceKind.BATCH_RESULTS,
                name=self._name,
                parts=self._sum.parts(),
                complete=complete and self._sum.is_certain,
                service_tier=BATCH_TIER,
            )
        return reading

    def _add(self, piece: bytes) -> None:
        if self._walker is not None:
            self._walker.feed(piece)
            return
        self._line += piece
        if len(self._line) > LONGEST_LINE_BYTES:
            self._walker = JsonWalker(_LINE, self._sum.take)
            self._walker.feed(bytes(self._line))
            self._line = bytearray()

    def _end_line(self) -> None:
        if self._walker is not None:
            self._walker = None
            self._sum.end()
            return
        line, self._line = bytes(self._line), bytearray()
        if _USAGE in line or _TOKENS in line:
            self._decode(line)
        elif line.strip():
            self._sum.add_nothing(failed=_ERROR in line)

    def _decode(self, line: bytes) -> None:
        try:
            found = _decode(line)
        except UNREADABLE:
            JsonWalker(_LINE, self._sum.take).feed(line)
            self._sum.end()
            return
        response = found.response or found
        model = keep_model(response.model_version)
        tokens = as_count(response.token_count)
        if response.usage_metadata is not None:
            self._sum.add(response.usage_metadata, model, _grounding(response.candidates))
        elif tokens is not None:
            self._sum.add_tokens(tokens, model)
        else:
            self._sum.add_nothing(failed=found.error is not None)


def _grounding(candidates: list[Candidate] | None) -> Grounding | None:
    telling = [each for each in candidates or () if tells_of_tools(each)]
    if not telling:
        return None
    grounding = Grounding()
    for candidate in telling:
        grounding.add(candidate)
    return grounding
