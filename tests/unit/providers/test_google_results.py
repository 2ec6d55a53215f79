"""A batch's results file, line by line."""

import json
import tracemalloc
from typing import Any

import pytest
from reader_feed import read, route_of

from weighbridge.core.outcome import UsageSource
from weighbridge.core.resource import ResourceKind, Settlement, UsagePart
from weighbridge.core.usage import Usage
from weighbridge.providers.google_readers import google_reader
from weighbridge.providers.google_results import LONGEST_LINE_BYTES
from weighbridge.providers.unread import UnreadAnswer

FILE = "files/batch-b1"
ROUTE = route_of("downloadFile", resource=FILE)
JSONL = b"application/jsonl"


def _answer(prompt: int, text: str = "CANARY", **more: Any) -> dict[str, Any]:
    counts = {
        "promptTokenCount": prompt,
        "candidatesTokenCount": 2,
        "totalTokenCount": prompt + 2,
    }
    return {
        "candidates": [{"content": {"parts": [{"text": text}]}, **more}],
        "usageMetadata": counts,
        "modelVersion": "models/gemini-2.5-flash",
    }


def _lines(*lines: Any) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def _settled(prompt: int, answers: int, cliff: int, *, complete: bool = True) -> Settlement:
    usage = Usage(
        input_tokens=prompt,
        output_tokens=2 * answers,
        total_tokens=prompt + 2 * answers,
        cliff_tokens=cliff,
    )
    return Settlement(
        kind=ResourceKind.BATCH_RESULTS,
        name=FILE,
        parts=(UsagePart(usage=usage, model_version="gemini-2.5-flash"),),
        complete=complete,
        service_tier="batch",
    )


@pytest.mark.parametrize("size", [1, 100, 1 << 20])
@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_a_file_is_settled_by_the_sum_of_its_lines(size: int, ending: bytes) -> None:
    """M11: with or without keys; failed lines are free; the last line may lack its end."""
    body = _lines(
        {"key": "CANARY", "response": _answer(3)},
        {"key": "b", "error": {"code": 3, "message": "CANARY"}},
        _answer(5),
        {"response": _answer(7), "key": "c", "request": {"contents": []}},
    )
    body = body.rstrip(b"\n").replace(b"\n", ending)
    reading = read(ROUTE, body, content_type=JSONL, size=size)
    assert reading.settlement == _settled(15, 3, 7)
    assert (reading.usage, reading.usage_source) == (Usage(), UsageSource.NONE)
    assert "CANARY" not in repr(reading)


def test_a_line_that_is_too_long_to_keep_is_walked() -> None:
    """An image in an answer; the rule is the same as for a decoded line."""
    long = _answer(5, text="A" * LONGEST_LINE_BYTES)
    body = _lines({"key": "a", "response": _answer(3)}, {"response": long, "key": "b"}, _answer(7))
    for size in (10_000, 1 << 30):
        assert read(ROUTE, body, content_type=JSONL, size=size).settlement == _settled(15, 3, 7)


def test_decoded_and_walked_lines_mean_the_same() -> None:
    """Grounding and tools included."""
    metadata = {"webSearchQueries": ["q"], "searchEntryPoint": {"renderedContent": "CANARY"}}
    for more in (
        {},
        {"groundingMetadata": metadata},
        {"urlContextMetadata": {"urlMetadata": []}},
        {"finishReason": "STOP"},
    ):
        short = read(ROUTE, _lines({"response": _answer(3, **more)}), content_type=JSONL)
        padded = {"response": _answer(3, text="A" * LONGEST_LINE_BYTES, **more)}
        long = read(ROUTE, _lines(padded), content_type=JSONL)
        assert short.settlement is not None
        assert short == long


def test_embeddings_are_counted_by_their_tokens() -> None:
    """Their lines hold no `usageMetadata`."""
    line = {"key": "a", "response": {"embedding": {"values": [0.1]}, "tokenCount": "6"}}
    settlement = read(ROUTE, _lines(line, line), content_type=JSONL).settlement
    assert settlement is not None
    assert [part.usage.input_tokens for part in settlement.parts] == [12]


@pytest.mark.parametrize(
    "line",
    [
        b'{"response":{"usageMetadata":7}}',
        b'{"response":{"usageMetadata":{"promptTokenCount":-5}}}',
        b'{"response":{"usageMetadata":{"promptTokenCount":1',
        b'{"response":{}}',
        b"nonsense",
    ],
)
def test_a_line_that_is_not_understood_leaves_the_sum_uncertain(line: bytes) -> None:
    """M12: it credits nothing, and the others still count."""
    body = _lines({"response": _answer(3)}) + line + b"\n"
    settlement = read(ROUTE, body, content_type=JSONL).settlement
    assert settlement is not None
    assert not settlement.complete
    assert sum(part.usage.input_tokens or 0 for part in settlement.parts) == 3


def test_a_cut_file_is_not_complete() -> None:
    """Whoever downloads it to the end settles it."""
    body = _lines({"response": _answer(3)}, {"response": _answer(5)})
    settlement = read(ROUTE, body[:-1], content_type=JSONL, complete=False).settlement
    assert settlement == _settled(3, 1, 3, complete=False)


@pytest.mark.parametrize(
    ("status", "content_type", "body"),
    [
        (206, JSONL, _lines(_answer(3))),
        (200, b"image/png", _lines(_answer(3))),
        (200, b"Video/mp4", _lines(_answer(3))),
        (200, b"text/csv", b"a,b\n" + _lines(_answer(3))),
        (200, b"application/octet-stream", b"\x89PNG\r\n" + _lines(_answer(3))),
        (200, None, b""),
        (200, JSONL, b"\n\n"),
    ],
)
def test_other_files_settle_nothing(status: int, content_type: bytes | None, body: bytes) -> None:
    """A part of a file is not the file; what is no text is not looked at."""
    reading = read(ROUTE, body, status=status, content_type=content_type)
    assert reading.settlement is None


def test_a_video_is_not_even_fed() -> None:
    """It costs nothing to pass one."""
    assert isinstance(google_reader(ROUTE, 200, b"video/mp4"), UnreadAnswer)


def test_hundreds_of_megabytes_are_summed_in_little_memory() -> None:
    """Whatever the number and the length of the lines."""
    line = _lines({"key": "k", "response": _answer(3, text="A" * 50_000)})
    image = _lines({"key": "k", "response": _answer(3, text="A" * (2 << 20))})
    reader = google_reader(ROUTE, 200, JSONL)
    tracemalloc.start()
    try:
        for _ in range(20):
            for body in (line * 20, image):
                for start in range(0, len(body), 65_536):
                    reader.feed(body[start : start + 65_536])
        settlement = reader.finish(complete=True).settlement
        assert tracemalloc.get_traced_memory()[1] < 12 << 20
    finally:
        tracemalloc.stop()
    assert settlement == _settled(3 * 420, 420, 3)
