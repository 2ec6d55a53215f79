"""The worker's journal."""

import asyncio
import errno
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from ledger_rows import FailingDisk, exchange_id, line, mark

from weighbridge.ledger.in_flight import InFlight
from weighbridge.ledger.journal import Journal, Timing
from weighbridge.ledger.segments import JournalFolders, sealed_segments

FULL = OSError(errno.ENOSPC, "No space left on device")
FAST = Timing(group_ms=0, sync_ms=0, seal_ms=0)
NEVER = Timing(group_ms=0, sync_ms=0, seal_ms=3_600_000)
TINY = 2000


class Bench:
    """A journal, its marks and its disk."""

    def __init__(self, folder: Path, timing: Timing, max_pending_bytes: int) -> None:
        self.folders = JournalFolders(folder / "journal")
        self.disk = FailingDisk()
        self.marks = InFlight.create(folder / "in-flight-0.slots")
        self.journal = Journal(
            folder / "journal",
            "gw-0",
            self.marks,
            max_pending_bytes=max_pending_bytes,
            timing=timing,
            disk=self.disk,
            unix_us=lambda: 1_800_000_000_000_000,
        )

    def book(self, *numbers: int) -> None:
        for number in numbers:
            self.journal.append(line(number), self.marks.begin(mark(number)))

    async def until(self, condition: object) -> None:
        async with asyncio.timeout(60):
            while not condition():  # type: ignore[operator]  # noqa: ASYNC110 - state, no event
                await asyncio.sleep(0)

    def sealed_ids(self) -> list[str]:
        lines = b"".join(path.read_bytes() for path in sealed_segments(self.folders)).splitlines()
        return [msgspec.json.decode(one)["exchange_id"] for one in lines]

    def counters(self) -> tuple[int, int, int, int]:
        journal = self.journal
        return journal.appended, journal.written, journal.synced, journal.sealed


