"""What a request body says that its row needs: the model, the seconds of video asked for.

Hides where each method has it. Rules for future edits: nothing of a prompt is looked at; a body
that was too long to keep whole is read as far as it goes, and what it leaves unsaid is unknown,
never a default.
Source: GenerateVideosConfig of google-genai 3.4.0 for the names; Veo documentation for the 8
seconds that are made where none are asked for, read 2026-11-21.
Counterpart: `Provider.request_reader`; `google_predict` and `google_video` read what came.
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


class AskedReader:
    """Reads one request body as it passes, in little memory, whatever its size.

    `asked` is what it says so far.
    """

    __slots__ = ("_read", "_route", "_said", "_walker")

    def __init__(self, route: Route) -> None:
        root, self._read = _BY_OPERATION.get(route.operation, _NOTHING)
        self._route = route
        self._said = _Said()
        self._walker = JsonWalker(root, self._said.take)

    def __repr__(self) -> str:
        return f"<AskedReader {self._route.operation} {sorted(self._said.values)}>"

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the body."""
        self._walker.feed(data)

    @property
    def asked(self) -> Asked:
        """What the bytes so far say."""
        walker = self._walker
        whole = walker.documents > 0 and not (walker.inside or walker.broken)
        return self._read(self._route, self._said.values, whole)


def asked(route: Route, body: bytes) -> Asked:
    """What a request body of a route that asks says.

    Example: a video of 8 seconds asked for twice is 16 seconds in 2 videos; a chat completion
    with `google/gemini-2.5-flash` asks for `gemini-2.5-flash`.
    """
    reader = AskedReader(route)
    reader.feed(body)
    return reader.asked


class _Said:
    """The last value of each name."""

    __slots__ = ("values",)

    def __init__(self) -> None:
        self.values: dict[str, bytes | None] = {}

    def take(self, name: str, value: bytes | None) -> None:
        """Take a value by its name."""
        self.values[name] = value


def _nothing(route: Route, said: Mapping[str, bytes | None], whole: bool) -> Asked:  # noqa: ARG001
    return NOTHING_ASKED


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
_NOTHING: Final[tuple[Wanted, _Read]] = (Wanted(), _nothing)
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
