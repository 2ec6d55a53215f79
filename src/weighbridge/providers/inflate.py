"""Undoes `Content-Encoding: gzip` and `deflate` as the body passes, for the readers only.

Hides members, wrappers and bombs. Rules for future edits: output comes in pieces of bounded
size whatever the input; a failure is a state, never an exception; what is forwarded is always
the encoded bytes.
Source: RFC 9110 section 8.4.1 (deflate means zlib, but raw is sent in the wild), RFC 1952
section 2.2 (a gzip body may have several members).
"""

import zlib
from collections.abc import Iterator
from typing import Final

from weighbridge.core.outcome import UsageSource
from weighbridge.core.usage import Usage
from weighbridge.providers.base import Reading, UsageReader
from weighbridge.providers.unread import UnreadAnswer

PIECE_BYTES: Final = 64 << 10
# No answer is larger; a body that inflates beyond it is a bomb, and reading it would be too.
LARGEST_BODY_BYTES: Final = 1 << 30
_GZIP: Final = frozenset({b"gzip", b"x-gzip"})
_GZIP_FIRST: Final = 0x1F
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS


class Inflater:
    """Inflates one body.

    Takes: the value of `Content-Encoding`, None where there is none.
    Gives: `failed` once the coding is unknown, the bytes are broken, or the body is a bomb;
    nothing more comes out then.
    """

    __slots__ = ("_coding", "_engine", "_fresh", "_given", "_padded", "failed")

    def __init__(self, encoding: bytes | None) -> None:
        self._coding = (encoding or b"identity").strip().lower() or b"identity"
        self._given = 0
        self._fresh = True  # No byte came yet.
        self._padded = False  # What comes now is behind the body's end.
        self._engine = zlib.decompressobj(_GZIP_WINDOW)
        self.failed = self._coding not in _GZIP | {b"deflate", b"identity"}

    def __repr__(self) -> str:
        state = "failed" if self.failed else f"{self._given} bytes out"
        return f"<Inflater {self._coding.decode('latin-1')} {state}>"

    @property
    def ended(self) -> bool:
        """Whether what came so far is a whole body."""
        return not self.failed and (self._coding == b"identity" or self._engine.eof or self._fresh)

    @property
    def is_new_gzip(self) -> bool:
        """Whether the coding is gzip and nothing of the body came yet."""
        return self._fresh and self._coding in _GZIP

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take the next encoded bytes, give the decoded ones in pieces of bounded size."""
        if self._coding == b"identity":
            yield data
            return
        piece = b""
        while (data or len(piece) == PIECE_BYTES) and not self.failed:
            if data and not self._begin(data):
                return
            try:
                piece = self._engine.decompress(data, PIECE_BYTES)
            except zlib.error:
                self.failed = True
                return
            data = self._engine.unconsumed_tail or self._engine.unused_data
            self._given += len(piece)
            if self._given > LARGEST_BODY_BYTES:
                self.failed = True
            elif piece:
                yield piece

    def _begin(self, data: bytes) -> bool:
        """Have an engine for these bytes; False where they only pad the end of the body."""
        if self._engine.eof:
            if self._padded or self._coding not in _GZIP or data[0] != _GZIP_FIRST:
                self._padded = True
                return False
            self._engine = zlib.decompressobj(_GZIP_WINDOW)
        elif self._fresh and self._coding == b"deflate":
            # Zlib or raw: told by the method in the zlib header's first byte.
            raw = data[0] & 0x0F != zlib.DEFLATED
            self._engine = zlib.decompressobj(-zlib.MAX_WBITS if raw else zlib.MAX_WBITS)
        self._fresh = False
        return True


class InflatingReader:
    """A reader of encoded bytes around a reader of the body."""

    __slots__ = ("_inflater", "reader")

    def __init__(self, reader: UsageReader, encoding: bytes) -> None:
        self.reader = reader
        self._inflater = Inflater(encoding)

    def __repr__(self) -> str:
        return f"<InflatingReader {self._inflater!r} {self.reader!r}>"

    def feed(self, data: bytes) -> None:
        """Take the next encoded bytes of the body."""
        for piece in self._inflater.feed(data):
            self.reader.feed(piece)

    def whole(self, data: bytes) -> bytes | None:
        """The body, where these are all its bytes: one gzip member that fills less than a piece.

        Nothing is read by that; None also where some of the body was fed before.
        """
        if not self._inflater.is_new_gzip:
            return None
        engine = zlib.decompressobj(_GZIP_WINDOW)
        try:
            body = engine.decompress(data, PIECE_BYTES)
        except zlib.error:
            return None
        return body if engine.eof and not engine.unused_data else None

    def so_far(self) -> Reading | None:
        """What the reader within can tell by now."""
        return so_far(self.reader)

    def finish(self, *, complete: bool) -> Reading:
        """Sum up; an encoding that failed leaves nothing that could be believed."""
        if self._inflater.failed:
            reading = self.reader.finish(complete=False)
            reading.usage, reading.usage_source = Usage(), UsageSource.UNPARSED
            return reading
        return self.reader.finish(complete=complete and self._inflater.ended)


def so_far(reader: UsageReader) -> Reading | None:
    """What an answer has said by now, where its reader can tell: those of streams can."""
    tell = getattr(reader, "so_far", None)
    return None if tell is None else tell()


def decoding(reader: UsageReader, encoding: bytes | None) -> UsageReader:
    """`reader` itself where nothing needs decoding, else one that undoes `Content-Encoding`."""
    if encoding is None or isinstance(reader, UnreadAnswer):
        return reader
    if encoding.strip().lower() in (b"", b"identity"):
        return reader
    return InflatingReader(reader, encoding)
