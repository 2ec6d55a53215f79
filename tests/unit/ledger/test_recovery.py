"""What the dead leave behind."""

import contextlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from ledger_rows import NOON_US, Crash, FailingDisk, exchange_id, line, mark, write_lines

from weighbridge.ledger.in_flight import InFlight
from weighbridge.ledger.recovery import Recovery, RecoveryResult
from weighbridge.ledger.segments import JournalFolders, Segment, sealed_segments

NOW_US = NOON_US + 3_600_000_000


class Scene:
    """Folders of a gateway, and a ledger that is a set of ids."""

    def __init__(self, folder: Path) -> None:
        self.run = folder / "run"
        self.run.mkdir()
        self.folders = JournalFolders(folder / "journal").make()
        self.ledger: set[str] = set()
        self.disk = FailingDisk()

    def recover(self) -> RecoveryResult:
        recovery = Recovery(
            self.folders.root, self.run, lambda ids: self.ledger & set(ids), disk=self.disk
        )
        return recovery.run_once(NOW_US)

    def die_with(self, *numbers: int) -> None:
        marks = InFlight.create(self.run / "in-flight-0.slots")
        for number in numbers:
            marks.begin(mark(number))
        marks.close()

    def rows(self) -> list[dict[str, object]]:
        lines = b"".join(path.read_bytes() for path in sealed_segments(self.folders)).splitlines()
        return [msgspec.json.decode(one) for one in lines]

    def ids(self) -> list[object]:
        return sorted(str(row["exchange_id"]) for row in self.rows())


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_a_dead_workers_open_segment_is_sealed_without_its_torn_line(scene: Scene) -> None:
    """Whole lines count, the torn one's exchange is still marked."""
    path = write_lines(scene.folders.open / "gw-0-1-000001.ndjson", line(1), line(2))
    path.write_bytes(path.read_bytes() + line(3)[:50])
    assert scene.recover() == RecoveryResult(sealed=1)

    assert scene.ids() == [exchange_id(1), exchange_id(2)]
    assert list(scene.folders.open.iterdir()) == []


def test_a_segment_without_a_whole_line_is_dropped(scene: Scene) -> None:
    """Also a very long torn line, and a file whose name was never shown."""
    write_lines(scene.folders.open / ".gw-0-1-000002.ndjson")
    (scene.folders.open / "gw-0-1-000001.ndjson").write_bytes(b"x" * 200_000)
    assert scene.recover() == RecoveryResult()
    assert list(scene.folders.open.iterdir()) == list(scene.folders.sealed.iterdir()) == []


def test_what_was_in_flight_becomes_an_interrupted_row(scene: Scene) -> None:
    """Every exchange that began has a row; missing is not zero."""
    scene.die_with(7)
    assert scene.recover() == RecoveryResult(interrupted=1)

    (row,) = scene.rows()
    assert row == {
        "exchange_id": exchange_id(7),
        "started_at": "2026-01-01T12:00:07.000000Z",
        "ended_at": "2026-01-01T13:00:00.000000Z",
        "department": "lab",
        "status": 0,
        "outcome": "interrupted",
        "usage_source": "none",
        "pricing_status": "unmetered",
    }
    assert list(scene.run.iterdir()) == []


def test_an_exchange_with_a_row_is_not_made_one_twice(scene: Scene) -> None:
    """The kill came between a line's write and the clearing of its mark."""
    scene.die_with(1, 2, 3, 4)
    write_lines(scene.folders.open / "gw-0-1-000002.ndjson", line(1))
    write_lines(scene.folders.sealed / "gw-0-1-000001.ndjson", line(2))
    scene.ledger = {exchange_id(3)}

    assert scene.recover() == RecoveryResult(sealed=1, interrupted=1, finished=3)
    assert scene.ids() == [exchange_id(1), exchange_id(2), exchange_id(4)]
    assert scene.recover() == RecoveryResult()


