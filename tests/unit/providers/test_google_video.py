"""Operations that make video, from their beginning to their end."""

import json
from typing import Any

import pytest
from reader_feed import read, route_of

from weighbridge.core.outcome import UsageSource
from weighbridge.core.resource import (
    ResourceChange,
    ResourceEvent,
    ResourceKind,
    Settlement,
    UsagePart,
)
from weighbridge.core.usage import Usage

NAME = "models/veo-3.1-generate-preview/operations/op1"
VERTEX_NAME = "projects/123/locations/us-central1/publishers/google/models/veo-3.1/operations/op-1"
VIDEO = {"gcsUri": "gs://CANARY/video.mp4", "mimeType": "video/mp4"}
INLINE = {"bytesBase64Encoded": "A" * 300_000, "mimeType": "video/mp4"}
SAMPLE = {"video": {"uri": "https://example.test/CANARY"}}


def _settled(name: str, videos: int | None) -> Settlement:
    parts = () if videos is None else (UsagePart(usage=Usage(videos=videos)),)
    return Settlement(kind=ResourceKind.OPERATION, name=name, parts=parts)


def test_an_operation_that_begins_is_told() -> None:
    """How long its videos will be, the request says (`Asked`)."""
    route = route_of("predictLongRunning", model="veo-3.1")
    reading = read(route, json.dumps({"name": NAME}).encode())
    assert reading.events == (
        ResourceEvent(
            kind=ResourceKind.OPERATION,
            name=NAME,
            change=ResourceChange.CREATED,
            model="veo-3.1",
        ),
    )
    assert (reading.settlement, reading.usage_source) == (None, UsageSource.NONE)


@pytest.mark.parametrize("operation", ["getOperation", "fetchPredictOperation", "waitOperation"])
@pytest.mark.parametrize(
    ("response", "videos"),
    [
        ({"videos": [VIDEO]}, 1),
        ({"videos": [VIDEO, INLINE], "raiMediaFilteredCount": 1}, 2),
        ({"generatedSamples": [VIDEO, VIDEO]}, 2),
        ({"generateVideoResponse": {"generatedSamples": [SAMPLE]}}, 1),
        (
            {
                "videos": [VIDEO, VIDEO],
                "generateVideoResponse": {"generatedSamples": [SAMPLE, SAMPLE]},
            },
            2,
        ),
        ({"raiMediaFilteredCount": 2, "raiMediaFilteredReasons": ["CANARY"]}, None),
        ({"generateVideoResponse": {"raiMediaFilteredCount": 1}}, None),
    ],
)
@pytest.mark.parametrize("size", [1000, 1 << 20])
def test_a_finished_operation_is_settled_by_its_videos(
    operation: str, response: dict[str, Any], videos: int | None, size: int
) -> None:
    """M7, M11: filtered videos are not billed; the bytes of a video are not looked at."""
    body = {"name": VERTEX_NAME, "done": True, "response": {"@type": "CANARY", **response}}
    reading = read(route_of(operation), json.dumps(body).encode(), size=size)
    assert reading.settlement == _settled(VERTEX_NAME.partition("123/")[2], videos)
    assert (reading.events, reading.usage) == ((), Usage())
    assert "CANARY" not in repr(reading)


def test_a_failed_operation_is_settled_with_nothing() -> None:
    """It costs nothing, and reading it is no error of the call that reads."""
    body = {"name": NAME, "done": True, "error": {"code": 3, "message": "CANARY"}}
    reading = read(route_of("getOperation"), json.dumps(body).encode())
    assert reading.settlement == _settled(NAME, None)
    assert reading.error_type is None
    assert not reading.error_in_stream


@pytest.mark.parametrize(
    "body",
    [
        {"name": NAME},
        {"name": NAME, "done": False, "metadata": {}},
        {"name": NAME, "done": "true", "response": {"videos": [VIDEO]}},
        {"name": NAME, "done": True},
        {"name": NAME, "done": True, "response": {"@type": "…TuneModelResponse"}},
        {"done": True, "response": {"videos": [VIDEO]}},
        {},
    ],
)
def test_what_is_not_done_or_no_video_settles_nothing(body: dict[str, Any]) -> None:
    """A field mask may have taken the videos out (S11)."""
    assert read(route_of("getOperation"), json.dumps(body).encode()).settlement is None


def test_a_cut_answer_settles_nothing() -> None:
    """It may have had more videos."""
    body = json.dumps({"name": NAME, "done": True, "response": {"videos": [VIDEO, VIDEO]}})
    for length in range(len(body)):
        cut = read(route_of("getOperation"), body[:length].encode(), complete=False)
        assert cut.settlement is None
