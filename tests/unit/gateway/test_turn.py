"""The end of a turn: order, what does not wait, and what an exchange's own time includes."""

from types import SimpleNamespace
from typing import Any

import pytest
from http_reader import requests_in
from memory_wire import MemoryWire
from messages import answer, post

from weighbridge.gateway import turn as turn_module
from weighbridge.gateway.turn import Turn, Work

LARGE = b"z" * 20_000


class Bench:
    """A turn, what it has asked the loop for, and what happened, in order."""

    def __init__(self) -> None:
        self.asked: list[Work] = []
        self.log: list[Any] = []
        self.turn = Turn(self.asked.append)

    def peer(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(
            transport=SimpleNamespace(write=lambda data: self.log.append((name, data)))
        )


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_order(bench: Bench) -> None:
    """Bytes leave at the end, in the order in which they were given; then comes the work."""
    one, two = bench.peer("one"), bench.peer("two")
    bench.turn.at_end(lambda: bench.log.append("work"))
    bench.turn.send(one, b"a")
    bench.turn.send(two, b"b")
    bench.turn.send(one, b"c")
    assert bench.log == []
    bench.asked[0]()
    assert bench.log == [("one", b"a"), ("two", b"b"), ("one", b"c"), "work"]


def test_each_turn_ends_once(bench: Bench) -> None:
    """The loop is asked once a turn, and again in the next one."""
    for _ in range(2):
        bench.turn.send(bench.peer("one"), b"a")
        bench.turn.send(bench.peer("one"), b"b")
        bench.turn.end()
    assert len(bench.asked) == 2


def test_large_pieces_do_not_wait(bench: Bench) -> None:
    """What is large goes at once, behind what was given before it: what waits is bounded."""
    bench.turn.send(bench.peer("one"), b"a")
    bench.turn.send(bench.peer("two"), LARGE)
    assert bench.log == [("one", b"a"), ("two", LARGE)]


def test_flush(bench: Bench) -> None:
    """Whoever closes a transport sends what waits before, and it is sent once."""
    bench.turn.send(bench.peer("one"), b"a")
    bench.turn.flush()
    bench.turn.end()
    assert bench.log == [("one", b"a")]


def test_a_lost_connection_gets_nothing(bench: Bench) -> None:
    """What was to be sent to a peer that left is dropped, and the rest goes."""
    lost = bench.peer("lost")
    bench.turn.send(lost, b"a")
    bench.turn.send(bench.peer("one"), b"b")
    lost.transport = None
    bench.turn.end()
    assert bench.log == [("one", b"b")]


def test_a_failing_transport_costs_nobody_else_anything(bench: Bench) -> None:
    """What stands behind a write that raises, and the work, is done in the next turn."""

    def fail(_: bytes) -> None:
        raise RuntimeError("closed")

    broken: Any = SimpleNamespace(transport=SimpleNamespace(write=fail))
    bench.turn.at_end(lambda: bench.log.append("work"))
    bench.turn.send(broken, b"a")
    bench.turn.send(bench.peer("one"), b"b")
    with pytest.raises(RuntimeError):
        bench.asked[0]()
    bench.asked[1]()
    assert (bench.log, len(bench.asked)) == ([("one", b"b"), "work"], 2)


def test_own_time_lasts_until_bytes_leave(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exchange's overhead, and its latency, include the rest of the turn."""
    monkeypatch.setattr(turn_module, "perf_counter_ns", lambda: 1_700)
    answered: Any = SimpleNamespace(overhead_ns=30 - 1_000, ended_ns=0)
    refused: Any = SimpleNamespace(overhead_ns=-1_200, ended_ns=0)
    bench.turn.send(bench.peer("one"), b"a", answered)
    bench.turn.time(refused)
    bench.turn.end()
    assert (answered.overhead_ns, answered.ended_ns) == (730, 1_700)
    assert (refused.overhead_ns, refused.ended_ns) == (500, 1_700)


def test_calls_of_one_turn_leave_together() -> None:
    """Requests of many clients that one turn reads go up when all are read; answers likewise."""
    with MemoryWire() as wire:
        clients = [wire.client() for _ in range(3)]
        for _ in range(3):  # the first opens connections, the next learn
            for client in clients:
                client.deliver(post(b"{}"))
            wire.settle()
            for up in wire.upstreams:
                up.deliver(answer())
            wire.settle()
        before = [bytes(up.sent) for up in wire.upstreams]
        for client in clients:
            client.deliver(post(b"{}"))
        assert [bytes(up.sent) for up in wire.upstreams] == before
        wire.loop.turn()
        assert [len(requests_in(bytes(up.sent))) for up in wire.upstreams] == [4, 4, 4]
        told = [bytes(client.sent) for client in clients]
        for up in wire.upstreams:
            up.deliver(answer())
        assert [bytes(client.sent) for client in clients] == told
        assert len(wire.rows()) == 9
        wire.loop.turn()
        assert [client.sent.count(b"200 OK") for client in clients] == [4, 4, 4]
        assert len(wire.rows()) == 12
