"""Storage of caches from the store of resources into the ledger, across lives of the process."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import partial
from pathlib import Path

from weighbridge.attribution.identity import Identity
from weighbridge.control.cache_storage import CacheStorage
from weighbridge.core.resource import ResourceChange, ResourceEvent, ResourceKind
from weighbridge.core.usage import Usage
from weighbridge.ledger.loader import Loader
from weighbridge.ledger.outbox import Outbox
from weighbridge.ledger.recovery import Recovery
from weighbridge.ledger.resources import Resources
from weighbridge.ledger.stores.duckdb import DuckDBStore
from weighbridge.pricing.catalogue import PriceBook
from weighbridge.pricing.storage import rate_storage
from weighbridge.providers.base import Route

# A model whose storage doubles in price at the turn of the year: 0.50 USD, then 1.00.
MODEL = "gemini-3.6-flash"
EVENING_US = 1_798_747_200_000_000  # 2026-12-31T20:00:00Z
HOUR_US = 3_600_000_000
ROUTE = Route(
    provider="google",
    surface="gemini",
    upstream="gemini",
    host="generativelanguage.googleapis.com",
    operation="createCachedContent",
)
BOOK = PriceBook.load()


class Life:
    """One life of the control process, by its own clock."""

    def __init__(self, folder: Path) -> None:
        self.resources = Resources.open(folder / "resources.sqlite3")
        self.store = DuckDBStore.open(folder / "ledger.duckdb", threads=1)
        known = self.store.known_exchange_ids
        self._storage = CacheStorage(self.resources, partial(rate_storage, BOOK), node="gw")
        self._outbox = Outbox(folder / "journal", self.resources, known)
        self._loader = Loader(folder / "journal", self.store)
        self._recovery = Recovery(folder / "journal", folder, known)

    def round(self, now_us: int, steps: int = 4) -> None:
        """What is done at a moment, or the first steps of it before the process dies."""
        work = (
            lambda: self._storage.run_once(now_us),
            lambda: self._recovery.run_once(now_us),
            lambda: self._outbox.run_once(now_us),
            self._loader.run_once,
        )
        for step in work[:steps]:
            step()

    def hears(self, change: ResourceChange, at_us: int, **facts: object) -> None:
        """A worker tells of a cache."""
        event = ResourceEvent(
            kind=ResourceKind.CACHE,
            name="cachedContents/c",
            change=change,
            **facts,  # type: ignore[arg-type]
        )
        self.resources.take([event], Identity(token_id="tok_a", department="lab"), ROUTE, at_us)


@contextmanager
def life(folder: Path) -> Iterator[Life]:
    lived = Life(folder)
    yield lived
    lived.store.close()
    lived.resources.close()


def test_cache_across_restarts_patches_and_a_change_of_price(tmp_path: Path) -> None:
    """Ten hours of a million tokens: four at the old price, six at the new, each booked once."""
    with life(tmp_path) as first:
        first.hears(
            ResourceChange.CREATED,
            EVENING_US,
            model=MODEL,
            usage=Usage(input_tokens=1_000_000),
            created_at_us=EVENING_US,
            expires_at_us=EVENING_US + HOUR_US,
        )
        first.round(EVENING_US + HOUR_US // 2)
        # Half an hour before its end it is given three hours more.
        later = EVENING_US + 7 * HOUR_US // 2
        first.hears(ResourceChange.UPDATED, EVENING_US + HOUR_US // 2, expires_at_us=later)
    for steps in (1, 2, 3, 4):  # the process dies a step later each time
        with life(tmp_path) as again:
            again.round(EVENING_US + 2 * HOUR_US + HOUR_US // 10, steps)
    with life(tmp_path) as last:
        last.hears(
            ResourceChange.UPDATED,
            EVENING_US + 3 * HOUR_US,
            expires_at_us=EVENING_US + 99 * HOUR_US,
        )
        # Nobody accrues for seven hours, in which the cache is deleted.
        last.hears(ResourceChange.DELETED, EVENING_US + 10 * HOUR_US)
        for _ in range(3):
            last.round(EVENING_US + 20 * HOUR_US)
        rows = last.store.fetch(
            "SELECT count(*), sum(list_cost), sum(epoch_us(ended_at) - epoch_us(started_at)), "
            "max(ended_at - started_at), any_value(department), count(DISTINCT started_at) "
            "FROM exchanges WHERE operation = 'cacheStorage' AND pricing_status = 'priced'"
        )
    ((count, cost, lain_us, longest, department, starts),) = rows
    assert (count, starts, department) == (10, 10, "lab")
    assert lain_us == 10 * HOUR_US
    assert longest.total_seconds() == 3600
    assert cost == Decimal("0.50") * 4 + Decimal("1.00") * 6
