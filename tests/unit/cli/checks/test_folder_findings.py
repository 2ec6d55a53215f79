"""The data folder: who may read it, who holds it, what waits in it."""

import os
from pathlib import Path

import pytest

from weighbridge.cli.checks.finding import Finding, Level
from weighbridge.cli.checks.folder import folder_findings
from weighbridge.control.folder import DataFolder
from weighbridge.ledger.segments import JournalFolders


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path / "data")
    made.make()
    JournalFolders(made.journal).make()
    return made


def find(folder: DataFolder, *, running: bool = False) -> dict[str, Finding]:
    found = folder_findings(folder, running=running)
    return {one.check.removeprefix("data."): one for one in found if one.check != "data.disk"}


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """Looking changes nothing."""
    assert find(DataFolder(tmp_path / "none" / "data"))["folder"].level is Level.NOTE
    assert list(tmp_path.iterdir()) == []


def test_a_folder_at_rest_has_nothing_wrong(folder: DataFolder) -> None:
    """Ours alone, free, and empty."""
    assert {one.level for one in find(folder).values()} == {Level.OK}


def test_a_folder_that_others_can_read_is_told(folder: DataFolder) -> None:
    """Names and figures are nobody else's business."""
    folder.root.chmod(0o755)
    found = find(folder)["permissions"]
    assert (found.level, found.advice) == (Level.WARNING, f"chmod 700 {folder.root}")


def test_who_holds_the_folder_is_told(folder: DataFolder) -> None:
    """The running gateway should; a process that does not answer may be stuck."""
    assert find(folder, running=True)["lock"].level is Level.FAILURE
    with folder.lock():
        held = find(folder)["lock"]
        assert (held.level, held.seen) == (Level.WARNING, f"process {os.getpid()}")
        assert find(folder, running=True)["lock"].level is Level.OK
    assert find(folder)["lock"].level is Level.OK


def test_rows_that_wait_are_told(folder: DataFolder) -> None:
    """Waiting while nothing runs is usual; a large backlog beside a running gateway is not."""
    segment = folder.journal / "sealed" / "n-0-1-1.ndjson"
    segment.write_bytes(b"x" * 1500)
    waiting = find(folder)["journal"]
    assert (waiting.level, waiting.seen) == (Level.NOTE, "1 segments, 1.5 kB")
    assert find(folder, running=True)["journal"].level is Level.OK
    os.truncate(segment, 100_000_000)
    assert find(folder, running=True)["journal"].level is Level.WARNING


def test_rows_that_were_set_aside_are_told(folder: DataFolder) -> None:
    """With where they are, and what to do with them."""
    (folder.journal / "rejected" / "n-0-1-1.ndjson").write_bytes(b"{}")
    (folder.journal / "rejected" / ".n.piece").write_bytes(b"{}")
    found = find(folder)["rejected"]
    assert found.level is Level.WARNING
    assert (found.seen or "").startswith("1 files in ")