def test_a_living_workers_files_are_not_touched(scene: Scene) -> None:
    """Locks tell the living, not pids, which are reused."""
    program = """
import sys
from pathlib import Path
from weighbridge.ledger.in_flight import InFlight
from weighbridge.ledger.segments import Disk, JournalFolders, Segment
run, journal = map(Path, sys.argv[1:])
marks = InFlight.create(run / "in-flight-0.slots")
marks.begin(b'{"exchange_id":"a","started_at":"2026-01-01T12:00:00.000000Z"}')
segment = Segment(JournalFolders(journal), "gw-0-1-000001.ndjson", Disk())
segment.write(b"{}\\n", 1)
print("ready", flush=True)
sys.stdin.read()
"""
    arguments = [sys.executable, "-c", program, str(scene.run), str(scene.folders.root)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == b"ready\n"
        assert scene.recover() == RecoveryResult()
        assert len(list(scene.run.iterdir())) == len(list(scene.folders.open.iterdir())) == 1
        worker.kill()
        worker.wait()
        assert scene.recover() == RecoveryResult(sealed=1, interrupted=1)


def test_files_of_several_deaths_are_all_read(scene: Scene) -> None:
    """A worker that died thrice before anybody looked left three slot files."""
    for number in range(3):
        scene.die_with(number)
    assert scene.recover() == RecoveryResult(interrupted=3)


def test_a_worker_that_starts_meanwhile_keeps_its_marks(scene: Scene) -> None:
    """B7: its predecessor's file is deleted while its own is there; its own is not."""
    scene.die_with(1)
    started: list[InFlight] = []

    def start(_: list[str]) -> tuple[str, ...]:
        started.append(InFlight.create(scene.run / "in-flight-0.slots"))
        return ()

    Recovery(scene.folders.root, scene.run, start).run_once(NOW_US)
    started[0].begin(mark(2))
    assert InFlight.read(started[0].path).payloads == [mark(2)]
    started[0].close()
    assert scene.recover() == RecoveryResult(interrupted=1)
    assert scene.ids() == [exchange_id(1), exchange_id(2)]


def test_an_unreadable_mark_is_counted(scene: Scene) -> None:
    """Ours to know about; it makes no row that would be a guess."""
    marks = InFlight.create(scene.run / "in-flight-0.slots")
    for payload in (b"{", b"[]", b"{}", b'{"exchange_id":1,"strange":2,"started_at":"x"}'):
        marks.begin(payload)
    marks.close()
    assert scene.recover() == RecoveryResult(torn=4)


def _die_at(disk: FailingDisk, number: int) -> Callable[[str], None]:
    def step(name: str) -> None:
        disk.calls.append(name)
        if len(disk.calls) == number:
            raise Crash

    return step


@pytest.mark.parametrize("at", range(1, 12))
def test_a_crash_at_any_step_makes_no_row_twice_and_loses_none(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """B7: recovery that dies in the middle is taken up by the next one."""
    scene.die_with(1, 2, 3)
    path = write_lines(scene.folders.open / "gw-0-1-000001.ndjson", line(1), line(9))
    path.write_bytes(path.read_bytes() + line(2)[:-1])
    monkeypatch.setattr(scene.disk, "_step", _die_at(scene.disk, at))
    with contextlib.suppress(Crash):  # it has fewer steps than the last `at`
        scene.recover()
    monkeypatch.undo()
    scene.disk.die()
    if at % 2:  # or the loader was quicker
        for sealed in sealed_segments(scene.folders):
            scene.ledger |= {
                msgspec.json.decode(one)["exchange_id"] for one in sealed.read_bytes().splitlines()
            }
            sealed.unlink()
    loaded = sorted(scene.ledger)
    scene.recover()

    expected = [exchange_id(number) for number in (1, 2, 3, 9)]
    assert sorted([*loaded, *scene.ids()]) == expected
    assert list(scene.run.iterdir()) == list(scene.folders.open.iterdir()) == []


@pytest.mark.parametrize("step", ["create", "write", "sync", "rename", "sync_folder", "truncate"])
def test_a_full_disk_is_told_and_tried_again(scene: Scene, step: str) -> None:
    """D1: the marks stay until their rows are safe."""
    scene.die_with(1, 2)
    path = write_lines(scene.folders.open / "gw-0-1-000001.ndjson", line(1))
    path.write_bytes(path.read_bytes() + b"torn")
    scene.disk.failing[step] = OSError(28, "No space left on device")
    assert "No space left" in str(scene.recover().failure)
    scene.disk.failing.clear()
    assert scene.recover().failure is None

    assert scene.ids() == [exchange_id(1), exchange_id(2)]
    assert list(scene.run.iterdir()) == list(scene.folders.open.iterdir()) == []


def test_a_row_in_a_segment_that_still_looks_alive_counts(scene: Scene) -> None:
    """A dying process gives up the lock of its marks before that of its segment."""
    scene.die_with(1, 2)
    segment = Segment(scene.folders, "gw-0-1-000001.ndjson", scene.disk)
    segment.write(line(1) + b"\n" + line(2)[:-1], 1)
    assert scene.recover() == RecoveryResult(interrupted=1, finished=1)
    scene.disk.die()
    assert scene.recover() == RecoveryResult(sealed=1)

    assert scene.ids() == [exchange_id(1), exchange_id(2)]


def test_a_mark_that_was_being_renewed_makes_one_row_with_what_it_knew_last(scene: Scene) -> None:
    """A session's worker died between its new mark and the end of the old one."""
    told = {"usage_source": "partial", "total_tokens": 9, "pricing_status": "priced", "turns": 1}
    marks = InFlight.create(scene.run / "in-flight-0.slots")
    for payload in (msgspec.json.encode(msgspec.json.decode(mark(1)) | told), mark(1)):
        marks.begin(payload)
    marks.close()

    assert scene.recover() == RecoveryResult(interrupted=1)
    assert [(row["usage_source"], row["total_tokens"]) for row in scene.rows()] == [("partial", 9)]
