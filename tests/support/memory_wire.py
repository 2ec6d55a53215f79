"""The byte path without sockets or clocks: client and upstream connections on fake transports.

Everything runs in the caller's stack frame, thousands of exchanges a second, so that property
tests can try every way in which bytes are split into reads. What is real: connections, parsers,
exchanges, admission, booking. What is fake: transports, the pool's connecting, time.
A transport that the gateway has paused holds its bytes back until it is resumed, as a kernel does.
"""

import asyncio
import os
import re
import ssl
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

import msgspec
from bench_wire import MemoryMarks, policy_with

from weighbridge.attribution.policy import PolicySnapshot
from weighbridge.budgets.lease import Holder
from weighbridge.budgets.purse import Purse
from weighbridge.core.exchange import Exchange
from weighbridge.gateway.admission import Admission
from weighbridge.gateway.booking import Booker
from weighbridge.gateway.call_kinds import CallKinds
from weighbridge.gateway.client import ClientConnection
from weighbridge.gateway.counters import Counters
from weighbridge.gateway.exchange import LiveExchange
from weighbridge.gateway.gate import Gate
from weighbridge.gateway.holds import Holds
from weighbridge.gateway.pool import Pool
from weighbridge.gateway.settings import GatewaySettings, Origin
from weighbridge.gateway.turn import Turn
from weighbridge.pricing.catalogue import PriceBook
from weighbridge.providers.registry import Registry

if TYPE_CHECKING:
    from memory_bank import MemoryBank

ORIGIN = Origin("127.0.0.1", 1, tls=False, host_header=b"upstream.test")
_TLS = ssl.create_default_context()
_NEVER_S = 1e6  # a slow machine must not make a body take too long
_QUIET_PIPE = os.pipe()  # polled by the pool: open, with nothing to read
_BOOK = PriceBook.load()
_ID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class FakeTransport(asyncio.Transport):
    """A transport whose peer is the test: `sent` is what it got, `deliver` what it sends."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self.protocol = protocol
        self.sent = bytearray()
        self.reading = True
        self.closed = False
        self.aborted = False
        self.lost = False
        self.eof_written = False
        self.limit: int | None = None
        self._taken = 0
        self._blocked = False
        self._held: deque[bytes] = deque()

    def deliver(self, data: bytes) -> None:
        """Bytes from the peer, held back while the gateway reads nothing."""
        self._held.append(data)
        self.pump()

    def pump(self) -> bool:
        """Hand over what may be read; gives whether there was something."""
        moved = False
        while self._held and self.reading and not self.closed:
            moved = True
            self.protocol.data_received(self._held.popleft())
        return moved

    def take_all(self) -> None:
        """The peer, which takes no more than `limit` bytes by itself, takes what there is."""
        self._taken = len(self.sent)
        if self._blocked:
            self._blocked = False
            self.protocol.resume_writing()

    def peer_closes(self) -> None:
        """The peer is gone."""
        if not self.closed and not self.protocol.eof_received():
            self.close()
        self.settle()

    def settle(self) -> bool:
        """Tell the protocol of a close, as the loop would a moment later."""
        if self.closed and not self.lost:
            self.lost = True
            self.protocol.connection_lost(None)
            return True
        return False

    # What the gateway calls.

    def write(self, data: bytes) -> None:  # type: ignore[override]
        if not self.closed:
            assert not self.eof_written
            self.sent += data
            full = self.limit is not None and len(self.sent) - self._taken > self.limit
            if full and not self._blocked:
                self._blocked = True
                self.protocol.pause_writing()

    def writelines(self, pieces: Any) -> None:
        self.write(b"".join(pieces))

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True

    def is_closing(self) -> bool:
        return self.closed

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.eof_written = True

    def get_write_buffer_size(self) -> int:
        return 0

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return _QuietSocket() if name == "socket" else default


class _QuietSocket:
    def fileno(self) -> int:
        return _QUIET_PIPE[0]


class MemoryLoop(asyncio.SelectorEventLoop):
    """A loop that turns only when told to, and whose connections are fake transports."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[FakeTransport] = []
        self.reachable = True
        self.hold_connecting = False
        self.limit: int | None = None
        self._held: list[asyncio.Future[None]] = []

    def turn(self) -> None:
        """Run what is ready now."""
        self.call_soon(self.stop)
        self.run_forever()

    def release_connecting(self) -> bool:
        """Let connections that wait be made."""
        held, self._held = self._held, []
        for future in held:
            if not future.done():
                future.set_result(None)
        return bool(held)

    async def create_connection(  # type: ignore[override]
        self, factory: Callable[[], asyncio.Protocol], *_: Any, **__: Any
    ) -> tuple[FakeTransport, asyncio.Protocol]:
        if self.hold_connecting:
            future: asyncio.Future[None] = self.create_future()
            self._held.append(future)
            await future
        if not self.reachable:
            raise ConnectionRefusedError
        protocol = factory()
        transport = FakeTransport(protocol)
        transport.limit = self.limit
        protocol.connection_made(transport)
        self.opened.append(transport)
        return transport, protocol


