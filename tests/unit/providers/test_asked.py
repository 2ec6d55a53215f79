"""What request bodies say that their rows need."""

import json
from decimal import Decimal
from typing import Any

import pytest

from weighbridge.core.usage import Usage
from weighbridge.providers.asked import AskedReader, asked
from weighbridge.providers.base import NOTHING_ASKED, Asked, Route


def _route(operation: str, model: str | None = None) -> Route:
    return Route(
        provider="google",
        surface="vertex",
        upstream="vertex",
        host="h",
        operation=operation,
        model=model,
        asks=True,
    )


@pytest.mark.parametrize(
    "operation",
    [
        "chat.completions",
        "completions",
        "embeddings",
        "images.generations",
        "responses",
        "createCachedContent",
        "createDecision",
        "createBatchPredictionJob",
    ],
)
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"model":"gemini-2.5-flash","messages":[]}', Asked(model="gemini-2.5-flash")),
        (
            b'{"model":"google/gemini-2.5-flash"}',
            Asked(model="gemini-2.5-flash", provider="google"),
        ),
        (
            b'{"messages":[{"model":"no"}],"model":"meta/llama-4"}',
            Asked(model="llama-4", provider="meta"),
        ),
        (
            b'{"model":"gemini-2.5-flash","messages":[{"content":"cut',
            Asked(model="gemini-2.5-flash"),
        ),
        (b'{"model":"what is love?"}', NOTHING_ASKED),
        (b'{"model":7}', NOTHING_ASKED),
        (b"", NOTHING_ASKED),
        (b"\x00\xff", NOTHING_ASKED),
        (b"[" * 100_000, NOTHING_ASKED),
    ],
)
def test_the_model_stands_in_the_body(operation: str, body: bytes, expected: Asked) -> None:
    """Where the path names none; also in the beginning of a body too long to keep."""
    found = asked(_route(operation), body)
    assert (found.model, found.provider) == (expected.model, expected.provider)


def test_a_path_that_names_a_model_is_believed() -> None:
    """A tuned endpoint's body may name anything."""
    assert asked(_route("chat.completions", "endpoints/1"), b'{"model":"x"}') is NOTHING_ASKED


@pytest.mark.parametrize(
    ("body", "model"),
    [
        (b'{"model":"gemini-3.8-flash","input":"x"}', "gemini-3.8-flash"),
        (b'{"agent":"deep-research-pro","background":true}', "deep-research-pro"),
        (b'{"modelInteraction":{"model":"gemini-3.8-flash"}}', "gemini-3.8-flash"),
        (b'{"agentInteraction":{"agent":"antigravity"}}', "antigravity"),
        (b"{}", None),
    ],
)
def test_an_interaction_is_with_a_model_or_an_agent(body: bytes, model: str | None) -> None:
    """Both surfaces' spellings."""
    assert asked(_route("createInteraction"), body).model == model


def _video(parameters: dict[str, Any] | None) -> Usage | None:
    body: dict[str, Any] = {"instances": [{"prompt": "CANARY", "image": {"bytes": "A" * 9000}}]}
    if parameters is not None:
        body["parameters"] = parameters
    return asked(_route("predictLongRunning", "veo-3.1"), json.dumps(body).encode()).usage


@pytest.mark.parametrize(
    ("parameters", "seconds", "videos", "kind"),
    [
        (None, 8, 1, None),
        ({}, 8, 1, None),
        ({"durationSeconds": 4}, 4, 1, None),
        ({"durationSeconds": "6", "sampleCount": 2}, 12, 2, None),
        ({"sampleCount": 4, "resolution": "720p", "generateAudio": True}, 32, 4, None),
        ({"resolution": "1080p"}, 8, 1, "1080p"),
        ({"resolution": "4K"}, 8, 1, "4k"),
        ({"generateAudio": False}, 8, 1, "silent"),
        ({"generateAudio": False, "resolution": "1080p"}, 8, 1, "silent"),
        ({"generateAudio": False, "resolution": "4k"}, 8, 1, "4k_silent"),
        ({"resolution": "8k CANARY"}, 8, 1, "other"),
    ],
)
def test_seconds_of_video_are_asked_for(
    parameters: dict[str, Any] | None, seconds: int, videos: int, kind: str | None
) -> None:
    """M7: length times number, and what a second costs by."""
    assert _video(parameters) == Usage(
        video_seconds=Decimal(seconds), videos=videos, video_kind=kind
    )


@pytest.mark.parametrize(
    "parameters",
    [
        {"durationSeconds": -1},
        {"durationSeconds": "long"},
        {"durationSeconds": 10**9},
        {"durationSeconds": 0},
        {"sampleCount": 10**9},
        {"sampleCount": None, "durationSeconds": []},
    ],
)
def test_absurd_figures_ask_for_nothing(parameters: dict[str, Any]) -> None:
    """M12: they credit nothing."""
    assert _video(parameters) is None


def test_a_cut_body_leaves_the_seconds_unknown() -> None:
    """A default is no answer where the parameters may come behind the cut."""
    body = b'{"instances":[{"image":{"bytesBase64Encoded":"' + b"A" * 100_000
    assert asked(_route("predictLongRunning"), body) is NOTHING_ASKED


def test_other_operations_ask_nothing() -> None:
    """Their bodies are not looked at."""
    assert asked(_route("generateContent"), b'{"model":"x"}') is NOTHING_ASKED


@pytest.mark.parametrize("size", [1, 1000, 1 << 20])
def test_a_body_may_be_read_as_it_passes(size: int) -> None:
    """Parameters behind megabytes of picture are found, and nothing is kept."""
    picture = b'{"instances":[{"image":{"bytesBase64Encoded":"' + b"A" * 50_000 + b'"}}],'
    body = picture + b'"parameters":{"durationSeconds":6}}'
    reader = AskedReader(_route("predictLongRunning"))
    for start in range(0, len(body), size):
        assert reader.asked is NOTHING_ASKED
        reader.feed(body[start : start + size])
    assert reader.asked.usage == Usage(video_seconds=Decimal(6), videos=1)
