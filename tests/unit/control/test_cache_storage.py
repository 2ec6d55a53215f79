"""Storage of explicit caches: which stretches are due, and what their rows say."""

from pathlib import Path

import msgspec
import pytest

from weighbridge.attribution.identity import Identity
from weighbridge.control.cache_storage import HOUR_US, LATE_US, CacheStorage, due_stretches
from weighbridge.core.exchange import Charge, Exchange
from weighbridge.core.outcome import PricingStatus
from weighbridge.core.resource import ResourceChange, ResourceEvent, ResourceKind
from weighbridge.core.usage import Usage
from weighbridge.ledger.resource_rows import Called, Record
from weighbridge.ledger.resources import Resources
from weighbridge.pricing.rating import Rating
from weighbridge.providers.base import Route

NOON_US = 1_767_268_800_000_000
MINUTE_US = 60_000_000
ROUTE = Route(
    provider="google",
    surface="gemini",
    upstream="gemini",
    host="generativelanguage.googleapis.com",
    operation="createCachedContent",
)
ALICE = Identity(token_id="tok_a", department="lab", project="p", agent="a", labels={"k": "v"})


def cache(**given: object) -> Record:
    facts: dict[str, object] = {
        "key": b"k" * 32,
        "kind": ResourceKind.CACHE,
        "identity": ALICE,
        "called": Called(model="gemini-2.5-flash", surface="gemini"),
        "usage": Usage(input_tokens=1000),
        "created_at_us": NOON_US,
        "expires_at_us": NOON_US + 90 * MINUTE_US,
        "ended_at_us": None,
        "settled": False,
        "accrued_to_us": None,
    }
    return Record(**(facts | given))  # type: ignore[arg-type]


def minutes(record: Record, at: float) -> list[tuple[float, float]]:
    """Stretches due `at` minutes after the creation, in minutes after it."""
    due = due_stretches(record, NOON_US + int(at * MINUTE_US))
    return [((a - NOON_US) / MINUTE_US, (b - NOON_US) / MINUTE_US) for a, b in due]


def test_full_hours_and_what_is_left() -> None:
    """An hour is due a minute after it is over, the rest a minute after the end."""
    assert minutes(cache(), 60.99) == []
    assert minutes(cache(), 61) == [(0, 60)]
    assert minutes(cache(), 90.99) == [(0, 60)]
    assert minutes(cache(), 91) == minutes(cache(), 9999) == [(0, 60), (60, 90)]


def test_what_is_booked_is_not_due() -> None:
    """Accrual goes on where it stopped, also off the hour."""
    booked = cache(accrued_to_us=NOON_US + HOUR_US)
    assert minutes(booked, 200) == [(60, 90)]
    assert minutes(cache(accrued_to_us=NOON_US + 90 * MINUTE_US), 200) == []
    longer = cache(accrued_to_us=NOON_US + 90 * MINUTE_US, expires_at_us=NOON_US + 130 * MINUTE_US)
    assert minutes(longer, 200) == [(90, 120), (120, 130)]


def test_deletion_ends_a_cache_and_expiry_ends_a_deleted_one() -> None:
    """The earlier of the two is the end; without a word on its lifetime it is an hour."""
    assert minutes(cache(ended_at_us=NOON_US + 7 * MINUTE_US), 8) == [(0, 7)]
    assert minutes(cache(ended_at_us=NOON_US + 700 * MINUTE_US), 999) == [(0, 60), (60, 90)]
    assert minutes(cache(expires_at_us=None), 999) == [(0, 60)]


def test_impossible_times_are_no_time() -> None:
    """A cache that ended before it began costs nothing."""
    assert minutes(cache(expires_at_us=NOON_US - 1), 999) == []
    assert minutes(cache(ended_at_us=NOON_US), 999) == []


def rate(  # noqa: PLR0917 - as `rate_storage`
    model: str | None, surface: str | None, location: str | None, tokens: int, a: int, b: int
) -> Rating:
    """A pico-dollar per token and microsecond."""
    amount = tokens * (b - a)
    charge = Charge("cache_storage_token_hour", "1", "0", "0", f"{model}/{surface}/{location}")
    return Rating(amount, PricingStatus.PRICED, msgspec.Raw(msgspec.json.encode([charge])))


