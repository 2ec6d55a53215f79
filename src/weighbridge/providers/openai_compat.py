"""What answers in OpenAI's shape say: completions, responses, embeddings, whole or streamed.

Hides the inclusion rules of OpenAI's `usage` as Google fills it, and its two spellings: chat
completions count prompt and completion, responses input and output. OpenAI counts reasoning inside
`completion_tokens`; Google's compatible endpoint leaves thinking out and shows it only in the
total. The total tells the two apart. Rules for future edits: usage is cumulative over chunks,
the last one counts (S1); error objects are Google's, also as an array of one.
Source: recorded answer with prompt 35, completion 12, total 109 (62 thinking tokens hidden);
OpenAI API reference (responses and their events), read 2026-11-21.
Counterpart: `google_answer` for Google's own shape; the same framings call both. Partners whose
`rawPredict` answers like this (Mistral, AI21, Llama) are read here too.
"""

from typing import Any, Final

import msgspec

from weighbridge.core.outcome import Note, UsageSource, keep_word
from weighbridge.core.usage import Usage
from weighbridge.providers.base import Reading
from weighbridge.providers.decoding import UNREADABLE, from_last
from weighbridge.providers.google_enums import SERVICE_TIERS
from weighbridge.providers.google_error import error_code, error_type
from weighbridge.providers.google_usage import as_count
from weighbridge.providers.model_names import made_by

_USAGE_KEY: Final = b'"usage"'
_FIELDS: Final = (
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "input_tokens",
    "output_tokens",
)

_OF_A_RESPONSE: Final = (
    "usage",
    "model",
    "service_tier",
    "error",
    "status",
    "incomplete_details",
)
_ENDS: Final = ("completed", "failed", "cancelled", "incomplete")  # of a response


class _Choice(msgspec.Struct):
    finish_reason: Any = None


class _Document(msgspec.Struct):
    """A completion, or a response: in a stream of events, the last ones hold the response."""

    usage: Any = None
    choices: list[_Choice] | None = None
    model: Any = None
    service_tier: Any = None
    error: Any = None
    status: Any = None
    incomplete_details: Any = None
    response: Any = None


_DECODER: Final = msgspec.json.Decoder(_Document)


class OpenAiAnswer:
    """Reads one answer in OpenAI's shape."""

    __slots__ = ("_broken", "_error", "_finish", "_model", "_tier", "_usage")

    def __init__(self) -> None:
        self._usage: dict[str, Any] | None = None
        self._model: object = None
        self._finish: object = None
        self._tier: object = None
        self._error: tuple[str, int | None] | None = None
        self._broken = False

    def __repr__(self) -> str:
        return f"<OpenAiAnswer {'usage' if self._usage else 'no usage'}>"

    def document(self, document: bytes | bytearray) -> None:
        """Take one whole completion, chunk or embedding list."""
        try:
            self._absorb(_DECODER.decode(document))
        except UNREADABLE:
            self._broken = True

    def tail(self, tail: bytes | bytearray) -> None:
        """Take the end of a large one, as `GeminiAnswer.tail` does."""
        found = from_last(_USAGE_KEY, tail, _DECODER.decode)
        if found is None:
            self._broken = True
        else:
            self._absorb(found[0])

    def cut(self, document: bytes | bytearray) -> None:
        """Take the beginning of a document whose end never came; it counts only if it is whole."""
        self.document(document)

    def broken(self) -> None:
        """Take note that something came which is no document."""
        self._broken = True

    def reading(self, *, complete: bool) -> Reading:
        """Sum up the documents so far."""
        notes: set[Note] = set()
        usage = usage_of_openai(self._usage or {}, notes)
        reading = Reading(usage=usage, usage_source=self._source(usage, complete=complete))
        reading.model_version = made_by(self._model)[1]
        if type(self._finish) is str:
            # OpenAI writes `stop`, `length`; the ledger's codes are in capitals.
            reading.finish_reason = keep_word(self._finish.upper())
        if type(self._tier) is str:
            reading.service_tier = SERVICE_TIERS.get(self._tier.lower())
        if self._error is not None:
            reading.error_type, reading.error_status = self._error
            reading.error_in_stream = True
        reading.notes = tuple(sorted(notes))
        return reading

    def _source(self, usage: Usage, *, complete: bool) -> UsageSource:
        if self._usage is None or not any(name in self._usage for name in _FIELDS):
            return UsageSource.UNPARSED if self._broken and complete else UsageSource.NONE
        if (
            usage.input_tokens is None
            and usage.total_tokens is None
            and usage.output_tokens is None
        ):
            return UsageSource.UNPARSED
        if not complete or self._error is not None or self._broken:
            return UsageSource.PARTIAL
        return UsageSource.FINAL

    def _absorb(self, document: _Document) -> None:
        self._take(document)
        held = document.response
        if type(held) is dict:
            self._take(_Document(**{name: held.get(name) for name in _OF_A_RESPONSE}))
        for choice in document.choices or ():
            if choice.finish_reason is not None:
                self._finish = choice.finish_reason
                break

    def _take(self, held: _Document) -> None:
        if type(held.usage) is dict:
            self._broken = False
            kept = {name: value for name, value in held.usage.items() if value is not None}
            self._usage = kept if self._usage is None else self._usage | kept
        if type(held.incomplete_details) is dict:
            self._finish = held.incomplete_details.get("reason")
        elif held.status in _ENDS:
            self._finish = held.status
        if held.model is not None:
            self._model = held.model
        if held.service_tier is not None:
            self._tier = held.service_tier
        if held.error is not None:
            self._error = error_type(held.error), error_code(held.error)


