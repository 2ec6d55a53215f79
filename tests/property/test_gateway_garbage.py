"""P4, P7: whatever a client or an upstream sends, nothing crashes, leaks or is smuggled.

After any bytes at all: no fault of ours is counted, every exchange that began has exactly one
row, no mark stays open, and what an upstream got is a sequence of well-formed calls, one for
each exchange that was not refused.
"""

import pytest
from bench_wire import TOKEN
from http_reader import requests_in
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_wire import MemoryWire
from messages import KEY, PATH, answer, post

from weighbridge.providers.base import Route
from weighbridge.providers.registry import Registry

EXAMPLES = settings(max_examples=500, deadline=None, derandomize=True)
HEAD = b"POST %b HTTP/1.1\r\nHost: gw\r\n%b" % (PATH, KEY)
PLAIN = [
    post(),
    post(b""),
    post(b"0123456789"),
    HEAD,
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
    HEAD + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n",
    HEAD + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 1\r\n\r\n1",
    b"GET /v1beta/models HTTP/1.1\r\nHost: gw\r\n" + KEY + b"\r\n",
    b"GET /v1beta/models HTTP/1.0\r\n" + KEY + b"\r\n",
    b"GET /-/" + TOKEN.encode() + b"/v1beta/models HTTP/1.1\r\nHost: gw\r\n\r\n",
    b"GET /-/healthz HTTP/1.1\r\nHost: gw\r\n\r\n",
    b"POST /nowhere HTTP/1.1\r\nHost: gw\r\nContent-Length: 2\r\n\r\n{}",
    HEAD + b"Connection: Content-Length, Host, X-Goog-Api-Key\r\nContent-Length: 1\r\n\r\n1",
]
TUNNELS = [
    b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
    b"GET /ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent HTTP/1.1"
    b"\r\nHost: gw\r\n%bConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" % KEY,
]
FRAGMENTS = [
    b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"\0", b" ", b":", b"5\r\nabcde\r\n", b"0\r\n\r\n",
    b"Content-Length: 5\r\n", b"content-length:5\r\n", b"Content-Length: \r\n",
    b"Content-Length: 99999999999999999999\r\n", b"Content-Length: +1\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: identity\r\n",
    b"Connection: close\r\n", b"Connection: Host, Content-Length\r\n", b"Host: evil\r\n",
    b"X-Department: %00%ff\r\n", b"X-Weighbridge-Labels: =,,=%zz\r\n", b" folded\r\n",
    b"X-Team: \xff\xfe\r\n", b"Accept-Encoding: *;q=0, br\r\n", b"GET ", b"/v1beta/x HTTP/1.1\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"f" * 17,
]  # fmt: skip
PIECE = st.sampled_from(PLAIN) | st.sampled_from(FRAGMENTS) | st.binary(max_size=12)
STREAM = st.lists(PIECE, max_size=8).map(b"".join)
CUTS = st.lists(st.floats(0, 1), max_size=4)

ANSWER_PIECE = (
    st.sampled_from([
        answer(), b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 204 No\r\n",
        b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/1.1 099 Odd\r\n\r\n", b"HTTP/1.1 999 Odd\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\n",
        b"Content-Type: text/event-stream\r\n", b"Content-Encoding: gzip\r\n", b"\x1f\x8b\x08",
        b'data: {"usageMetadata":{"promptTokenCount":-1}}\r\n\r\n', b"data: [[[[",
        *FRAGMENTS,
    ])
    | st.binary(max_size=12)
)  # fmt: skip
ANSWERS = st.lists(ANSWER_PIECE, max_size=6).map(b"".join)


def split(data: bytes, cuts: list[float]) -> list[bytes]:
    places = sorted({int(cut * len(data)) for cut in cuts} - {0, len(data)})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


