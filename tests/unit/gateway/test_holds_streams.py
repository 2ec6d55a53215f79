"""Streams under budgets: they get more as they need it, and end as their budget says."""

import gzip
from typing import Any

import pytest
from memory_bank import MemoryBank, budget
from memory_wire import FakeTransport, MemoryWire
from messages import KEY, post

from weighbridge.budgets.lease import Account
from weighbridge.core.money import PICO_USD_PER_USD

CENT = PICO_USD_PER_USD // 100
ALL = Account("bud_1", None, 0)
PATH = b"/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
BODY = b'{"contents":[{"parts":[{"text":"hello"}]}]}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def event(cents: int, finish: bytes = b"") -> bytes:
    """A chunk that says what the answer has come to by now: 2.50 USD per million tokens."""
    data = (
        b'data: {"candidates":[{"content":{"parts":[{"text":"x"}]}%b}],"usageMetadata":'
        b'{"promptTokenCount":0,"candidatesTokenCount":%d,"totalTokenCount":%d},'
        b'"modelVersion":"gemini-2.5-flash"}\r\n\r\n'
    ) % (finish, cents * 4000, cents * 4000)
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST = b',"finishReason":"STOP"'
END = b"0\r\n\r\n"


def learnt(wire: MemoryWire) -> None:
    """A first call that came to one cent, so that the next one holds no more than that."""
    wire.client().deliver(post(BODY, path=PATH))
    tick(wire)
    wire.upstreams[-1].deliver(HEAD + event(1, LAST) + END)
    tick(wire)


def begun(wire: MemoryWire) -> tuple[FakeTransport, FakeTransport]:
    """A stream that has been let pass, and its upstream."""
    me = wire.client()
    me.deliver(post(BODY, path=PATH))
    tick(wire)
    (up,) = (up for up in wire.upstreams if up.protocol.sink is not None)  # type: ignore[attr-defined]
    up.deliver(HEAD)
    return me, up


def tick(wire: MemoryWire) -> None:
    """A quarter of a second passes."""
    for _ in range(4):
        wire.settle()
        wire.now += 0.25
        for exchange in list(wire.gate.live):
            exchange.check(wire.now)
        wire.settle()


def pocket(bank: MemoryBank) -> Any:
    return bank.purses[0].pocket(ALL)


def test_a_stream_gets_more_as_it_needs_more() -> None:
    """What it has come to is always held, and in the end it pays that."""
    bank = MemoryBank(budget("1.00"))
    with MemoryWire(bank=bank) as wire:
        learnt(wire)
        me, up = begun(wire)
        assert pocket(bank).held == CENT
        for cents in (1, 3, 9):
            up.deliver(event(cents))
            tick(wire)
            assert pocket(bank).held >= cents * CENT
        up.deliver(event(10, LAST) + END)
        tick(wire)
        assert (pocket(bank).held, pocket(bank).settled) == (0, 11 * CENT)
        assert me.sent.endswith(END)


def test_a_stream_finishes_where_its_budget_lets_it() -> None:
    """Nothing is left; the answer is worth more than the cents."""
    bank = MemoryBank(budget("0.05"))
    with MemoryWire(bank=bank) as wire:
        learnt(wire)
        me, up = begun(wire)
        up.deliver(event(9))
        for _ in range(8):
            tick(wire)
        assert pocket(bank).held == 4 * CENT, "all that was left"
        up.deliver(event(10, LAST) + END)
        tick(wire)
        assert me.sent.endswith(END)
        assert [row.outcome for row in wire.rows()] == ["ok", "ok"]
        assert pocket(bank).settled == 11 * CENT


def test_a_stream_is_cut_where_its_budget_says_so() -> None:
    """The client sees that it is not whole; the row says why, and what it came to."""
    bank = MemoryBank(budget("0.05", on_exhausted="cut"))
    with MemoryWire(bank=bank) as wire:
        learnt(wire)
        me, up = begun(wire)
        up.deliver(event(3))
        tick(wire)
        assert not me.closed
        up.deliver(event(9))
        for _ in range(8):
            tick(wire)
        assert me.closed
        assert up.closed
        assert not me.sent.endswith(END)
        row = wire.rows()[-1]
        assert (row.outcome, row.error_type) == ("interrupted", "BUDGET_EXHAUSTED")
        assert (row.usage_source, row.list_cost) == ("partial", "0.090000000000")
        assert pocket(bank).settled == 10 * CENT


@pytest.mark.parametrize("packed", [False, True])
def test_arrays_and_packed_streams_tell_what_they_came_to_as_well(*, packed: bool) -> None:
    """Whatever the framing."""
    bank = MemoryBank(budget("1.00"))
    with MemoryWire(bank=bank) as wire:
        learnt(wire)
        me, up = begun(wire)
        me.peer_closes()
        wire.hang_up()
        client = wire.client()
        client.deliver(post(BODY, path=PATH.removesuffix(b"?alt=sse")))
        tick(wire)
        (up,) = (up for up in wire.upstreams if up.protocol.sink is not None)  # type: ignore[attr-defined]
        data = event(7).partition(b"data: ")[2].partition(b"\r\n")[0]
        sent = b"[" + data + b","
        head = HEAD.replace(b"text/event-stream", b"application/json")
        if packed:
            sent = gzip.compress(sent)
            head = head.replace(b"Transfer", b"Content-Encoding: gzip\r\nTransfer")
        up.deliver(head + b"%x\r\n%b\r\n" % (len(sent), sent))
        tick(wire)
        assert pocket(bank).held >= 7 * CENT


def test_a_session_is_let_in_while_anything_is_left() -> None:
    """Its first message has not come when it asks: no model is known, and no price."""
    handshake = (
        b"GET /ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
        b" HTTP/1.1\r\nHost: gw\r\n%bConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" % KEY
    )
    for spent, passed in ((0, 1), (5 * CENT, 0)):
        with MemoryWire(bank=MemoryBank(budget("0.05"), spent=spent)) as wire:
            me = wire.client()
            me.deliver(handshake)
            tick(wire)
            assert len(wire.upstreams) == passed
            assert me.sent.startswith(b"HTTP/1.1 429") == (not passed)
