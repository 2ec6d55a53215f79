"""How the gateway is, looked at on demand."""

import datetime as dt
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from weighbridge.control.folder import DataFolder
from weighbridge.control.system_health import SystemWatch
from weighbridge.core.system_health import WorkerHealth
from weighbridge.errors import LedgerError
from weighbridge.ledger.segments import JournalFolders
from weighbridge.ledger.stores.base import StoreStats
from weighbridge.pricing.catalogue import PriceBook

NOW_US = 1_795_000_000_000_000
WORKER = WorkerHealth(
    worker=0,
    policy_version=3,
    heard_at_us=NOW_US,
    exchanges=5,
    live_exchanges=1,
    open_connections=2,
    journal_pending_bytes=0,
    journal_failing=False,
)


class Store:
    def __init__(self) -> None:
        self.failing = False

    def stats(self) -> StoreStats:
        if self.failing:
            raise LedgerError("gone")
        begun = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
        return StoreStats(7, 4096, begun, begun)


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def watch(tmp_path: Path, store: Store) -> SystemWatch:
    keeper: Any = SimpleNamespace(
        failure=None, loaded_at_us=NOW_US - 5, loaded=SimpleNamespace(rejected=1), interrupted=2
    )
    JournalFolders(tmp_path / "journal").make()
    return SystemWatch(
        DataFolder(tmp_path),
        keeper,
        store,
        PriceBook.load(),
        node="n",
        price_max_age=dt.timedelta(days=60),
        now_us=lambda: NOW_US,
    )


def test_a_folder_at_rest_says_so(watch: SystemWatch) -> None:
    """No worker is expected, and the ledger's figures are there."""
    health = watch.look()
    assert health.problems == ["weighbridge serve does not run"]
    assert (health.workers, health.workers_expected) == ([], 0)
    assert (health.ledger_exchanges, health.ledger_bytes) == (7, 4096)
    assert (health.rows_rejected, health.rows_interrupted) == (1, 2)
    assert health.free_bytes > 0
    assert health.journal_lag_us == 0


def test_the_lag_is_the_age_of_the_oldest_segment(watch: SystemWatch, tmp_path: Path) -> None:
    """A ledger that takes no rows shows how far behind it is."""
    for age_s in (2, 9):
        file = tmp_path / "journal" / "sealed" / f"{age_s}.ndjson"
        file.touch()
        then_ns = NOW_US * 1000 - age_s * 10**9
        os.utime(file, ns=(then_ns, then_ns))
    health = watch.look()
    assert (health.journal_segments_waiting, health.journal_lag_us) == (2, 9_000_000)


def test_the_workers_are_those_of_the_crew(watch: SystemWatch) -> None:
    """As attached, with what keeps the service from being ready."""
    crew: Any = SimpleNamespace(policy_version=4, rows_dropped=6, crew=lambda: [WORKER])
    watch.attach(crew, 2, lambda: ["1 of 2 gateway workers are connected"])
    health = watch.look()
    assert health.workers == [WORKER]
    assert (health.workers_expected, health.policy_version) == (2, 4)
    assert health.journal_rows_dropped == 6
    assert health.problems == ["1 of 2 gateway workers are connected"]


def test_it_comes_up_when_things_are_bad(watch: SystemWatch, store: Store, tmp_path: Path) -> None:
    """A ledger that does not answer and a folder that is gone are zeros, not errors."""
    store.failing = True
    (tmp_path / "journal" / "sealed").rmdir()
    health = watch.look()
    assert (health.ledger_exchanges, health.ledger_last_started_at_us) == (0, None)
    assert (health.journal_segments_waiting, health.control_bytes) == (0, 0)
