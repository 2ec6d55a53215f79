"""Explicit caches: what their creation bills, and when they begin and end.

Hides the cachedContents resource. Creating one bills its tokens as input once (design B7); it
then costs by the hour until it expires or is deleted, which its events tell. Rules for future
edits: every answer that shows a cache tells of it, because its end may have been moved by a call
that did not pass here; a deletion's answer is empty, so its path says whose it was.
Source: CachedContent of google-ai-generativelanguage 0.12.1 and of aiplatform discovery.
Counterpart: `core/resource` for the events, `control/cache_storage` for the hours.
"""

from typing import Any, Final

from weighbridge.core.outcome import UsageSource
from weighbridge.core.resource import ResourceChange, ResourceEvent, ResourceKind
from weighbridge.core.usage import Usage
from weighbridge.providers.base import Reading, Route
from weighbridge.providers.google_usage import as_count
from weighbridge.providers.json_walk import Wanted, wanted
from weighbridge.providers.model_names import keep_model
from weighbridge.providers.resource_names import keep_resource
from weighbridge.providers.walking import WalkingReader, instant_us, plain, text

# A page holds at most 1,000 of them.
_MOST_LISTED: Final = 1000
_MEMBERS: Final = {
    "name": "name",
    "model": "model",
    "createTime": "created",
    "expireTime": "expires",
    "usageMetadata": "usage",
}
_ONE: Final = wanted(_MEMBERS)
_MANY: Final = wanted(
    {f"cachedContents[].{path}": name for path, name in _MEMBERS.items()},
    {"cachedContents[]": "cache"},
)


def cache_reader(route: Route) -> WalkingReader:
    """A reader for an answer about caches."""
    root: Wanted = _MANY if route.operation == "listCachedContents" else _ONE
    return WalkingReader(root, CacheFinds(route))


class CacheFinds:
    """Gathers what an answer shows of caches."""

    __slots__ = ("_events", "_operation", "_resource", "_seen")

    def __init__(self, route: Route) -> None:
        self._operation = route.operation
        self._resource = route.resource
        self._seen: dict[str, bytes | None] = {}
        self._events: list[ResourceEvent] = []

    def __repr__(self) -> str:
        return f"<CacheFinds {self._operation} {len(self._events)} told>"

    def take(self, name: str, value: bytes | None) -> None:
        """Take a member of a cache, or the end of one in a list."""
        if name != "cache":
            self._seen[name] = value
            return
        if len(self._events) < _MOST_LISTED:
            self._tell(ResourceChange.UPDATED)
        self._seen = {}

    def reading(self, *, complete: bool, whole: bool) -> Reading:
        """The cache's tokens where it was created, and the events."""
        reading = Reading(usage=Usage(), usage_source=UsageSource.NONE)
        if self._operation == "createCachedContent":
            self._bill(reading, complete=complete, whole=whole)
            self._tell(ResourceChange.CREATED)
        elif self._operation == "deleteCachedContent":
            if self._resource is not None:
                self._events.append(_event(self._resource, ResourceChange.DELETED))
        elif self._operation != "listCachedContents":
            self._tell(ResourceChange.UPDATED)
        reading.events = tuple(self._events)
        return reading

    def _bill(self, reading: Reading, *, complete: bool, whole: bool) -> None:
        reading.model_version = keep_model(text(self._seen.get("model")))
        tokens = _tokens(self._seen.get("usage"))
        if tokens is not None:
            reading.usage = Usage(input_tokens=tokens, total_tokens=tokens)
            reading.usage_source = UsageSource.FINAL if whole else UsageSource.PARTIAL
        elif complete and (not whole or "usage" in self._seen):
            reading.usage_source = UsageSource.UNPARSED

    def _tell(self, change: ResourceChange) -> None:
        name = keep_resource(text(self._seen.get("name")))
        if name is None:
            return
        tokens = _tokens(self._seen.get("usage"))
        self._events.append(
            _event(
                name,
                change,
                model=keep_model(text(self._seen.get("model"))),
                created_at_us=instant_us(self._seen.get("created")),
                expires_at_us=instant_us(self._seen.get("expires")),
                usage=None if tokens is None else Usage(input_tokens=tokens),
            )
        )


def _event(name: str, change: ResourceChange, **facts: Any) -> ResourceEvent:
    return ResourceEvent(kind=ResourceKind.CACHE, name=name, change=change, **facts)


def _tokens(usage: bytes | None) -> int | None:
    found = plain(usage)
    return as_count(found.get("totalTokenCount")) if type(found) is dict else None
