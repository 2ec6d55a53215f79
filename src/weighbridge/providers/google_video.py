"""Long-running operations that make video: their beginning and their end.

Hides where the two surfaces put the finished videos. An operation is created by one call, which
says how long the videos will be, and read by others until it is done; what is billed are the
videos that came, for as long as was asked. A failed operation, or one whose videos were all
filtered out, costs nothing. Rules for future edits: a video may be in the answer, so nothing
but its presence is looked at; why one was filtered out is never kept (P2); an operation that is
not about video settles nothing.
Source: GenerateVideosOperation of google-genai 3.4.0; GenerateVideoResponse of the aiplatform
discovery; litellm 1.109.1 and public fixtures for `generateVideoResponse.generatedSamples`.
Counterpart: `asked` for what was asked, `core/resource.settled_usage` joins the two.
"""

from typing import Final

from weighbridge.core.outcome import UsageSource
from weighbridge.core.resource import (
    ResourceChange,
    ResourceEvent,
    ResourceKind,
    Settlement,
    UsagePart,
)
from weighbridge.core.usage import Usage
from weighbridge.providers.base import Reading, Route
from weighbridge.providers.json_walk import wanted
from weighbridge.providers.resource_names import keep_resource
from weighbridge.providers.walking import WalkingReader, count, plain, text

_LISTS: Final = (
    "response.videos",
    "response.generatedVideos",
    "response.generatedSamples",
    "response.generateVideoResponse.generatedSamples",
    "response.generateVideoResponse.videos",
)
_WANTED: Final = wanted(
    {
        "name": "name",
        "done": "done",
        "error": "error",
        "response.raiMediaFilteredCount": "filtered",
        "response.generateVideoResponse.raiMediaFilteredCount": "filtered",
    },
    {f"{path}[]": path for path in _LISTS},
)


def operation_reader(route: Route) -> WalkingReader:
    """A reader for an operation, just begun or read again."""
    return WalkingReader(_WANTED, OperationFinds(route))


class OperationFinds:
    """Gathers the state of one operation."""

    __slots__ = ("_begins", "_model", "_seen", "_videos")

    def __init__(self, route: Route) -> None:
        self._begins = route.operation == "predictLongRunning"
        self._model = route.model
        self._seen: dict[str, bytes | None] = {}
        self._videos: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"<OperationFinds {sum(self._videos.values())} videos>"

    def take(self, name: str, value: bytes | None) -> None:
        """Take a member, or the end of a video."""
        if name in _LISTS:
            self._videos[name] = self._videos.get(name, 0) + 1
        else:
            self._seen[name] = value

    def reading(self, *, complete: bool, whole: bool) -> Reading:  # noqa: ARG002 - the protocol's
        """Its beginning and, once it is done, what it came to."""
        reading = Reading(usage=Usage(), usage_source=UsageSource.NONE)
        name = keep_resource(text(self._seen.get("name")))
        if name is None:
            return reading
        if self._begins:
            reading.events = (
                ResourceEvent(
                    kind=ResourceKind.OPERATION,
                    name=name,
                    change=ResourceChange.CREATED,
                    model=self._model,
                ),
            )
        if whole and plain(self._seen.get("done")) is True:
            reading.settlement = self._settlement(name)
        return reading

    def _settlement(self, name: str) -> Settlement | None:
        """What it came to; None where the answer does not tell of video, or no longer does."""
        videos = max(self._videos.values(), default=0)
        parts: tuple[UsagePart, ...] = ()
        if videos:
            parts = (UsagePart(usage=Usage(videos=videos), model_version=None),)
        elif "error" not in self._seen and count(self._seen.get("filtered")) is None:
            return None
        return Settlement(kind=ResourceKind.OPERATION, name=name, parts=parts, model=self._model)
