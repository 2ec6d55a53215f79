"""The store of what outlives a call: whose it is, once, whatever process asks."""

import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest

from weighbridge.attribution.identity import Identity
from weighbridge.core.resource import ResourceChange, ResourceEvent, ResourceKind
from weighbridge.core.usage import Usage
from weighbridge.errors import LedgerError
from weighbridge.ledger import resources as resources_module
from weighbridge.ledger.resource_rows import (
    CACHE_TTL_US,
    DAY_US,
    KEPT_DAYS,
    DueRow,
    Record,
    key_of,
    row_id,
)
from weighbridge.ledger.resources import Resources
from weighbridge.providers.base import Route

FILE_NAME = "resources.sqlite3"
NOON_US = 1_767_268_800_000_000
ROUTE = Route(
    provider="google",
    surface="vertex",
    upstream="vertex",
    host="us-central1-aiplatform.googleapis.com",
    operation="createBatchPredictionJob",
    location="us-central1",
    cloud_project="p1",
)
ALICE = Identity(token_id="tok_a", department="lab", labels={"env": "test"})
BOB = Identity(token_id="tok_b")


def event(
    name: str,
    kind: ResourceKind = ResourceKind.BATCH,
    change: ResourceChange = ResourceChange.CREATED,
    **facts: object,
) -> ResourceEvent:
    return ResourceEvent(kind=kind, name=name, change=change, **facts)  # type: ignore[arg-type]


def found(store: Resources, kind: ResourceKind, name: str) -> Record:
    record = store.find(kind, name)
    assert record is not None
    return record


def due(record: Record, at_us: int = NOON_US) -> DueRow:
    exchange_id = row_id(record.key, at_us)
    return DueRow(exchange_id, b'{"exchange_id":"%b"}' % exchange_id.encode())


@pytest.fixture
def store(tmp_path: Path) -> Resources:
    return Resources.open(tmp_path / FILE_NAME)


def test_a_batch_is_its_creators_for_good(store: Resources, tmp_path: Path) -> None:
    """Attribution and call survive a restart, and a second creation changes neither."""
    usage = Usage(input_tokens=0, video_seconds=Decimal("8.5"), grounded_by_search=True)
    store.take([event("batches/b", model="gemini-2.5-flash", usage=usage)], ALICE, ROUTE, NOON_US)
    store.take([event("batches/b")], BOB, ROUTE, NOON_US + 5)
    store.close()
    record = found(Resources.open(tmp_path / FILE_NAME), ResourceKind.BATCH, "batches/b")
    assert record.identity == ALICE
    assert (record.called.operation, record.called.model, record.called.location) == (
        "createBatchPredictionJob",
        "gemini-2.5-flash",
        "us-central1",
    )
    assert (record.usage, record.created_at_us, record.settled) == (usage, NOON_US, False)


def test_names_are_nowhere_in_the_file(store: Resources, tmp_path: Path) -> None:
    """An upload id is a capability: only its hash is kept (P1)."""
    store.take([event("AKcanary", ResourceKind.UPLOAD)], ALICE, ROUTE, NOON_US)
    store.sync()
    store.close()
    for path in tmp_path.iterdir():
        assert b"AKcanary" not in path.read_bytes()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_kinds_do_not_share_names(store: Resources) -> None:
    """An upload and a batch of one name are two things."""
    store.take([event("x", ResourceKind.UPLOAD)], ALICE, ROUTE, NOON_US)
    assert store.find(ResourceKind.BATCH, "x") is None
    assert key_of(ResourceKind.UPLOAD, "x") == key_of(ResourceKind.UPLOAD, b"x")


@pytest.mark.parametrize("off_us", [-20 * 3600 * 1_000_000, 0, 700, NOON_US])
def test_lifetimes_are_told_by_our_clock(store: Resources, off_us: int) -> None:
    """A provider whose clock is off, or stands still, gives the same lifetimes (M12)."""
    told_us = NOON_US - off_us
    made = event("c", ResourceKind.CACHE, created_at_us=told_us, expires_at_us=told_us + 9)
    store.take([made], ALICE, ROUTE, NOON_US)
    record = found(store, ResourceKind.CACHE, "c")
    assert (record.created_at_us, record.expires_at_us) == (NOON_US, NOON_US + 9)
    patched = event("c", ResourceKind.CACHE, ResourceChange.UPDATED, expires_at_us=told_us + 99)
    store.take([patched], ALICE, ROUTE, NOON_US + 5)
    assert found(store, ResourceKind.CACHE, "c").expires_at_us == NOON_US + 99


def test_results_file_leads_to_its_batch(store: Resources) -> None:
    """Whoever reads the file reads what the batch's creator ordered."""
    store.take([event("batches/b")], ALICE, ROUTE, NOON_US)
    results = event("files/r", ResourceKind.BATCH_RESULTS, parent="batches/b")
    store.take([results], BOB, ROUTE, NOON_US + 1)
    record = found(store, ResourceKind.BATCH_RESULTS, "files/r")
    assert (record.kind, record.identity) == (ResourceKind.BATCH, ALICE)


