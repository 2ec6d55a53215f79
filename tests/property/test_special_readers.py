"""S5, M12: the readers of all other answers, fed anything in any pieces."""

import itertools
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reader_feed import JSON, SSE, route_of

from weighbridge.core.resource import Settlement
from weighbridge.core.usage import Usage
from weighbridge.providers.asked import asked
from weighbridge.providers.base import Reading, Route
from weighbridge.providers.google_readers import google_reader
from weighbridge.providers.google_usage import LARGEST_COUNT
from weighbridge.providers.json_walk import JsonWalker, wanted

ROUTES = [
    *(
        route_of(operation)
        for operation in (
            "predict",
            "predictLongRunning",
            "fetchPredictOperation",
            "getOperation",
            "createCachedContent",
            "listCachedContents",
            "getCachedContent",
            "batchGenerateContent",
            "getBatch",
            "listBatches",
            "createInteraction",
            "getInteraction",
            "createDecision",
            "images.generations",
            "responses",
            "completions",
        )
    ),
    route_of("deleteCachedContent", resource="cachedContents/c"),
    route_of("downloadFile", resource="files/batch-1"),
    route_of("rawPredict", provider="anthropic"),
    route_of("streamRawPredict", provider="anthropic"),
    route_of("rawPredict", provider="mistralai"),
]
NAMES = [
    "name", "metadata", "state", "model", "output", "responsesFile", "response", "error", "done",
    "inlinedResponses", "inlinedEmbedContentResponses", "usageMetadata", "promptTokenCount",
    "candidatesTokenCount", "totalTokenCount", "candidates", "groundingMetadata", "tokenCount",
    "webSearchQueries", "modelVersion", "operations", "cachedContents", "createTime", "expireTime",
    "predictions", "bytesBase64Encoded", "mimeType", "raiFilteredReason", "embeddings",
    "statistics", "token_count", "videoEmbeddings", "startOffsetSec", "endOffsetSec", "videos",
    "generateVideoResponse", "generatedSamples", "id", "status", "usage", "interaction",
    "total_tokens", "total_input_tokens", "total_output_tokens", "totalInputTokens",
    "input_tokens_by_modality", "modality", "tokens", "grounding_tool_count", "count", "type",
    "input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation",
    "ephemeral_1h_input_tokens", "message", "delta", "stop_reason", "data", "b64_json", "code",
]  # fmt: skip
WORDS = [
    "batches/b", "files/batch-b", "cachedContents/c", "models/gemini-2.5-flash", "COMPLETED",
    "BATCH_STATE_SUCCEEDED", "BATCH_STATE_FAILED", "in_progress", "audio", "audio/wav",
    "2026-07-21T16:05:49.689379878Z", "google_search", "overloaded_error", "12", "A" * 5000,
]  # fmt: skip
LEAF = (
    st.none()
    | st.booleans()
    | st.integers(-5, 10**11)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(WORDS)
    | st.text(st.sampled_from('ab"\\\n{}[]:, é😀'), max_size=9)
)
TREE = st.recursive(
    LEAF,
    lambda below: (
        st.lists(below, max_size=4) | st.dictionaries(st.sampled_from(NAMES), below, max_size=6)
    ),
    max_leaves=30,
)
CUTS = st.lists(st.integers(0, 10**6), max_size=10)
ROUTE = st.sampled_from(ROUTES)
FRAME = st.sampled_from(["json", "array", "lines", "events"])


def _framed(documents: list[Any], frame: str) -> tuple[bytes, bytes]:
    texts = [json.dumps(document, ensure_ascii=False) for document in documents]
    if frame == "events":
        return "".join(f"event: x\ndata: {text}\n\n" for text in texts).encode(), SSE
    if frame == "lines":
        return "".join(text + "\n" for text in texts).encode(), b"application/jsonl"
    if frame == "array":
        return ("[" + ",\n".join(texts) + "]").encode(), JSON
    return texts[0].encode(), JSON


def _read(
    route: Route, body: bytes, cuts: list[int], content_type: bytes, *, complete: bool
) -> Reading:
    reader = google_reader(route, 200, content_type)
    edges = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    for start, end in itertools.pairwise(edges):
        reader.feed(body[start:end])
    return reader.finish(complete=complete)


def _in_bounds(usage: Usage) -> None:
    for name, value in msgspec.structs.asdict(usage).items():
        assert value is None or isinstance(value, bool | str) or 0 <= value <= 5 * LARGEST_COUNT, (
            name
        )


def _check(reading: Reading) -> None:
    _in_bounds(reading.usage)
    for word in (reading.finish_reason, reading.block_reason, reading.error_type):
        assert word is None or (word.isascii() and len(word) <= 64 and word == word.upper())
    settlement = reading.settlement
    if isinstance(settlement, Settlement):
        for part in settlement.parts:
            _in_bounds(part.usage)
    for event in reading.events:
        assert " " not in event.name
        assert len(event.name) <= 512
        if event.usage is not None:
            _in_bounds(event.usage)


@given(ROUTE, st.lists(TREE, min_size=1, max_size=4), FRAME, CUTS, st.booleans())
def test_any_split_reads_the_same(
    route: Route, documents: list[Any], frame: str, cuts: list[int], complete: bool
) -> None:
    """S5: and whatever is read is in bounds (M12)."""
    body, content_type = _framed(documents, frame)
    whole = _read(route, body, [], content_type, complete=complete)
    _check(whole)
    assert _read(route, body, cuts, content_type, complete=complete) == whole


