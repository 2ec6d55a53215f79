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
from weighbridge.providers.decoding import UNREADABLE, from_last
from weighbridge.providers.documents import member_of_cut
from weighbridge.providers.google_enums import (
    BLOCK_REASONS,
    FINISH_REASONS,
    enum_name,
    service_tier,
)
from weighbridge.providers.google_error import error_code, error_type
from weighbridge.providers.google_grounding import (
    Candidate,
    Grounding,
    GroundingMetadata,
    tells_of_tools,
)
from weighbridge.providers.google_usage import UsageMetadata, any_usage_of, text_usage_of
from weighbridge.providers.model_names import keep_model

_USAGE_KEY: Final = b'"usageMetadata"'
_GROUNDING_KEY: Final = b'"groundingMetadata"'
_FINISH: Final = re.compile(rb'"finishReason"\s*:\s*(?:"([A-Z][A-Z0-9_]{0,63})"|(\d{1,3}))')
_NULL: Final = msgspec.Raw(b"null")


class _PromptFeedback(msgspec.Struct, rename="camel", gc=False):
    block_reason: Any = None


class _Document(msgspec.Struct, rename="camel", gc=False):
    usage_metadata: UsageMetadata | None = None
    candidates: list[Candidate] | None = None
    prompt_feedback: _PromptFeedback | None = None
    model_version: Any = None
    error: Any = None


class _LooseDocument(msgspec.Struct, rename="camel", gc=False):
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
_decode: Final = msgspec.json.Decoder(_Document).decode
_decode_parts: Final = msgspec.json.Decoder(_LooseDocument).decode
# Members of an enum are looked up anew at each use, which takes as long as ten attributes.
_FINAL: Final = UsageSource.FINAL


class GeminiAnswer(msgspec.Struct, gc=False):
    """Reads the answers of generateContent, streamGenerateContent and the embedding calls.

    One is made for every answer, so its fields get their defaults in C.
    """

    _surface: str
    _usage: UsageMetadata | None = None
    _model: Any = None
    _finish: Any = None
    _block: Any = None
    _grounding: Grounding | None = None
    _error: tuple[str, int | None] | None = None
    _broken: bool = False  # Something unreadable came after the last usage.
    _embeds: bool = False  # Embeddings are counted by their prompt alone, without a total.

    def __repr__(self) -> str:
        seen = "usage" if self._usage is not None else "no usage"
        return f"<GeminiAnswer {self._surface} {seen}{' error' if self._error else ''}>"

    def document(self, document: bytes | bytearray) -> None:
        """Take one whole response object."""
        try:
            self._absorb(_decode(document))
        except UNREADABLE:
            loose = _decode_loosely(document)
            if loose is None:
                self._broken = True
            else:
                self._absorb(loose)

    def tail(self, tail: bytes | bytearray) -> None:
        """Take the end of a large response: what follows the last top-level `usageMetadata`."""
        found = from_last(_USAGE_KEY, tail, _decode)
        if found is None:
            self._broken = True
            return
        document, at = found
        before = tail[:at]
        self._finish_in(before)
        self._grounding_in(before)
        self._absorb(document)

    def cut(self, document: bytes | bytearray) -> None:
        """Take the beginning of a response object whose end never came."""
        try:
            self._absorb(_decode(document))
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
        error = self._error
        notes: set[Note] | None = None
        usage = None if metadata is None else text_usage_of(metadata)
        if usage is not None and complete and error is None and not self._broken:
            source = _FINAL
        else:
            notes = set()
            if usage is None:
                usage = Usage() if metadata is None else any_usage_of(metadata, notes)
            source = self._source(usage, complete=complete)
        if self._grounding is not None:
            self._grounding.describe(usage)
        tier = None
        if metadata is not None and (
            metadata.service_tier is not None or metadata.traffic_type is not None
        ):
            tier = service_tier(metadata.service_tier, metadata.traffic_type)
        finish, block = self._finish, self._block
        return Reading(
            usage=usage,
            usage_source=source,
            model_version=None if self._model is None else keep_model(self._model),
            finish_reason=None
            if finish is None
            else enum_name(finish, FINISH_REASONS[self._surface]),
            block_reason=None if block is None else enum_name(block, BLOCK_REASONS[self._surface]),
            service_tier=tier,
            error_type=None if error is None else error[0],
            error_status=None if error is None else error[1],
            error_in_stream=error is not None,
            notes=tuple(sorted(notes)) if notes else (),
        )

    def _source(self, usage: Usage, *, complete: bool) -> UsageSource:
        if self._usage is None or not self._usage.counts:
            return UsageSource.UNPARSED if self._broken and complete else UsageSource.NONE
        if usage.total_tokens is None and not _reads(usage):
            return UsageSource.UNPARSED
        if not complete or self._error is not None or self._broken:
            return UsageSource.PARTIAL
        if self._usage.total_token_count is None and not self._embeds and _is_one_sided(usage):
            return UsageSource.PARTIAL  # Google tells a total: a field mask left counts out.
        return UsageSource.FINAL

    def _absorb(self, document: _Document) -> None:
        usage = document.usage_metadata
        if usage is not None:
            self._broken = False
            if self._usage is None:
                self._usage = usage
            else:
                self._usage.merge(usage)
        finish = None
        for candidate in document.candidates or ():
            if finish is None and candidate.finish_reason is not None:
                self._finish = finish = candidate.finish_reason
            if tells_of_tools(candidate):
                if self._grounding is None:
                    self._grounding = Grounding()
                self._grounding.add(candidate)
        if document.model_version is not None:
            self._model = document.model_version
        if document.prompt_feedback is not None:
            self._block = document.prompt_feedback.block_reason or self._block
        if document.error is not None:
            self._error = error_type(document.error), error_code(document.error)

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
        self._absorb(_Document(candidates=[Candidate(grounding_metadata=metadata)]))


class SongAnswer(GeminiAnswer, gc=False):
    """Reads the answer of a model of songs: one that came to its end holds one song.

    The song is megabytes of base64 and is not looked at; its price covers the tokens.
    Source: Gemini API, music generation with Lyria (generateContent), read 2026-11-22.
    """

    def reading(self, *, complete: bool) -> Reading:
        """Sum up, the song included."""
        reading = GeminiAnswer.reading(self, complete=complete)
        if reading.finish_reason == "STOP":
            reading.usage.songs = 1
            if reading.usage_source is UsageSource.NONE and complete:
                reading.usage_source = UsageSource.FINAL
        return reading


def _reads(usage: Usage) -> bool:
    """Whether any count that came could be read."""
    return not (
        usage.input_tokens is None and usage.output_tokens is None and usage.thinking_tokens is None
    )


def _is_one_sided(usage: Usage) -> bool:
    """Whether only the prompt was told, or only the answer."""
    answered = usage.output_tokens is not None or usage.thinking_tokens is not None
    return usage.input_tokens is None or not answered


def _decode_loosely(document: bytes | bytearray) -> _Document | None:
    """The parts of a response object that are what they should be, or None if it is no object."""
    try:
        loose = _decode_parts(document)
    except UNREADABLE:
        return None
    kept = _Document()
    for name, shape in _SHAPES.items():
        try:
            setattr(kept, name, msgspec.json.decode(getattr(loose, name), type=shape))
        except UNREADABLE:
            continue
    return kept
