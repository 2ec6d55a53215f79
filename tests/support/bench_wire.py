"""A worker on loopback between scripted peers, with a journal that keeps its lines."""

import asyncio
import socket
import ssl
from typing import Any

import msgspec
from playbook import STEP_TIMEOUT_S, ScriptedUpstream, Step, play

from weighbridge.attribution.policy import PolicySnapshot, TokenRecord
from weighbridge.core.exchange import Exchange
from weighbridge.core.ids import secret_hash
from weighbridge.gateway.settings import GatewaySettings, Origin
from weighbridge.gateway.worker import Worker
from weighbridge.pricing.catalogue import PriceBook
from weighbridge.providers.registry import Registry

TOKEN = "trk_test" + "a" * 28
SPARE_TOKEN = "trk_test" + "b" * 28
REVOKED_TOKEN = "trk_test" + "c" * 28
EXPIRED_TOKEN = "trk_test" + "d" * 28


class MemoryJournal:
    """A journal that keeps its lines, and clears slots as the real one does."""

    def __init__(self, marks: "MemoryMarks") -> None:
        self.healthy = True
        self.lines: list[bytes] = []
        self.marks = marks
        self._more = asyncio.Event()

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass

    def append(self, line: bytes, slot: int) -> None:
        self.lines.append(line)
        self.marks.open.pop(slot)
        self._more.set()

    async def rows(self, count: int) -> list[Exchange]:
        """The rows, once there are `count`; more than that is an error."""
        async with asyncio.timeout(STEP_TIMEOUT_S):
            while len(self.lines) < count:
                self._more.clear()
                await self._more.wait()
        assert len(self.lines) == count
        return [msgspec.json.decode(line, type=Exchange) for line in self.lines]


class MemoryMarks:
    """In-flight marks in a dictionary."""

    def __init__(self) -> None:
        self.open: dict[int, bytes] = {}
        self._next = 0

    def begin(self, payload: bytes) -> int:
        self._next += 1
        self.open[self._next] = payload
        return self._next

    def update(self, slot: int, payload: bytes) -> int:
        self.open[slot] = payload
        return slot


class Wire:
    """What a wire test talks to."""

    def __init__(
        self, worker: Worker, port: int, peer: ScriptedUpstream, journal: MemoryJournal
    ) -> None:
        self.worker = worker
        self.port = port
        self.peer = peer
        self.journal = journal
        self.marks = journal.marks

    async def play(self, *steps: Step) -> None:
        await play(self.port, self.peer, *steps)

    async def client_left(self) -> None:
        """Wait until the worker has noticed that its clients are gone."""
        async with asyncio.timeout(STEP_TIMEOUT_S):
            while self.worker.counters()["open_connections"]:  # noqa: ASYNC110 - a test may poll
                await asyncio.sleep(0)

    async def row(self) -> Exchange:
        """The one row that there must be."""
        (row,) = await self.journal.rows(1)
        return row

    async def rows(self, count: int) -> list[Exchange]:
        return await self.journal.rows(count)


async def start_wire(
    policy: dict[str, Any] | None = None,
    upstream_port: int = 0,
    server_tls: ssl.SSLContext | None = None,
    upstream_tls: ssl.SSLContext | None = None,
    **changes: Any,
) -> Wire:
    """A worker between peers, with any setting changed; TLS on a side where a context is given."""
    peer = ScriptedUpstream()
    await peer.start()
    origin = Origin(
        "127.0.0.1",
        upstream_port or peer.port,
        tls=upstream_tls is not None,
        host_header=b"upstream.test",
    )
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    marks = MemoryMarks()
    journal = MemoryJournal(marks)
    settings = GatewaySettings(
        node="test-node", upstreams={"gemini": origin, "vertex": origin}, **changes
    )
    worker = Worker(
        settings=settings,
        listener=listener,
        registry=Registry(),
        policy=policy_with(policy or {}),
        rates=PriceBook.load(),
        journal=journal,
        in_flight=marks,
        server_tls=server_tls,
        upstream_tls=upstream_tls or ssl.create_default_context(),
    )
    await worker.start()
    return Wire(worker, listener.getsockname()[1], peer, journal)


def policy_with(changes: dict[str, Any]) -> PolicySnapshot:
    def token(name: str, secret: str, **more: Any) -> TokenRecord:
        return TokenRecord(token_id=f"tok_{name}", name=name, sha256=secret_hash(secret), **more)

    tokens = [
        token("main", TOKEN),
        token(
            "spare",
            SPARE_TOKEN,
            department="sales",
            project="crm",
            agent="summarizer",
            labels={"env": "test", "tier": "gold"},
        ),
        token("revoked", REVOKED_TOKEN, revoked=True),
        token("expired", EXPIRED_TOKEN, expires_at_us=1),
    ]
    return PolicySnapshot(version=1, tokens=tokens, **changes)
