"""Exchanges where two things meet: short ways and slow clients, early ends and late bytes."""

import gc

import pytest
from http_reader import requests_in
from memory_wire import FakeTransport, MemoryWire
from messages import answer, post

from weighbridge.attribution.policy import LabelRules
from weighbridge.gateway.exchange import LiveExchange
from weighbridge.gateway.held_requests import HeldRequest
from weighbridge.gateway.request_bodies import HELD_BYTES

SMALL = answer(b'{"x":"%b"}' % (b"y" * 500))
LARGE = answer(b'{"x":"%b"}' % (b"y" * 5000))


def asked(wire: MemoryWire, me: FakeTransport, request: bytes) -> FakeTransport:
    """The upstream connection that a request went up on."""
    me.deliver(request)
    wire.settle()
    (up,) = (up for up in wire.upstreams if up.protocol.sink is not None)  # type: ignore[attr-defined]
    return up


def call(wire: MemoryWire, me: FakeTransport, reply: bytes = SMALL) -> FakeTransport:
    """One whole call."""
    up = asked(wire, me, post())
    up.deliver(reply)
    wire.settle()
    return up


def everyday(wire: MemoryWire) -> None:
    """Make the short ways known: head, answer's head, a connection."""
    me = wire.client()
    for _ in range(6):
        call(wire, me)
    me.peer_closes()


def test_an_everyday_answer_that_fills_the_client() -> None:
    """The connection that it came on is free again, and read by whoever has it next."""
    with MemoryWire() as wire:
        everyday(wire)
        slow = wire.client()
        slow.limit = 100
        up = call(wire, slow)
        assert up.reading
        other = wire.client()
        assert call(wire, other) is up
        assert other.sent.endswith(b'y"}')


def test_everyday_calls_of_a_client_that_reads_nothing() -> None:
    """One answer may wait for it, those behind are not read: memory stays bounded (P7)."""
    with MemoryWire() as wire:
        everyday(wire)
        slow = wire.client()
        slow.limit = 100
        call(wire, slow)
        sent = len(slow.sent)
        up = asked(wire, slow, post())
        up.deliver(LARGE)
        wire.settle()
        assert (len(slow.sent), up.reading) == (sent, False)
        slow.take_all()
        wire.settle()
        assert slow.sent.endswith(LARGE[-5000:])
        assert [row.outcome for row in wire.rows()] == ["ok"] * 8


VERTEX = (
    b"/v1/projects/p/locations/us-central1/publishers/google/models/"
    b"gemini-2.5-flash:generateContent"
)
LABELS = b'{"labels":{"team":"a"}}'
STREAMED = b'{"labels":{"team":"a"},"x":"%b"}' % (b"y" * 2 * HELD_BYTES)


@pytest.mark.parametrize("end", ["whole", "leaves", "early", "lost", "refused", "unreadable"])
def test_nothing_holds_an_exchange_that_has_ended(end: str) -> None:
    """P1: head and body are gone with it at once, not when the collector comes by."""
    gc.collect()
    gc.disable()
    try:
        with MemoryWire() as wire:
            me = wire.client()
            request = post(STREAMED if end in ("early", "lost") else LABELS, path=VERTEX)
            request = request.replace(b"team", b"TEAM") if end == "refused" else request
            request = request.replace(b'"a"', b'"\xff"') if end == "unreadable" else request
            me.deliver(request[: -5 if end in ("leaves", "early", "lost") else None])
            wire.settle()
            if end in ("whole", "early"):
                wire.upstreams[0].deliver(answer())
            elif end == "lost":
                wire.upstreams[0].peer_closes()
            elif end == "leaves":
                me.peer_closes()
            wire.settle()
            assert len(wire.rows()) == 1
            assert not any(isinstance(one, LiveExchange) for one in gc.get_objects())
    finally:
        gc.enable()


@pytest.mark.parametrize(("end", "status"), [("early", 400), ("lost", 502), ("leaves", 0)])
def test_labels_of_a_body_that_was_not_whole(end: str, status: int) -> None:
    """They say whose call it was; the provider cannot be said to have got them."""
    with MemoryWire() as wire:
        me = wire.client()
        me.deliver(post(STREAMED, path=VERTEX)[:-5])
        wire.settle()
        (up,) = wire.upstreams
        if end == "early":
            up.deliver(answer(b"{}").replace(b"200 OK", b"400 Bad Request"))
        elif end == "lost":
            up.peer_closes()
        else:
            me.peer_closes()
        wire.settle()
        (row,) = wire.rows()
        assert (row.status, row.labels, row.labels_sent) == (status, {"team": "a"}, None)


