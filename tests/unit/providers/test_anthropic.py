"""What Claude on Vertex says."""

import json
from typing import Any

import pytest
from reader_feed import JSON, SSE, read, route_of

from weighbridge.core.outcome import Note, UsageSource
from weighbridge.core.usage import Usage

UNARY = route_of("rawPredict", provider="anthropic", surface="vertex", upstream="vertex")
STREAM = route_of("streamRawPredict", provider="anthropic", surface="vertex", upstream="vertex")


def _message(usage: Any, **more: Any) -> bytes:
    message = {
        "id": "msg_vrtx_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5-20250929",
        "content": [{"type": "text", "text": 'CANARY "usage": {"input_tokens": 9}'}],
        "stop_reason": "end_turn",
        "stop_sequence": "CANARY",
        **more,
        "usage": usage,
    }
    return json.dumps(message).encode()


def _stream(*events: dict[str, Any]) -> bytes:
    return b"".join(
        f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events
    )


START = {
    "type": "message_start",
    "message": {
        "model": "claude-sonnet-4-5-20250929",
        "stop_reason": None,
        "usage": {
            "input_tokens": 10,
            "cache_creation_input_tokens": 100,
            "cache_read_input_tokens": 1000,
            "output_tokens": 1,
        },
    },
}
PING = {"type": "ping"}
DELTA = {
    "type": "content_block_delta",
    "index": 0,
    "delta": {"type": "text_delta", "text": "CANARY"},
}
END = {
    "type": "message_delta",
    "delta": {"stop_reason": "max_tokens", "stop_sequence": None},
    "usage": {"output_tokens": 42},
}
STOP = {"type": "message_stop"}


@pytest.mark.parametrize(
    ("wire", "usage"),
    [
        ({"input_tokens": 3, "output_tokens": 5}, Usage(input_tokens=3, output_tokens=5)),
        (
            {
                "input_tokens": 10,
                "cache_creation_input_tokens": 100,
                "cache_read_input_tokens": 1000,
                "cache_creation": {
                    "ephemeral_5m_input_tokens": 60,
                    "ephemeral_1h_input_tokens": 40,
                },
                "output_tokens": 5,
                "server_tool_use": {"web_search_requests": 2},
            },
            Usage(
                input_tokens=1110,
                cached_input_tokens=1000,
                cache_write_input_tokens=100,
                cache_write_1h_input_tokens=40,
                output_tokens=5,
                search_queries=2,
            ),
        ),
        (
            {
                "input_tokens": 1,
                "cache_creation": {"ephemeral_5m_input_tokens": 6},
                "output_tokens": 0,
            },
            Usage(input_tokens=7, cache_write_input_tokens=6, output_tokens=0),
        ),
        (
            {"input_tokens": 4, "cache_read_input_tokens": 0, "output_tokens": 1},
            Usage(input_tokens=4, cached_input_tokens=0, output_tokens=1),
        ),
    ],
)
def test_input_holds_what_was_cached(wire: dict[str, Any], usage: Usage) -> None:
    """Design B4: Anthropic's three counts of input add up to ours."""
    reading = read(UNARY, _message(wire), size=9)
    assert (reading.usage, reading.usage_source) == (usage, UsageSource.FINAL)
    assert reading.model_version == "claude-sonnet-4-5-20250929"
    assert reading.finish_reason == "END_TURN"
    assert "CANARY" not in repr(reading)


@pytest.mark.parametrize("size", [1, 40, 1 << 20])
def test_a_stream_says_it_bit_by_bit(size: int) -> None:
    """S1: the beginning tells the input, the end the output; neither erases the other."""
    body = _stream(START, PING, DELTA, DELTA, END, STOP)
    reading = read(STREAM, body, content_type=SSE, size=size)
    assert reading.usage == Usage(
        input_tokens=1110,
        cached_input_tokens=1000,
        cache_write_input_tokens=100,
        output_tokens=42,
    )
    assert (reading.usage_source, reading.finish_reason) == (UsageSource.FINAL, "MAX_TOKENS")
    assert "CANARY" not in repr(reading)


