"""Exchanges where two things meet: short ways and slow clients, early ends and late bytes."""

from memory_wire import FakeTransport, MemoryWire
from messages import answer, post

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
