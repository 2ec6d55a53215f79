"""What interactions say, at once, as events, and when they are over."""

import json
from typing import Any

import pytest
from reader_feed import JSON, SSE, read, route_of

from weighbridge.core.outcome import Note, UsageSource
from weighbridge.core.resource import (
    ResourceChange,
    ResourceEvent,
    ResourceKind,
    Settlement,
    UsagePart,
)
from weighbridge.core.usage import Usage

CREATE = route_of("createInteraction")
GET = route_of("getInteraction")
WIRE = {
    "total_tokens": 346,
    "total_input_tokens": 11,
    "input_tokens_by_modality": [{"modality": "text", "tokens": 11}],
    "total_cached_tokens": 0,
    "total_output_tokens": 90,
    "total_tool_use_tokens": 0,
    "total_thought_tokens": 245,
}
USAGE = Usage(
    input_tokens=11,
    cached_input_tokens=0,
    tool_use_input_tokens=0,
    output_tokens=90,
    thinking_tokens=245,
    total_tokens=346,
    input_text_tokens=11,
    input_image_tokens=0,
    input_audio_tokens=0,
    input_video_tokens=0,
    input_document_tokens=0,
)
STEPS = [{"type": "model_output", "content": [{"type": "image", "data": "A" * 5000}]}]


def _interaction(**more: Any) -> dict[str, Any]:
    return {
        "id": "v1_abc",
        "status": "completed",
        "steps": STEPS,
        "usage": WIRE,
        "service_tier": "flex",
        "model": "gemini-3.8-flash",
        "object": "interaction",
        **more,
    }


def _events(*events: dict[str, Any]) -> bytes:
    lines = [f"event: {each['event_type']}\ndata: {json.dumps(each)}\n\n" for each in events]
    return ("".join(lines) + "event: done\ndata: [DONE]\n\n").encode()


CREATED = {
    "interaction": {"id": "v1_abc", "status": "in_progress", "model": "gemini-3.8-flash"},
    "event_type": "interaction.created",
}
DELTA = {"index": 0, "delta": {"type": "text", "text": "CANARY"}, "event_type": "step.delta"}
COMPLETED = {"interaction": _interaction(steps=[]), "event_type": "interaction.completed"}
BEGUN = ResourceEvent(
    kind=ResourceKind.INTERACTION,
    name="interactions/v1_abc",
    change=ResourceChange.CREATED,
    model="gemini-3.8-flash",
)


@pytest.mark.parametrize("size", [1, 500, 1 << 20])
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (json.dumps(_interaction()).encode(), JSON),
        (_events(CREATED, DELTA, DELTA, COMPLETED), SSE),
        (json.dumps([CREATED, DELTA, COMPLETED]).encode(), JSON),
    ],
)
def test_an_interaction_is_metered_in_any_framing(
    body: bytes, content_type: bytes, size: int
) -> None:
    """S1, S4: the last usage counts; thoughts stand apart from the output."""
    reading = read(CREATE, body, content_type=content_type, size=size)
    assert (reading.usage, reading.usage_source) == (USAGE, UsageSource.FINAL)
    assert (reading.model_version, reading.service_tier) == ("gemini-3.8-flash", "flex")
    assert (reading.events, reading.settlement, reading.notes) == ((), None, ())
    assert "CANARY" not in repr(reading)


def test_vertex_spells_it_its_own_way() -> None:
    """Members in camelCase, kinds and states in capitals, the model within its kind."""
    wire = {
        "totalTokens": 30,
        "totalInputTokens": 20,
        "totalOutputTokens": 10,
        "inputTokensByModality": [
            {"modality": "TEXT", "tokens": 5},
            {"modality": "AUDIO", "tokens": 15},
        ],
        "outputTokensByModality": [{"modality": "IMAGE", "tokens": 8}],
        "groundingToolCount": [{"type": "GOOGLE_SEARCH", "count": 1, "searchQueryCount": 3}],
    }
    body = {
        "id": "abc",
        "status": "COMPLETED",
        "serviceTier": "SERVICE_TIER_PRIORITY",
        "modelInteraction": {"model": "gemini-3.8-flash"},
        "usage": wire,
    }
    completed = {"interactionCompletedEvent": {"interaction": body}}
    whole = read(CREATE, json.dumps(body).encode())
    assert read(CREATE, json.dumps([completed]).encode()) == whole
    assert (
        read(CREATE, b"data: " + json.dumps(completed).encode() + b"\n\n", content_type=SSE)
        == whole
    )
    usage = whole.usage
    assert (usage.input_text_tokens, usage.input_audio_tokens) == (5, 15)
    assert (usage.output_text_tokens, usage.output_image_tokens) == (2, 8)
    assert (usage.search_queries, usage.grounded_by_search) == (3, True)
    assert (whole.model_version, whole.service_tier) == ("gemini-3.8-flash", "priority")


@pytest.mark.parametrize(
    ("tools", "searches", "maps"),
    [
        ([{"type": "google_search", "count": 2}], 2, None),
        ([{"type": "google_search", "count": 2, "search_query_count": 5}], 5, None),
        ([{"type": "google_maps", "count": 1}, {"type": "google_search", "count": 1}], 1, 1),
        ([{"type": "retrieval", "count": 4}], None, None),
        ([{"type": "google_search", "count": 0}], None, None),
        ([{"type": "google_search", "count": -3}, {"count": 1}, "x", None], None, None),
        ("many", None, None),
    ],
)
def test_grounding_tools_are_counted(tools: Any, searches: int | None, maps: int | None) -> None:
    """M7, M12: by queries where they are told, else by calls."""
    body = _interaction(usage={**WIRE, "grounding_tool_count": tools})
    usage = read(CREATE, json.dumps(body).encode()).usage
    assert (usage.search_queries, usage.maps_queries) == (searches, maps)
    assert (usage.grounded_by_search, usage.grounded_by_maps) == (bool(searches), bool(maps))


