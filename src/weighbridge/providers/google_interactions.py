"""What an interaction says: with a model or an agent, at once, as events, or when it is over.

Hides the shape of the Interactions API on both surfaces. Its `usage` counts as generateContent
does (the prompt holds the cached tokens, thoughts and tool use stand apart), in other words, and
lists kinds in lower case. An interaction in the background is created by one call and read by
others until it ends: its usage is billed to whoever created it, once. Rules for future edits:
steps and outputs are never looked at; the Developer API writes `snake_case`, Vertex also
`camelCase`, and both are read.
Source: Usage, Interaction and the events of google-genai 3.4.0 (`_gaos/types/interactions`);
GenerateInteraction… of aiplatform discovery v1beta1 rev 20261106.
Counterpart: `google_usage` for the inclusion rules; `sse` frames the events.
"""

from typing import Any, Final

from weighbridge.core.outcome import UNRECOGNISED, Note, UsageSource, keep_word
from weighbridge.core.resource import (
    ResourceChange,
    ResourceEvent,
    ResourceKind,
    Settlement,
    UsagePart,
)
from weighbridge.core.usage import Usage
from weighbridge.providers.base import Reading, Route, UsageReader
from weighbridge.providers.google_enums import SERVICE_TIERS
from weighbridge.providers.google_error import error_code, error_type
from weighbridge.providers.google_usage import UsageMetadata, as_count, usage_of
from weighbridge.providers.json_walk import JsonWalker, wanted
from weighbridge.providers.model_names import keep_model, makes_songs
from weighbridge.providers.resource_names import keep_resource
from weighbridge.providers.sse import SseReader, is_event_stream
from weighbridge.providers.walking import WalkingReader, plain

_MEMBERS: Final = {
    "id": "id",
    "status": "status",
    "usage": "usage",
    "model": "model",
    "agent": "agent",
    "service_tier": "tier",
    "serviceTier": "tier",
    "modelInteraction.model": "model",
    "agentInteraction.agent": "agent",
    "error": "error",
}
# An interaction by itself, and as the events of a stream hold it, in either spelling.
_HOLDERS: Final = (
    "",
    "interaction.",
    "interactionCreatedEvent.interaction.",
    "interactionCompletedEvent.interaction.",
    "interactionCompleteEvent.interaction.",
)
_PATHS: Final = wanted(
    {holder + path: name for holder in _HOLDERS for path, name in _MEMBERS.items()}
    | {
        "interactionStatusUpdate.status": "status",
        "metadata.total_usage": "usage",
        "metadata.totalUsage": "usage",
        "errorEvent.error": "error",
    }
)
_CREATING: Final = frozenset({"createInteraction", "createDecision"})
# States in which nothing more will be billed.
_ENDED: Final = frozenset({"COMPLETED", "FAILED", "CANCELLED", "INCOMPLETE", "BUDGET_EXCEEDED"})
_GOING_ON: Final = frozenset({"IN_PROGRESS", "QUEUED"})
_COUNTS: Final = {
    "prompt_token_count": "total_input_tokens",
    "cached_content_token_count": "total_cached_tokens",
    "candidates_token_count": "total_output_tokens",
    "thoughts_token_count": "total_thought_tokens",
    "tool_use_prompt_token_count": "total_tool_use_tokens",
    "total_token_count": "total_tokens",
}
_DETAILS: Final = {
    "prompt_tokens_details": "input_tokens_by_modality",
    "cache_tokens_details": "cached_tokens_by_modality",
    "candidates_tokens_details": "output_tokens_by_modality",
}
_SEARCHES: Final = frozenset({"GOOGLE_SEARCH", "GOOGLE_SEARCH_IMAGE"})


def interaction_reader(route: Route, content_type: bytes | None) -> UsageReader:
    """A reader for an interaction, as one document or as events."""
    finds = InteractionFinds(route)
    return SseReader(finds) if is_event_stream(content_type) else WalkingReader(_PATHS, finds)


