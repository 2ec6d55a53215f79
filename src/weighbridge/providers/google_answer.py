"""What the documents of one Gemini answer say: usage, finish, tier, grounding, errors.

Hides the shape of `GenerateContentResponse` and its kin, whether it came as one document, as
chunks of a stream, or too large to keep. Rules for future edits: only the fields below are
decoded, everything else is skipped unread; no text of the answer outlives a call; a document
that does not decode costs its own figures and nothing else.
Counterpart: `documents`, `json_array` and `sse` call it; `google_usage` knows the counts.
"""

import json
import re
from typing import Any, Final

import msgspec

from weighbridge.core.outcome import Note, UsageSource
from weighbridge.core.usage import Usage
from weighbridge.providers.base import Reading
from weighbridge.providers.documents import member_of_cut
from weighbridge.providers.google_enums import (
    BLOCK_REASONS,
    FINISH_REASONS,
    enum_name,
    service_tier,
)
from weighbridge.providers.google_error import error_code, error_type
from weighbridge.providers.google_grounding import Candidate, Grounding, GroundingMetadata
from weighbridge.providers.google_usage import UsageMetadata, usage_of
from weighbridge.providers.model_names import keep_model

_USAGE_KEY: Final = b'"usageMetadata"'
_GROUNDING_KEY: Final = b'"groundingMetadata"'
_FINISH: Final = re.compile(rb'"finishReason"\s*:\s*(?:"([A-Z][A-Z0-9_]{0,63})"|(\d{1,3}))')
_TAIL_ATTEMPTS: Final = 8

UNREADABLE: Final = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)
_NULL: Final = msgspec.Raw(b"null")


class _PromptFeedback(msgspec.Struct, rename="camel"):
    block_reason: Any = None


class _Document(msgspec.Struct, rename="camel"):
    usage_metadata: UsageMetadata | None = None
    candidates: list[Candidate] | None = None
    prompt_feedback: _PromptFeedback | None = None
    model_version: Any = None
    error: Any = None


class _LooseDocument(msgspec.Struct, rename="camel"):
    """The same undecoded, for documents of which a part is not what it should be."""

    usage_metadata: msgspec.Raw = _NULL
    candidates: msgspec.Raw = _NULL
    prompt_feedback: msgspec.Raw = _NULL
    model_version: msgspec.Raw = _NULL
    error: msgspec.Raw = _NULL


_SHAPES: Final[dict[str, Any]] = {
    "usage_metadata": UsageMetadata | None,
    "candidates": list[Candidate] | None,
    "prompt_feedback": _PromptFeedback | None,
    "model_version": Any,
    "error": Any,
}
_DECODER: Final = msgspec.json.Decoder(_Document)
_LOOSE_DECODER: Final = msgspec.json.Decoder(_LooseDocument)