def test_a_cut_stream_is_a_lower_bound() -> None:
    """S2."""
    reading = read(STREAM, _stream(START, DELTA), content_type=SSE, complete=False)
    assert (reading.usage.input_tokens, reading.usage.output_tokens) == (1110, 1)
    assert reading.usage_source is UsageSource.PARTIAL


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("overloaded_error", "UNAVAILABLE"),
        ("rate_limit_error", "RESOURCE_EXHAUSTED"),
        ("invalid_request_error", "INVALID_ARGUMENT"),
        ("api_error", "INTERNAL"),
        ("CANARY error", "UNRECOGNISED"),
        (7, "UNRECOGNISED"),
    ],
)
def test_an_error_is_known_by_its_type(kind: object, code: str) -> None:
    """S3, P2: in a stream with the usage so far, in an answer by itself; never its message."""
    error = {"type": "error", "error": {"type": kind, "message": "CANARY"}}
    reading = read(STREAM, _stream(START, error), content_type=SSE)
    assert (reading.error_type, reading.error_in_stream) == (code, True)
    assert (reading.usage.input_tokens, reading.usage_source) == (1110, UsageSource.PARTIAL)
    refused = read(UNARY, json.dumps(error).encode(), status=429)
    assert (refused.error_type, refused.error_in_stream) == (code, False)
    assert "CANARY" not in repr((reading, refused))


def test_googles_own_errors_are_known_too() -> None:
    """Vertex refuses before Anthropic is asked, also as an array."""
    error = {"error": {"code": 429, "message": "CANARY", "status": "RESOURCE_EXHAUSTED"}}
    for body in (error, [error]):
        assert read(UNARY, json.dumps(body).encode(), status=429).error_type == "RESOURCE_EXHAUSTED"


@pytest.mark.parametrize(
    ("wire", "source", "tokens"),
    [
        (None, "none", None),
        ({}, "none", None),
        ({"input_tokens": -1}, "unparsed", None),
        ({"input_tokens": "many", "output_tokens": 3}, "final", None),
        ({"input_tokens": 10**10, "cache_read_input_tokens": 1, "output_tokens": 1}, "final", None),
        ({"input_tokens": 5, "cache_creation": "x", "server_tool_use": []}, "final", 5),
    ],
)
def test_odd_counts_credit_nothing(wire: Any, source: str, tokens: int | None) -> None:
    """M12."""
    reading = read(UNARY, _message(wire))
    assert (reading.usage_source, reading.usage.input_tokens) == (source, tokens)


def test_an_hour_above_its_sum_is_no_split() -> None:
    """M6 for cache writes: a part that contradicts its count loses."""
    wire = {
        "input_tokens": 1,
        "cache_creation_input_tokens": 5,
        "cache_creation": {"ephemeral_1h_input_tokens": 6},
    }
    reading = read(UNARY, _message(wire))
    assert reading.usage.cache_write_input_tokens == 5
    assert reading.usage.cache_write_1h_input_tokens is None
    assert reading.notes == (Note.DETAILS_CONTRADICT,)


def test_a_large_message_is_read_by_its_end() -> None:
    """Usage is its last member; an imitation in a text is not believed."""
    text = 'CANARY "usage": {"input_tokens": 9}' + "A" * (2 << 20)
    body = _message({"input_tokens": 3, "output_tokens": 5}, content=[{"text": text}])
    reading = read(UNARY, body, size=60_000)
    assert (reading.usage.input_tokens, reading.usage_source) == (3, UsageSource.FINAL)


@pytest.mark.parametrize("tier", ["standard", "priority", "batch", "CANARY", 7, None])
def test_the_tier_as_served(tier: object) -> None:
    """M8."""
    reading = read(UNARY, _message({"input_tokens": 1, "service_tier": tier}))
    assert reading.service_tier == (tier if tier in ("standard", "priority", "batch") else None)


def test_what_is_no_message_is_unparsed() -> None:
    """Nor is it zero."""
    for body in (b"<html>", b"{", b"7"):
        assert read(UNARY, body, content_type=JSON).usage_source is UsageSource.UNPARSED
    assert read(UNARY, b"{}").usage_source is UsageSource.NONE


@pytest.mark.parametrize("publisher", ["mistralai", "ai21", "meta", "deepseek-ai"])
def test_other_partners_answer_as_openai_does(publisher: str) -> None:
    """By rawPredict, whole and streamed."""
    route = route_of("rawPredict", provider=publisher, surface="vertex", upstream="vertex")
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    body = {"model": "mistral-small-2503", "choices": [{"finish_reason": "stop"}], "usage": usage}
    reading = read(route, json.dumps(body).encode())
    assert (reading.usage.input_tokens, reading.usage.output_tokens) == (7, 3)
    assert (reading.finish_reason, reading.model_version) == ("STOP", "mistral-small-2503")
    chunk = b"data: " + json.dumps(body).encode() + b"\n\ndata: [DONE]\n\n"
    assert read(route, chunk, content_type=SSE) == reading
