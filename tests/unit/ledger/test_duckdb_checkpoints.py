"""When the ledger's write-ahead log is folded into its file."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from ledger_rows import line, write_lines

from weighbridge.ledger.stores import duckdb as store_module
from weighbridge.ledger.stores.duckdb import DuckDBStore


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DuckDBStore]:
    """A ledger that folds its log every four rows, and whose log is empty."""
    monkeypatch.setattr(store_module, "_CHECKPOINT_ROWS", 4)
    opened = DuckDBStore.open(tmp_path / "ledger.duckdb")
    opened.checkpoint()
    yield opened
    opened.close()


def load(store: DuckDBStore, folder: Path, *numbers: int) -> None:
    name = f"gw-0-{numbers[0]}-000001.ndjson"
    store.load_segments({name: write_lines(folder / name, *map(line, numbers))})


def log_is_empty(folder: Path) -> bool:
    return not (folder / "ledger.duckdb.wal").exists()


def test_the_log_is_folded_once_it_has_enough_rows(store: DuckDBStore, tmp_path: Path) -> None:
    """Rows gather in the log, whatever their size, until they make a row group of their own."""
    seen = []
    for numbers in ((1, 2), (3,), (4, 5, 6), (7,), (8, 9), (10,)):
        load(store, tmp_path, *numbers)
        seen.append(log_is_empty(tmp_path))
    assert seen == [False, False, True, False, False, True]


def test_a_log_that_cannot_be_folded_fails_no_load(
    store: DuckDBStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are in; the next load tries again."""

    def refuse() -> None:
        raise duckdb.IOException("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(store, "checkpoint", refuse)
        load(store, tmp_path, 1, 2, 3, 4)
        assert not log_is_empty(tmp_path)
    load(store, tmp_path, 5)
    assert log_is_empty(tmp_path)
    assert store.stats().exchanges == 5


def test_row_groups_are_not_written_again(tmp_path: Path) -> None:
    """With as many rows as it really takes, each checkpoint leaves a row group that stays.

    Smaller ones are put together now and then, which writes them all once more.
    """
    numbers = range(1, 4097)
    name = "rows.ndjson"
    path = write_lines(tmp_path / name, *map(line, numbers))
    rows = len(numbers)
    store = DuckDBStore.open(tmp_path / "ledger.duckdb")
    for load_number in range(5 * store_module._CHECKPOINT_ROWS // rows):
        store.load_segments({f"{load_number}": path})
    groups = store.fetch(
        "SELECT sum(count) FROM pragma_storage_info('exchange_rows') WHERE column_name = "
        "'exchange_id' AND segment_type <> 'VALIDITY' GROUP BY row_group_id"
    )
    store.close()
    assert groups == [(store_module._CHECKPOINT_ROWS,)] * 5
