"""Whatever an upstream sends: no exception, counts in bounds, no text in the row, little memory."""

import base64
import gzip
import json
import tracemalloc
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.core.outcome import UsageSource
from weighbridge.providers.base import Reading, Route
from weighbridge.providers.google_readers import google_reader
from weighbridge.providers.google_usage import LARGEST_COUNT
from weighbridge.providers.inflate import decoding
from weighbridge.providers.registry import Registry

MEBIBYTE = 1 << 20
PIECE = 64 << 10
OPERATIONS = ("generateContent", "chat.completions", "createCachedContent", "countTokens")
TYPES = (b"application/json", b"text/event-stream", b"text/html", None)
FRAGMENTS = st.sampled_from(
    [
        b"data: ",
        b"\r\n",
        b"\n\n",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b'"',
        b"\\",
        b'"usageMetadata":',
        b'"promptTokenCount":',
        b'"candidates":',
        b'"promptTokensDetails":[{"modality":"AUDIO","tokenCount":5}]',
        b'"usage":{"prompt_tokens":',
        b'"error":',
        b"-1",
        b"1e999",
        b"99999999999999999999",
        b'"1000"',
        b"null",
        b"\xff",
        b"[DONE]",
        b'{"usageMetadata":{"promptTokenCount":5,"totalTokenCount":9}}',
    ]
)
KEYS = [
    "usageMetadata",
    "promptTokenCount",
    "totalTokenCount",
    "candidatesTokenCount",
    "thoughtsTokenCount",
    "cachedContentTokenCount",
    "promptTokensDetails",
    "modality",
    "candidates",
    "finishReason",
    "content",
    "parts",
    "error",
    "code",
    "status",
    "groundingMetadata",
    "webSearchQueries",
    "modelVersion",
    "usage",
    "prompt_tokens",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda children: (
        st.lists(children, max_size=4)
        | st.dictionaries(
            st.sampled_from(KEYS),
            children,
            max_size=5,
        )
    ),
    max_leaves=25,
)


def _route(operation: str) -> Route:
    return Route(
        provider="google",
        surface="gemini",
        upstream="gemini",
        host="h",
        operation=operation,
        metered=operation != "countTokens",
    )


def _check(reading: Reading) -> None:
    for value in msgspec.structs.astuple(reading.usage):
        assert value is None or isinstance(value, bool) or 0 <= value <= LARGEST_COUNT
    for word in (reading.finish_reason, reading.block_reason, reading.error_type):
        assert word is None or (word.isascii() and len(word) <= 64 and word == word.upper())
    assert reading.model_version is None or len(reading.model_version) <= 256


@given(
    st.lists(st.binary(max_size=30) | FRAGMENTS, max_size=30),
    st.tuples(
        st.sampled_from(OPERATIONS), st.sampled_from([200, 404, 503]), st.sampled_from(TYPES)
    ),
    st.sampled_from([None, b"gzip", b"deflate", b"br"]),
    st.booleans(),
)
def test_any_bytes_are_read_without_raising(
    pieces: list[bytes],
    answer: tuple[str, int, bytes | None],
    encoding: bytes | None,
    complete: bool,
) -> None:
    """M12: observers cannot raise into the forwarder."""
    operation, status, content_type = answer
    reader = decoding(google_reader(_route(operation), status, content_type), encoding)
    for piece in pieces:
        reader.feed(piece)
    _check(reader.finish(complete=complete))


@given(JSON, st.sampled_from(OPERATIONS), st.sampled_from([200, 500]), st.booleans())
def test_any_json_is_read_without_raising(
    document: object, operation: str, status: int, complete: bool
) -> None:
    """M12: known keys with values of any kind, in any place."""
    body = json.dumps(document).encode()
    for content_type, framed in (
        (b"application/json", body),
        (b"text/event-stream", b"data: " + body + b"\n\n"),
    ):
        reader = google_reader(_route(operation), status, content_type)
        reader.feed(framed)
        _check(reader.finish(complete=complete))


