"""Usage in OpenAI's shape."""

import json
from typing import Any

import pytest
from reader_feed import read, route_of

from weighbridge.core.outcome import Note, UsageSource
from weighbridge.providers.base import Reading
from weighbridge.providers.openai_compat import OpenAiAnswer


def _read(*documents: Any, complete: bool = True) -> Reading:
    answer = OpenAiAnswer()
    for document in documents:
        answer.document(document if isinstance(document, bytes) else json.dumps(document).encode())
    return answer.reading(complete=complete)


@pytest.mark.parametrize(
    ("usage", "output", "thinking", "notes"),
    [
        # Recorded: 62 thinking tokens that only the total holds.
        ({"prompt_tokens": 35, "completion_tokens": 12, "total_tokens": 109}, 12, 62, ()),
        ({"prompt_tokens": 35, "completion_tokens": 12, "total_tokens": 47}, 12, None, ()),
        (
            {
                "prompt_tokens": 35,
                "completion_tokens": 74,
                "total_tokens": 109,
                "completion_tokens_details": {"reasoning_tokens": 62},
            },
            12,
            62,
            (),
        ),
        (
            {
                "prompt_tokens": 35,
                "completion_tokens": 12,
                "total_tokens": 109,
                "completion_tokens_details": {"reasoning_tokens": 62},
            },
            12,
            62,
            (),
        ),
        (
            {
                "prompt_tokens": 35,
                "completion_tokens": 74,
                "completion_tokens_details": {"reasoning_tokens": 62},
            },
            12,
            62,
            (),
        ),
        (
            {"prompt_tokens": 35, "completion_tokens": 12, "total_tokens": 40},
            5,
            None,
            (Note.TOTAL_MISMATCH,),
        ),
        (
            {"prompt_tokens": 35, "completion_tokens": 12, "total_tokens": 4},
            12,
            None,
            (Note.TOTAL_MISMATCH,),
        ),
        ({"prompt_tokens": 8, "total_tokens": 8}, None, None, ()),
        ({"prompt_tokens": 8, "total_tokens": 20}, None, 12, ()),
    ],
)
def test_the_total_tells_where_thinking_is(
    usage: dict[str, Any], output: int | None, thinking: int | None, notes: tuple[Note, ...]
) -> None:
    """Design B7: hidden in the total or inside the completion, it becomes thinking tokens."""
    reading = _read({"usage": usage})
    assert (reading.usage.output_tokens, reading.usage.thinking_tokens) == (output, thinking)
    assert reading.notes == notes
    assert reading.usage_source is UsageSource.FINAL