def usage_of_openai(wire: dict[str, Any], notes: set[Note]) -> Usage:
    """Usage by the total: what is beyond prompt and completion is thinking."""
    prompt = _count(_either(wire, "prompt_tokens", "input_tokens"), notes)
    completion = _count(_either(wire, "completion_tokens", "output_tokens"), notes)
    total = _count(wire.get("total_tokens"), notes)
    answer = _either(wire, "completion_tokens_details", "output_tokens_details")
    reasoning = _count(_detail(answer, "reasoning_tokens"), notes)
    question = _either(wire, "prompt_tokens_details", "input_tokens_details")
    cached = _count(_detail(question, "cached_tokens"), notes)
    if cached is not None and prompt is not None and cached > prompt:
        cached = None
        notes.add(Note.COUNT_REJECTED)
    usage = Usage(
        input_tokens=prompt,
        cached_input_tokens=cached,
        output_tokens=completion,
        thinking_tokens=reasoning,
        total_tokens=total,
    )
    if total is not None and prompt is not None:
        _divide(usage, total - prompt, notes)
    elif completion is not None and reasoning is not None:
        usage.output_tokens = max(0, completion - reasoning)
    return usage


def _divide(usage: Usage, beyond_prompt: int, notes: set[Note]) -> None:
    """Output and thinking tokens out of what the total leaves beside the prompt.

    Example: completion 12 of 74 leaves 62 thinking tokens; completion 74 of 74 with reasoning
    62 is output 12.
    """
    completion = usage.output_tokens or 0
    if beyond_prompt < completion:
        notes.add(Note.TOTAL_MISMATCH)
        if beyond_prompt < 0:
            return
    reasoning = usage.thinking_tokens
    if reasoning is None and beyond_prompt > completion:
        usage.thinking_tokens = beyond_prompt - completion
        return
    thinking = min(reasoning or 0, beyond_prompt)
    if reasoning is not None:
        usage.thinking_tokens = thinking
    if usage.output_tokens is not None:
        usage.output_tokens = beyond_prompt - thinking


def _either(wire: dict[str, Any], name: str, other: str) -> object:
    value = wire.get(name)
    return wire.get(other) if value is None else value


def _detail(details: object, name: str) -> object:
    return details.get(name) if type(details) is dict else None


def _count(value: object, notes: set[Note]) -> int | None:
    number = as_count(value)
    if value is not None and number is None:
        notes.add(Note.COUNT_REJECTED)
    return number
