"""A journal cut anywhere recovers a prefix of whole rows; a death anywhere leaves each row once."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_rows import NOON_US, FailingDisk, exchange_id, line, mark, write_lines

from weighbridge.ledger.in_flight import InFlight
from weighbridge.ledger.journal import Journal, Timing
from weighbridge.ledger.recovery import Recovery
from weighbridge.ledger.segments import JournalFolders, sealed_segments


def _rows(folders: JournalFolders) -> list[dict[str, object]]:
    lines = b"".join(path.read_bytes() for path in sealed_segments(folders)).splitlines()
    return [msgspec.json.decode(one) for one in lines]


@settings(max_examples=60, deadline=None)
@given(rows=st.integers(1, 8), data=st.data())
def test_a_segment_cut_at_any_byte_recovers_a_prefix(rows: int, data: st.DataObject) -> None:
    """What is sealed is whole lines from the start, and every one that was whole."""
    lines = [line(number) for number in range(rows)]
    whole = b"".join(one + b"\n" for one in lines)
    cut = data.draw(st.integers(0, len(whole)))
    with TemporaryDirectory() as name:
        folders = JournalFolders(Path(name) / "journal").make()
        path = write_lines(folders.open / "gw-0-1-000001.ndjson", *lines)
        path.write_bytes(whole[:cut])
        Recovery(folders.root, Path(name), lambda _: ()).run_once(NOON_US)
        recovered = [row["exchange_id"] for row in _rows(folders)]

    assert recovered == [exchange_id(number) for number in range(whole[:cut].count(b"\n"))]


@settings(max_examples=40, deadline=None)
@given(
    groups=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    room=st.integers(0, 6000),
    begun_only=st.integers(0, 3),
)
def test_a_worker_that_dies_on_a_full_disk_leaves_each_exchange_once(
    groups: list[int], room: int, begun_only: int
) -> None:
    """Appended lines and exchanges in flight: one row each, whatever was written by then."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        disk = FailingDisk()
        disk.full_after = room
        marks = InFlight.create(folder / "in-flight-0.slots", slots=8)
        begun = asyncio.run(_work_and_die(folder, disk, marks, groups))
        for number in range(begun, begun + begun_only):
            marks.begin(mark(number))
        disk.die()
        marks.close()

        recovery = Recovery(folder / "journal", folder, lambda _: ())
        recovery.run_once(NOON_US + 60_000_000)
        rows = _rows(JournalFolders(folder / "journal"))

    found = sorted(str(row["exchange_id"]) for row in rows)
    assert found == sorted(exchange_id(number) for number in range(begun + begun_only))


async def _work_and_die(folder: Path, disk: FailingDisk, marks: InFlight, groups: list[int]) -> int:
    journal = Journal(
        folder / "journal", "gw-0", marks, timing=Timing(0, 0, 0), disk=disk, unix_us=lambda: 1
    )
    await journal.start()
    begun = 0
    for group in groups:
        for number in range(begun, begun + group):
            journal.append(line(number), marks.begin(mark(number)))
        begun += group
        await asyncio.sleep(0)
    await journal.close(timeout_ms=10)
    return begun
