"""Images of OpenAI-compatible calls."""

import json
from typing import Any

import pytest
from reader_feed import read, route_of

from weighbridge.core.outcome import UsageSource
from weighbridge.core.usage import Usage

ROUTE = route_of("images.generations")
IMAGE = {"b64_json": "A" * 9000}


@pytest.mark.parametrize(
    ("body", "usage", "source"),
    [
        ({"data": [IMAGE, IMAGE]}, Usage(images=2), "final"),
        ({"data": [{"url": "https://example.test/CANARY"}]}, Usage(images=1), "final"),
        ({"data": [IMAGE, {}]}, Usage(images=1), "partial"),
        ({"data": [{}]}, Usage(), "none"),
        ({"data": []}, Usage(), "none"),
        ({}, Usage(), "none"),
        (
            {
                "data": [IMAGE],
                "usage": {"input_tokens": 5, "output_tokens": 1290, "total_tokens": 1295},
            },
            Usage(
                input_tokens=5,
                output_tokens=1290,
                total_tokens=1295,
                output_text_tokens=0,
                output_image_tokens=1290,
                output_audio_tokens=0,
                images=1,
            ),
            "final",
        ),
    ],
)
@pytest.mark.parametrize("size", [1, 1000, 1 << 20])
def test_images_are_counted(body: dict[str, Any], usage: Usage, source: str, size: int) -> None:
    """M7: by their number, and by the tokens that they took where those are told."""
    reading = read(ROUTE, json.dumps({"created": 1, **body}).encode(), size=size)
    assert (reading.usage, reading.usage_source) == (usage, source)
    assert "CANARY" not in repr(reading)


def test_an_error_and_a_cut_leave_a_lower_bound() -> None:
    """S2, S3."""
    body = {"data": [IMAGE], "error": {"code": 503, "message": "CANARY"}}
    reading = read(ROUTE, json.dumps(body).encode())
    assert (reading.error_type, reading.error_in_stream) == ("UNAVAILABLE", True)
    assert (reading.usage.images, reading.usage_source) == (1, UsageSource.PARTIAL)
    cut = read(ROUTE, json.dumps({"data": [IMAGE, IMAGE]}).encode()[:-50], complete=False)
    assert (cut.usage.images, cut.usage_source) == (1, UsageSource.PARTIAL)


def test_the_model_is_told_without_its_maker() -> None:
    """As everywhere."""
    body = json.dumps({"data": [IMAGE], "model": "google/imagen-4.0"}).encode()
    assert read(ROUTE, body).model_version == "imagen-4.0"


def test_what_is_no_json_is_unparsed() -> None:
    """Reported perhaps, in a form that is not read."""
    assert read(ROUTE, b"<html>").usage_source is UsageSource.UNPARSED
