"""Storage of explicit caches, booked by the hour until they expire or are deleted (M11).

Hides which stretches of time are due: each full hour since a cache's creation, and what is left
at its end. A stretch is booked a little late, so that a deletion or a changed lifetime that a
worker has just seen is known first; so accrual never runs past a cache's end. How far a cache is
booked stands in its record, changed in one transaction with its rows, so a crash or a second
run books nothing twice, and what a downtime left is caught up with.

Rules for future edits: time is an argument; no row for a stretch that is not over; stretches of
a cache touch and never overlap. Counterparts: `ledger/resources` keeps the caches,
`pricing/storage` rates a stretch, `ledger/outbox` hands the rows over.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple, Protocol

import msgspec

from weighbridge.core.exchange import Exchange
from weighbridge.core.outcome import Note, PricingStatus, UsageSource
from weighbridge.ledger.later_rows import Charged, LaterRows, due
from weighbridge.ledger.resource_rows import CACHE_TTL_US, DueRow, Record
from weighbridge.pricing.rating import Rating

OPERATION: Final = "cacheStorage"
HOUR_US: Final = 3600 * 1_000_000
LATE_US: Final = 60 * 1_000_000
_ROWS_AT_ONCE: Final = 64
_FREE_TIER: Final = Rating(0, PricingStatus.FREE, notes=(Note.FREE_TIER,))
_UNMETERED: Final = Rating(None, PricingStatus.UNMETERED)

RateStorage = Callable[[str | None, str | None, str | None, int, int, int], Rating]
"""`pricing.storage.rate_storage` with the price book in force: model, surface, location, tokens,
from and to in microseconds."""


class Stretch(NamedTuple):
    """Time that a cache lay there: from one instant (included) to another (excluded)."""

    from_us: int
    to_us: int


class CacheStore(Protocol):
    """What accrual needs of the store of resources."""

    def open_caches(self) -> list[Record]:
        """Caches whose storage is not booked to their end."""
        ...

    def accrue(self, record: Record, to_us: int, rows: Sequence[DueRow]) -> bool:
        """Mark storage as booked up to an instant, and put its rows into the outbox."""
        ...


def end_of(cache: Record) -> int:
    """When a cache ends, as far as is known: its expiry, or its deletion before that."""
    expiry = cache.expires_at_us
    if expiry is None:
        expiry = cache.created_at_us + CACHE_TTL_US
    return expiry if cache.ended_at_us is None else min(expiry, cache.ended_at_us)


def due_stretches(cache: Record, now_us: int) -> Iterator[Stretch]:
    """What is to be booked of a cache by now, oldest first.

    Gives: stretches from where it is booked to, each up to the next full hour since its
    creation, the last up to its end; none that reaches into the last minute.
    Example: created at 10:10 with a lifetime of 90 minutes, at 12:00: 10:10 to 11:10 and 11:10
    to 11:40; at 11:10:59 nothing yet.
    """
    created, end = cache.created_at_us, end_of(cache)
    until = now_us - LATE_US
    at = created if cache.accrued_to_us is None else cache.accrued_to_us
    while at < end:
        next_hour = created + ((at - created) // HOUR_US + 1) * HOUR_US
        to = min(next_hour, end)
        if to > until:
            return
        yield Stretch(at, to)
        at = to


class CacheStorage:
    """Books what is due; run by the control process alone."""

    def __init__(self, store: CacheStore, rate_storage: RateStorage, *, node: str | None) -> None:
        self.booked = 0
        self._store = store
        self._rate_storage = rate_storage
        self._rows = LaterRows(node)

    def __repr__(self) -> str:
        return f"<CacheStorage {self.booked} stretches booked>"

    def run_once(self, now_us: int) -> int:
        """Book all that is due by now; gives how many rows it came to.

        Errors: `LedgerError`; the next run goes on where this one stopped.
        """
        before = self.booked
        for cache in self._store.open_caches():
            self._book(cache, now_us)
        return self.booked - before

    def _book(self, cache: Record, now_us: int) -> None:
        while stretches := list(islice(due_stretches(cache, now_us), _ROWS_AT_ONCE)):
            to_us = stretches[-1].to_us
            rows = [due(self._row(cache, stretch)) for stretch in stretches]
            if not self._store.accrue(cache, to_us, rows):
                return  # somebody else has; the next run sees how far
            self.booked += len(rows)
            cache = msgspec.structs.replace(cache, accrued_to_us=to_us)

    def _row(self, cache: Record, stretch: Stretch) -> Exchange:
        charged = Charged(
            operation=OPERATION,
            model=cache.called.model,
            usage_source=UsageSource.ESTIMATED,
            rating=self._rating(cache, stretch),
            from_us=stretch.from_us,
            to_us=stretch.to_us,
        )
        return self._rows.row(cache, charged)

    def _rating(self, cache: Record, stretch: Stretch) -> Rating:
        if cache.identity.free_tier:
            return _FREE_TIER
        tokens = cache.usage.input_tokens if cache.usage is not None else None
        if tokens is None:
            return _UNMETERED
        called = cache.called
        return self._rate_storage(called.model, called.surface, called.location, tokens, *stretch)