@given(st.binary(max_size=12), st.binary(max_size=80))
def test_any_target_is_routed_or_not_without_raising(method: bytes, target: bytes) -> None:
    """P3: whatever llhttp lets through."""
    registry = Registry()
    for prefix in (b"", b"/v1/", b"/v1/projects/p/locations/", b"/upload/v1/", b"/ws/"):
        registry.route(method, prefix + target)


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":', b'"', b"\\", b"data: [", b"\r"])
def test_deep_or_endless_bodies_are_survived(opening: bytes) -> None:
    """Nesting without end costs neither the stack nor unbounded memory."""
    for content_type in TYPES:
        reader = google_reader(_route("generateContent"), 200, content_type)
        for _ in range(40):
            reader.feed(opening * (PIECE // len(opening)))
        assert reader.finish(complete=True).usage_source in {"none", "unparsed"}


USAGE = {"promptTokenCount": 12, "candidatesTokenCount": 1290, "totalTokenCount": 1302}
HOSTILE = json.dumps(' "usageMetadata": {"promptTokenCount": 1} ').encode()
END = (
    b'"}}, {"text": '
    + HOSTILE
    + b'}]}, "finishReason": "STOP"}], "usageMetadata": '
    + json.dumps(USAGE).encode()
    + b', "modelVersion": "gemini-2.5-flash-image"}'
)
START = b'{"candidates": [{"content": {"parts": [{"inlineData": {"data": "'
BASE64 = base64.b64encode(bytes(range(256)) * 192)
VECTOR = b"[" + b"0.0123456789, " * 3071 + b"0.5]"


def _image(megabytes: int) -> Iterator[bytes]:
    yield START
    for _ in range(megabytes * MEBIBYTE // len(BASE64)):
        yield BASE64
    yield END


def _vectors(megabytes: int) -> Iterator[bytes]:
    yield b'{"embeddings": ['
    for _ in range(megabytes * MEBIBYTE // (len(VECTOR) + 14)):
        yield b'{"values": ' + VECTOR + b"}, "
    yield b'{"values": []}], "usageMetadata": {"promptTokenCount": 7}}'


def _peak(
    reader_type: bytes, pieces: Iterator[bytes], operation: str = "generateContent"
) -> tuple[int, Reading]:
    """Peak memory of the reader, fed in pieces of 64 KiB."""
    reader = google_reader(_route(operation), 200, reader_type)
    waiting = bytearray()
    tracemalloc.start()
    try:
        for piece in pieces:
            waiting += piece
            while len(waiting) >= PIECE:
                reader.feed(bytes(waiting[:PIECE]))
                del waiting[:PIECE]
        reader.feed(bytes(waiting))
        reading = reader.finish(complete=True)
        return tracemalloc.get_traced_memory()[1], reading
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("content_type", "before", "after"),
    [
        (b"application/json", b"", b""),
        (b"application/json", b"[", b"]"),
        (b"text/event-stream", b"data: ", b"\r\n\r\n"),
    ],
)
def test_a_hundred_megabytes_of_image_are_metered_in_little_memory(
    content_type: bytes, before: bytes, after: bytes
) -> None:
    """Usage is exact, an imitation in a text is not believed, memory stays below 5 MB."""

    def body() -> Iterator[bytes]:
        yield before
        yield from _image(100)
        yield after

    peak, reading = _peak(content_type, body())
    assert peak < 5 * MEBIBYTE
    assert reading.usage_source is UsageSource.FINAL
    assert (reading.usage.input_tokens, reading.usage.output_tokens) == (12, 1290)
    assert reading.finish_reason == "STOP"
    assert reading.model_version == "gemini-2.5-flash-image"


def test_megabytes_of_embeddings_are_metered_in_little_memory() -> None:
    """`usageMetadata` follows the vectors."""
    peak, reading = _peak(b"application/json", _vectors(20), "batchEmbedContents")
    assert peak < 5 * MEBIBYTE
    assert reading.usage.input_tokens == 7
    assert reading.usage_source is UsageSource.FINAL


def test_single_bytes_cost_no_more_memory_than_large_pieces() -> None:
    """Memory depends neither on what nor in which pieces the upstream sends."""
    reader = google_reader(_route("generateContent"), 200, b"application/json")
    tracemalloc.start()
    try:
        reader.feed(b"{")
        for _ in range(MEBIBYTE + PIECE):
            reader.feed(b" ")
        assert tracemalloc.get_traced_memory()[1] < 5 * MEBIBYTE
    finally:
        tracemalloc.stop()


def test_a_bomb_is_inflated_in_little_memory() -> None:
    """A thousandfold body comes out in bounded pieces."""
    bomb = gzip.compress(b'{"a":"' + bytes(64 * MEBIBYTE).replace(b"\0", b"A") + b'"}')
    reader = decoding(google_reader(_route("generateContent"), 200, b"application/json"), b"gzip")
    tracemalloc.start()
    try:
        for start in range(0, len(bomb), PIECE):
            reader.feed(bomb[start : start + PIECE])
        assert tracemalloc.get_traced_memory()[1] < 5 * MEBIBYTE
    finally:
        tracemalloc.stop()
