"""Sealed segments become rows, each once."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from ledger_rows import Crash, FailingDisk, exchange_id, line, write_lines

from weighbridge.errors import LedgerError
from weighbridge.ledger import loader as loader_module
from weighbridge.ledger.loader import Loader, LoadResult
from weighbridge.ledger.segments import JournalFolders, sealed_segments
from weighbridge.ledger.stores.duckdb import DuckDBStore


@pytest.fixture
def folders(tmp_path: Path) -> JournalFolders:
    return JournalFolders(tmp_path / "journal").make()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckDBStore]:
    store = DuckDBStore.open(tmp_path / "ledger.duckdb", threads=1)
    yield store
    store.close()


def seal(folders: JournalFolders, number: int, *lines: bytes) -> Path:
    return write_lines(folders.sealed / f"gw-0-{number}-000001.ndjson", *lines)


def ids(store: DuckDBStore) -> list[str]:
    return [key for (key,) in store.fetch("SELECT exchange_id FROM exchanges ORDER BY 1")]


class _Pace:
    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    @contextlib.contextmanager
    def loading(self, batch: Sequence[Path]) -> Iterator[None]:
        self.batches.append([path.name for path in batch])
        yield


def test_whoever_knows_the_pace_is_told_of_each_batch_oldest_first(
    folders: JournalFolders, store: DuckDBStore
) -> None:
    """How long a batch may take is told by its first segment."""
    names = [seal(folders, number, line(number)).name for number in (9, 10)]
    pace = _Pace()
    loader = Loader(folders.root, store, pace=pace)
    loader.run_once()
    loader.run_once()
    assert pace.batches == [names]


def test_sealed_segments_are_loaded_and_deleted(
    folders: JournalFolders, store: DuckDBStore
) -> None:
    """Many segments make one transaction."""
    for number in range(3):
        seal(folders, number, line(2 * number), line(2 * number + 1))
    loader = Loader(folders.root, store)

    assert loader.run_once() == LoadResult(rows=6, segments=3)
    assert ids(store) == [exchange_id(number) for number in range(6)]
    assert sealed_segments(folders) == []
    assert loader.run_once() == LoadResult()
    assert repr(loader).endswith(": 3 names kept>")


def test_batches_are_bounded(
    folders: JournalFolders, store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backlog of any length loads in pieces of bounded memory."""
    monkeypatch.setattr(loader_module, "_BATCH_FILES", 2)
    monkeypatch.setattr(loader_module, "_BATCH_BYTES", 3 * len(line(1)) // 2)
    for number in range(4):
        seal(folders, number, line(number))

    assert Loader(folders.root, store).run_once() == LoadResult(rows=4, segments=4)


def test_a_crash_between_commit_and_delete_loads_nothing_twice(
    folders: JournalFolders, store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name that was committed with the rows tells."""
    seal(folders, 1, line(1))
    loader = Loader(folders.root, store)

    def die(*_: object) -> None:
        raise Crash

    monkeypatch.setattr(loader, "_delete", die)
    with pytest.raises(Crash):
        loader.run_once()
    assert len(sealed_segments(folders)) == 1

    assert Loader(folders.root, store).run_once() == LoadResult()
    assert sealed_segments(folders) == []
    assert ids(store) == [exchange_id(1)]


def test_a_crash_before_the_commit_loads_all_later(
    folders: JournalFolders, store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows and names are one transaction."""
    seal(folders, 1, line(1))
    with monkeypatch.context() as patch:
        patch.setattr(
            "weighbridge.ledger.stores.duckdb._INSERT_NAMES", "SELECT error('died ' || $1)"
        )
        assert Loader(folders.root, store).run_once().waiting == 1
    assert ids(store) == []
    assert Loader(folders.root, store).run_once() == LoadResult(rows=1, segments=1)


def test_names_are_forgotten_once_their_files_are_gone_for_good(
    folders: JournalFolders, store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table of names stays short; a name whose file is still there is kept."""
    monkeypatch.setattr(loader_module, "_FORGET_AT", 3)
    disk = FailingDisk()
    loader = Loader(folders.root, store, disk=disk)
    for number in range(2):
        seal(folders, number, line(number))
    loader.run_once()
    assert len(store.loaded_segments()) == 2
    assert disk.calls == []
    seal(folders, 2, line(2))
    loader.run_once()

    assert store.loaded_segments() == set()
    assert disk.calls == ["sync_folder"]


def test_bad_lines_are_set_aside_with_a_reason(folders: JournalFolders, store: DuckDBStore) -> None:
    """D1: a bad line never stops the rest, of its file or of others."""
    seal(folders, 1, line(1))
    bad = line(0, list_cost="a lot")
    path = seal(folders, 2, line(2), b'{"torn', line(3), b"[]", bad, line(4))
    seal(folders, 3, line(5))

    assert Loader(folders.root, store).run_once() == LoadResult(rows=5, segments=3, rejected=3)
    assert ids(store) == [exchange_id(number) for number in range(1, 6)]
    (rejected,) = folders.rejected.iterdir()
    assert rejected.name == path.name
    reasons = [one.split(b'"')[2:6:3] for one in rejected.read_bytes().splitlines()]
    assert reasons == [
        [b":2,", b"not_json"],
        [b":4,", b"not_a_row"],
        [b":5,", b"value_refused"],
    ]
    assert sealed_segments(folders) == []


def test_a_file_that_is_all_wrong_is_set_aside_whole(
    folders: JournalFolders, store: DuckDBStore
) -> None:
    """Not text, no lines, no rows."""
    seal(folders, 1, bytes(range(128, 256)), b"", b"null")

    assert Loader(folders.root, store).run_once() == LoadResult(segments=1, rejected=2)


def test_a_store_that_fails_keeps_the_segments(
    folders: JournalFolders, store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """D1: nothing is lost while the store cannot take rows; then all is caught up."""
    for number in range(12):
        seal(folders, number, line(number))
    loader = Loader(folders.root, store)

    def full(*_: object) -> int:
        raise LedgerError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(store, "load_segments", full)
        assert loader.run_once() == LoadResult(waiting=12, failure="no space left")
    assert loader.run_once() == LoadResult(rows=12, segments=12)


def test_a_segment_that_was_there_and_is_not_unloaded_is_in_the_store(
    folders: JournalFolders, store: DuckDBStore
) -> None:
    """Open and sealed segments are unloaded until the store has them, deleted or not."""
    path = seal(folders, 1, line(1))
    write_lines(folders.open / "gw-0-2-000002.ndjson", line(2))
    loader = Loader(folders.root, store)
    assert loader.unloaded() == {path.name, "gw-0-2-000002.ndjson"}
    kept = path.read_bytes()
    loader.run_once()
    assert loader.unloaded() == {"gw-0-2-000002.ndjson"}
    path.write_bytes(kept)  # its deletion failed
    assert loader.unloaded() == {"gw-0-2-000002.ndjson"}
