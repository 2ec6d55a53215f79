"""Content codings undone as they come."""

import gzip
import zlib

import pytest

from weighbridge.core.outcome import UsageSource
from weighbridge.providers.google_answer import GeminiAnswer
from weighbridge.providers.inflate import (
    LARGEST_BODY_BYTES,
    PIECE_BYTES,
    Inflater,
    InflatingReader,
    decoding,
)
from weighbridge.providers.json_array import JsonReader
from weighbridge.providers.unread import UnreadAnswer

DOCUMENT = b'{"usageMetadata":{"promptTokenCount":3}}'
TEXT = DOCUMENT + b" " * 200_000


def _raw(data: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return engine.compress(data) + engine.flush()


CODED = [
    (b"gzip", gzip.compress(TEXT)),
    (b" GZIP ", gzip.compress(TEXT)),
    (b"x-gzip", gzip.compress(TEXT)),
    (b"gzip", gzip.compress(TEXT[:7]) + gzip.compress(TEXT[7:])),
    (b"gzip", gzip.compress(TEXT) + b"\0" * 9 + b"\x1f garbage"),
    (b"deflate", zlib.compress(TEXT)),
    (b"deflate", _raw(TEXT)),
    (b"identity", TEXT),
    (None, TEXT),
]


@pytest.mark.parametrize("size", [1, 2, 17, 1 << 20])
@pytest.mark.parametrize(("encoding", "body"), CODED)
def test_any_coding_in_any_pieces(encoding: bytes | None, body: bytes, size: int) -> None:
    """S5: members, wrappers and padding, in pieces of bounded size."""
    inflater = Inflater(encoding)
    pieces = [
        piece
        for start in range(0, len(body), size)
        for piece in inflater.feed(body[start : start + size])
    ]
    assert b"".join(pieces) == TEXT
    assert inflater.ended
    assert not inflater.failed
    if encoding and encoding != b"identity":
        assert max(map(len, pieces)) <= PIECE_BYTES


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        (b"br", b"x"),
        (b"zstd", b""),
        (b"gzip, gzip", gzip.compress(gzip.compress(TEXT))),
        (b"gzip", b"no gzip at all"),
        (b"gzip", gzip.compress(TEXT)[:40] + b"\xff" * 400),
        (b"deflate", b"\x78\x00\xff\xff\xff\xff"),
    ],
)
def test_what_cannot_be_inflated_fails_quietly(encoding: bytes, body: bytes) -> None:
    """A failure is a state, and the reading is unparsed."""
    reader = decoding(JsonReader(GeminiAnswer("gemini")), encoding)
    reader.feed(body)
    reader.feed(body)
    assert reader.finish(complete=True).usage_source is UsageSource.UNPARSED


@pytest.mark.parametrize(
    ("encoding", "body", "whole"),
    [
        (b"gzip", gzip.compress(DOCUMENT), DOCUMENT),
        (b"GZip", gzip.compress(b""), b""),
        (b"gzip", gzip.compress(DOCUMENT)[:-1], None),
        (b"gzip", gzip.compress(DOCUMENT) * 2, None),
        (b"gzip", gzip.compress(DOCUMENT) + b"\0", None),
        (b"gzip", gzip.compress(bytes(PIECE_BYTES + 1)), None),
        (b"gzip", DOCUMENT, None),
        (b"deflate", zlib.compress(DOCUMENT), None),
    ],
)
def test_a_whole_body_is_unpacked_at_once(
    encoding: bytes, body: bytes, whole: bytes | None
) -> None:
    """One member that is all there, of which nothing was fed yet; all else goes by pieces."""
    reader = decoding(JsonReader(GeminiAnswer("gemini")), encoding)
    assert isinstance(reader, InflatingReader)
    assert reader.whole(body) == whole
    reader.feed(body)
    assert reader.whole(body) is None


def test_a_cut_coding_is_a_cut_answer() -> None:
    """The transfer may be whole although the coding is not."""
    reader = decoding(JsonReader(GeminiAnswer("gemini")), b"gzip")
    reader.feed(gzip.compress(TEXT)[:-8])
    reading = reader.finish(complete=True)
    assert reading.usage.input_tokens == 3
    assert reading.usage_source is UsageSource.PARTIAL


def test_an_empty_body_is_whole() -> None:
    """HEAD and 204 answers name a coding and send nothing."""
    assert Inflater(b"gzip").ended


def test_a_bomb_is_given_up() -> None:
    """Beyond the largest body nothing more comes out."""
    engine = zlib.compressobj(9, wbits=31)
    zeros = bytes(1 << 24)
    bomb = b"".join(engine.compress(zeros) for _ in range(70)) + engine.flush()
    inflater = Inflater(b"gzip")
    given = sum(map(len, inflater.feed(bomb)))
    assert inflater.failed
    assert LARGEST_BODY_BYTES - PIECE_BYTES <= given <= LARGEST_BODY_BYTES
    assert list(inflater.feed(bomb)) == []


def test_nothing_is_undone_where_nothing_is_read() -> None:
    """An unencoded body needs no help, an unread one no inflating."""
    reader = JsonReader(GeminiAnswer("gemini"))
    assert decoding(reader, None) is reader
    assert decoding(reader, b"Identity") is reader
    unread = UnreadAnswer()
    assert decoding(unread, b"gzip") is unread
