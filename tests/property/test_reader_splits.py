"""S5: any split of an answer's bytes gives the same reading, in every framing and coding."""

import gzip
import itertools
import json
import zlib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from weighbridge.providers.base import Reading, Route
from weighbridge.providers.google_readers import google_reader
from weighbridge.providers.inflate import decoding

ROUTE = Route(
    provider="google",
    surface="gemini",
    upstream="gemini",
    host="h",
    operation="streamGenerateContent",
    metered=True,
)
COUNT = st.integers(0, 10**6)
TEXT = st.text(st.sampled_from('ab"\\\n\r{}[]:, é😀') | st.characters(codec="utf-8"), max_size=20)
CHUNK = st.fixed_dictionaries(
    {},
    optional={
        "candidates": st.lists(
            st.fixed_dictionaries(
                {"content": st.fixed_dictionaries({"parts": st.just([])})},
                optional={"finishReason": st.sampled_from(["STOP", 1, "SAFETY"]), "note": TEXT},
            ),
            max_size=2,
        ),
        "usageMetadata": st.fixed_dictionaries(
            {},
            optional={
                "promptTokenCount": COUNT,
                "candidatesTokenCount": COUNT,
                "thoughtsTokenCount": COUNT,
                "totalTokenCount": COUNT,
                "trafficType": st.just("ON_DEMAND"),
                "promptTokensDetails": st.just([{"modality": "TEXT", "tokenCount": 1}]),
            },
        ),
        "modelVersion": st.just("models/gemini-2.5-flash"),
        "text": TEXT,
        "usage": TEXT,
    },
)


def _sse(chunks: list[Any], end: bytes) -> bytes:
    return b"".join(b"data: " + json.dumps(chunk).encode() + end + end for chunk in chunks)


def _array(chunks: list[Any], indent: int | None) -> bytes:
    elements = [json.dumps(chunk, ensure_ascii=False, indent=indent).encode() for chunk in chunks]
    return b"[" + b"\n,\r\n".join(elements) + b"\n]"


def _read(
    body: bytes,
    cuts: list[int],
    content_type: bytes,
    encoding: bytes | None = None,
    *,
    complete: bool = True,
) -> Reading:
    reader = decoding(google_reader(ROUTE, 200, content_type), encoding)
    edges = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    for start, end in itertools.pairwise(edges):
        reader.feed(body[start:end])
    return reader.finish(complete=complete)


CUTS = st.lists(st.integers(0, 10**6), max_size=12)


@given(st.lists(CHUNK, max_size=5), CUTS, st.sampled_from([b"\r\n", b"\n", b"\r"]), st.booleans())
def test_event_streams(chunks: list[Any], cuts: list[int], end: bytes, complete: bool) -> None:
    """Also inside line ends, UTF-8 sequences and keys."""
    body = _sse(chunks, end)
    whole = _read(body, [], b"text/event-stream", complete=complete)
    assert _read(body, cuts, b"text/event-stream", complete=complete) == whole


@given(st.lists(CHUNK, max_size=5), CUTS, st.sampled_from([None, 2]), st.booleans())
def test_json_arrays(
    chunks: list[Any], cuts: list[int], indent: int | None, complete: bool
) -> None:
    """Also inside escapes, strings with brackets, and separators."""
    body = _array(chunks, indent)
    whole = _read(body, [], b"application/json", complete=complete)
    assert _read(body, cuts, b"application/json", complete=complete) == whole


@given(st.lists(CHUNK, max_size=5))
def test_both_framings_read_the_same(chunks: list[Any]) -> None:
    """M8: the same chunks mean the same, however they are framed."""
    stream = _read(_sse(chunks, b"\r\n"), [], b"text/event-stream")
    assert _read(_array(chunks, 2), [], b"application/json") == stream


@given(CHUNK, CUTS, st.sampled_from([b"gzip", b"deflate"]))
def test_coded_documents(chunk: dict[str, Any], cuts: list[int], encoding: bytes) -> None:
    """A coded answer reads as the plain one."""
    body = json.dumps(chunk).encode()
    coded = gzip.compress(body) if encoding == b"gzip" else zlib.compress(body)
    plain = _read(body, [], b"application/json")
    assert _read(coded, cuts, b"application/json", encoding) == plain


@given(CHUNK, CUTS, st.integers(0, 10**6))
def test_cut_documents(chunk: dict[str, Any], cuts: list[int], length: int) -> None:
    """S2: the same beginning gives the same lower bound."""
    body = json.dumps(chunk).encode()
    body = body[: length % (len(body) + 1)]
    whole = _read(body, [], b"application/json", complete=False)
    assert _read(body, cuts, b"application/json", complete=False) == whole
    assert whole.usage_source in {"partial", "none"}
