"""What scenarios do to an answer on the wire: cuts, delays, odd framing, early ends.

Each function takes the answer as `wire` framed it and gives the steps to play instead. Times
here are whole seconds of the clock, never scaled by the pace, and can be set per request.
"""

import msgspec

from weighbridge.simulator.messages import Reply, Request
from weighbridge.simulator.plan import End, Hold, Plan, Repeat, Send, Step, Wait
from weighbridge.simulator.wire import DATE, Framed, chunk, head_bytes

_FILLER = b"weighed " * 8192
_GARBAGE = b"\x1f\x8b\x08\x00" + b"no deflate stream at all " * 8


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How strong a fault is: `x-simulator-delay` (seconds), `-at` (0 to 1), `-bytes`."""

    delay: float | None = None
    at: float = 0.5
    size: int = 100_000_000

    @classmethod
    def of(cls, request: Request) -> "Options":
        """The options that a request's headers name; what is no number counts as not given."""
        found: dict[str, float] = {}
        for name in ("delay", "at", "bytes"):
            text = (request.header(f"x-simulator-{name}".encode()) or b"").decode("latin-1")
            if text.replace(".", "", 1).isdigit():
                found[name] = float(text)
        return cls(
            delay=found.get("delay"),
            at=min(found.get("at", 0.5), 1.0),
            size=int(found.get("bytes", 100_000_000)),
        )


def slow(framed: Framed, options: Options) -> Plan:
    """The whole answer, late."""
    return (Wait(_delay(options, 2.0), paced=False), *framed.plan())


def slow_headers(framed: Framed, options: Options) -> Plan:
    """The head byte by byte, then the body at once."""
    steps: list[Step] = []
    for at in range(len(framed.head)):
        steps += [Send(framed.head[at : at + 1]), Wait(_delay(options, 0.01), paced=False)]
    return (*steps, Send(b"".join(framed.frames) + framed.tail))


def slow_chunks(framed: Framed, options: Options) -> Plan:
    """A pause before every chunk."""
    steps: list[Step] = [Send(framed.head)]
    for frame in framed.frames:
        steps += [Wait(_delay(options, 0.2), paced=False), Send(frame)]
    return (*steps, Send(framed.tail))


def hang(framed: Framed, options: Options) -> Plan:  # noqa: ARG001 -- one form for all faults
    """Never an answer."""
    return (Hold(),)


def held_before_answer(framed: Framed, options: Options) -> Plan:  # noqa: ARG001
    """Waits for a test's word before it answers."""
    return (Hold(), *framed.plan())


def held_mid_stream(framed: Framed, options: Options) -> Plan:
    """Part of the body, then waits for a test's word."""
    first, rest = _parted(framed, options)
    return (Send(framed.head + first), Hold(), Send(rest + framed.tail))


def reset_before_answer(framed: Framed, options: Options) -> Plan:  # noqa: ARG001
    """The request was read, then a reset."""
    return (End(reset=True),)


def close_before_answer(framed: Framed, options: Options) -> Plan:  # noqa: ARG001
    """The request was read, then an orderly close."""
    return (End(),)


