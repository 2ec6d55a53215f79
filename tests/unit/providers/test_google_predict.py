"""Images, songs and embeddings that `predict` answers with."""

import base64
import json
from decimal import Decimal
from typing import Any

import pytest
from reader_feed import read, route_of

from weighbridge.core.outcome import Note, UsageSource
from weighbridge.core.usage import Usage

IMAGE = {"mimeType": "image/png", "bytesBase64Encoded": base64.b64encode(bytes(9000)).decode()}
FILTERED = {"raiFilteredReason": "CANARY"}
SONG = {"mimeType": "audio/wav", "bytesBase64Encoded": "A" * 5000}


def _embedding(tokens: Any) -> dict[str, Any]:
    statistics = {"truncated": False, "token_count": tokens}
    return {"embeddings": {"statistics": statistics, "values": [0.1] * 50}}


@pytest.mark.parametrize(
    ("body", "usage", "source"),
    [
        ({"predictions": [IMAGE, IMAGE]}, Usage(images=2), "final"),
        ({"predictions": [IMAGE, FILTERED]}, Usage(images=1), "final"),
        ({"predictions": [{"gcsUri": "gs://CANARY/i.png"}]}, Usage(images=1), "final"),
        (
            {"predictions": [IMAGE, {"contentType": "Positive Prompt", "safetyAttributes": {}}]},
            Usage(images=1),
            "final",
        ),
        ({"predictions": [FILTERED, FILTERED]}, Usage(images=0), "final"),
        ({"predictions": [IMAGE, {"mimeType": "image/png"}]}, Usage(images=1), "partial"),
        ({"predictions": [{"mimeType": "image/png"}]}, Usage(), "none"),
        ({"predictions": [SONG]}, Usage(songs=1), "final"),
        ({"predictions": [{"audioContent": "AAAA"}, SONG]}, Usage(songs=2), "final"),
        ({"predictions": [{"mimeType": "video/mp4", "gcsUri": "x"}]}, Usage(), "none"),
        (
            {
                "predictions": [_embedding(4), _embedding(7.0)],
                "metadata": {"billableCharacterCount": 31},
            },
            Usage(input_tokens=11, input_characters=31),
            "final",
        ),
        ({"predictions": [_embedding("5")]}, Usage(input_tokens=5), "final"),
        ({"predictions": [_embedding(4), _embedding(-4)]}, Usage(input_tokens=4), "partial"),
        ({"predictions": [_embedding("many")]}, Usage(), "unparsed"),
        (
            {
                "predictions": [{"content": "CANARY"}],
                "metadata": {
                    "tokenMetadata": {
                        "inputTokenCount": {"totalTokens": 5, "totalBillableCharacters": 20},
                        "outputTokenCount": {"totalTokens": 9},
                    }
                },
            },
            Usage(input_tokens=5, output_tokens=9),
            "partial",
        ),
        ({"predictions": [{"imageEmbedding": [0.1]}]}, Usage(images=1), "final"),
        (
            {"predictions": [{"imageEmbedding": [0.1], "textEmbedding": [0.2]}]},
            Usage(images=1),
            "partial",
        ),
        (
            {
                "predictions": [
                    {
                        "videoEmbeddings": [
                            {"startOffsetSec": 0, "endOffsetSec": 16, "embedding": [0.1]},
                            {"startOffsetSec": 16, "endOffsetSec": 20, "embedding": [0.1]},
                        ]
                    }
                ]
            },
            Usage(video_seconds=Decimal(20)),
            "final",
        ),
        ({"predictions": [0.5, [1, 2], "CANARY"]}, Usage(), "none"),
        ({"predictions": []}, Usage(), "none"),
        ({}, Usage(), "none"),
        ({"predictions": "CANARY"}, Usage(), "none"),
    ],
)
@pytest.mark.parametrize("size", [1, 1000, 1 << 20])
def test_predictions_are_counted_by_their_kind(
    body: dict[str, Any], usage: Usage, source: str, size: int
) -> None:
    """M7: what was filtered out is not billed; what does not show is not zero (S11)."""
    reading = read(route_of("predict"), json.dumps(body).encode(), size=size)
    assert (reading.usage, reading.usage_source) == (usage, source)
    assert "CANARY" not in repr(reading)


def test_an_absurd_count_is_noted() -> None:
    """M12."""
    body = json.dumps({"predictions": [_embedding(10**30), _embedding(1)]}).encode()
    assert read(route_of("predict"), body).notes == (Note.COUNT_REJECTED,)


def test_a_cut_answer_counts_what_came() -> None:
    """S2: whole images, as a lower bound; nothing for one that was cut."""
    body = json.dumps({"predictions": [IMAGE, IMAGE]}).encode()
    cut = read(route_of("predict"), body[:-3000], complete=False)
    assert (cut.usage.images, cut.usage_source) == (1, UsageSource.PARTIAL)
    assert read(route_of("predict"), body[:100], complete=False).usage_source is UsageSource.NONE


@pytest.mark.parametrize("body", [b"<html>", b"\x0a\x05hello", b"7"])
def test_what_is_no_json_is_unparsed(body: bytes) -> None:
    """Reported perhaps, in a form that is not read."""
    assert read(route_of("predict"), body).usage_source is UsageSource.UNPARSED
