"""A `Reply` as HTTP/1.1: head in Google's order, chunks, and the plain plan to send them.

Counterpart: `faults` bends what `framed` makes here. Source of names and values: recorded
traffic; the order and the three separate `Vary` lines are from memory of curl's output.
"""

from http import HTTPStatus

import msgspec

from weighbridge.simulator.messages import SSE, Reply, Request
from weighbridge.simulator.plan import LARGE_BYTES, Plan, Send, Step, Wait
from weighbridge.simulator.printing import gzip_pieces

DATE = "Sat, 21 Nov 2026 12:00:00 GMT"
_ALT_SVC = 'h3=":443"; ma=2592000,h3-29=":443"; ma=2592000'
_NO_BODY = {204, 304}
_REASONS = {status.value: status.phrase for status in HTTPStatus}


class Framed(msgspec.Struct, kw_only=True):
    """An answer in transfer form: head, one frame per piece, what ends the body.

    `body` are the pieces before framing (after gzip); `waits` stand before each frame.
    """

    head: bytes
    frames: list[bytes]
    tail: bytes
    waits: list[float]
    body: list[bytes]
    reply: Reply

    def plan(self) -> Plan:
        """The steps of an answer without any fault."""
        steps: list[Step] = []
        held = self.head
        for wait, frame in zip(self.waits, self.frames, strict=True):
            if held and (wait > 0 or len(frame) >= LARGE_BYTES):
                steps.append(Send(held))
                held = b""
            if wait > 0:
                steps.append(Wait(wait))
            held += frame
        steps.append(Send(held + self.tail))
        return tuple(steps)


def framed(reply: Reply, request: Request) -> Framed:
    """The reply as it goes over the wire for this request.

    Gives: chunks for HTTP/1.1 (as Google does), a Content-Length for uploads and HTTP/1.0, no
    body for HEAD, 204 and 304.
    """
    pieces, waits = list(reply.pieces), list(reply.waits)
    waits += [0.0] * (len(pieces) - len(waits))
    zipped = request.accepts_gzip() and (reply.content_type or "").startswith("application/json")
    zipped = zipped and reply.status not in _NO_BODY and any(pieces)
    if zipped:
        pieces = gzip_pieces(pieces)
    empty = reply.status in _NO_BODY
    sized = reply.sized or request.http_version == "1.0"
    lines = _entity_lines(reply, gzip=zipped)
    if not empty:
        length = sum(map(len, pieces))
        lines.append(f"Content-Length: {length}" if sized else "Transfer-Encoding: chunked")
    head = head_bytes(reply.status, lines)
    if empty or request.method == b"HEAD":
        return Framed(head=head, frames=[b""], tail=b"", waits=waits[:1], body=[], reply=reply)
    frames = pieces if sized else [chunk(piece) for piece in pieces]
    tail = b"" if sized else b"0\r\n\r\n"
    return Framed(head=head, frames=frames, tail=tail, waits=waits, body=pieces, reply=reply)


def chunk(data: bytes) -> bytes:
    """One chunk; nothing for no data, since an empty chunk would end the body."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


def head_bytes(status: int, lines: list[str], version: str = "1.1") -> bytes:
    """Status line and headers."""
    text = f"HTTP/{version} {status} {_REASONS.get(status, 'Unknown')}\r\n" + "".join(
        f"{line}\r\n" for line in lines
    )
    return text.encode("latin-1") + b"\r\n"


def _entity_lines(reply: Reply, *, gzip: bool) -> list[str]:
    if reply.bare_head:
        return [f"{name}: {value}" for name, value in reply.headers]
    lines = []
    if reply.content_type:
        lines.append(f"Content-Type: {reply.content_type}")
    if (reply.content_type or "").startswith(SSE):
        lines.append("Content-Disposition: attachment")
    lines += ["Vary: Origin", "Vary: X-Origin", "Vary: Referer"]
    if gzip:
        lines.append("Content-Encoding: gzip")
    lines += [f"{name}: {value}" for name, value in reply.headers]
    lines += [
        f"Date: {DATE}",
        f"Server: {'UploadServer' if reply.sized else 'scaffolding on HTTPServer2'}",
        "X-XSS-Protection: 0",
        "X-Frame-Options: SAMEORIGIN",
        "X-Content-Type-Options: nosniff",
    ]
    if not reply.vertex:
        lines += [f"Server-Timing: gfet4t7; dur={reply.duration_ms}", f"Alt-Svc: {_ALT_SVC}"]
    return lines
