"""Marks of exchanges in flight."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from weighbridge.ledger.in_flight import LARGE_SLOT_BYTES, InFlight


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "in-flight-0.slots"


def test_what_is_in_flight_can_be_read_from_the_file(path: Path) -> None:
    """A mark stands in the file from its begin to its end."""
    marks = InFlight.create(path, slots=4)
    first, second = marks.begin(b"first"), marks.begin(b"second")

    assert InFlight.read(marks.path).payloads == [b"first", b"second"]
    assert marks.payload(second) == b"second"
    marks.end(first)
    assert InFlight.read(marks.path).payloads == [b"second"]
    assert repr(marks) == f"<InFlight {marks.path.name}: 1 of 4 slots taken>"


def test_the_slot_freed_last_is_taken_first(path: Path) -> None:
    """Reuse is last in, first out, so that few pages are touched."""
    marks = InFlight.create(path, slots=8)
    slots = [marks.begin(b"x") for _ in range(3)]
    marks.end(slots[1])

    assert marks.begin(b"y") == slots[1]


def test_ending_a_free_slot_or_none_is_nothing(path: Path) -> None:
    """A slot ended twice is not given out twice."""
    marks = InFlight.create(path, slots=2)
    slot = marks.begin(b"x")
    marks.end(slot)
    marks.end(slot)
    marks.end(-1)

    assert {marks.begin(b"a"), marks.begin(b"b")} == {0, 1}


def test_many_marks_end_at_once(path: Path) -> None:
    """Those that were never there, or are gone already, count for nothing."""
    marks = InFlight.create(path, slots=4)
    slots = [marks.begin(b"x") for _ in range(3)]
    marks.end(slots[0])
    marks.end_all([-1, slots[0], slots[2], slots[2]])

    assert marks.count == 1
    assert {marks.begin(b"y") for _ in range(2)} == {slots[0], slots[2]}


def test_a_full_file_grows_and_keeps_its_marks(path: Path) -> None:
    """More exchanges than slots only make the file longer."""
    marks = InFlight.create(path, slots=2, slot_bytes=64)
    payloads = [b"%d" % number for number in range(21)]
    for payload in payloads:
        assert marks.begin(payload) >= 0

    assert sorted(InFlight.read(marks.path).payloads) == sorted(payloads)


def test_a_payload_too_long_for_a_slot_gets_a_large_one(path: Path) -> None:
    """Nothing is cut short: it fits, or it is refused."""
    marks = InFlight.create(path, slots=2, slot_bytes=64)
    exact, over = b"e" * 52, b"o" * 53
    assert marks.begin(exact) == 0
    slot = marks.begin(over)
    assert slot == 2
    assert marks.begin(b"x" * (LARGE_SLOT_BYTES - 12)) > 0
    assert marks.begin(b"x" * (LARGE_SLOT_BYTES - 11)) == -1

    assert InFlight.read(marks.path).payloads[:2] == [exact, over]
    marks.end(slot)
    assert marks.begin(b"small") == 1


def test_a_torn_slot_is_counted_and_not_believed(path: Path) -> None:
    """A slot whose bytes do not fit its checksum is no mark."""
    marks = InFlight.create(path, slots=2)
    marks.begin(b"whole")
    marks.begin(b"torn!")
    data = marks.path.read_bytes().replace(b"torn!", b"tOrn!")
    marks.path.write_bytes(data)

    read = InFlight.read(marks.path)
    assert (read.payloads, read.torn) == ([b"whole"], 1)


@pytest.mark.parametrize("data", [b"", b"no slots", b"x" * 10_000])
def test_a_file_that_is_no_slot_file_holds_no_marks(path: Path, data: bytes) -> None:
    """Recovery reads whatever stands there."""
    path.write_bytes(data)
    assert InFlight.read(path).payloads == []


def test_a_disk_too_full_to_grow_refuses_marks(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exchange goes on unmarked; the worker neither fails nor dies of SIGBUS."""
    marks = InFlight.create(path, slots=1)
    marks.begin(b"x")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    assert marks.begin(b"y") == -1
    assert marks.begin(b"y" * 1000) == -1


def test_each_life_has_a_file_of_its_own(path: Path) -> None:
    """A worker that starts neither waits for its predecessor nor takes its file's name."""
    before, after = InFlight.create(path), InFlight.create(path)
    before.begin(b"left behind")

    assert before.path != after.path
    assert InFlight.read(before.path).payloads == [b"left behind"]
    assert InFlight.read(after.path).payloads == []
    assert sorted(path.parent.iterdir()) == sorted([before.path, after.path])


def test_close_leaves_a_file_only_where_marks_are_left(path: Path) -> None:
    """A clean end leaves nothing to recover."""
    marks = InFlight.create(path)
    slot = marks.begin(b"x")
    marks.close()
    assert InFlight.read(marks.path).payloads == [b"x"]

    marks = InFlight.create(path)
    marks.end(marks.begin(b"x"))
    marks.close()
    marks.close()
    assert slot == 0
    assert not marks.path.exists()


def test_marks_outlive_kill_9(path: Path) -> None:
    """No system call stands between a mark and its safety from the death of the process."""
    program = (
        "import os, signal, sys; from pathlib import Path;"
        "from weighbridge.ledger.in_flight import InFlight;"
        "m = InFlight.create(Path(sys.argv[1]));"
        "[m.begin(b'%d' % n) for n in range(5000)]; m.end(17);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], check=False, timeout=30)

    assert done.returncode == -signal.SIGKILL
    (file,) = path.parent.iterdir()
    left = {int(payload) for payload in InFlight.read(file).payloads}
    assert left == set(range(5000)) - {17}


def test_a_mark_is_renewed_in_another_slot_and_stays_where_there_is_no_room(tmp_path: Path) -> None:
    """An exchange's mark can tell more as it goes on; at no moment is it gone."""
    in_flight = InFlight.create(tmp_path / "in-flight-0.slots", slots=4, slot_bytes=64)
    first = in_flight.begin(b"begun")
    second = in_flight.update(first, b"begun, one turn")
    large = in_flight.update(second, b"x" * 500)
    kept = in_flight.update(large, b"x" * 100_000)
    held = in_flight.payload(kept)
    marks = InFlight.read(in_flight.path)
    in_flight.end(kept)
    in_flight.close()
    assert first != second
    assert kept == large
    assert held == b"x" * 500
    assert marks.payloads == [b"x" * 500]