def test_results_of_an_unknown_batch_are_unknown(store: Resources) -> None:
    """A batch that was ordered elsewhere is nobody's here, and so is its file."""
    orphan = event("files/r", ResourceKind.BATCH_RESULTS, parent="batches/x")
    store.take([orphan], BOB, ROUTE, 1)
    assert store.find(ResourceKind.BATCH_RESULTS, "files/r") is None


def test_updates_change_what_they_tell(store: Resources) -> None:
    """A PATCHed lifetime counts; what is not told stays; an unknown name is left alone."""
    told = event("c", ResourceKind.CACHE, usage=Usage(input_tokens=7), expires_at_us=NOON_US + 9)
    store.take([told], ALICE, ROUTE, NOON_US)
    patched = event("c", ResourceKind.CACHE, ResourceChange.UPDATED, expires_at_us=NOON_US + 99)
    store.take([patched], BOB, ROUTE, NOON_US + 1)
    record = found(store, ResourceKind.CACHE, "c")
    assert (record.expires_at_us, record.usage) == (NOON_US + 99, Usage(input_tokens=7))
    store.take([event("other", ResourceKind.CACHE, ResourceChange.UPDATED)], BOB, ROUTE, 1)
    assert store.find(ResourceKind.CACHE, "other") is None


def test_first_deletion_counts(store: Resources) -> None:
    """A cache that is deleted twice ended the first time."""
    store.take([event("c", ResourceKind.CACHE)], ALICE, ROUTE, NOON_US)
    gone = event("c", ResourceKind.CACHE, ResourceChange.DELETED)
    store.take([gone], ALICE, ROUTE, NOON_US + 5)
    store.take([gone], ALICE, ROUTE, NOON_US + 50)
    assert found(store, ResourceKind.CACHE, "c").ended_at_us == NOON_US + 5
    store.take([event("x", ResourceKind.CACHE, ResourceChange.DELETED)], ALICE, ROUTE, 1)
    assert store.find(ResourceKind.CACHE, "x") is None


def test_last_start_of_an_upload_counts(store: Resources) -> None:
    """An id is handed out by a start alone; whoever started last goes on with it."""
    store.take([event("u", ResourceKind.UPLOAD)], ALICE, ROUTE, NOON_US)
    store.take([event("u", ResourceKind.UPLOAD)], BOB, ROUTE, NOON_US + 5)
    record = found(store, ResourceKind.UPLOAD, "u")
    assert (record.identity, record.created_at_us) == (BOB, NOON_US + 5)


def test_name_given_anew_is_another_thing(store: Resources) -> None:
    """A settled batch, a deleted cache: whoever creates under that name owns what comes."""
    store.take([event("b")], ALICE, ROUTE, NOON_US)
    first = found(store, ResourceKind.BATCH, "b")
    store.settle(first, due(first))
    store.take([event("b")], BOB, ROUTE, NOON_US + 5)
    second = found(store, ResourceKind.BATCH, "b")
    assert (second.identity, second.settled, second.created_at_us) == (BOB, False, NOON_US + 5)
    assert row_id(first.key, first.created_at_us) != row_id(second.key, second.created_at_us)


def test_storage_of_a_cache_whose_name_is_given_anew_is_booked(store: Resources) -> None:
    """The last stretch of the old one is due beside the new one."""
    gone = event("c", ResourceKind.CACHE, ResourceChange.DELETED)
    store.take([event("c", ResourceKind.CACHE)], ALICE, ROUTE, NOON_US)
    store.take([gone], ALICE, ROUTE, NOON_US + 5)
    store.take([event("c", ResourceKind.CACHE)], BOB, ROUTE, NOON_US + 9)
    assert [(each.identity, each.ended_at_us) for each in store.open_caches()] == [
        (ALICE, NOON_US + 5),
        (BOB, None),
    ]
    later = NOON_US + 9 + CACHE_TTL_US
    store.take([event("c", ResourceKind.CACHE)], ALICE, ROUTE, later)
    assert len(store.open_caches()) == 3


def test_settled_once_among_many(store: Resources, tmp_path: Path) -> None:
    """Eight readers at once, each with the file open itself: one settles, one row is due (M11)."""
    store.take([event("b")], ALICE, ROUTE, NOON_US)
    others = [Resources.open(tmp_path / FILE_NAME) for _ in range(8)]

    def settle(other: Resources) -> bool:
        record = found(other, ResourceKind.BATCH, "b")
        return other.settle(record, due(record))

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(settle, others)) == [False] * 7 + [True]
    assert len(store.outgoing(10)) == 1
    assert found(store, ResourceKind.BATCH, "b").settled


