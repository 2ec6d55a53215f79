"""The data folder and its lock."""

import os
from pathlib import Path

import pytest

from weighbridge.control.folder import DataFolder
from weighbridge.errors import FolderInUseError, StartError


def test_only_one_owner_at_a_time(tmp_path: Path) -> None:
    """A second owner is told who the first is; after the first, the folder is free."""
    folder = DataFolder(tmp_path / "d")
    with folder.lock(), pytest.raises(FolderInUseError, match=f"process {os.getpid()}"):
        folder.lock()
    folder.lock().close()


def test_what_is_made_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Sockets in `run` can be opened by nobody else."""
    folder = DataFolder(tmp_path / "d")
    folder.make()
    for path in (folder.root, folder.run, folder.journal):
        assert path.stat().st_mode & 0o777 == 0o700


def test_a_folder_is_begun_by_its_first_owner(tmp_path: Path) -> None:
    """Asking changes nothing; a restored backup, which has no `run`, counts by its ledger."""
    folder = DataFolder(tmp_path / "d")
    assert not folder.begun
    assert not folder.root.exists()
    folder.lock().close()
    assert folder.begun
    restored = DataFolder(tmp_path / "restored")
    restored.root.mkdir()
    restored.ledger.touch()
    assert restored.begun


def test_a_path_too_long_for_sockets_is_told(tmp_path: Path) -> None:
    """The limit of the system is explained before anything is made."""
    with pytest.raises(StartError, match="too long"):
        DataFolder(tmp_path / ("x" * 120)).make()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A file in its place is an error of one line."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match="cannot make the data folder"):
        DataFolder(tmp_path / "file").make()


def test_where_the_gateway_listens_can_be_asked(tmp_path: Path) -> None:
    """A folder that was never served tells nothing."""
    folder = DataFolder(tmp_path / "d")
    assert (folder.told_address(), folder.told_admin()) == (None, None)
    folder.make()
    folder.tell_addresses("http://127.0.0.1:1", "http://127.0.0.1:2")
    assert (folder.told_address(), folder.told_admin()) == (
        "http://127.0.0.1:1",
        "http://127.0.0.1:2",
    )