class GeminiAnswer:
    """Reads the answers of generateContent, streamGenerateContent and the embedding calls."""

    __slots__ = (
        "_block",
        "_broken",
        "_error",
        "_finish",
        "_grounding",
        "_model",
        "_surface",
        "_usage",
    )

    def __init__(self, surface: str) -> None:
        self._surface = surface
        self._usage: UsageMetadata | None = None
        self._model: object = None
        self._finish: object = None
        self._block: object = None
        self._grounding: Grounding | None = None
        self._error: tuple[str, int | None] | None = None
        self._broken = False  # Something unreadable came after the last usage.

    def __repr__(self) -> str:
        seen = "usage" if self._usage is not None else "no usage"
        return f"<GeminiAnswer {self._surface} {seen}{' error' if self._error else ''}>"

    def document(self, document: bytes | bytearray) -> None:
        """Take one whole response object."""
        try:
            self._absorb(_DECODER.decode(document))
        except UNREADABLE:
            loose = _decode_loosely(document)
            if loose is None:
                self._broken = True
            else:
                self._absorb(loose)

    def tail(self, tail: bytes | bytearray) -> None:
        """Take the end of a large response: what follows the last top-level `usageMetadata`.

        `{` and the rest from that key decode exactly where the key stands at the top level:
        deeper, the rest has brackets too many; inside a text, its quotes are escaped.
        """
        end = len(tail)
        for _ in range(_TAIL_ATTEMPTS):
            end = tail.rfind(_USAGE_KEY, 0, end)
            if end < 0:
                break
            try:
                found = _DECODER.decode(b"{" + tail[end:])
            except UNREADABLE:
                continue
            before = tail[:end]
            self._finish_in(before)
            self._grounding_in(before)
            self._absorb(found)
            return
        self._broken = True

    def cut(self, document: bytes | bytearray) -> None:
        """Take the beginning of a response object whose end never came."""
        try:
            self._absorb(_DECODER.decode(document))
        except UNREADABLE:
            self._broken = True
            if _USAGE_KEY in document:
                value = member_of_cut(document, _USAGE_KEY)
                if value is not None:
                    self.document(b"{" + _USAGE_KEY + b":" + value + b"}")

    def broken(self) -> None:
        """Take note that something came which is no response object."""
        self._broken = True

    def reading(self, *, complete: bool) -> Reading:
        """Sum up the documents so far."""
        metadata = self._usage
        notes: set[Note] = set()
        usage = Usage() if metadata is None else usage_of(metadata, notes)
        if self._grounding is not None:
            self._grounding.describe(usage)
        reading = Reading(usage=usage, usage_source=self._source(usage, complete=complete))
        if metadata is not None:
            reading.service_tier = service_tier(metadata.service_tier, metadata.traffic_type)
        if self._model is not None:
            reading.model_version = keep_model(self._model)
        if self._finish is not None:
            reading.finish_reason = enum_name(self._finish, FINISH_REASONS[self._surface])
        if self._block is not None:
            reading.block_reason = enum_name(self._block, BLOCK_REASONS[self._surface])
        if self._error is not None:
            reading.error_type, reading.error_status = self._error
            reading.error_in_stream = True
        if notes:
            reading.notes = tuple(sorted(notes))
        return reading

    def _source(self, usage: Usage, *, complete: bool) -> UsageSource:
        if self._usage is None or not self._usage.counts:
            return UsageSource.UNPARSED if self._broken and complete else UsageSource.NONE
        if usage.total_tokens is None and not _reads(usage):
            return UsageSource.UNPARSED
        if not complete or self._error is not None or self._broken:
            return UsageSource.PARTIAL
        return UsageSource.FINAL

    def _absorb(self, document: _Document) -> None:
        usage = document.usage_metadata
        if usage is not None:
            self._broken = False
            if self._usage is None:
                self._usage = usage
            else:
                self._usage.merge(usage)
        if document.candidates:
            self._absorb_candidates(document.candidates)
        if document.model_version is not None:
            self._model = document.model_version
        if document.prompt_feedback is not None:
            self._block = document.prompt_feedback.block_reason or self._block
        if document.error is not None:
            self._error = error_type(document.error), error_code(document.error)

    def _absorb_candidates(self, candidates: list[Candidate]) -> None:
        finish = None
        for candidate in candidates:
            if finish is None and candidate.finish_reason is not None:
                self._finish = finish = candidate.finish_reason
            if candidate.tells_of_tools:
                if self._grounding is None:
                    self._grounding = Grounding()
                self._grounding.add(candidate)

    def _finish_in(self, text: bytes | bytearray) -> None:
        """Finish reason by its key, for a document too large to decode."""
        for match in _FINISH.finditer(text):
            name, number = match.groups()
            self._finish = name.decode("ascii") if name else int(number)

    def _grounding_in(self, text: bytes | bytearray) -> None:
        """Grounding metadata by its key, for a document too large to decode."""
        at = text.rfind(_GROUNDING_KEY)
        if at < 0:
            return
        rest = text[at + len(_GROUNDING_KEY) :].decode("utf-8", "replace").lstrip(" \t\r\n:")
        try:
            _, end = json.JSONDecoder().raw_decode(rest)
            metadata = msgspec.json.decode(rest[:end], type=GroundingMetadata)
        except (ValueError, *UNREADABLE):
            return
        self._absorb_candidates([Candidate(grounding_metadata=metadata)])


def _reads(usage: Usage) -> bool:
    """Whether any count that came could be read."""
    return not (
        usage.input_tokens is None and usage.output_tokens is None and usage.thinking_tokens is None
    )


def _decode_loosely(document: bytes | bytearray) -> _Document | None:
    """The parts of a response object that are what they should be, or None if it is no object."""
    try:
        loose = _LOOSE_DECODER.decode(document)
    except UNREADABLE:
        return None
    kept = _Document()
    for name, shape in _SHAPES.items():
        try:
            setattr(kept, name, msgspec.json.decode(getattr(loose, name), type=shape))
        except UNREADABLE:
            continue
    return kept
