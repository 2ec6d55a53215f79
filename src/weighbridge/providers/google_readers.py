"""Chooses the reader of an answer from Google: by operation, status and content type (S4).

Hides which answers are worth reading. Rules for future edits: the URL chooses what an answer
may mean, never how it is framed; an answer of 4xx or 5xx is read for its error code alone.
Counterpart: `gemini` and `vertex` offer it as their `Provider.reader`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from weighbridge.core.outcome import UsageSource
from weighbridge.core.usage import Usage
from weighbridge.providers.base import Reading, Route, UsageReader
from weighbridge.providers.documents import Answer
from weighbridge.providers.google_answer import UNREADABLE, GeminiAnswer
from weighbridge.providers.google_error import error_code, error_type
from weighbridge.providers.google_usage import as_count
from weighbridge.providers.json_array import JsonReader
from weighbridge.providers.openai_compat import OpenAiAnswer
from weighbridge.providers.sse import SseReader
from weighbridge.providers.unread import UnreadAnswer

EVENT_STREAM: Final = b"text/event-stream"
# What almost every answer says, or nothing at all: no need to look closer.
_JSON: Final = frozenset({None, b"application/json; charset=UTF-8", b"application/json"})
OPENAI_OPERATIONS: Final = frozenset({"chat.completions", "embeddings"})


def google_reader(route: Route, status: int, content_type: bytes | None) -> UsageReader:
    """A reader for one answer of Google's."""
    if status < 400 and not route.metered:
        return UnreadAnswer()
    answer: Answer
    if status >= 400:
        answer = ErrorAnswer()
    elif route.operation in _OTHER_ANSWERS:
        answer = _OTHER_ANSWERS[route.operation]()
    else:
        answer = GeminiAnswer(route.surface)
    if content_type not in _JSON and is_event_stream(content_type):
        return SseReader(answer)
    return JsonReader(answer)


def is_event_stream(content_type: bytes | None) -> bool:
    """Whether a `Content-Type` says event stream, whatever its case and parameters."""
    return content_type is not None and content_type[: len(EVENT_STREAM)].lower() == EVENT_STREAM


class _ErrorDocument(msgspec.Struct):
    error: Any = None


class _Silent:
    """An answer whose large or cut documents say nothing."""

    __slots__ = ()

    def tail(self, tail: bytes | bytearray) -> None:
        """Take the end of a large document."""

    def cut(self, document: bytes | bytearray) -> None:
        """Take the beginning of a cut document."""

    def broken(self) -> None:
        """Take note that something came which is no document."""


_ERROR_DECODER: Final = msgspec.json.Decoder(_ErrorDocument)


class ErrorAnswer(_Silent):
    """Reads a 4xx or 5xx answer for its canonical code; its message is never kept (P2)."""

    __slots__ = ("_error",)

    def __init__(self) -> None:
        self._error: tuple[str, int | None] | None = None

    def __repr__(self) -> str:
        return f"<ErrorAnswer {self._error}>"

    def document(self, document: bytes | bytearray) -> None:
        """Take an error object, alone or as an element of an array."""
        try:
            error = _ERROR_DECODER.decode(document).error
        except UNREADABLE:
            return
        if error is not None:
            self._error = error_type(error), error_code(error)

    def reading(self, *, complete: bool) -> Reading:  # noqa: ARG002 - the protocol's
        """The error's code; usage is not reported."""
        reading = Reading(usage=Usage(), usage_source=UsageSource.NONE)
        if self._error is not None:
            reading.error_type, reading.error_status = self._error
        return reading


class _CachedContentUsage(msgspec.Struct, rename="camel"):
    total_token_count: Any = None


class _CachedContent(msgspec.Struct, rename="camel"):
    usage_metadata: _CachedContentUsage | None = None
    model: Any = None


_CACHED_CONTENT_DECODER: Final = msgspec.json.Decoder(_CachedContent)


class CachedContentAnswer(_Silent):
    """Reads a created cache: its tokens are billed as input once (design B7)."""

    __slots__ = ("_broken", "_tokens")

    def __init__(self) -> None:
        self._tokens: int | None = None
        self._broken = False

    def __repr__(self) -> str:
        return f"<CachedContentAnswer {self._tokens} tokens>"

    def document(self, document: bytes | bytearray) -> None:
        """Take the cache's resource."""
        try:
            usage = _CACHED_CONTENT_DECODER.decode(document).usage_metadata
        except UNREADABLE:
            self._broken = True
            return
        if usage is not None:
            self._tokens = as_count(usage.total_token_count)
            self._broken = self._tokens is None and usage.total_token_count is not None

    def reading(self, *, complete: bool) -> Reading:
        """Tokens of the cache as input tokens."""
        usage = Usage(input_tokens=self._tokens, total_tokens=self._tokens)
        if self._tokens is not None:
            source = UsageSource.FINAL if complete else UsageSource.PARTIAL
        else:
            source = UsageSource.UNPARSED if self._broken and complete else UsageSource.NONE
        return Reading(usage=usage, usage_source=source)


_OTHER_ANSWERS: Final[Mapping[str, Callable[[], Answer]]] = {
    **dict.fromkeys(OPENAI_OPERATIONS, OpenAiAnswer),
    "createCachedContent": CachedContentAnswer,
}