class InteractionFinds:
    """Gathers what an answer says of one interaction, by walking it or event by event."""

    __slots__ = ("_broken", "_creates", "_error", "_seen")

    def __init__(self, route: Route) -> None:
        self._creates = route.operation in _CREATING
        self._seen: dict[str, Any] = {}
        self._error: Any = None
        self._broken = False

    def __repr__(self) -> str:
        return f"<InteractionFinds {sorted(self._seen)}>"

    def take(self, name: str, value: bytes | None) -> None:
        """Take a member of the interaction; the last one seen counts (S1)."""
        found = plain(value)
        if found is None:
            return
        if name == "error":
            self._error = found
        else:
            self._seen[name] = found

    def document(self, document: bytes | bytearray) -> None:
        """Take one event of a stream."""
        walker = JsonWalker(_PATHS, self.take)
        walker.feed(bytes(document))
        self._broken |= not walker.documents

    def tail(self, tail: bytes | bytearray) -> None:
        """Take the end of an event too large to keep: an image, which says nothing of usage."""

    def cut(self, document: bytes | bytearray) -> None:
        """Take the beginning of a cut event."""

    def broken(self) -> None:
        """Take note that something came which is no event."""
        self._broken = True

    def reading(self, *, complete: bool, whole: bool | None = None) -> Reading:
        """The usage of an interaction that ends with this call; else what is told of it."""
        whole = complete if whole is None else whole
        notes: set[Note] = set()
        wire = self._seen.get("usage")
        usage = _usage_of(wire, notes) if type(wire) is dict else Usage()
        reading = Reading(
            usage=usage,
            usage_source=self._source(usage, wire, complete=complete, whole=whole),
            model_version=keep_model(self._seen.get("model"))
            or keep_model(self._seen.get("agent")),
            service_tier=_tier(self._seen.get("tier")),
            notes=tuple(sorted(notes)),
        )
        status = _word(self._seen.get("status"))
        if status in _ENDED and status != "COMPLETED":
            reading.finish_reason = status
        if self._error is not None and self._creates:
            reading.error_type, reading.error_status = (
                _error_type(self._error),
                error_code(self._error),
            )
            reading.error_in_stream = True
        if status == "COMPLETED" and makes_songs(reading.model_version):
            usage.songs = 1
        self._tell(reading, status, whole=whole)
        return reading

    def _source(self, usage: Usage, wire: Any, *, complete: bool, whole: bool) -> UsageSource:
        if type(wire) is not dict or not any(
            _said(wire, name) is not None for name in _COUNTS.values()
        ):
            unread = wire is not None or self._broken or (complete and not whole)
            return UsageSource.UNPARSED if unread and complete else UsageSource.NONE
        if (
            usage.total_tokens is None
            and usage.input_tokens is None
            and usage.output_tokens is None
        ):
            return UsageSource.UNPARSED
        if not whole or self._error is not None or self._broken:
            return UsageSource.PARTIAL
        return UsageSource.FINAL

    def _tell(self, reading: Reading, status: str | None, *, whole: bool) -> None:
        """Tell of an interaction that goes on behind its call, or settle one that is read again.

        Usage that a reading shows is its creator's: the row of the call that reads has none.
        """
        name = _name(self._seen.get("id"))
        if self._creates:
            if name is not None and status in _GOING_ON and not self._has_usage(reading):
                reading.events = (
                    ResourceEvent(
                        kind=ResourceKind.INTERACTION,
                        name=name,
                        change=ResourceChange.CREATED,
                        model=reading.model_version,
                    ),
                )
            return
        usage, source = reading.usage, reading.usage_source
        reading.usage, reading.usage_source, reading.notes = Usage(), UsageSource.NONE, ()
        if name is None or status not in _ENDED or not whole:
            return
        known = source is UsageSource.FINAL or source is UsageSource.PARTIAL
        if not known and status == "COMPLETED":
            return  # Its usage was masked out: whoever reads it whole settles it.
        reading.settlement = Settlement(
            kind=ResourceKind.INTERACTION,
            name=name,
            parts=(UsagePart(usage=usage, model_version=reading.model_version),) if known else (),
            service_tier=reading.service_tier,
            model=reading.model_version,
        )

    @staticmethod
    def _has_usage(reading: Reading) -> bool:
        return reading.usage_source in {UsageSource.FINAL, UsageSource.PARTIAL}


def _usage_of(wire: dict[str, Any], notes: set[Note]) -> Usage:
    """Usage by the rules of generateContent, which knows the same counts by other names."""
    counts = {name: _said(wire, said) for name, said in _COUNTS.items()}
    details = {name: _details(_said(wire, said)) for name, said in _DETAILS.items()}
    usage = usage_of(UsageMetadata(**counts, **details), notes)
    tools = _said(wire, "grounding_tool_count")
    for tool in tools if type(tools) is list else ():
        if type(tool) is dict:
            _ground(usage, tool)
    return usage


def _ground(usage: Usage, tool: dict[str, Any]) -> None:
    """Searches and maps look-ups that one kind of tool made."""
    kind = _word(tool.get("type"))
    calls = as_count(tool.get("count"))
    queries = as_count(_said(tool, "search_query_count"))
    number = calls if queries is None else queries
    if not number:
        return
    if kind in _SEARCHES:
        usage.grounded_by_search = True
        usage.search_queries = (usage.search_queries or 0) + number
    elif kind == "GOOGLE_MAPS":
        usage.grounded_by_maps = True
        usage.maps_queries = (usage.maps_queries or 0) + number


def _details(details: Any) -> Any:
    """A list by modality in the words of generateContent."""
    if type(details) is not list:
        return details
    return [
        {"modality": _word(each.get("modality")), "tokenCount": each.get("tokens")}
        for each in details
        if type(each) is dict
    ]


def _said(wire: dict[str, Any], name: str) -> Any:
    """A member in either spelling."""
    value = wire.get(name)
    if value is not None:
        return value
    first, *rest = name.split("_")
    return wire.get(first + "".join(word.capitalize() for word in rest))


def _word(value: object) -> str | None:
    return keep_word(value.upper()) if type(value) is str else None


def _name(identifier: object) -> str | None:
    """The name of an interaction by its id, which both surfaces give alone."""
    if type(identifier) is not str:
        return None
    return keep_resource("interactions/" + identifier.rpartition("/")[2])


def _tier(tier: object) -> str | None:
    if type(tier) is not str:
        return None
    return SERVICE_TIERS.get(tier.lower().removeprefix("service_tier_"))


def _error_type(error: Any) -> str:
    """Its code where that is a word; the API says it may be a URI."""
    code = error.get("code") if type(error) is dict else None
    if type(code) is str:
        return keep_word(code.rpartition("/")[2].upper()) or UNRECOGNISED
    return error_type(error)
