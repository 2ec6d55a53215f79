"""S9: stopping. What is under way ends well, what comes late is told so, all of it is booked."""

import asyncio
import json
from typing import Any

import pytest
from bench_wire import Wire
from messages import answer, forwarded, passed, post
from playbook import STEP_TIMEOUT_S, client, one_answer, upstream

READY = b"GET /-/readyz HTTP/1.1\r\nHost: gw\r\n\r\n"
ALIVE = b"GET /-/healthz HTTP/1.1\r\nHost: gw\r\n\r\n"
EVENTS = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n%bTransfer-Encoding: chunked\r\n\r\n"
)
CLOSING = passed().replace(b"{id}\r\n", b"{id}\r\nConnection: close\r\n")
USAGE = b'data: {"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":%d}}\r\n\r\n'


def event(output: int) -> bytes:
    data = USAGE % output
    return b"%x\r\n%b\r\n" % (len(data), data)


async def drained(wire: Wire) -> None:
    async with asyncio.timeout(STEP_TIMEOUT_S):
        await wire.worker.drained()


async def test_readiness_turns_at_once(wire: Wire) -> None:
    """From the first moment readyz is 503 and healthz 200, on a listener that is still open."""
    me, up = client(), upstream()
    await wire.play(me >> post(), up << forwarded())
    assert (await one_answer(wire.port, READY))[0] == 200
    wire.worker.begin_drain()
    assert (await one_answer(wire.port, READY))[0] == 503
    assert (await one_answer(wire.port, ALIVE))[0] == 200
    await wire.play(up >> answer(), me << CLOSING)
    await drained(wire)


async def test_call_in_the_grace_time_is_served(wire: Wire) -> None:
    """A balancer that has not noticed yet loses nothing: its calls are served and told to close."""
    me, late = client(), client("late")
    first, second = upstream(0), upstream(1)
    await wire.play(me >> post(), first << forwarded())
    wire.worker.begin_drain()
    await wire.play(
        late >> post(),
        second << forwarded(),
        second >> answer(),
        late << CLOSING,
        late.gone,
        first >> answer(),
        me << CLOSING,
        me.gone,
    )
    await drained(wire)
    assert [row.outcome for row in await wire.rows(2)] == ["ok", "ok"]


async def test_call_after_the_grace_time_is_refused(wire: Wire) -> None:
    """Later calls are refused OVERLOADED, never 503, and say when to try again."""
    me, up = client(), upstream()
    await wire.play(me >> post(), up << forwarded())
    wire.worker.begin_drain()
    wire.worker._gate.drain_since -= 60  # that much later
    status, headers, body = await one_answer(wire.port, post())
    assert (status, headers["x-weighbridge-error"]) == (429, "OVERLOADED")
    assert headers["retry-after"] == "1"
    assert "stopping" in json.loads(body)["error"]["message"]
    await wire.play(up >> answer(), me << CLOSING)
    await drained(wire)
    assert sorted(row.outcome for row in await wire.rows(2)) == ["ok", "refused"]


async def test_open_stream_finishes(wire: Wire) -> None:
    """A stream that is open when draining begins goes on to its end and is booked in full."""
    me, up = client(), upstream()
    await wire.play(
        me >> post(),
        up << forwarded(),
        up >> EVENTS % b"" + event(1),
        me << EVENTS % b"X-Weighbridge-Id: {id}\r\n" + event(1),
    )
    wire.worker.begin_drain()
    await wire.play(up >> event(9) + b"0\r\n\r\n", me << event(9) + b"0\r\n\r\n", me.gone)
    await drained(wire)
    row = await wire.row()
    assert (row.outcome, row.usage_source, row.output_tokens) == ("ok", "final", 9)


async def test_stream_that_the_drain_time_cuts(make_wire: Any) -> None:
    """What outlasts the drain time is cut, seen as cut by the client, and `interrupted`."""
    wire = await make_wire(drain_timeout_s=0.1)
    me, waiting = client(), client("waiting")
    up, silent = upstream(0), upstream(1)
    await wire.play(
        me >> post(),
        up << forwarded(),
        up >> EVENTS % b"" + event(3),
        me << EVENTS % b"X-Weighbridge-Id: {id}\r\n" + event(3),
        waiting >> post(),
        silent << forwarded(),
    )
    wire.worker.begin_drain()
    await wire.play(me.gone, waiting.gone, up.gone, silent.gone)
    await drained(wire)
    rows = {row.status: row for row in await wire.rows(2)}
    assert {row.outcome for row in rows.values()} == {"interrupted"}
    assert (rows[200].usage_source, rows[200].output_tokens) == ("partial", 3)
    assert (rows[0].usage_source, rows[0].pricing_status) == ("none", "unmetered")
    assert wire.marks.open == {}


async def test_client_that_left_is_no_interruption(make_wire: Any) -> None:
    """S2: an answer that was read on for a client that left stays `client_closed` when cut."""
    wire = await make_wire(drain_timeout_s=0.1)
    me, up = client(), upstream()
    await wire.play(me >> post(), up << forwarded(), ~me)
    await wire.client_left()
    wire.worker.begin_drain()
    await wire.play(up.gone)
    await drained(wire)
    assert (await wire.row()).outcome == "client_closed"


async def test_second_signal_changes_nothing(make_wire: Any) -> None:
    """A second SIGTERM neither shortens nor prolongs the drain."""
    wire = await make_wire(drain_timeout_s=60)
    me, up = client(), upstream()
    await wire.play(me >> post(), up << forwarded())
    wire.worker.begin_drain()
    began = wire.worker._drain_task
    wire.worker.begin_drain()
    assert wire.worker._drain_task is began
    await wire.play(up >> answer(), me << b"HTTP/1.1 200 OK\r\n")
    await drained(wire)
    assert (await wire.row()).outcome == "ok"


async def test_idle_worker_stops_at_once(make_wire: Any) -> None:
    """Kept connections that serve nothing do not hold a worker up."""
    wire = await make_wire(drain_timeout_s=60)
    me, up = client(), upstream()
    await wire.play(me >> post(), up << forwarded(), up >> answer(), me << passed())
    wire.worker.begin_drain()
    await wire.play(me.gone)
    await drained(wire)


async def test_call_that_comes_as_the_last_one_ends(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that was accepted has the drain time, also where none was under way when it came."""
    monkeypatch.setattr("weighbridge.gateway.worker._LAST_BYTES_S", 0.1)
    wire.worker.begin_drain()
    me, up = client(), upstream()
    await wire.play(me >> post(), up << forwarded())
    waiter = asyncio.create_task(wire.worker.drained())
    done, _ = await asyncio.wait({waiter}, timeout=0.5)
    assert not done, "the worker stops under a call"
    await wire.play(up >> answer(), me << CLOSING)
    await waiter


async def test_row_of_what_closing_cuts(wire: Wire) -> None:
    """A worker that is closed without more ado still books every exchange that began."""
    me, up = client(), upstream()
    await wire.play(me >> post(), up << forwarded())
    await wire.worker.close()
    assert len(wire.journal.lines) == 1
    assert wire.marks.open == {}