@given(ROUTE, st.lists(TREE, min_size=1, max_size=3), FRAME, st.integers(0, 10**6), CUTS)
def test_any_cut_is_never_final(
    route: Route, documents: list[Any], frame: str, length: int, cuts: list[int]
) -> None:
    """S2: a lower bound, and no complete settlement but of what had come whole."""
    body, content_type = _framed(documents, frame)
    body = body[: length % (len(body) + 1)]
    reading = _read(route, body, cuts, content_type, complete=False)
    _check(reading)
    assert reading.usage_source != "final"
    assert reading.settlement is None or not reading.settlement.complete


FRAGMENT = st.sampled_from(
    [b"{", b"}", b"[", b"]", b":", b",", b'"', b"\\", b"\n", b"data: ", b"null", b"-1", b"\xff"]
    + [json.dumps(name).encode() for name in NAMES]
)


@given(ROUTE, st.lists(FRAGMENT | st.binary(max_size=9), max_size=60), st.booleans())
def test_any_bytes_are_read_without_raising(
    route: Route, pieces: list[bytes], complete: bool
) -> None:
    """M12: observers cannot raise into the forwarder."""
    for content_type in (JSON, SSE, b"application/jsonl", None):
        reader = google_reader(route, 200, content_type)
        for piece in pieces:
            reader.feed(piece)
        _check(reader.finish(complete=complete))


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.operation}-{route.provider}")
@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":', b'{"name":"', b'{"a":"\\', b"7"])
def test_deep_or_endless_bodies_are_survived(route: Route, opening: bytes) -> None:
    """Nesting without end costs neither the stack nor unbounded memory."""
    for content_type in (JSON, SSE):
        reader = google_reader(route, 200, content_type)
        for _ in range(8):
            reader.feed(opening * (65_536 // len(opening)))
        reading = reader.finish(complete=True)
        assert reading.usage_source in {"none", "unparsed"}
        assert reading.settlement is None or route.operation == "downloadFile"


PATHS = wanted(
    {"name": "n", "a.b": "ab", "list[].c": "c", "usage": "u", "grid[][].x": "x"},
    {"list[]": "end", "a": "a ended"},
)
STEPS = st.recursive(
    LEAF,
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "a", "b", "list", "c", "usage", "grid", "x", "z"]), below
        )
    ),
    max_leaves=20,
)


def _walk(body: bytes, cuts: list[int]) -> tuple[list[Any], int, bool]:
    told: list[Any] = []
    walker = JsonWalker(PATHS, lambda name, value: told.append((name, value)))
    edges = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    for start, end in itertools.pairwise(edges):
        walker.feed(body[start:end])
    return told, walker.documents, walker.inside


def _expected(document: Any) -> list[Any]:
    """What a walk tells of one decoded object, in the plainest way; ends left out."""
    found = []
    for name, value in document.items():
        if value is None:
            continue
        if name in ("name", "usage"):
            found.append(("n" if name == "name" else "u", value))
        elif name == "a" and isinstance(value, dict) and value.get("b") is not None:
            found.append(("ab", value["b"]))
        elif name == "list" and isinstance(value, list):
            found += [
                ("c", each["c"])
                for each in value
                if isinstance(each, dict) and each.get("c") is not None
            ]
        elif name == "grid" and isinstance(value, list):
            found += [
                ("x", each["x"])
                for row in value
                if isinstance(row, list)
                for each in row
                if isinstance(each, dict) and each.get("x") is not None
            ]
    return found


@given(st.dictionaries(st.sampled_from(["name", "a", "list", "usage", "grid", "z"]), STEPS), CUTS)
def test_a_walk_finds_what_decoding_finds(document: dict[str, Any], cuts: list[int]) -> None:
    """The same values at the same paths, in any pieces; one too long is told without content."""
    body = json.dumps(document, ensure_ascii=False).encode()
    told, documents, inside = _walk(body, cuts)
    values = [
        (name, None if value is None else json.loads(value))
        for name, value in told
        if name not in ("end", "a ended")
    ]
    shown = [
        (name, None if isinstance(value, str) and len(value) >= 4095 else value)
        for name, value in _expected(document)
    ]
    assert values == shown
    assert (documents, inside) == (1, False)


@given(st.lists(FRAGMENT, max_size=40), CUTS)
def test_any_walk_is_the_same_in_any_pieces(pieces: list[bytes], cuts: list[int]) -> None:
    """S5: also of what is no JSON."""
    body = b"".join(pieces)
    assert _walk(body, cuts) == _walk(body, []) == _walk(body, list(range(len(body))))


@given(
    st.sampled_from(["chat.completions", "createInteraction", "predictLongRunning"]),
    st.binary(max_size=60) | TREE.map(lambda tree: json.dumps(tree).encode()),
)
def test_any_request_body_is_read_without_raising(operation: str, body: bytes) -> None:
    """M12: what it asks for is in bounds."""
    found = asked(route_of(operation), body)
    assert found.model is None or len(found.model) <= 256
    assert found.provider is None or len(found.provider) <= 32
    if found.usage is not None:
        _in_bounds(found.usage)