def test_row_ids_are_the_same_each_time() -> None:
    """A row made twice has one id; another instant or resource has another."""
    key = key_of(ResourceKind.CACHE, "c")
    assert row_id(key, NOON_US) == row_id(key, NOON_US)
    others = {row_id(key, NOON_US + 1), row_id(key_of(ResourceKind.CACHE, "d"), NOON_US)}
    assert len(others | {row_id(key, NOON_US)}) == 3
    assert row_id(key, NOON_US)[14] == "7"
    assert (
        row_id(key, NOON_US)[:13]
        == f"{NOON_US // 1000:012x}"[:8] + "-" + f"{NOON_US // 1000:012x}"[8:]
    )


def test_accrual_goes_on_from_where_it_was(store: Resources) -> None:
    """A second run from the same state books nothing."""
    store.take([event("c", ResourceKind.CACHE)], ALICE, ROUTE, NOON_US)
    (cache,) = store.open_caches()
    assert store.accrue(cache, NOON_US + 10, [due(cache)])
    assert not store.accrue(cache, NOON_US + 10, [due(cache, NOON_US + 1)])
    (cache,) = store.open_caches()
    assert cache.accrued_to_us == NOON_US + 10
    assert store.accrue(cache, NOON_US + CACHE_TTL_US, [])
    assert store.open_caches() == []
    assert len(store.outgoing(10)) == 1


def test_outbox_gives_rows_until_they_are_handed_over(store: Resources) -> None:
    """Asking takes nothing away."""
    store.take([event("b")], ALICE, ROUTE, NOON_US)
    record = found(store, ResourceKind.BATCH, "b")
    store.settle(record, due(record))
    assert store.outgoing(10) == store.outgoing(10) == [due(record)]
    store.handed_over([due(record).exchange_id])
    assert store.outgoing(10) == []


def test_prune_forgets_what_is_past_its_time(store: Resources) -> None:
    """A week is an upload's time, months a batch's; a cache that is not booked to its end stays."""
    for kind in (ResourceKind.UPLOAD, ResourceKind.BATCH, ResourceKind.CACHE):
        store.take([event("old", kind)], ALICE, ROUTE, NOON_US)
    assert store.prune(NOON_US + (KEPT_DAYS[ResourceKind.UPLOAD] + 1) * DAY_US) == 1
    assert store.find(ResourceKind.UPLOAD, "old") is None
    assert store.prune(NOON_US + 400 * DAY_US) == 1
    (cache,) = store.open_caches()
    store.accrue(cache, NOON_US + CACHE_TTL_US, [])
    assert store.prune(NOON_US + 400 * DAY_US) == 1


def test_sync_does_nothing_where_nothing_was_written(store: Resources, tmp_path: Path) -> None:
    """Changes are noticed whoever made them."""
    other = Resources.open(tmp_path / FILE_NAME)
    assert store.sync()
    assert not store.sync()
    other.take([event("b")], ALICE, ROUTE, NOON_US)
    assert store.sync()
    assert not store.sync()


def test_long_log_is_folded_into_the_file(
    store: Resources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log stays short however much is written, while a worker goes on writing."""
    monkeypatch.setattr(resources_module, "LOG_BYTES_MAX", 100_000)
    worker = Resources.open(tmp_path / FILE_NAME)
    log = tmp_path / f"{FILE_NAME}-wal"
    for number in range(100):
        worker.take([event(f"b{number}")], ALICE, ROUTE, NOON_US)
        if number % 10 == 9:
            store.sync()
            worker.take([event(f"c{number}")], ALICE, ROUTE, NOON_US)
    assert log.stat().st_size < 400_000
    assert worker.find(ResourceKind.BATCH, "b0") is not None
    assert store.find(ResourceKind.BATCH, "c99") is not None


def test_many_open_at_once(tmp_path: Path) -> None:
    """Workers that start together make one file with one layout."""
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(lambda _: Resources.open(tmp_path / FILE_NAME), range(8)))
    stores[0].take([event("b")], ALICE, ROUTE, NOON_US)
    assert all(store.find(ResourceKind.BATCH, "b") for store in stores)


def test_file_from_the_future_is_refused(tmp_path: Path) -> None:
    """A newer layout is not touched."""
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(LedgerError, match="schema version 99"):
        Resources.open(tmp_path / FILE_NAME)


def test_no_database_is_told_with_what_to_do(tmp_path: Path) -> None:
    """A file that is something else is named, with a remedy."""
    (tmp_path / FILE_NAME).write_bytes(b"no database at all, but long enough" * 10)
    with pytest.raises(LedgerError, match="restore it from a backup"):
        Resources.open(tmp_path / FILE_NAME)


def test_failures_are_ours_and_name_no_value(store: Resources) -> None:
    """A store that fails raises the ledger's error with the kind of failure alone."""
    store.close()
    with pytest.raises(LedgerError) as caught:
        store.take([event("AKcanary", ResourceKind.UPLOAD)], ALICE, ROUTE, NOON_US)
    assert "AKcanary" not in str(caught.value)
