"""Bytes that the gateway writes to clients: heads of answers, its own refusals, trailers.

Hides the textual form; pure.
"""

from weighbridge.core.outcome import Refusal
from weighbridge.gateway.heads import Headers

_PHRASES = {
    400: b"Bad Request",
    401: b"Unauthorized",
    404: b"Not Found",
    414: b"URI Too Long",
    429: b"Too Many Requests",
    431: b"Request Header Fields Too Large",
    501: b"Not Implemented",
    502: b"Bad Gateway",
    503: b"Service Unavailable",
    504: b"Gateway Timeout",
    505: b"HTTP Version Not Supported",
}


def trailer_bytes(trailers: Headers) -> bytes:
    """The last chunk and the trailers."""
    if not trailers:
        return b"0\r\n\r\n"
    return b"0\r\n" + b"".join(b"%b: %b\r\n" % pair for pair in trailers) + b"\r\n"


def chunked(pieces: list[bytes], trailers: Headers | None) -> list[bytes]:
    """Body pieces as chunks; with trailers (an empty list for none), their end."""
    framed = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces]
    if trailers is not None:
        framed.append(trailer_bytes(trailers))
    return framed


def own_answer(
    status: int, body: bytes, extra: list[bytes], *, close: bool, with_body: bool = True
) -> list[bytes]:
    """A JSON answer of the gateway's own."""
    lines = [
        b"HTTP/1.1 %d %b" % (status, _PHRASES.get(status, b"OK")),
        b"Content-Type: application/json; charset=UTF-8",
        b"Content-Length: %d" % len(body),
        *extra,
    ]
    if close:
        lines.append(b"Connection: close")
    head = b"\r\n".join(lines) + b"\r\n\r\n"
    return [head + body if with_body else head]


def refusal_bytes(  # noqa: PLR0913 - the parts of one answer
    refusal: Refusal,
    body: bytes,
    *,
    exchange_id: str,
    close: bool,
    with_body: bool,
    more: bytes = b"",
) -> list[bytes]:
    """A refusal with its marker headers, told from an upstream's errors by them.

    Takes: `more`, header lines to add, each with its CRLF.
    """
    extra = [
        b"X-Weighbridge-Error: " + refusal.reason.encode(),
        b"X-Weighbridge-Id: " + exchange_id.encode(),
    ]
    if refusal.retry_after_s is not None:
        extra.append(b"Retry-After: %d" % refusal.retry_after_s)
    if more:
        extra.append(more[:-2])
    return own_answer(refusal.status, body, extra, close=close, with_body=with_body)