@pytest.mark.parametrize("status", ["in_progress", "queued"])
def test_one_that_goes_on_is_told(status: str) -> None:
    """An agent in the background ends later."""
    body = {"id": "v1_abc", "status": status, "model": "gemini-3.8-flash"}
    reading = read(CREATE, json.dumps(body).encode())
    assert (reading.events, reading.usage_source) == ((BEGUN,), UsageSource.NONE)
    cut = read(CREATE, _events(CREATED, DELTA), content_type=SSE)
    assert (cut.events, cut.usage_source) == ((BEGUN,), UsageSource.NONE)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(json.dumps(_interaction()).encode(), JSON), (_events(CREATED, DELTA, COMPLETED), SSE)],
)
def test_one_that_is_read_when_it_is_over_is_settled(body: bytes, content_type: bytes) -> None:
    """M11: to its creator; the call that reads has no usage of its own."""
    reading = read(GET, body, content_type=content_type)
    assert reading.settlement == Settlement(
        kind=ResourceKind.INTERACTION,
        name="interactions/v1_abc",
        parts=(UsagePart(usage=USAGE, model_version="gemini-3.8-flash"),),
        service_tier="flex",
        model="gemini-3.8-flash",
    )
    assert (reading.usage, reading.usage_source) == (Usage(), UsageSource.NONE)
    assert reading.events == ()


@pytest.mark.parametrize(
    ("body", "parts"),
    [
        (_interaction(status="in_progress", usage=None), None),
        (_interaction(status="requires_action"), None),
        (_interaction(usage=None), None),
        (_interaction(id=None), None),
        (_interaction(id="what is love?"), None),
        (_interaction(status="failed", usage=None, error={"code": "internal"}), 0),
        (_interaction(status="cancelled"), 1),
    ],
)
def test_only_what_has_ended_and_is_known_is_settled(
    body: dict[str, Any], parts: int | None
) -> None:
    """S11: usage that was masked out is not zero."""
    reading = read(GET, json.dumps(body).encode())
    found = None if reading.settlement is None else len(reading.settlement.parts)
    assert found == parts
    assert not reading.error_in_stream


def test_an_error_ends_a_stream() -> None:
    """S3: with the usage so far."""
    delta = {**DELTA, "metadata": {"total_usage": {"total_input_tokens": 5, "total_tokens": 5}}}
    error = {"error": {"code": "resource_exhausted", "message": "CANARY"}, "event_type": "error"}
    reading = read(CREATE, _events(CREATED, delta, error), content_type=SSE)
    assert (reading.error_type, reading.error_in_stream) == ("RESOURCE_EXHAUSTED", True)
    assert (reading.usage.input_tokens, reading.usage_source) == (5, UsageSource.PARTIAL)
    assert "CANARY" not in repr(reading)
    uri = {"error": {"code": "https://example.test/errors/what happened"}, "event_type": "error"}
    assert read(CREATE, _events(uri), content_type=SSE).error_type == "UNRECOGNISED"


@pytest.mark.parametrize(
    ("wire", "source"),
    [
        (None, "none"),
        ({}, "unparsed"),
        (7, "unparsed"),
        ({"total_tokens": "many"}, "unparsed"),
        ({"total_tokens": -1, "total_input_tokens": 3}, "final"),
    ],
)
def test_usage_that_is_none_is_not_believed(wire: Any, source: str) -> None:
    """M12, S11."""
    assert read(CREATE, json.dumps(_interaction(usage=wire)).encode()).usage_source == source


def test_details_above_their_count_are_dropped() -> None:
    """M6."""
    wire = {**WIRE, "input_tokens_by_modality": [{"modality": "audio", "tokens": 12}]}
    reading = read(CREATE, json.dumps(_interaction(usage=wire)).encode())
    assert reading.usage.input_audio_tokens is None
    assert Note.DETAILS_CONTRADICT in reading.notes


def test_an_agent_is_its_own_model() -> None:
    """Priced by its name, where it has a price."""
    body = _interaction(model=None, agent="deep-research-pro")
    assert read(CREATE, json.dumps(body).encode()).model_version == "deep-research-pro"


def test_a_decision_is_metered_alike() -> None:
    """It answers with the usage of an interaction."""
    body = json.dumps({"answers": {"a": "CANARY"}, "usage": WIRE}).encode()
    reading = read(route_of("createDecision"), body)
    assert (reading.usage, reading.usage_source) == (USAGE, UsageSource.FINAL)


def test_a_cut_document_is_a_lower_bound() -> None:
    """S2."""
    body = json.dumps(_interaction()).encode()[:-5]
    reading = read(CREATE, body, complete=False)
    assert (reading.usage, reading.usage_source) == (USAGE, UsageSource.PARTIAL)
    assert read(GET, body, complete=False).settlement is None


@pytest.mark.parametrize(
    ("status", "songs"), [("completed", 1), ("failed", None), ("in_progress", None)]
)
def test_a_song_is_one_interaction(status: str, songs: int | None) -> None:
    """M7: of a model of songs that came to its end."""
    body = json.dumps(_interaction(model="models/lyria-3.5", status=status)).encode()
    assert read(CREATE, body).usage.songs == songs
