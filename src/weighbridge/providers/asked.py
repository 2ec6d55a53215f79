"""What a request body says that its row needs: the model, the seconds of video asked for.

Hides where each method has it. Rules for future edits: nothing of a prompt is looked at; a body
that was too long to keep whole is read as far as it goes, and what it leaves unsaid is unknown,
never a default.
Source: GenerateVideosConfig of google-genai 3.4.0 for the names; Veo documentation for the 8
seconds that are made where none are asked for, read 2026-11-21.
Counterpart: `Provider.asked`; `google_predict` and `google_video` read what came.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from weighbridge.core.usage import Usage
from weighbridge.providers.base import NOTHING_ASKED, Asked, Route
from weighbridge.providers.json_walk import JsonWalker, Wanted, wanted
from weighbridge.providers.model_names import keep_model, made_by
from weighbridge.providers.walking import count, plain, text

_DEFAULT_SECONDS: Final = 8
_LONGEST_SECONDS: Final = 3600
_MOST_VIDEOS: Final = 64

_MODEL: Final = wanted({"model": "model"})
_INTERACTION: Final = wanted(
    {
        "model": "model",
        "agent": "agent",
        "modelInteraction.model": "model",
        "agentInteraction.agent": "agent",
    }
)
_VIDEO: Final = wanted(
    {
        "parameters.durationSeconds": "seconds",
        "parameters.sampleCount": "videos",
        "parameters.resolution": "resolution",
        "parameters.generateAudio": "audio",
    }
)


class _Said:
    """The last value of each name."""

    __slots__ = ("values",)

    def __init__(self) -> None:
        self.values: dict[str, bytes | None] = {}

    def take(self, name: str, value: bytes | None) -> None:
        """Take a value by its name."""
        self.values[name] = value


def asked(route: Route, body: bytes) -> Asked:
    """What a request body of a route that asks says.

    Example: a video of 8 seconds asked for twice is 16 seconds in 2 videos; a chat completion
    with `google/gemini-2.5-flash` asks for `gemini-2.5-flash`.
    """
    found = _BY_OPERATION.get(route.operation)
    if found is None:
        return NOTHING_ASKED
    root, read = found
    said = _Said()
    walker = JsonWalker(root, said.take)
    walker.feed(body)
    return read(route, said.values, walker.documents > 0 and not walker.broken)


def _model(route: Route, said: Mapping[str, bytes | None], whole: bool) -> Asked:  # noqa: ARG001
    maker, model = made_by(text(said.get("model")))
    if model is None or route.model is not None:
        return NOTHING_ASKED
    return Asked(model=model, provider=maker)


def _interaction(route: Route, said: Mapping[str, bytes | None], whole: bool) -> Asked:  # noqa: ARG001
    model = keep_model(text(said.get("model"))) or keep_model(text(said.get("agent")))
    return NOTHING_ASKED if model is None else Asked(model=model)


def _video(route: Route, said: Mapping[str, bytes | None], whole: bool) -> Asked:  # noqa: ARG001
    seconds, videos = count(said.get("seconds")), count(said.get("videos"))
    if "seconds" not in said and whole:
        seconds = _DEFAULT_SECONDS
    if "videos" not in said and whole:
        videos = 1
    if not seconds or seconds > _LONGEST_SECONDS or not videos or videos > _MOST_VIDEOS:
        return NOTHING_ASKED
    kind = _video_kind(text(said.get("resolution")), silent=plain(said.get("audio")) is False)
    usage = Usage(video_seconds=Decimal(seconds * videos), videos=videos, video_kind=kind)
    return Asked(usage=usage)


def _video_kind(resolution: str | None, *, silent: bool) -> str | None:
    """What a second of it costs by: 720p with sound is plain; a size we don't know is `other`."""
    size = "720p" if resolution is None else resolution.lower()
    if size not in {"480p", "720p", "1080p"}:
        size = "4k" if size in {"4k", "2160p"} else "other"
        return f"{size}_silent" if silent else size
    if silent:
        return "silent"
    return "1080p" if size == "1080p" else None


_Read = Callable[[Route, Mapping[str, bytes | None], bool], Asked]
_BY_OPERATION: Final[Mapping[str, tuple[Wanted, _Read]]] = {
    "chat.completions": (_MODEL, _model),
    "completions": (_MODEL, _model),
    "embeddings": (_MODEL, _model),
    "images.generations": (_MODEL, _model),
    "responses": (_MODEL, _model),
    "responses.compact": (_MODEL, _model),
    "createCachedContent": (_MODEL, _model),
    "createDecision": (_MODEL, _model),
    "createBatchPredictionJob": (_MODEL, _model),
    "createInteraction": (_INTERACTION, _interaction),
    "predictLongRunning": (_VIDEO, _video),
}
