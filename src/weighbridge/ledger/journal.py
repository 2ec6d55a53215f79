"""The worker's journal: one JSON line per finished exchange, grouped, written, synced, sealed.

Hides when and where lines reach the disk. `append` is all that the hot path pays: two list
appends. A task takes what gathered for a few milliseconds and writes it in one thread; a
second thread syncs and seals, so that a slow `fdatasync` holds up neither the event loop nor
the next write. An exchange's in-flight slot is cleared only after its line was written, so a
`kill -9` at any moment leaves the line, or the mark, or both (recovery tells them apart).

Rules for future edits: no file operation on the event loop; memory is bounded by
`max_pending_bytes`, counting what waits, what is being written and what is unsynced; a line
that does not fit is dropped and counted, and its exchange, still marked, becomes an
`interrupted` row as soon as the disk takes lines again (or by recovery).
Counterpart: `segments` does the file work, `loader` reads what is sealed.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from weighbridge.ledger.in_flight import InFlight
from weighbridge.ledger.interrupted import interrupted_row
from weighbridge.ledger.segments import Disk, JournalFolders, Segment, segment_name

MAX_PENDING_BYTES = 64 * 1024 * 1024
_SEGMENT_BYTES_MAX = 64 * 1024 * 1024
_BACKOFF_FIRST_MS = 50
_BACKOFF_MAX_MS = 2000
_ABANDONED_PER_GROUP = 256


@dataclass(frozen=True, slots=True)
class Timing:
    """How long lines gather before a write, writes before a sync, a segment before its seal."""

    group_ms: int = 3
    sync_ms: int = 40
    seal_ms: int = 250


class Groups(Protocol):
    """Who must know in which segment the rows stand that were appended so far."""

    def group_taken(self) -> None:
        """All rows that were appended up to now will be written as one group."""
        ...

    def group_written(self, segment: str) -> None:
        """The group taken last stands in the segment of this name."""
        ...


def _unix_us() -> int:
    return time.time_ns() // 1000


class Journal:
    """Life: construct, `start()` on the event loop, `append()`…, `drain()`, `close()`.

    Counters, in rows: `written`, `synced`, `sealed`, `dropped`, and `interrupted` (of the
    dropped, those that have a row by now); `appended` is what was handed in.
    `healthy` is False while the disk refuses, or while the bound on memory is reached.
    """

    def __init__(  # noqa: PLR0913 - the two collaborators and four settings of one journal
        self,
        root: Path,
        worker: str,
        in_flight: InFlight,
        *,
        max_pending_bytes: int = MAX_PENDING_BYTES,
        timing: Timing = Timing(),
        disk: Disk | None = None,
        unix_us: Callable[[], int] = _unix_us,
        groups: Groups | None = None,
    ) -> None:
        self.written = 0
        self.synced = 0
        self.sealed = 0
        self.dropped = 0
        self.interrupted = 0
        self._folders = JournalFolders(root)
        self._worker = worker
        self._in_flight = in_flight
        self._max_pending_bytes = max_pending_bytes
        self._timing = timing
        self._disk = disk or Disk()
        self._unix_us = unix_us
        self._groups = groups

        self._lines: list[bytes] = []
        self._slots: list[int] = []
        self._queued_bytes = 0
        self._batch_bytes = 0  # being written
        self._held_bytes = 0  # being written, and written but unsynced
        self._batch_rows = 0
        self._abandoned: deque[int] = deque()

        self._segment: Segment | None = None
        self._sealing: deque[Segment] = deque()
        self._sequence = 0
        self._failures: dict[str, str] = {}

        self._more = asyncio.Event()
        self._dirty = asyncio.Event()
        self._hurry = asyncio.Event()
        self._progress = asyncio.Event()
        self._segment_lock = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []
        self._writer = ThreadPoolExecutor(1, "journal-write")
        self._syncer = ThreadPoolExecutor(1, "journal-sync")

    def __repr__(self) -> str:
        state = "healthy" if self.healthy else f"failing: {self.failure}"
        return f"<Journal {self._worker}: {self.written} of {self.appended} written, {state}>"

    @property
    def appended(self) -> int:
        """Rows handed in, dropped ones included."""
        taken = self.written + self._batch_rows + len(self._lines)
        return taken - self.interrupted + self.dropped

    @property
    def pending_bytes(self) -> int:
        """Bytes in memory that the disk does not surely hold."""
        return self._queued_bytes + self._held_bytes

    @property
    def healthy(self) -> bool:
        """False while lines cannot be written, synced or sealed, or no more fit."""
        return not self._failures and self.pending_bytes < self._max_pending_bytes

    @property
    def failure(self) -> str | None:
        """What fails and why, for the alarm; never a line's content."""
        if self._failures:
            return "; ".join(f"{step}: {why}" for step, why in self._failures.items())
        if not self.healthy:
            return f"{self.pending_bytes} bytes pending, {self._max_pending_bytes} allowed"
        return None

    async def start(self) -> None:
        """Make the folders and begin to write."""
        self._folders.make()
        self._tasks = [
            asyncio.create_task(self._write_groups(), name="journal-write"),
            asyncio.create_task(self._sync_and_seal(), name="journal-sync"),
        ]

    def append(self, line: bytes, slot: int) -> None:
        """Take one finished exchange: its JSON line (no newline) and its in-flight slot."""
        size = self._queued_bytes + len(line) + 1
        if size + self._held_bytes > self._max_pending_bytes:
            self._abandon(slot)
            return
        self._queued_bytes = size
        lines = self._lines
        if not lines:
            self._more.set()
        lines.append(line)
        self._slots.append(slot)

    async def drain(self, timeout_ms: int | None = None) -> bool:
        """Write, sync and seal all that was appended; False where the time ran out first."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if timeout_ms is None else timeout_ms / 1000):
                while self._unfinished():
                    self._hurry.set()
                    self._more.set()
                    self._dirty.set()
                    self._progress.clear()
                    await self._progress.wait()
        self._hurry.clear()
        return not self._unfinished()

    async def close(self, timeout_ms: int = 5000) -> bool:
        """Drain and stop. What could not be written stays marked in flight; gives `drain`'s."""
        drained = await self.drain(timeout_ms)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._writer.shutdown(wait=False)
        self._syncer.shutdown(wait=False)
        return drained

    def _unfinished(self) -> bool:
        waiting = self._lines or self._batch_rows or self._abandoned
        return bool(waiting or self._segment or self._sealing)

    # Dropped lines

    def _abandon(self, slot: int) -> None:
        self.dropped += 1
        if slot >= 0:
            self._abandoned.append(slot)

    def _own_up(self) -> None:
        """Interrupted rows for exchanges whose lines were dropped, a few at a time."""
        now = self._unix_us()
        for _ in range(min(len(self._abandoned), _ABANDONED_PER_GROUP)):
            if self.pending_bytes * 2 > self._max_pending_bytes:
                break
            slot = self._abandoned.popleft()
            payload = self._in_flight.payload(slot)
            row = interrupted_row(payload, now) if payload else None
            if row is None:
                self._in_flight.end(slot)
            else:
                self.interrupted += 1
                self.append(msgspec.json.encode(row), slot)

    # Writing

    async def _write_groups(self) -> None:
        while True:
            await self._more.wait()
            await self._rest(self._timing.group_ms)
            self._more.clear()
            if not self._lines:
                continue
            lines, self._lines = self._lines, []
            slots, self._slots = self._slots, []
            if self._groups is not None:
                self._groups.group_taken()
            self._batch_bytes, self._queued_bytes = self._queued_bytes, 0
            self._held_bytes += self._batch_bytes
            self._batch_rows = len(lines)
            lines.append(b"")
            segment = await self._write(b"\n".join(lines), len(slots))
            if self._groups is not None:
                self._groups.group_written(segment)
            self._batch_rows = self._batch_bytes = 0
            self.written += len(slots)
            self._in_flight.end_all(slots)
            self._count_held()
            self._dirty.set()
            self._own_up()
            self._progress.set()

    async def _write(self, data: bytes, rows: int) -> str:
        """The segment whose page cache has the group when this returns, however long it takes."""
        loop = asyncio.get_running_loop()
        backoff_ms = _BACKOFF_FIRST_MS
        while True:
            try:
                async with self._segment_lock:
                    name = await loop.run_in_executor(self._writer, self._write_now, data, rows)
            except Exception as error:  # noqa: BLE001 - a task that ended would lose rows unseen
                self._failures["write"] = _why(error)
                await asyncio.sleep(backoff_ms / 1000)
                backoff_ms = min(backoff_ms * 2, _BACKOFF_MAX_MS)
            else:
                self._failures.pop("write", None)
                return name

    def _write_now(self, data: bytes, rows: int) -> str:
        if self._segment is None:
            self._sequence += 1
            name = segment_name(self._worker, self._unix_us() // 1000, self._sequence)
            self._segment = Segment(self._folders, name, self._disk)
        self._segment.write(data, rows)
        return self._segment.name

    # Syncing and sealing

    async def _sync_and_seal(self) -> None:
        backoff_ms = _BACKOFF_FIRST_MS
        while True:
            await self._dirty.wait()
            await self._rest(self._timing.sync_ms)
            try:
                worked = await self._sync_once()
            except Exception as error:  # noqa: BLE001 - as for writing
                self._failures["sync"] = _why(error)
                await asyncio.sleep(backoff_ms / 1000)
                backoff_ms = min(backoff_ms * 2, _BACKOFF_MAX_MS)
            else:
                self._failures.pop("sync", None)
                backoff_ms = _BACKOFF_FIRST_MS
                self._own_up()
                if worked:
                    self._progress.set()

    async def _sync_once(self) -> bool:
        async with self._segment_lock:  # no write is on its way: the segment may change
            segment = self._segment
            if segment is not None and self._is_due(segment):
                self._sealing.append(segment)
                self._segment = segment = None
            if segment is None and not self._sealing:
                self._dirty.clear()
                return False
            rows_written = self.written
        try:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._syncer, self._sync_now, segment)
            self.synced = max(self.synced, rows_written)
        finally:
            self._count_held()
        return True

    def _is_due(self, segment: Segment) -> bool:
        if self._hurry.is_set():
            return True
        age_ms = (time.monotonic_ns() - segment.created_at_ns) // 1_000_000
        old = age_ms >= self._timing.seal_ms - self._timing.sync_ms // 2
        return segment.rows > 0 and (old or segment.size >= _SEGMENT_BYTES_MAX)

    def _sync_now(self, segment: Segment | None) -> None:
        if segment is not None:
            segment.sync()
        while self._sealing:
            self._sealing[0].seal()
            self.sealed += self._sealing[0].rows
            self._sealing.popleft()

    def _count_held(self) -> None:
        """Memory still held: the group being written, and what no sync has confirmed."""
        unsynced = sum(segment.unsynced_bytes for segment in list(self._sealing))
        if self._segment is not None:
            unsynced += self._segment.unsynced_bytes
        self._held_bytes = self._batch_bytes + unsynced

    async def _rest(self, milliseconds: int) -> None:
        """Sleep, but not while a drain wants everything out."""
        if not self._hurry.is_set():
            await asyncio.sleep(milliseconds / 1000)


def _why(error: Exception) -> str:
    """The system's own words, or the error's type: never a message that could hold a line."""
    words = error.strerror if isinstance(error, OSError) else None
    return words or type(error).__name__
