"""A gateway worker: accepts connections, keeps their clocks, drains.

Hides the ticker (one sweep instead of a timer per connection) and the order of stopping:
readyz turns 503 at once, the listener stays open while exchanges are under way, calls of the
first grace seconds are served, later ones refused; what the drain time leaves is cut and booked.
Counterpart: `compose/worker` builds it and turns signals into calls.
"""

import asyncio
import contextlib
import socket
import ssl
from typing import Protocol

from weighbridge.attribution.policy import PolicySnapshot
from weighbridge.budgets.budget import decode_budgets
from weighbridge.budgets.rate_limit import decode_rate_limits
from weighbridge.gateway.admission import Admission
from weighbridge.gateway.booking import Booker, InFlightMarks, JournalWriter, Rates
from weighbridge.gateway.client import ClientConnection
from weighbridge.gateway.counters import Counters
from weighbridge.gateway.gate import Gate, ProviderRegistry
from weighbridge.gateway.holds import Holds
from weighbridge.gateway.pool import Pool
from weighbridge.gateway.resources import ResourceKeeper
from weighbridge.gateway.settings import GatewaySettings
from weighbridge.gateway.turn import Turn

_TICK_S = 0.25
_BACKLOG = 4096
_LAST_BYTES_S = 2.0
_ON_THE_WAY_S = 0.05  # for a call that was sent just before the last exchange ended


class Journal(JournalWriter, Protocol):
    """The journal as the worker runs it."""

    async def start(self) -> None:
        """Open the first segment."""

    async def close(self) -> object:
        """Write, sync and seal what is left."""


class Worker:
    """One process's share of the gateway."""

    def __init__(  # noqa: PLR0913 - the parts of a worker, wired once
        self,
        *,
        settings: GatewaySettings,
        listener: socket.socket,
        registry: ProviderRegistry,
        policy: PolicySnapshot,
        rates: Rates,
        journal: Journal,
        in_flight: InFlightMarks,
        server_tls: ssl.SSLContext | None,
        upstream_tls: ssl.SSLContext,
        resources: ResourceKeeper | None = None,
        holds: Holds | None = None,
    ) -> None:
        loop = asyncio.get_running_loop()
        self._settings = settings
        self._listener = listener
        self._server_tls = server_tls
        self._journal = journal
        self._loop = loop
        self._counters = Counters()
        turn = Turn(loop.call_soon)
        self._pool = Pool(
            loop,
            upstream_tls,
            turn,
            connect_timeout_s=settings.upstream_connect_timeout_s,
            keepalive_s=settings.upstream_keepalive_s,
        )
        self._booker = Booker(
            node=settings.node,
            rates=rates,
            journal=journal,
            in_flight=in_flight,
            counters=self._counters,
            turn=turn,
            resources=resources,
            money=holds,
        )
        self._holds = holds
        self._admission = Admission(
            registry,
            policy,
            lenient_labels=settings.labels.lenient,
            owner_of=None if resources is None else resources.identity_of_upload,
        )
        self._gate = Gate(
            settings=settings,
            registry=registry,
            admission=self._admission,
            pool=self._pool,
            booker=self._booker,
            counters=self._counters,
            clock=loop.time,
            call_later=loop.call_later,
            resources=resources,
            holds=holds,
            tls=server_tls is not None,
            listen=_address_of(listener),
        )
        if holds is not None:
            holds.apply(decode_budgets(policy.budgets), decode_rate_limits(policy.rate_limits))
        self._server: asyncio.Server | None = None
        self._ticker: asyncio.TimerHandle | None = None
        self._drain_task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<Worker {self._settings.node} {self._gate!r}>"

    async def start(self) -> None:
        """Serve on the listener."""
        await self._journal.start()
        self._server = await self._loop.create_server(
            lambda: ClientConnection(self._gate),
            sock=self._listener,
            backlog=_BACKLOG,
            ssl=self._server_tls,
        )
        self._tick()
        self._gate.ready = True

    def apply_policy(self, snapshot: PolicySnapshot) -> None:
        """Put a policy in force for the next call."""
        self._gate.apply_policy(snapshot)

    def forget_prices(self) -> None:
        """Rate the next exchange by the book as it is now; call after the book has changed."""
        self._booker.forget_prices()

    def begin_drain(self) -> None:
        """Stop as the class says; a second call changes nothing."""
        if self._drain_task is None:
            gate = self._gate
            gate.draining = True
            gate.drain_since = gate.now()
            gate.look_around()
            if not gate.live:
                gate.idle.set()
            self._drain_task = self._loop.create_task(self._drain())

    async def drained(self) -> None:
        """Wait until the drain that was begun is over."""
        if self._drain_task is not None:
            await self._drain_task

    def counters(self) -> dict[str, int]:
        """Counters and gauges for `/metrics`."""
        return {
            **self._counters.as_dict(),
            "live_exchanges": len(self._gate.live),
            "open_connections": len(self._gate.connections),
            "upstream_opened": self._pool.opened,
            "upstream_reused": self._pool.reused,
            "policy_version": self._admission.policy_version,
            **({} if self._holds is None else self._holds.counters()),
        }

    async def close(self) -> None:
        """Close everything; the journal last, so that what was cut is booked."""
        if self._ticker is not None:
            self._ticker.cancel()
        if self._server is not None:
            self._server.close()
        for exchange in list(self._gate.live):
            exchange.cut_for_drain()
        for connection in list(self._gate.connections):
            connection.cut(abort=True)
        self._pool.close()
        await asyncio.sleep(0)
        self._gate.turn.end()
        await self._journal.close()

    async def _drain(self) -> None:
        gate = self._gate
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.drain_timeout_s):
                await gate.idle.wait()
                await asyncio.sleep(_ON_THE_WAY_S)
                await self._flush_clients()
        for exchange in list(gate.live):
            exchange.cut_for_drain()
        await self._flush_clients()

    async def _flush_clients(self) -> None:
        """Close what serves nothing, and give the last answers a moment to leave.

        A call that came on a kept connection just before is served first.
        """
        gate = self._gate
        while gate.connections:
            for connection in list(gate.connections):
                connection.close_if_idle()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LAST_BYTES_S):
                    await gate.empty.wait()
            if not gate.live:
                break

    def _tick(self) -> None:
        """One sweep over all clocks."""
        now = self._loop.time()
        self._gate.look_around()
        for exchange in list(self._gate.live):
            exchange.check(now)
        for connection in list(self._gate.connections):
            connection.check(now)
        self._pool.close_idle(now)
        if self._holds is not None:
            self._holds.tick()
        self._ticker = self._loop.call_later(_TICK_S, self._tick)


def _address_of(listener: socket.socket) -> bytes:
    """Host and port that a listener is bound to, as they stand in a URL."""
    host, port = listener.getsockname()[:2]
    return (f"[{host}]:{port}" if ":" in host else f"{host}:{port}").encode()