def test_the_last_usage_of_a_stream_counts() -> None:
    """S1: cumulative in every chunk; a null in a later chunk erases nothing."""
    reading = _read(
        {"model": "models/gemini-2.5-flash", "usage": {"prompt_tokens": 9, "total_tokens": 9}},
        {"usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}},
        {"usage": None, "choices": [{"finish_reason": "stop"}]},
    )
    assert (reading.usage.input_tokens, reading.usage.output_tokens) == (9, 3)
    assert reading.model_version == "gemini-2.5-flash"
    assert reading.finish_reason == "STOP"


def test_cached_tokens_are_part_of_the_prompt() -> None:
    """M1, M12: taken from the details, rejected above the prompt."""
    reading = _read({"usage": {"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 4}}})
    assert reading.usage.cached_input_tokens == 4
    reading = _read({"usage": {"prompt_tokens": 3, "prompt_tokens_details": {"cached_tokens": 4}}})
    assert reading.usage.cached_input_tokens is None
    assert reading.notes == (Note.COUNT_REJECTED,)


@pytest.mark.parametrize(
    ("documents", "source"),
    [
        ([{"choices": []}], UsageSource.NONE),
        ([b"{"], UsageSource.UNPARSED),
        ([{"usage": {"prompt_tokens": -1}}], UsageSource.UNPARSED),
        ([{"usage": {"prompt_tokens": 1}}, b"{"], UsageSource.PARTIAL),
        ([{"usage": {"prompt_tokens": 1}}, {"error": {"code": 503}}], UsageSource.PARTIAL),
    ],
)
def test_every_answer_says_how_its_usage_is_known(
    documents: list[Any], source: UsageSource
) -> None:
    """A stream without `include_usage` reports none."""
    assert _read(*documents).usage_source is source


def test_an_error_is_googles_object() -> None:
    """S3: the compatible endpoint answers with Google's codes."""
    reading = _read({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "x"}})
    assert reading.error_type == "RESOURCE_EXHAUSTED"
    assert reading.error_in_stream


def test_a_large_list_of_embeddings_is_read_by_its_tail() -> None:
    """`usage` follows the data."""
    answer = OpenAiAnswer()
    answer.tail(b'0.1, 0.2]}], "model": "m", "usage": {"prompt_tokens": 7, "total_tokens": 7}}')
    reading = answer.reading(complete=True)
    assert reading.usage.input_tokens == 7
    assert reading.usage_source is UsageSource.FINAL
    answer = OpenAiAnswer()
    answer.tail(b"0.1, 0.2]}]}")
    assert answer.reading(complete=True).usage_source is UsageSource.UNPARSED


RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "status": "completed",
    "model": "google/gemini-3.8-flash",
    "output": [{"content": [{"text": "CANARY"}]}],
    "usage": {
        "input_tokens": 36,
        "input_tokens_details": {"cached_tokens": 6},
        "output_tokens": 87,
        "output_tokens_details": {"reasoning_tokens": 64},
        "total_tokens": 123,
    },
}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (json.dumps(RESPONSE).encode(), b"application/json"),
        (
            b'event: response.created\ndata: {"type":"response.created","response":{"status":'
            b'"in_progress","model":"x","usage":null}}\n\n'
            b'event: response.output_text.delta\ndata: {"type":"x","delta":"CANARY"}\n\n'
            b'event: response.completed\ndata: {"type":"response.completed","response":'
            + json.dumps(RESPONSE).encode()
            + b"}\n\n",
            b"text/event-stream",
        ),
    ],
)
def test_responses_count_input_and_output(body: bytes, content_type: bytes) -> None:
    """The other spelling, whole and as events; reasoning is part of the output there."""
    reading = read(route_of("responses"), body, content_type=content_type, size=13)
    usage = reading.usage
    assert (usage.input_tokens, usage.cached_input_tokens) == (36, 6)
    assert (usage.output_tokens, usage.thinking_tokens, usage.total_tokens) == (23, 64, 123)
    assert (reading.model_version, reading.finish_reason) == ("gemini-3.8-flash", "COMPLETED")
    assert reading.usage_source is UsageSource.FINAL
    assert "CANARY" not in repr(reading)


def test_a_response_that_is_not_whole_says_why() -> None:
    """The reason beats the state."""
    body = {
        **RESPONSE,
        "status": "incomplete",
        "incomplete_details": {"reason": "max_output_tokens"},
    }
    reading = read(route_of("responses"), json.dumps(body).encode())
    assert reading.finish_reason == "MAX_OUTPUT_TOKENS"


@pytest.mark.parametrize("operation", ["completions", "responses.compact", "embeddings"])
def test_other_calls_are_read_alike(operation: str) -> None:
    """What they leave out is not reported."""
    body = b'{"model":"gemini-embedding-001","usage":{"prompt_tokens":8,"total_tokens":8}}'
    reading = read(route_of(operation), body)
    assert (reading.usage.input_tokens, reading.usage.output_tokens) == (8, None)
    assert reading.usage_source is UsageSource.FINAL


def test_a_partners_model_is_told_without_its_maker() -> None:
    """Design B7: the maker is the provider."""
    body = b'{"model":"meta/llama-4","usage":{"prompt_tokens":8,"total_tokens":8}}'
    assert read(route_of("chat.completions"), body).model_version == "llama-4"