@pytest.fixture
async def bench(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    timing, most = getattr(request, "param", (FAST, 1 << 20))
    bench = Bench(tmp_path, timing, most)
    await bench.journal.start()
    yield bench
    bench.disk.failing.clear()
    bench.disk.full_after = None
    assert await bench.journal.close()
    bench.marks.close()


async def test_each_line_is_sealed_once_and_its_mark_cleared(bench: Bench) -> None:
    """Appended = written = synced = sealed when all is drained."""
    bench.book(*range(100))
    assert bench.journal.pending_bytes > 0
    assert await bench.journal.drain()

    assert bench.sealed_ids() == [exchange_id(number) for number in range(100)]
    assert bench.counters() == (100, 100, 100, 100)
    assert (bench.marks.count, bench.journal.pending_bytes) == (0, 0)
    assert repr(bench.journal) == "<Journal gw-0: 100 of 100 written, healthy>"


async def test_segments_seal_themselves(bench: Bench) -> None:
    """No drain is needed: what was appended is handed over after a while."""
    bench.book(1)
    await bench.until(lambda: bench.journal.sealed == 1)
    bench.book(2, 3)
    await bench.until(lambda: bench.journal.sealed == 3)

    assert len(sealed_segments(bench.folders)) == 2
    assert list(bench.folders.open.iterdir()) == []


@pytest.mark.parametrize("bench", [(NEVER, 1 << 20)], indirect=True)
async def test_a_mark_is_cleared_only_after_its_line_was_written(bench: Bench) -> None:
    """A kill at any moment leaves the line, or the mark, or both."""
    bench.disk.failing["write"] = FULL
    bench.book(1)
    await bench.until(lambda: bench.journal.failure)
    assert bench.marks.count == 1
    bench.disk.failing.clear()
    await bench.until(lambda: bench.journal.written == 1)
    assert bench.marks.count == 0
    (path,) = bench.folders.open.iterdir()
    assert path.read_bytes() == line(1) + b"\n"


@pytest.mark.parametrize("step", ["create", "write", "sync", "rename", "sync_folder"])
async def test_a_disk_that_refuses_is_an_alarm_and_loses_nothing(bench: Bench, step: str) -> None:
    """D1: unhealthy while it fails, everything once when it works again."""
    bench.disk.failing[step] = FULL
    bench.book(*range(10))
    await bench.until(lambda: not bench.journal.healthy)
    assert "No space left on device" in str(bench.journal.failure)
    assert "failing" in repr(bench.journal)
    bench.book(*range(10, 20))
    bench.disk.failing.clear()
    assert await bench.journal.drain(10_000)

    assert bench.journal.healthy
    assert bench.journal.failure is None
    assert bench.sealed_ids() == [exchange_id(number) for number in range(20)]


async def test_a_write_cut_short_leaves_no_torn_or_doubled_line(bench: Bench) -> None:
    """D1: a disk that fills up in the middle of a group."""
    bench.disk.full_after = 700
    bench.book(*range(5))
    await bench.until(lambda: not bench.journal.healthy)
    bench.disk.full_after = None
    assert await bench.journal.drain(10_000)

    assert bench.sealed_ids() == [exchange_id(number) for number in range(5)]


@pytest.mark.parametrize("bench", [(FAST, TINY)], indirect=True)
async def test_beyond_the_bound_lines_are_dropped_and_owned_up_to(bench: Bench) -> None:
    """Memory is bounded; what is dropped has an `interrupted` row in the end."""
    bench.disk.failing["write"] = FULL
    bench.book(*range(50))
    journal = bench.journal
    assert journal.pending_bytes <= TINY
    assert journal.dropped > 0
    assert journal.appended == 50
    assert bench.marks.count == 50
    bench.disk.failing.clear()
    assert await journal.drain(10_000)

    assert sorted(bench.sealed_ids()) == sorted(exchange_id(number) for number in range(50))
    rows = b"".join(path.read_bytes() for path in sealed_segments(bench.folders)).splitlines()
    outcomes = [msgspec.json.decode(row)["outcome"] for row in rows]
    assert outcomes.count("interrupted") == journal.dropped == journal.interrupted
    assert journal.appended == 50
    assert bench.marks.count == 0


@pytest.mark.parametrize("bench", [(FAST, TINY)], indirect=True)
async def test_a_full_memory_is_unhealthy(bench: Bench) -> None:
    """A disk that hangs raises nothing, but the bound tells."""
    bench.journal.append(b"x" * (TINY - 1), -1)
    assert not bench.journal.healthy
    assert "2000 bytes pending" in str(bench.journal.failure)
    bench.journal.append(b"x", -1)
    assert bench.journal.dropped == 1


async def test_drain_gives_up_in_time(bench: Bench) -> None:
    """A dead disk does not hold up the end for ever; the marks are left for recovery."""
    bench.disk.failing["write"] = FULL
    bench.book(1)
    assert not await bench.journal.drain(20)
    assert bench.marks.count == 1


async def test_a_line_without_a_mark_is_journalled_all_the_same(bench: Bench) -> None:
    """Slot -1 means that the exchange could not be marked."""
    bench.journal.append(line(1), -1)
    assert await bench.journal.drain()
    assert bench.sealed_ids() == [exchange_id(1)]


class _Groups:
    """Remembers which rows had been appended when a group was taken, and where it went."""

    def __init__(self) -> None:
        self.appended = 0
        self.taken = 0
        self.told: list[tuple[int, str]] = []

    def group_taken(self) -> None:
        self.taken = self.appended

    def group_written(self, segment: str) -> None:
        self.told.append((self.taken, segment))


async def test_who_wants_to_know_learns_where_rows_stand(tmp_path: Path) -> None:
    """Up to each segment that is told, as many rows stand in the journal as were said."""
    marks, groups = InFlight.create(tmp_path / "in-flight-0.slots"), _Groups()
    journal = Journal(tmp_path / "journal", "gw-0", marks, timing=FAST, groups=groups)
    await journal.start()
    for number in range(20):
        journal.append(line(number), marks.begin(mark(number)))
        groups.appended += 1
        if number % 3 == 0:
            await asyncio.sleep(0)
    assert await journal.close()
    marks.close()
    rows = 0
    said = {segment: taken for taken, segment in groups.told}
    for path in sealed_segments(JournalFolders(tmp_path / "journal")):
        rows += len(path.read_bytes().splitlines())
        assert rows == said[path.name]
    assert rows == 20