def nothing_is_left(wire: MemoryWire) -> None:
    counters = wire.counters
    rows = wire.rows()
    assert counters.internal_errors == counters.rows_failed == 0
    assert wire.gate.live == set()
    assert wire.gate.connections == set()
    assert wire.marks.open == {}
    assert len(rows) == counters.exchanges
    assert len({row.exchange_id for row in rows}) == len(rows)


def only_calls_passed(wire: MemoryWire) -> None:
    """Each stream to an upstream is calls of the kind that are admitted, and nothing else."""
    calls = [call for transport in wire.upstreams for call in requests_in(bytes(transport.sent))]
    registry = Registry()
    for call in calls:
        method, target, _ = call.start
        assert isinstance(registry.route(method, target), Route)
        assert call.header(b"host") == b"upstream.test"
        assert b"trk_" not in call.head
    admitted = [row for row in wire.rows() if row.outcome != "refused" or row.request_bytes]
    assert len(calls) <= len(admitted)


def play_client(stream: bytes, cuts: list[float], *, again: bool, answered: bool) -> None:
    with MemoryWire() as wire:
        if again:  # a head that is known already takes another way
            friend = wire.client()
            friend.deliver(post())
            wire.settle()
            wire.upstreams[0].deliver(answer())
        me = wire.client()
        for piece in split(stream, cuts):
            me.deliver(piece)
            wire.settle()
            if answered and wire.upstreams and wire.gate.live:
                wire.upstreams[-1].deliver(answer())
                wire.settle()
        wire.hang_up()
        nothing_is_left(wire)
        only_calls_passed(wire)


@EXAMPLES
@given(stream=STREAM, cuts=CUTS, again=st.booleans(), answered=st.booleans())
def test_garbage_from_a_client(
    stream: bytes, cuts: list[float], *, again: bool, answered: bool
) -> None:
    """P4: bytes that are no call are refused or cut off, and never reach an upstream."""
    play_client(stream, cuts, again=again, answered=answered)


@EXAMPLES
@given(
    before=st.lists(PIECE, max_size=3).map(b"".join),
    tunnel=st.sampled_from(TUNNELS),
    behind=STREAM,
    cuts=CUTS,
    answered=st.booleans(),
)
def test_garbage_around_an_upgrade(
    before: bytes, tunnel: bytes, behind: bytes, cuts: list[float], *, answered: bool
) -> None:
    """P4, B11: what comes behind an upgrade that no upstream has accepted is never sent up."""
    play_client(before + tunnel + behind, cuts, again=False, answered=answered)


@EXAMPLES
@given(stream=ANSWERS, cuts=CUTS, kind=st.sampled_from(PLAIN[:3] + PLAIN[7:9]), left=st.booleans())
def test_garbage_from_an_upstream(
    stream: bytes, cuts: list[float], kind: bytes, *, left: bool
) -> None:
    """M12, P2: an upstream that sends anything at all costs its own exchange, and nothing else."""
    with MemoryWire() as wire:
        me = wire.client()
        me.deliver(kind)
        wire.settle()
        up = wire.upstreams[0]
        for piece in split(stream, cuts):
            up.deliver(piece)
            wire.settle()
        if left:
            me.peer_closes()
        wire.hang_up()
        nothing_is_left(wire)


@pytest.mark.parametrize("name", ["X-Department", "X-Team", "X-Weighbridge-Labels", "X-Agent"])
def test_every_byte_in_a_tracking_value(name: str) -> None:
    """A tracking value may hold any byte that HTTP allows; it is booked, refused, or no HTTP."""
    with MemoryWire() as wire:
        for byte in range(256):
            for value in (bytes([byte]), b"a=%c" % byte, b"%%%02x" % byte):
                me = wire.client()
                me.deliver(post(extra=b"%b: %b\r\n" % (name.encode(), value)))
                wire.settle()
                if wire.gate.live:
                    wire.upstreams[-1].deliver(answer())
                    wire.settle()
                assert me.sent.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 400 ")), value
                me.peer_closes()
        wire.hang_up()
        nothing_is_left(wire)