@pytest.mark.parametrize("name", [b"Content-Length: ", b"content-length:", b"CONTENT-LENGTH:\t"])
@pytest.mark.parametrize("inject", [False, True])
def test_the_length_of_a_body_that_was_held(name: bytes, *, inject: bool) -> None:
    """Its name is as it came; the length is another one where the body was changed (B7)."""
    with MemoryWire(labels=LabelRules(inject=inject)) as wire:
        for _ in range(3):
            me = wire.client()
            request = post(LABELS, extra=b"X-Agent: bot\r\n", path=VERTEX)
            up = asked(wire, me, request.replace(b"Content-Length: ", name))
            sent = bytes(up.sent)
            up.deliver(answer())
            wire.settle()
            got = requests_in(sent)[-1]
            assert len(got.body) == len(LABELS) + (len(b',"agent":"bot"') if inject else 0)
            assert b"\r\n%b %d\r\n" % (name.rstrip(), len(got.body)) in sent


def test_a_streamed_body_goes_in_chunks_whatever_the_spelling_of_its_length() -> None:
    """Two framings of one body would be a way to smuggle a second call (P4)."""
    with MemoryWire(labels=LabelRules(inject=True)) as wire:
        me = wire.client()
        request = post(STREAMED, extra=b"X-Agent: bot\r\n", path=VERTEX)
        me.deliver(request.replace(b"Content-Length: ", b"content-length:\t"))
        wire.settle()
        head = bytes(wire.upstreams[0].sent).partition(b"\r\n\r\n")[0].lower()
        assert b"content-length" not in head
        assert b"transfer-encoding: chunked" in head


def begun(wire: MemoryWire, request: bytes) -> tuple[FakeTransport, HeldRequest]:
    """A call whose body is under way, held."""
    me = wire.client()
    me.deliver(request)
    wire.settle()
    (exchange,) = wire.gate.live
    assert isinstance(exchange, LiveExchange)
    assert exchange._held is not None
    return me, exchange._held


BROKEN = b'{"labels":{"TEAM":"a"},"x":"%b"}' % (b"y" * 3000)


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("came", [5, 100, -5])
def test_a_body_that_takes_its_time_streams(came: int, *, known: bool) -> None:
    """The head goes up after a moment; labels that break a rule then end both sides (B3)."""
    with MemoryWire() as wire:
        if known:
            call(wire, wire.client())
        request = post(BROKEN)
        cut = came if came < 0 else request.index(b"\r\n\r\n") + 4 + came
        me, held = begun(wire, request[:cut])
        assert b'"labels' not in b"".join(bytes(up.sent) for up in wire.upstreams)
        held.held_long_enough()
        wire.settle()
        assert wire.upstreams[-1].sent.count(b"POST ") == 1 + known
        me.deliver(request[cut:])
        wire.settle()
        assert me.sent.startswith(b"HTTP/1.1 400 ")
        assert b"LABELS_INVALID" in me.sent
        assert wire.upstreams[-1].closed
        assert b"TEAM" not in wire.upstreams[-1].sent
        row = wire.rows()[-1]
        assert (row.outcome, row.error_type) == ("refused", "LABELS_INVALID")
        assert len(wire.rows()) == 1 + known
        me.deliver(post())  # the connection goes on: its request was small, and is whole
        wire.settle()
        assert len(wire.gate.live) == 1


def test_a_moment_that_is_over_too_late() -> None:
    """A timer that fires behind its exchange's end does nothing."""
    with MemoryWire() as wire:
        me, held = begun(wire, post(BROKEN)[:-5])
        me.peer_closes()
        wire.settle()
        held.held_long_enough()
        wire.settle()
        assert wire.upstreams == []
        assert [row.outcome for row in wire.rows()] == ["client_closed"]


def test_labels_that_break_a_rule_behind_an_answer() -> None:
    """The upstream answered before it had the body: the client must see that it is cut off."""
    with MemoryWire() as wire:
        me, held = begun(wire, post(BROKEN)[:-3000])
        held.held_long_enough()
        wire.settle()
        wire.upstreams[0].deliver(answer(b"{}" * 10)[:-5])
        me.deliver(post(BROKEN)[-3000:])
        wire.settle()
        assert me.closed
        assert wire.upstreams[0].closed
        assert [row.status for row in wire.rows()] == [200]