@pytest.fixture
def store(tmp_path: Path) -> Resources:
    return Resources.open(tmp_path / "resources.sqlite3")


def create(store: Resources, name: str, identity: Identity = ALICE, **facts: object) -> None:
    event = ResourceEvent(
        kind=ResourceKind.CACHE,
        name=name,
        change=ResourceChange.CREATED,
        model="gemini-2.5-flash",
        expires_at_us=NOON_US + 90 * MINUTE_US,
        **facts,  # type: ignore[arg-type]
    )
    store.take([event], identity, ROUTE, NOON_US)


def rows(store: Resources) -> list[Exchange]:
    return [msgspec.json.decode(due.line, type=Exchange) for due in store.outgoing(1000)]


def test_rows_of_a_cache(store: Resources) -> None:
    """Each stretch is a row of the creator's, with its times, its charge, and no tokens."""
    create(store, "c", usage=Usage(input_tokens=1000))
    storage = CacheStorage(store, rate, node="gw")
    assert storage.run_once(NOON_US + 91 * MINUTE_US) == 2
    assert storage.run_once(NOON_US + 91 * MINUTE_US) == 0
    first, second = rows(store)
    assert (first.operation, first.provider, first.surface) == ("cacheStorage", "google", "gemini")
    assert (first.started_at, first.ended_at) == (
        "2026-01-01T12:00:00.000000Z",
        "2026-01-01T13:00:00.000000Z",
    )
    assert (second.started_at, second.ended_at) == (
        "2026-01-01T13:00:00.000000Z",
        "2026-01-01T13:30:00.000000Z",
    )
    assert (first.token_id, first.department, first.project, first.agent, first.labels) == (
        "tok_a",
        "lab",
        "p",
        "a",
        {"k": "v"},
    )
    assert (first.status, first.outcome, first.usage_source) == (0, "ok", "estimated")
    assert (first.list_cost, second.list_cost) == ("3.600000000000", "1.800000000000")
    assert first.charges[0].price_id == "gemini-2.5-flash/gemini/None"
    assert first.input_tokens is None
    assert first.node == "gw"


def test_unknown_size_is_unmetered_and_free_tier_free(store: Resources) -> None:
    """Missing is not zero; a key that pays nothing pays nothing for storage."""
    create(store, "c")
    create(store, "d", Identity(free_tier=True), usage=Usage(input_tokens=1000))
    CacheStorage(store, rate, node=None).run_once(NOON_US + HOUR_US + LATE_US)
    seen = {(row.pricing_status, row.list_cost, row.notes) for row in rows(store)}
    assert seen == {
        ("unmetered", None, ()),
        ("free", "0.000000000000", ("free_tier",)),
    }


def test_long_downtime_is_caught_up_with(store: Resources) -> None:
    """Thirty days without a control process are 720 rows, in bounded transactions."""
    create(store, "c", usage=Usage(input_tokens=1))
    longer = ResourceEvent(
        kind=ResourceKind.CACHE,
        name="c",
        change=ResourceChange.UPDATED,
        expires_at_us=NOON_US + 720 * HOUR_US,
    )
    store.take([longer], ALICE, ROUTE, NOON_US)
    assert CacheStorage(store, rate, node=None).run_once(NOON_US + 999 * HOUR_US) == 720
    assert len({row.exchange_id for row in rows(store)}) == 720


def test_lost_race_books_nothing(store: Resources) -> None:
    """Where another run has booked in the meantime, this one leaves it at that."""
    create(store, "c", usage=Usage(input_tokens=1))

    stale = store.open_caches()
    now_us = NOON_US + HOUR_US + LATE_US
    assert CacheStorage(store, rate, node=None).run_once(now_us) == 1
    late = CacheStorage(_Stale(store, stale), rate, node=None)
    assert late.run_once(now_us) == 0
    assert len(rows(store)) == 1


class _Stale:
    """A store that shows what it looked like before."""

    def __init__(self, store: Resources, seen: list[Record]) -> None:
        self._seen = seen
        self.accrue = store.accrue

    def open_caches(self) -> list[Record]:
        return self._seen
