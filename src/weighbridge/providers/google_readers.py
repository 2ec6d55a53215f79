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
from weighbridge.providers.anthropic import AnthropicAnswer
from weighbridge.providers.base import Reading, Route, UsageReader
from weighbridge.providers.decoding import UNREADABLE
from weighbridge.providers.documents import Answer
from weighbridge.providers.google_answer import GeminiAnswer, SongAnswer
from weighbridge.providers.google_batches import batch_reader
from weighbridge.providers.google_caches import cache_reader
from weighbridge.providers.google_error import error_code, error_type
from weighbridge.providers.google_interactions import interaction_reader
from weighbridge.providers.google_predict import predict_reader
from weighbridge.providers.google_results import results_reader
from weighbridge.providers.google_video import operation_reader
from weighbridge.providers.json_array import JsonReader
from weighbridge.providers.model_names import makes_songs
from weighbridge.providers.openai_compat import OpenAiAnswer
from weighbridge.providers.openai_images import images_reader
from weighbridge.providers.sse import SseReader, is_event_stream
from weighbridge.providers.unread import UnreadAnswer

# What almost every answer says, or nothing at all: no need to look closer.
_JSON: Final = frozenset({None, b"application/json; charset=UTF-8", b"application/json"})


def google_reader(route: Route, status: int, content_type: bytes | None) -> UsageReader:
    """A reader for one answer of Google's."""
    answer: Answer
    if status >= 400:
        answer = ErrorAnswer()
    elif not route.metered:
        return UnreadAnswer()
    else:
        special = _SPECIAL.get(route.operation)
        if special is not None:
            return special(route, status, content_type)
        answer = (SongAnswer if makes_songs(route.model) else GeminiAnswer)(route.surface)
    return _framed(answer, content_type)


def _embedding(route: Route, status: int, content_type: bytes | None) -> UsageReader:  # noqa: ARG001
    return _framed(GeminiAnswer(route.surface, _embeds=True), content_type)


def _framed(answer: Answer, content_type: bytes | None) -> UsageReader:
    if content_type not in _JSON and is_event_stream(content_type):
        return SseReader(answer)
    return JsonReader(answer)


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


def _openai(route: Route, status: int, content_type: bytes | None) -> UsageReader:  # noqa: ARG001
    return _framed(OpenAiAnswer(), content_type)


def _partner(route: Route, status: int, content_type: bytes | None) -> UsageReader:  # noqa: ARG001
    """A partner's model by `rawPredict` answers in its maker's own shape."""
    answer: Answer = AnthropicAnswer() if route.provider == "anthropic" else OpenAiAnswer()
    return _framed(answer, content_type)


_Make = Callable[[Route, int, bytes | None], UsageReader]
_SPECIAL: Final[Mapping[str, _Make]] = {
    **dict.fromkeys(
        ("chat.completions", "completions", "embeddings", "responses", "responses.compact"),
        _openai,
    ),
    **dict.fromkeys(("rawPredict", "streamRawPredict"), _partner),
    **dict.fromkeys(("embedContent", "batchEmbedContents"), _embedding),
    **dict.fromkeys(
        (
            "createCachedContent",
            "getCachedContent",
            "listCachedContents",
            "updateCachedContent",
            "deleteCachedContent",
        ),
        lambda route, status, content_type: cache_reader(route),  # noqa: ARG005
    ),
    **dict.fromkeys(
        ("batchGenerateContent", "asyncBatchEmbedContent", "getBatch", "listBatches"),
        lambda route, status, content_type: batch_reader(route),  # noqa: ARG005
    ),
    **dict.fromkeys(
        ("predictLongRunning", "fetchPredictOperation", "getOperation", "waitOperation"),
        lambda route, status, content_type: operation_reader(route),  # noqa: ARG005
    ),
    **dict.fromkeys(
        ("createInteraction", "getInteraction", "createDecision"),
        lambda route, status, content_type: interaction_reader(route, content_type),  # noqa: ARG005
    ),
    "predict": lambda route, status, content_type: predict_reader(),  # noqa: ARG005
    "images.generations": lambda route, status, content_type: images_reader(),  # noqa: ARG005
    "downloadFile": results_reader,
}
