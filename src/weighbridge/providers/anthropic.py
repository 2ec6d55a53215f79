"""What Claude answers, as Anthropic's API says it and Vertex passes it on (`rawPredict`).

Hides the inclusion rules of Anthropic's `usage`: its input excludes what was read from the
cache and what was written to it, ours includes both (design B4); its output includes thinking,
which is not told apart. In a stream the beginning and the end each report the whole usage so
far. Rules for future edits: last seen wins per field (S1); no text outlives a call; an error's
type is turned into Google's canonical codes, so that one word means one thing in the ledger.
Source: Anthropic API reference (Messages, streaming, errors), read 2026-11-21; Vertex AI
documentation of partner models.
Counterpart: `google_readers` chooses it for the publisher `anthropic`.
"""

from typing import Any, Final

import msgspec

from weighbridge.core.outcome import Note, UsageSource, keep_word
from weighbridge.core.usage import Usage
from weighbridge.providers.base import Reading
from weighbridge.providers.decoding import UNREADABLE, from_last
from weighbridge.providers.documents import member_of_cut
from weighbridge.providers.google_error import error_code, error_type
from weighbridge.providers.google_usage import as_count
from weighbridge.providers.model_names import keep_model

_USAGE_KEY: Final = b'"usage"'
_COUNTS: Final = (
    "input_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "output_tokens",
)
_TIERS: Final = {"standard": "standard", "priority": "priority", "batch": "batch"}


class _Document(msgspec.Struct):
    """A whole message, or an event of a stream: each has its part of the members."""

    type: Any = None
    usage: Any = None
    model: Any = None
    stop_reason: Any = None
    message: Any = None
    delta: Any = None
    error: Any = None


_decode: Final = msgspec.json.Decoder(_Document).decode


class AnthropicAnswer:
    """Reads one answer in Anthropic's shape."""

    __slots__ = ("_broken", "_error", "_finish", "_model", "_usage")

    def __init__(self) -> None:
        self._usage: dict[str, Any] | None = None
        self._model: object = None
        self._finish: object = None
        self._error: tuple[str, int | None] | None = None
        self._broken = False

    def __repr__(self) -> str:
        return f"<AnthropicAnswer {'usage' if self._usage else 'no usage'}>"

    def document(self, document: bytes | bytearray) -> None:
        """Take a whole message, or one event."""
        try:
            self._absorb(_decode(document))
        except UNREADABLE:
            self._broken = True

    def tail(self, tail: bytes | bytearray) -> None:
        """Take the end of a large message: `usage` is its last member."""
        found = from_last(_USAGE_KEY, tail, _decode)
        if found is None:
            self._broken = True
        else:
            self._absorb(found[0])

    def cut(self, document: bytes | bytearray) -> None:
        """Take the beginning of a document whose end never came."""
        value = member_of_cut(document, _USAGE_KEY) if _USAGE_KEY in document else None
        if value is not None:
            self.document(b'{"usage":' + value + b"}")
        self._broken = True

    def broken(self) -> None:
        """Take note that something came which is no message."""
        self._broken = True

    def reading(self, *, complete: bool) -> Reading:
        """Sum up the message so far."""
        notes: set[Note] = set()
        wire = self._usage or {}
        usage = _usage_of(wire, notes)
        reading = Reading(
            usage=usage,
            usage_source=self._source(usage, complete=complete),
            model_version=keep_model(self._model),
            notes=tuple(sorted(notes)),
        )
        if type(self._finish) is str:
            # `end_turn`, `max_tokens`, `tool_use`: the ledger's codes are in capitals.
            reading.finish_reason = keep_word(self._finish.upper())
        tier = wire.get("service_tier")
        reading.service_tier = _TIERS.get(tier) if type(tier) is str else None
        if self._error is not None:
            reading.error_type, reading.error_status = self._error
            reading.error_in_stream = True
        return reading

    def _source(self, usage: Usage, *, complete: bool) -> UsageSource:
        if self._usage is None or not any(name in self._usage for name in _COUNTS):
            return UsageSource.UNPARSED if self._broken and complete else UsageSource.NONE
        if usage.input_tokens is None and usage.output_tokens is None:
            return UsageSource.UNPARSED
        if not complete or self._error is not None or self._broken:
            return UsageSource.PARTIAL
        return UsageSource.FINAL

    def _absorb(self, document: _Document) -> None:
        if document.error is not None:
            self._error = error_type(document.error), error_code(document.error)
        for held in (document.message, document.delta):
            if type(held) is dict:
                self._take(held.get("usage"), held.get("model"), held.get("stop_reason"))
        self._take(document.usage, document.model, document.stop_reason)

    def _take(self, usage: Any, model: Any, finish: Any) -> None:
        if type(usage) is dict:
            self._broken = False
            told = {name: value for name, value in usage.items() if value is not None}
            self._usage = told if self._usage is None else self._usage | told
        if model is not None:
            self._model = model
        if finish is not None:
            self._finish = finish


def _usage_of(wire: dict[str, Any], notes: set[Note]) -> Usage:
    """Usage whose input holds all that was read: fresh, from the cache, and into it."""
    fresh, read, written, output = (_count(wire.get(name), notes) for name in _COUNTS)
    split = wire.get("cache_creation")
    hour = None
    if type(split) is dict:
        hour = _count(split.get("ephemeral_1h_input_tokens"), notes)
        if written is None:
            minutes = _count(split.get("ephemeral_5m_input_tokens"), notes)
            if hour is not None or minutes is not None:
                written = (hour or 0) + (minutes or 0)
    if hour is not None and hour > (written or 0):
        hour = None
        notes.add(Note.DETAILS_CONTRADICT)
    counted = [count for count in (fresh, read, written) if count is not None]
    whole = as_count(sum(counted))
    if whole is None:
        notes.add(Note.COUNT_REJECTED)
    tools = wire.get("server_tool_use")
    searches = tools.get("web_search_requests") if type(tools) is dict else None
    return Usage(
        input_tokens=whole if counted else None,
        cached_input_tokens=read,
        cache_write_input_tokens=written,
        cache_write_1h_input_tokens=hour,
        output_tokens=output,
        search_queries=_count(searches, notes),
    )


def _count(value: object, notes: set[Note]) -> int | None:
    number = as_count(value)
    if value is not None and number is None:
        notes.add(Note.COUNT_REJECTED)
    return number
