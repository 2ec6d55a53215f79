"""JSON as Google prints it: indented bodies, one-line events, the array of a stream.

Shapes are those of the recorded traffic: the Developer API ends a unary body with a newline
and Vertex does not; an event has a blank after each colon and none after a comma; the elements
of a streamed array are separated by newline, comma, CR LF.
"""

import json
import zlib
from collections.abc import Iterable

import msgspec

from weighbridge.simulator.messages import Document

_ARRAY_SEPARATOR = b"\n,\r\n"


def pretty(document: object) -> bytes:
    """Indented by two, without a last newline; `<`, `>` and `&` escaped as Google does."""
    return _escaped(msgspec.json.format(msgspec.json.encode(document), indent=2))


def one_line(document: object) -> bytes:
    """The form inside an event."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ": "))
    return _escaped(text.encode("utf-8", "surrogatepass"))


def event(document: Document) -> bytes:
    """One server-sent event."""
    return b"data: %b\r\n\r\n" % one_line(document)


def array_pieces(documents: Iterable[Document], *, compact: bool = False) -> list[bytes]:
    """A streamed JSON array, one piece per element; nothing follows the closing bracket.

    Source: google-api-core's parser fails on even a newline after it.
    """
    printed = [one_line(each) if compact else pretty(each) for each in documents]
    last = len(printed) - 1
    return [
        b"%b%b%b" % (b"[" if n == 0 else _ARRAY_SEPARATOR, text, (b"]" if compact else b"\n]"))
        if n == last
        else b"%b%b" % (b"[" if n == 0 else _ARRAY_SEPARATOR, text)
        for n, text in enumerate(printed)
    ]


def gzip_pieces(pieces: Iterable[bytes]) -> list[bytes]:
    """The pieces as one gzip stream that can be read after every piece.

    Gives: the same bytes each time (no modification time in the header).
    """
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    packed = [packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH) for piece in pieces]
    packed.append(packer.flush())
    return [*packed[:-2], packed[-2] + packed[-1]] if len(packed) > 1 else packed


def _escaped(text: bytes) -> bytes:
    if b"<" not in text and b">" not in text and b"&" not in text:
        return text
    return text.replace(b"<", b"\\u003c").replace(b">", b"\\u003e").replace(b"&", b"\\u0026")
