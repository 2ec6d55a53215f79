"""Segments of the journal: whole lines or none, whatever the disk does."""

import errno
import os
from pathlib import Path

import pytest
from ledger_rows import FailingDisk

from weighbridge.ledger.segments import (
    JournalFolders,
    Segment,
    oldest_first,
    sealed_segments,
    segment_name,
    worker_name,
)

FULL = OSError(errno.ENOSPC, "No space left on device")
BROKEN = OSError(errno.EIO, "Input/output error")


@pytest.fixture
def folders(tmp_path: Path) -> JournalFolders:
    return JournalFolders(tmp_path / "journal").make()


@pytest.fixture
def disk() -> FailingDisk:
    return FailingDisk()


def content(folders: JournalFolders) -> bytes:
    (path,) = folders.sealed.iterdir()
    return path.read_bytes()


def test_a_sealed_segment_has_left_the_open_folder(
    folders: JournalFolders, disk: FailingDisk
) -> None:
    """Rows become visible to the loader by one rename, after they were synced."""
    segment = Segment(folders, "gw-0-1-000001.ndjson", disk)
    segment.write(b"a\n", 1)
    assert segment.unsynced_bytes == 2
    assert sealed_segments(folders) == []
    segment.seal()
    segment.seal()

    assert content(folders) == b"a\n"
    assert list(folders.open.iterdir()) == []
    assert disk.calls == ["create", "write", "sync", "sync_folder", "rename", "sync_folder"]


@pytest.mark.parametrize("room", range(5))
def test_a_write_cut_short_by_a_full_disk_is_tried_again_whole(
    folders: JournalFolders, disk: FailingDisk, room: int
) -> None:
    """Torn bytes are written over, so no line is torn or doubled."""
    segment = Segment(folders, "s.ndjson", disk)
    segment.write(b"one\n", 1)
    disk.full_after = room
    with pytest.raises(OSError, match="No space left"):
        segment.write(b"two\nthree\n", 2)
    assert (segment.rows, segment.size) == (1, 4)
    disk.full_after = None
    segment.write(b"two\nthree\n", 2)
    segment.seal()

    assert content(folders) == b"one\ntwo\nthree\n"


def test_sealing_after_a_torn_write_cuts_it(folders: JournalFolders, disk: FailingDisk) -> None:
    """What never became a whole write is not handed over."""
    segment = Segment(folders, "s.ndjson", disk)
    segment.write(b"one\n", 1)
    disk.full_after = 3
    with pytest.raises(OSError, match="No space left"):
        segment.write(b"two\n", 1)
    segment.seal()

    assert content(folders) == b"one\n"


def test_after_a_failed_sync_the_bytes_are_written_again(
    folders: JournalFolders, disk: FailingDisk
) -> None:
    """The kernel may have dropped the pages of a failed sync and call the next one good."""
    segment = Segment(folders, "s.ndjson", disk)
    segment.write(b"one\n", 1)
    segment.sync()
    segment.write(b"two\n", 1)
    disk.failing["sync"] = BROKEN
    with pytest.raises(OSError, match="Input/output"):
        segment.sync()
    os.pwrite(segment._fd, b"\0\0\0\0", 4)  # the dropped page
    disk.failing.clear()
    segment.sync()
    assert segment.unsynced_bytes == 0
    segment.seal()

    assert content(folders) == b"one\ntwo\n"


@pytest.mark.parametrize("step", ["sync", "rename", "sync_folder"])
def test_a_seal_that_failed_is_done_by_the_next(
    folders: JournalFolders, disk: FailingDisk, step: str
) -> None:
    """Any step may fail; the segment is handed over once."""
    segment = Segment(folders, "s.ndjson", disk)
    segment.write(b"one\n", 1)
    disk.failing[step] = BROKEN
    with pytest.raises(OSError, match="Input/output"):
        segment.seal()
    disk.failing.clear()
    segment.seal()

    assert content(folders) == b"one\n"


def test_a_segment_without_rows_leaves_nothing(folders: JournalFolders, disk: FailingDisk) -> None:
    """The loader never sees an empty file."""
    Segment(folders, "s.ndjson", disk).seal()

    assert list(folders.open.iterdir()) == list(folders.sealed.iterdir()) == []


def test_a_write_that_takes_no_bytes_is_an_error(
    folders: JournalFolders, disk: FailingDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be retried for ever otherwise."""
    segment = Segment(folders, "s.ndjson", disk)
    monkeypatch.setattr(disk, "write", lambda *_: 0)
    with pytest.raises(OSError, match="took no bytes"):
        segment.write(b"x\n", 1)


def test_names_tell_worker_and_order() -> None:
    """Oldest first by time and number, whoever wrote; names of others come before."""
    assert worker_name("gw/eu-1 a", 2) == "gw_eu-1_a-2"
    names = [
        segment_name("gw-1", 1000, 2),
        segment_name("gw-0", 1000, 3),
        segment_name("gw-0", 900, 9),
        "strange",
        segment_name("in-flight-0", 950, "00ff00ff"),
    ]
    ordered = [path.name for path in oldest_first(map(Path, names))]

    assert ordered == [
        "strange",
        "gw-0-900-000009.ndjson",
        "in-flight-0-950-00ff00ff.ndjson",
        "gw-0-1000-000003.ndjson",
        "gw-1-1000-000002.ndjson",
    ]


def test_reprs_are_one_line_of_state(folders: JournalFolders, disk: FailingDisk) -> None:
    """For logs and debuggers."""
    segment = Segment(folders, "s.ndjson", disk)
    segment.write(b"x\n", 1)
    assert repr(segment) == "<Segment s.ndjson: 1 rows, 2 B unsynced>"
    assert repr(folders).startswith("<JournalFolders ")