class MemoryLines:
    """A journal in a list."""

    def __init__(self, marks: MemoryMarks) -> None:
        self.healthy = True
        self.lines: list[bytes] = []
        self._marks = marks

    def append(self, line: bytes, slot: int) -> None:
        self.lines.append(line)
        self._marks.open.pop(slot)


class MemoryTimer:
    """A timer that a test fires."""

    def __init__(self, then: Callable[[], None]) -> None:
        self._then: Callable[[], None] | None = then

    def cancel(self) -> None:
        """It is not to fire."""
        self._then = None

    def fire(self) -> None:
        """Its time has come."""
        then, self._then = self._then, None
        if then is not None:
            then()


class MemoryWire:
    """A worker's byte path between fake transports; a context manager."""

    def __init__(
        self,
        policy: PolicySnapshot | None = None,
        *,
        bank: "MemoryBank | None" = None,
        worker: int = 0,
        **settings: Any,
    ) -> None:
        self.loop = MemoryLoop()
        self.now = 1000.0
        self.marks = MemoryMarks()
        self.journal = MemoryLines(self.marks)
        self.counters = Counters()
        registry = Registry()
        turn = Turn(self.loop.call_soon)
        self.timers: list[MemoryTimer] = []
        self.holds = None if bank is None else self._holds_at(bank, worker)
        self.booker = Booker(
            node="test-node",
            rates=_BOOK,
            journal=self.journal,
            in_flight=self.marks,
            counters=self.counters,
            turn=turn,
            money=self.holds,
        )
        self.pool = Pool(self.loop, _TLS, turn, connect_timeout_s=60, keepalive_s=60)
        self.gate = Gate(
            settings=GatewaySettings(
                node="test-node", upstreams={"gemini": ORIGIN, "vertex": ORIGIN}, **settings
            ),
            registry=registry,
            admission=Admission(registry, policy or policy_with({})),
            pool=self.pool,
            booker=self.booker,
            counters=self.counters,
            clock=lambda: self.now,
            call_later=lambda _, then: self.loop.call_later(_NEVER_S, then),
            holds=self.holds,
        )
        if self.holds is not None and bank is not None:
            self.holds.apply(bank.budgets, bank.limits)
        self.gate.ready = True
        self.clients: list[FakeTransport] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.loop.reachable = False
        self.loop.release_connecting()
        self.settle()
        self.loop.close()

    def moment_over(self) -> None:
        """No body that is held back is waited for any longer."""
        for exchange in sorted(self.gate.live, key=lambda exchange: exchange.exchange_id):
            held = exchange._held if isinstance(exchange, LiveExchange) else None
            if held is not None:
                held.held_long_enough()

    def _holds_at(self, bank: "MemoryBank", worker: int) -> Holds:
        """This worker's money, lent by a bank."""
        purse = Purse(Holder(worker, 1))
        holds = Holds(
            purse=purse,
            kinds=CallKinds(_BOOK, "test-node"),
            now=lambda: self.now,
            unix_us=bank.unix_us,
            call_soon=self.loop.call_soon,
            call_later=self._later,
        )
        bank.attach(holds, purse, self.loop.call_soon)
        return holds

    def _later(self, _: float, then: Callable[[], None]) -> Any:
        timer = MemoryTimer(then)
        self.timers.append(timer)
        return timer

    def run_out(self) -> None:
        """The time of all calls that wait for money is over."""
        timers, self.timers = self.timers, []
        for timer in timers:
            timer.fire()
        self.settle()

    @property
    def upstreams(self) -> list[FakeTransport]:
        """Connections to upstreams, in the order in which they were opened."""
        return self.loop.opened

    def client(self) -> FakeTransport:
        """A new connection from a client."""
        connection = ClientConnection(self.gate)
        transport = FakeTransport(connection)
        self.clients.append(transport)
        connection.connection_made(transport)
        return transport

    def settle(self) -> None:
        """Run until nothing moves."""
        moved = True
        while moved:
            opened = len(self.upstreams)
            for _ in range(3):  # a task that is begun, resumed, and calls back
                self.loop.turn()
            moved = len(self.upstreams) > opened
            for transport in [*self.clients, *self.upstreams]:
                moved = transport.pump() or moved
                moved = transport.settle() or moved

    def hang_up(self) -> None:
        """All peers leave; whatever was under way ends."""
        self.loop.release_connecting()
        for transport in self.clients:
            transport.peer_closes()
        self.settle()
        for transport in self.upstreams:
            transport.peer_closes()
        self.settle()

    def rows(self) -> list[Exchange]:
        """All rows."""
        return [msgspec.json.decode(line, type=Exchange) for line in self.journal.lines]


def without_ids(data: bytes) -> bytes:
    """Bytes with every exchange id blanked."""
    return _ID.sub(b"{id}", data)


def without_times(row: Exchange) -> dict[str, Any]:
    """A row without what differs from run to run."""
    kept = msgspec.to_builtins(row)
    for name in ("exchange_id", "started_at", "ended_at", "latency_us", "ttfb_us", "overhead_us"):
        kept.pop(name, None)
    return dict(kept)
