"""The control side of `control.sock`: hands every worker the policy, takes their counters.

A worker gets the whole snapshot when it connects and whenever it changes; the same snapshot
lies in `policy.msgpack`, for workers that start while the control process is away.
Rules for future edits: nothing here may block the loop; a worker that is slow or gone never
delays a change by more than `ACK_TIMEOUT_S`. Counterpart: `policy_link` in each worker.
"""

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final, Protocol

import structlog

from weighbridge.attribution.policy import PolicySnapshot
from weighbridge.control import frames
from weighbridge.control.counters import WorkerCounters
from weighbridge.core.system_health import WorkerHealth

SOCKET_NAME: Final = "control.sock"
POLICY_NAME: Final = "policy.msgpack"
ACK_TIMEOUT_S: Final = 0.5
_log = structlog.get_logger()


class LeaseDesk(Protocol):
    """The control process's end of the talk about leased money, as far as the hub carries it."""

    def heard(self, message: bytes, answer: Callable[[bytes], None]) -> None:
        """A worker said this; `answer` reaches it as long as it is there, and is its own."""
        ...

    def gone(self, answer: Callable[[bytes], None]) -> None:
        """Who was answered by this can be reached no more."""
        ...


class _Peer:
    """One connected worker: what it has acknowledged, and how to write to it."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.answer = partial(_send_lease, writer)
        self.worker: int | None = None
        self.acked = 0
        self.heard_at_us = time.time_ns() // 1000


class PolicyHub:
    """Serves the policy of a data folder.

    Takes: the run folder, a function that builds the snapshot from the control database, and who
    talks with workers about leased money.
    """

    def __init__(
        self, run: Path, build: Callable[[], PolicySnapshot], leases: LeaseDesk | None = None
    ) -> None:
        self._run = run
        self._build = build
        self._leases = leases
        self._peers: set[_Peer] = set()
        self._snapshot = PolicySnapshot(version=0)
        self._acked = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._publishing = asyncio.Lock()
        self.counters = WorkerCounters()

    def __repr__(self) -> str:
        return f"<PolicyHub version {self._snapshot.version}, {len(self._peers)} workers>"

    @property
    def workers(self) -> int:
        """How many workers are connected."""
        return len(self._peers)

    @property
    def policy_version(self) -> int:
        """The version that is in force, or on its way to the workers."""
        return self._snapshot.version

    @property
    def rows_dropped(self) -> int:
        """Rows that workers gave up since this process began."""
        return self.counters.totals().get("journal_rows_dropped_total", 0)

    def crew(self) -> list[WorkerHealth]:
        """Each worker that is connected and has said who it is."""
        known = {peer.worker: peer for peer in self._peers if peer.worker is not None}
        return [_health(known[worker], self.counters.of(worker)) for worker in sorted(known)]

    async def start(self) -> None:
        """Build the policy, write it down and listen for workers."""
        await self._rebuild()
        path = self._run / SOCKET_NAME
        path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, path=str(path))
        path.chmod(0o600)

    async def publish(self) -> None:
        """Bring a change into force: write it down, push it, wait for the workers' word.

        Gives: every connected worker applies the change, or `ACK_TIMEOUT_S` has passed.
        """
        async with self._publishing:
            await self._rebuild()
            frame = frames.encode(frames.PolicyUpdate(self._snapshot))
            for peer in self._peers:
                frames.send(peer.writer, frame)
        with suppress(TimeoutError):
            async with asyncio.timeout(ACK_TIMEOUT_S):
                await self._wait_for(self._snapshot.version)

    async def close(self) -> None:
        """Stop listening and let the workers go; they carry on under the last policy."""
        if self._server is not None:
            self._server.close()
        for peer in self._peers:
            peer.writer.close()

    async def _rebuild(self) -> None:
        self._snapshot = await asyncio.to_thread(self._build)
        path = self._run / POLICY_NAME
        try:
            await asyncio.to_thread(_write_atomically, path, self._snapshot.encode())
        except OSError as error:
            # The file is for workers that start alone; those that are connected get the push.
            _log.error("the policy file cannot be written", error=error.strerror)

    async def _wait_for(self, version: int) -> None:
        while any(peer.acked < version for peer in self._peers):
            self._acked.clear()
            await self._acked.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = _Peer(writer)
        frames.send(writer, frames.encode(frames.PolicyUpdate(self._snapshot)))
        self._peers.add(peer)
        try:
            while (message := await frames.read(reader)) is not None:
                self._take(peer, message)
        except frames.FrameError as error:
            _log.warning("a worker sent no frame", worker=peer.worker, exc_info=error)
        finally:
            self._peers.discard(peer)
            self._acked.set()
            if self._leases is not None:
                self._leases.gone(peer.answer)
            if peer.worker is not None:
                self.counters.away(peer.worker)
            writer.close()

    def _take(self, peer: _Peer, message: frames.Message) -> None:
        peer.heard_at_us = time.time_ns() // 1000
        match message:
            case frames.Ack(worker=worker, version=version):
                peer.worker, peer.acked = worker, version
                self._acked.set()
            case frames.Counters(worker=worker, incarnation=incarnation, values=values):
                peer.worker = worker
                self.counters.update(worker, incarnation, values)
            case frames.Lease(message=said):
                if self._leases is not None:
                    self._leases.heard(said, peer.answer)
            case frames.PolicyUpdate():
                raise frames.FrameError("a worker sent a policy")


def _health(peer: _Peer, values: Mapping[str, int]) -> WorkerHealth:
    assert peer.worker is not None
    return WorkerHealth(
        worker=peer.worker,
        policy_version=peer.acked,
        heard_at_us=peer.heard_at_us,
        exchanges=values.get("exchanges_total", 0),
        live_exchanges=values.get("live_exchanges", 0),
        open_connections=values.get("open_connections", 0),
        journal_pending_bytes=values.get("journal_pending_bytes", 0),
        journal_failing=bool(values.get("journal_failing", 0)),
    )


def _send_lease(writer: asyncio.StreamWriter, message: bytes) -> None:
    frames.send(writer, frames.encode(frames.Lease(message)))


def _write_atomically(path: Path, data: bytes) -> None:
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
