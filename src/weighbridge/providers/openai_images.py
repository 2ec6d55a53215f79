"""What an OpenAI-compatible call for images says: how many came, or the tokens they took.

Hides that images are billed whole where the answer names no tokens, and by token where it does.
Rules for future edits: an image is counted by its bytes or its address, neither of which is
kept; an element with neither was masked out and leaves the number unknown (S11).
Source: Gemini API "OpenAI compatibility" (images), OpenAI API reference (images), read
2026-11-21.
Counterpart: `google_predict` for Google's own method; `openai_compat` for the counts.
"""

from typing import Final

from weighbridge.core.outcome import Note, UsageSource
from weighbridge.core.usage import Usage
from weighbridge.providers.base import Reading
from weighbridge.providers.google_error import error_code, error_type
from weighbridge.providers.json_walk import wanted
from weighbridge.providers.model_names import made_by
from weighbridge.providers.openai_compat import usage_of_openai
from weighbridge.providers.walking import WalkingReader, plain

_WANTED: Final = wanted(
    {
        "data[].b64_json": "content",
        "data[].url": "content",
        "usage": "usage",
        "model": "model",
        "error": "error",
    },
    {"data[]": "image"},
)


def images_reader() -> WalkingReader:
    """A reader for generated images."""
    return WalkingReader(_WANTED, ImageFinds())


class ImageFinds:
    """Gathers what images came."""

    __slots__ = ("_error", "_here", "_images", "_model", "_unclear", "_usage")

    def __init__(self) -> None:
        self._images: int | None = None
        self._here = False  # the present image
        self._unclear = False
        self._usage: object = None
        self._model: object = None
        self._error: object = None

    def __repr__(self) -> str:
        return f"<ImageFinds {self._images} images>"

    def take(self, name: str, value: bytes | None) -> None:
        """Take a member, or the end of an image."""
        if name == "content":
            self._here = True
        elif name == "image":
            self._images = (self._images or 0) + self._here
            self._unclear |= not self._here
            self._here = False
        elif name == "usage":
            self._usage = plain(value)
        elif name == "model":
            self._model = plain(value)
        else:
            self._error = plain(value)

    def reading(self, *, complete: bool, whole: bool) -> Reading:
        """Images, and tokens where they were told."""
        notes: set[Note] = set()
        usage = usage_of_openai(self._usage, notes) if type(self._usage) is dict else Usage()
        if usage.output_tokens is not None:
            usage.output_text_tokens, usage.output_audio_tokens = 0, 0
            usage.output_image_tokens = usage.output_tokens
        usage.images = self._images if self._images or not self._unclear else None
        reading = Reading(
            usage=usage,
            usage_source=self._source(usage, complete=complete, whole=whole),
            model_version=made_by(self._model)[1],
            notes=tuple(sorted(notes)),
        )
        if self._error is not None:
            reading.error_type, reading.error_status = (
                error_type(self._error),
                error_code(self._error),
            )
            reading.error_in_stream = True
        return reading

    def _source(self, usage: Usage, *, complete: bool, whole: bool) -> UsageSource:
        if usage.images is None and usage.output_tokens is None and usage.input_tokens is None:
            unread = complete and (not whole or self._usage is not None)
            return UsageSource.UNPARSED if unread else UsageSource.NONE
        certain = whole and not self._unclear and self._error is None
        return UsageSource.FINAL if certain else UsageSource.PARTIAL
