"""What the older `predict` method answers: images, songs, embeddings, in one shape for all.

Hides that a prediction may be anything. Only its kind is looked at, by the members that it has:
an image or a song with its bytes or its place in a bucket, an embedding with its statistics.
Rules for future edits: what was filtered out is not billed and not counted, and why is never
kept (P2); a prediction whose kind does not show (a field mask, a model of another kind) counts
as nothing known, not as zero (S11); answers are megabytes of base64, so nothing is buffered.
Source: GenerateImagesResponse of google-genai 3.4.0; Vertex documentation of text embeddings
(`statistics.token_count`, `billableCharacterCount`), multimodal embeddings and Lyria, read
2026-11-21.
Counterpart: `json_walk`.
"""

from decimal import Decimal
from typing import Any, Final

from weighbridge.core.outcome import Note, UsageSource
from weighbridge.core.usage import Usage
from weighbridge.providers.base import Reading
from weighbridge.providers.json_walk import wanted
from weighbridge.providers.walking import WalkingReader, count, plain, text

_EACH: Final = "predictions[]."
_WANTED: Final = wanted(
    {
        f"{_EACH}bytesBase64Encoded": "content",
        f"{_EACH}gcsUri": "content",
        f"{_EACH}audioContent": "audio",
        f"{_EACH}mimeType": "type",
        f"{_EACH}raiFilteredReason": "no content",
        f"{_EACH}safetyAttributes": "no content",
        f"{_EACH}embeddings.statistics.token_count": "tokens",
        f"{_EACH}embeddings.statistics.tokenCount": "tokens",
        f"{_EACH}imageEmbedding": "image embedding",
        f"{_EACH}textEmbedding": "text embedding",
        f"{_EACH}videoEmbeddings[].startOffsetSec": "video start",
        f"{_EACH}videoEmbeddings[].endOffsetSec": "video end",
        "metadata.billableCharacterCount": "characters",
        "metadata.tokenMetadata.inputTokenCount.totalTokens": "prompt",
        "metadata.tokenMetadata.outputTokenCount.totalTokens": "answer",
    },
    {"predictions[]": "prediction"},
)
_LONGEST_VIDEO_SECONDS: Final = 10**6


def predict_reader() -> WalkingReader:
    """A reader for predictions of a publisher's model."""
    return WalkingReader(_WANTED, PredictFinds())


class PredictFinds:
    """Gathers what predictions came."""

    __slots__ = ("_counts", "_images", "_rejected", "_seen", "_songs", "_unclear", "_video")

    def __init__(self) -> None:
        self._seen: dict[str, bytes | None] = {}
        self._counts: dict[str, int] = {}
        self._images: int | None = None
        self._songs = 0
        self._video: Decimal | None = None
        self._unclear = False  # Something came that is billed and not counted here.
        self._rejected = False

    def __repr__(self) -> str:
        return f"<PredictFinds {self._images} images {self._songs} songs {self._counts}>"

    def take(self, name: str, value: bytes | None) -> None:
        """Take a member of a prediction or of the metadata, or the end of a prediction."""
        if name == "prediction":
            self._end_prediction()
        elif name in {"tokens", "characters", "prompt", "answer"}:
            number = count(value)
            if number is None:
                self._rejected = True
            else:
                before = self._counts.get(name, 0) if name == "tokens" else 0
                self._counts[name] = before + number
            self._seen["counted"] = value
        elif name == "video end":
            self._add_video(self._seen.pop("video start", None), value)
            self._seen["counted"] = value
        else:
            self._seen[name] = value

    def reading(self, *, complete: bool, whole: bool) -> Reading:
        """The units of all predictions."""
        usage = Usage(
            input_tokens=self._counts.get("tokens", self._counts.get("prompt")),
            output_tokens=self._counts.get("answer"),
            input_characters=self._counts.get("characters"),
            images=self._images,
            songs=self._songs or None,
            video_seconds=self._video,
        )
        notes = (Note.COUNT_REJECTED,) if self._rejected else ()
        return Reading(
            usage=usage,
            usage_source=self._source(complete=complete, whole=whole),
            notes=notes,
        )

    def _source(self, *, complete: bool, whole: bool) -> UsageSource:
        known = bool(self._counts or self._songs or self._video is not None)
        if not known and (self._images is None or (self._unclear and not self._images)):
            if self._rejected or (complete and not whole):
                return UsageSource.UNPARSED
            return UsageSource.NONE
        certain = whole and not self._unclear and not self._rejected
        return UsageSource.FINAL if certain else UsageSource.PARTIAL

    def _end_prediction(self) -> None:
        seen, self._seen = self._seen, {}
        media = text(seen.get("type")) or ""
        if "audio" in seen or ("content" in seen and media.startswith("audio/")):
            self._songs += 1
        elif "content" in seen and media.partition("/")[0] in {"", "image"}:
            self._images = (self._images or 0) + 1
        elif "image embedding" in seen:
            self._images = (self._images or 0) + 1
            self._unclear |= "text embedding" in seen  # Billed by characters that are not told.
        elif "content" not in seen and "no content" in seen:
            self._images = self._images or 0
        elif "counted" not in seen:
            self._unclear = True

    def _add_video(self, start: bytes | None, end: bytes | None) -> None:
        seconds = _seconds(plain(end)) - _seconds(plain(start))
        if 0 < seconds <= _LONGEST_VIDEO_SECONDS:
            self._video = (self._video or Decimal(0)) + seconds
        else:
            self._rejected = True


def _seconds(value: Any) -> Decimal:
    return Decimal(value) if type(value) is int else Decimal(0)