def cut_mid_head(framed: Framed, options: Options) -> Plan:  # noqa: ARG001
    """Half a head."""
    return (Send(framed.head[: len(framed.head) // 2]), End())


def cut_mid_body(framed: Framed, options: Options) -> Plan:
    """A body with a length, of which only a part comes."""
    body = b"".join(framed.body)
    sent = body[: min(int(len(body) * options.at), len(body) - 1)]
    return (Send(_sized_head(framed, len(body)) + sent), End())


def cut_mid_stream(framed: Framed, options: Options) -> Plan:
    """Some chunks, no last one, an orderly close."""
    return (Send(framed.head + _parted(framed, options)[0]), End())


def reset_mid_stream(framed: Framed, options: Options) -> Plan:
    """Some chunks, then a reset; the wait lets them reach the reader, whom a reset may rob."""
    first = Send(framed.head + _parted(framed, options)[0])
    return (first, Wait(_delay(options, 0.05), paced=False), End(reset=True))


def close_after_answer(framed: Framed, options: Options) -> Plan:  # noqa: ARG001
    """Promises keep-alive and closes right away."""
    return (*framed.plan(), End())


def connection_close(framed: Framed, options: Options) -> Plan:  # noqa: ARG001
    """Says that it closes, and does."""
    head = framed.head[:-2] + b"Connection: close\r\n\r\n"
    return (Send(head + b"".join(framed.frames) + framed.tail), End())


def until_close(framed: Framed, options: Options) -> Plan:  # noqa: ARG001
    """No framing: the body ends with the connection."""
    head = framed.head.replace(b"Transfer-Encoding: chunked\r\n", b"")
    return (Send(head + b"".join(framed.body)), End())


def http10(framed: Framed, options: Options) -> Plan:
    """An answer in HTTP/1.0."""
    step, end = until_close(framed, options)
    assert isinstance(step, Send)
    return (Send(step.data.replace(b"HTTP/1.1", b"HTTP/1.0", 1)), end)


def interim_103(framed: Framed, options: Options) -> Plan:  # noqa: ARG001
    """Early hints before the answer."""
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
    return (Send(hints), *framed.plan())


def trailers(framed: Framed, options: Options) -> Plan:  # noqa: ARG001
    """Two trailer fields after the last chunk."""
    head = framed.head[:-2] + b"Trailer: X-Sim-Checksum, X-Sim-Done\r\n\r\n"
    tail = b"0\r\nX-Sim-Checksum: 0f1e2d\r\nX-Sim-Done: yes\r\n\r\n"
    return (Send(head + b"".join(framed.frames) + tail),)


def chunked_odd(framed: Framed, options: Options) -> Plan:  # noqa: ARG001
    """One byte a chunk; sizes with leading zeros, every other one with an extension."""
    body = b"".join(framed.body)
    odd = (b"0001\r\n%c\r\n", b'1;part="odd"\r\n%c\r\n')
    return (Send(framed.head + b"".join(odd[n & 1] % byte for n, byte in enumerate(body))),
            Send(framed.tail))  # fmt: skip


def bad_chunk_size(framed: Framed, options: Options) -> Plan:  # noqa: ARG001
    """A chunk whose size is no number."""
    return (Send(framed.head + framed.frames[0] + b"zz\r\nhello\r\n"), End())


def malformed_head(framed: Framed, options: Options) -> Plan:  # noqa: ARG001
    """A head that is no HTTP."""
    return (Send(b"HTTP/1.1 two hundred\r\nno colon here\r\n\r\n"), End())


def huge(framed: Framed, options: Options) -> Plan:
    """A very large answer, made as it goes, never gzipped.

    A unary answer gets a long text; of a stream the first element comes again and again.
    """
    head = framed.head.replace(b"Content-Encoding: gzip\r\n", b"")
    first, *rest = framed.reply.pieces
    if rest:
        again = chunk(b"\n,\r\n" + first[1:] if first.startswith(b"[") else first)
        times = max(1, options.size // len(again))
        after = b"".join(map(chunk, rest))
        return (Send(head + chunk(first)), Repeat(again, times), Send(after + b"0\r\n\r\n"))
    before, mark, after = first.partition(b'"text": "')
    times = max(1, options.size // len(_FILLER))
    return (
        Send(head + chunk(before + mark)),
        Repeat(chunk(_FILLER), times),
        Send(chunk(after) + b"0\r\n\r\n"),
    )


def bad_gzip(framed: Framed, options: Options) -> Plan:  # noqa: ARG001
    """Says gzip, sends none."""
    kept = framed.head.replace(b"Content-Encoding: gzip\r\n", b"")
    head = kept[:-2] + b"Content-Encoding: gzip\r\n\r\n"
    return (Send(head + chunk(_GARBAGE) + framed.tail),)


def status_204(framed: Framed, options: Options) -> Plan:  # noqa: ARG001
    """No content."""
    return (Send(head_bytes(204, [f"Date: {DATE}"])),)


def status_304(framed: Framed, options: Options) -> Plan:  # noqa: ARG001
    """Not modified, with the length that the body would have had."""
    length = len(b"".join(framed.body))
    lines = [f"Date: {DATE}", 'ETag: "sim"', f"Content-Length: {length}"]
    return (Send(head_bytes(304, lines)),)


def too_large() -> Reply:
    """What an early answer says; it depends on nothing in the body."""
    body = (
        b'{\n  "error": {\n    "code": 400,\n    "message": "Request payload size exceeds the '
        b'limit: 20971520 bytes.",\n    "status": "INVALID_ARGUMENT"\n  }\n}\n'
    )
    return Reply(status=400, pieces=(body,))


def _delay(options: Options, usual: float) -> float:
    return usual if options.delay is None else options.delay


def _parted(framed: Framed, options: Options) -> tuple[bytes, bytes]:
    """The frames before and after the cut; a single frame is split into two chunks."""
    if len(framed.frames) > 1:
        at = min(max(int(len(framed.frames) * options.at), 1), len(framed.frames) - 1)
        return b"".join(framed.frames[:at]), b"".join(framed.frames[at:])
    body = b"".join(framed.body)
    at = min(max(int(len(body) * options.at), 1), max(len(body) - 1, 1))
    return chunk(body[:at]), chunk(body[at:])


def _sized_head(framed: Framed, length: int) -> bytes:
    sized = b"Content-Length: %d\r\n" % length
    return framed.head.replace(b"Transfer-Encoding: chunked\r\n", sized)
