"""Whatever happens to a cache, and whenever accrual runs, its storage is its lifetime, once."""

from contextlib import suppress
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from weighbridge.attribution.identity import Identity
from weighbridge.control.cache_storage import LATE_US, CacheStorage
from weighbridge.core.clock import to_unix_us
from weighbridge.core.exchange import Exchange
from weighbridge.core.outcome import PricingStatus
from weighbridge.core.resource import ResourceChange, ResourceEvent, ResourceKind
from weighbridge.core.usage import Usage
from weighbridge.ledger.resource_rows import DueRow, Record
from weighbridge.ledger.resources import Resources
from weighbridge.pricing.catalogue import PriceBook
from weighbridge.pricing.rating import Rating
from weighbridge.pricing.storage import rate_storage
from weighbridge.providers.base import Route

NOON_US = 1_767_268_800_000_000
SECOND_US = 1_000_000
TOKENS = 123_457
BOOK = PriceBook.load()
ROUTE = Route(
    provider="google",
    surface="gemini",
    upstream="gemini",
    host="h",
    operation="createCachedContent",
)


class Step(NamedTuple):
    """Time passes; then the cache's lifetime is set, or it is deleted, or neither; then accrual
    runs, dies in the middle, or does not run. `late` is how long a worker takes to note it."""

    passes_s: int
    lifetime_s: int | None
    deletes: bool
    late_s: int
    accrual: str


STEPS = st.lists(
    st.builds(
        Step,
        st.one_of(st.integers(0, 200), st.integers(3541, 3600), st.integers(0, 3 * 86_400)),
        st.one_of(st.none(), st.integers(0, 20_000)),
        st.sampled_from([False, False, False, True]),
        st.integers(0, LATE_US // SECOND_US - 1),
        st.sampled_from(["runs", "dies", "rests", "runs twice", "restarts"]),
    ),
    max_size=12,
)


class Died(BaseException):
    """The control process, in the middle of an accrual."""


class Dying:
    """A store whose process dies after a number of commits."""

    def __init__(self, store: Resources, commits: int) -> None:
        self._store = store
        self._commits = commits
        self.open_caches = store.open_caches

    def accrue(self, record: Record, to_us: int, rows: list[DueRow]) -> bool:
        if not self._commits:
            raise Died
        self._commits -= 1
        return self._store.accrue(record, to_us, rows)


def rate(  # noqa: PLR0917 - as `rate_storage`
    model: str | None, surface: str | None, location: str | None, tokens: int, a: int, b: int
) -> Rating:
    return rate_storage(BOOK, model, surface, location, tokens, a, b)


def event(change: ResourceChange, **facts: object) -> ResourceEvent:
    return ResourceEvent(kind=ResourceKind.CACHE, name="c", change=change, **facts)  # type: ignore[arg-type]


def accrue(path: Path, store: Resources, how: str, now_us: int) -> Resources:
    """One turn of the control process."""
    if how == "restarts":
        store.close()
        store = Resources.open(path)
    if how == "dies":
        dying = Dying(store, now_us // SECOND_US % 2)
        with suppress(Died):
            CacheStorage(dying, rate, node=None).run_once(now_us)  # type: ignore[arg-type]
    elif how != "rests":
        for _ in range(2 if how == "runs twice" else 1):
            CacheStorage(store, rate, node=None).run_once(now_us)
    return store


@settings(max_examples=100, deadline=None)
@example(7200, [Step(3590, None, deletes=True, late_s=30, accrual="runs twice")])
@example(3600, [Step(3590, 3600, deletes=False, late_s=30, accrual="runs twice")])
@given(first_lifetime_s=st.integers(1, 20_000), steps=STEPS)
def test_storage_is_the_lifetime_once(first_lifetime_s: int, steps: list[Step]) -> None:
    """PATCHed, deleted, restarted, killed: stretches touch, and sum up to the whole (M11)."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "resources.sqlite3"
        store = Resources.open(path)
        now_us = NOON_US
        end_us = now_us + first_lifetime_s * SECOND_US
        created = event(
            ResourceChange.CREATED,
            model="gemini-2.5-flash",
            usage=Usage(input_tokens=TOKENS),
            created_at_us=now_us,
            expires_at_us=end_us,
        )
        store.take([created], Identity(), ROUTE, now_us)
        for step in steps:
            now_us += step.passes_s * SECOND_US
            alive = now_us < end_us
            noted_us = now_us + step.late_s * SECOND_US
            if step.accrual == "runs twice":  # a run between the change and its noting
                CacheStorage(store, rate, node=None).run_once(noted_us)
            if alive and step.deletes:
                end_us = now_us
                store.take([event(ResourceChange.DELETED)], Identity(), ROUTE, now_us)
            elif alive and step.lifetime_s is not None:
                end_us = now_us + step.lifetime_s * SECOND_US
                patched = event(ResourceChange.UPDATED, expires_at_us=end_us)
                store.take([patched], Identity(), ROUTE, now_us)
            now_us = noted_us
            store = accrue(path, store, step.accrual, now_us)
        CacheStorage(store, rate, node=None).run_once(max(now_us, end_us) + LATE_US)
        due = store.outgoing(100_000)
        assert store.open_caches() == []
        store.close()
    check(due, end_us)


def check(due: list[DueRow], end_us: int) -> None:
    rows = [msgspec.json.decode(each.line, type=Exchange) for each in due]
    stretches = sorted((unix_us(row.started_at), unix_us(row.ended_at)) for row in rows)
    at = NOON_US
    for begin, end in stretches:
        assert begin == at < end
        at = end
    assert at == end_us
    whole = rate("gemini-2.5-flash", "gemini", None, TOKENS, NOON_US, end_us)
    assert sum(pico(row.list_cost) for row in rows) == whole.list_cost_pico
    assert {row.pricing_status for row in rows} <= {PricingStatus.PRICED}


def unix_us(text: str) -> int:
    return to_unix_us(datetime.fromisoformat(text))


def pico(cost: str | None) -> int:
    assert cost is not None
    return int(cost.replace(".", ""))
