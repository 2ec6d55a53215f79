"""The outbox: each row reaches the ledger once, wherever the process dies."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from ledger_rows import NOON_US, Crash, FailingDisk, exchange_id, line

from weighbridge.ledger.loader import Loader
from weighbridge.ledger.outbox import Outbox
from weighbridge.ledger.recovery import Recovery
from weighbridge.ledger.resource_rows import DueRow
from weighbridge.ledger.resources import Resources
from weighbridge.ledger.segments import Disk
from weighbridge.ledger.stores.duckdb import DuckDBStore

STEPS = ["create", "write", "sync", "sync_folder", "rename", "handed_over"]


class DyingResources:
    """A store of resources whose process dies as it is told that rows were handed over."""

    def __init__(self, rows: int) -> None:
        self.rows = {exchange_id(number): line(number) for number in range(rows)}
        self.dies = False

    def outgoing(self, limit: int) -> list[DueRow]:
        return [DueRow(*row) for row in list(self.rows.items())[:limit]]

    def handed_over(self, exchange_ids: list[str]) -> None:
        if self.dies:
            raise Crash
        for each in exchange_ids:
            self.rows.pop(each, None)


def loaded(store: DuckDBStore) -> list[str]:
    return sorted(key for (key,) in store.fetch("SELECT exchange_id::VARCHAR FROM exchanges"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckDBStore]:
    store = DuckDBStore.open(tmp_path / "ledger.duckdb", threads=1)
    yield store
    store.close()


def life(
    folder: Path, store: DuckDBStore, resources: DyingResources, disk: Disk | None = None
) -> tuple[Outbox, Loader, Recovery]:
    journal = folder / "journal"
    return (
        Outbox(journal, resources, store.known_exchange_ids, disk=disk),
        Loader(journal, store),
        Recovery(journal, folder, store.known_exchange_ids),
    )


@pytest.mark.parametrize("load_between", [True, False])
@pytest.mark.parametrize("torn", [None, 300])
@pytest.mark.parametrize("step", STEPS)
def test_crash_at_each_step(
    tmp_path: Path, store: DuckDBStore, step: str, torn: int | None, load_between: bool
) -> None:
    """The process dies at a step, is loaded from or not, and starts anew: three rows, once."""
    resources = DyingResources(3)
    disk = FailingDisk()
    if step == "handed_over":
        resources.dies = True
    else:
        disk.failing[step] = Crash()
    disk.full_after = torn if step == "write" else None
    outbox, loader, _ = life(tmp_path, store, resources, disk)
    with pytest.raises(Crash):
        outbox.run_once(NOON_US)
    disk.die()
    if load_between:
        loader.run_once()

    resources.dies = False
    outbox, loader, recovery = life(tmp_path, store, resources)
    for round_us in (1, 2):
        recovery.run_once(NOON_US + round_us)
        outbox.run_once(NOON_US + round_us)
        loader.run_once()
    assert loaded(store) == [exchange_id(number) for number in range(3)]
    assert resources.rows == {}


@pytest.mark.parametrize("step", STEPS[:-1])
def test_disk_that_fails_and_mends(tmp_path: Path, store: DuckDBStore, step: str) -> None:
    """The process lives, the disk refuses for a while: three rows, once."""
    resources = DyingResources(3)
    disk = FailingDisk()
    disk.failing[step] = OSError(28, "No space left on device")
    outbox, loader, recovery = life(tmp_path, store, resources, disk)
    for round_us in range(3):
        with pytest.raises(OSError, match="No space"):
            outbox.run_once(NOON_US + round_us)
        loader.run_once()
        if step != "create":
            break  # what is in an open segment waits for recovery
    disk.failing.clear()
    for round_us in (5, 6):
        recovery.run_once(NOON_US + round_us)
        outbox.run_once(NOON_US + round_us)
        loader.run_once()
    assert loaded(store) == [exchange_id(number) for number in range(3)]
    assert resources.rows == {}


def test_full_disk_in_the_middle_of_a_line(tmp_path: Path, store: DuckDBStore) -> None:
    """Whole lines of a torn segment count, the torn one is written anew."""
    resources = DyingResources(3)
    disk = FailingDisk()
    disk.full_after = len(line(0)) + 10
    outbox, loader, recovery = life(tmp_path, store, resources, disk)
    with pytest.raises(OSError, match="No space"):
        outbox.run_once(NOON_US)
    disk.full_after = None
    assert outbox.run_once(NOON_US + 1) == 2  # the first is recovery's to seal
    recovery.run_once(NOON_US + 2)
    assert outbox.run_once(NOON_US + 3) == 0
    loader.run_once()
    assert loaded(store) == [exchange_id(number) for number in range(3)]
    assert resources.rows == {}


def test_row_that_a_power_cut_brought_back(tmp_path: Path, store: DuckDBStore) -> None:
    """What the ledger has already is dropped, not booked again."""
    resources = DyingResources(1)
    outbox, loader, _ = life(tmp_path, store, resources)
    assert outbox.run_once(NOON_US) == 1
    loader.run_once()
    resources.rows = {exchange_id(0): line(0)}
    assert outbox.run_once(NOON_US + 1) == 0
    loader.run_once()
    assert (loaded(store), resources.rows) == ([exchange_id(0)], {})


def test_nothing_waits_nothing_is_asked(tmp_path: Path) -> None:
    """An empty outbox costs one look at the store of resources."""
    resources = Resources.open(tmp_path / "resources.sqlite3")

    def fail(_: list[str]) -> list[str]:
        raise AssertionError("the ledger was asked")

    assert Outbox(tmp_path / "journal", resources, fail).run_once(NOON_US) == 0
    assert list((tmp_path / "journal" / "sealed").iterdir()) == []
