"""What is plain enough to be read at a glance, and what is not."""

from typing import Any

import msgspec
import pytest

from weighbridge.providers.base import Route
from weighbridge.providers.google_answer import GeminiAnswer
from weighbridge.providers.google_everyday import (
    LARGEST_BODY_BYTES,
    everyday_answer,
    may_be_everyday,
)
from weighbridge.providers.google_readers import google_reader
from weighbridge.providers.inflate import decoding
from weighbridge.providers.json_array import JsonReader

ROUTE = Route(
    provider="google",
    surface="gemini",
    upstream="gemini",
    host="h",
    operation="generateContent",
    model="m",
    metered=True,
)


def body(**usage: Any) -> bytes:
    counts = {"promptTokenCount": 5, "candidatesTokenCount": 2, "totalTokenCount": 7}
    return msgspec.json.encode(
        {
            "candidates": [{"content": {"parts": [{"text": "Hi"}]}, "finishReason": "STOP"}],
            "usageMetadata": counts | usage,
            "modelVersion": "gemini-2.5-flash",
        }
    )


@pytest.mark.parametrize(
    "usage",
    [
        pytest.param({}, id="counts alone"),
        pytest.param({"thoughtsTokenCount": 3, "totalTokenCount": 10}, id="thinking"),
        pytest.param(
            {"promptTokensDetails": [{"modality": "TEXT", "tokenCount": 5}]}, id="details of text"
        ),
        pytest.param({"serviceTier": "flex"}, id="a tier"),
        pytest.param({"cachedContentTokenCount": None, "new": [1]}, id="nothing, and the unknown"),
    ],
)
def test_plain_answers_are_read(usage: dict[str, Any]) -> None:
    """Text, thinking, a tier: nothing else that costs."""
    answer = everyday_answer(body(**usage))
    assert answer is not None
    assert answer.usage_metadata.prompt_token_count == 5
    assert answer.candidates[0].finish_reason == "STOP"


@pytest.mark.parametrize(
    "usage",
    [
        pytest.param({"cachedContentTokenCount": 1}, id="cached"),
        pytest.param({"toolUsePromptTokenCount": 1, "totalTokenCount": 8}, id="tools"),
        pytest.param({"totalTokenCount": 8}, id="a total that does not agree"),
        pytest.param({"promptTokenCount": 0, "totalTokenCount": 2}, id="no prompt"),
        pytest.param({"promptTokenCount": "5"}, id="a count as text"),
        pytest.param({"promptTokenCount": 5.0}, id="a count with a point"),
        pytest.param({"thoughtsTokenCount": -1, "totalTokenCount": 6}, id="a negative count"),
        pytest.param(
            {"promptTokensDetails": [{"modality": "IMAGE", "tokenCount": 5}]}, id="an image"
        ),
        pytest.param(
            {"promptTokensDetails": [{"modality": "TEXT", "tokenCount": 6}]}, id="details above"
        ),
        pytest.param({"promptTokensDetails": []}, id="no details"),
    ],
)
def test_all_else_is_left_alone(usage: dict[str, Any]) -> None:
    """The rules for it stand in `google_usage`."""
    assert everyday_answer(body(**usage)) is None


def test_bodies_of_any_other_kind_are_left_alone() -> None:
    """No JSON, too deep, too large: nothing raises."""
    too_large = body().replace(b'"Hi"', b'"%b"' % (b"a" * LARGEST_BODY_BYTES))
    for other in (
        b"",
        b"no json",
        b"[]",
        b'{"a":' * 100_000,
        b'{"modelVersion":"\xff"}',
        too_large,
    ):
        assert everyday_answer(other) is None


def test_readers_that_may_meet_one() -> None:
    """Of whole JSON answers of models, of which nothing came yet."""
    usual = google_reader(ROUTE, 200, b"application/json")
    assert may_be_everyday(usual)
    usual.feed(b"{")
    assert not may_be_everyday(usual)
    assert not may_be_everyday(google_reader(ROUTE, 200, b"text/event-stream"))
    assert not may_be_everyday(google_reader(ROUTE, 429, b"application/json"))
    assert not may_be_everyday(decoding(JsonReader(GeminiAnswer("gemini")), b"gzip"))
