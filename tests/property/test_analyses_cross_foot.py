"""D2 for analyses: comparisons, kinds of waste and forecasts add up to the ledger, in any zone."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_ledger import MemoryLedger

from weighbridge.core.exchange import COLUMNS
from weighbridge.core.money import decimal_to_pico
from weighbridge.reports.compare import compare
from weighbridge.reports.cost_query import CostQuery, QueryError
from weighbridge.reports.forecast import forecast_month
from weighbridge.reports.result import QueryResult
from weighbridge.reports.service import ReportService
from weighbridge.reports.waste import KINDS, find_waste
from weighbridge.reports.zones import midnight

NOW = datetime(2026, 11, 2, 7, 30, tzinfo=UTC)
# A day ahead, a day behind, and across the end of summer time.
ZONES = ("Pacific/Kiritimati", "Pacific/Niue", "Europe/Berlin", "Australia/Lord_Howe", "UTC")
FIRST = datetime(2026, 9, 1, tzinfo=UTC)
HOURS = 24 * 61


@pytest.fixture(scope="module")
def reports() -> ReportService:
    """An exchange for every hour and some minutes of two months, ending in every way."""
    rows = []
    for n in range(HOURS):
        row = dict.fromkeys(COLUMNS)
        row |= {
            "started_at": FIRST + timedelta(minutes=60 * n + n % 7),
            "department": ("lab", "shop", None)[n % 3],
            "agent": f"a{n % 11}",
            "outcome": ("ok", "ok", "client_error", "client_closed", "upstream_failed")[n % 5],
            "error_type": "RESOURCE_EXHAUSTED" if n % 10 == 2 else None,
            "block_reason": "SAFETY" if n % 13 == 0 else None,
            "finish_reason": ("STOP", "MAX_TOKENS", "SAFETY", None)[n % 4],
            "status": 200,
            "pricing_status": "unpriced" if n % 17 == 0 else "priced",
            "usage_source": "final",
            "list_cost": None if n % 17 == 0 else Decimal(n * 7919 % 10**6).scaleb(-12),
            "total_tokens": n,
            "labels": {},
        }
        rows.append(row)
    ledger = MemoryLedger()
    ledger.fill(rows)
    return ReportService(ledger)


def runner(reports: ReportService):  # noqa: ANN201 - a closure
    def run(query: CostQuery) -> QueryResult:
        return reports.run(query, NOW)

    return run


ranges = st.tuples(st.integers(0, HOURS), st.integers(1, 24 * 20)).map(
    lambda pair: (FIRST + timedelta(hours=pair[0]), FIRST + timedelta(hours=pair[0] + pair[1]))
)
filters = st.sampled_from([{}, {"department": ("lab", "(none)")}, {"agent": ("a1", "a2")}])


@settings(max_examples=40, deadline=None)
@given(ends=ranges, zone=st.sampled_from(ZONES), step=st.sampled_from(["auto", "day", "month"]))
def test_changes_add_up(
    reports: ReportService, ends: tuple[datetime, datetime], zone: str, step: str
) -> None:
    """Groups add up to both periods' totals, and movers with their rest to the change."""
    query = CostQuery(
        since=ends[0],
        until=ends[1],
        timezone=zone,
        group_by=("department", "agent"),
        metrics=("cost", "exchanges"),
    )
    found = compare(query, runner(reports), NOW, step=step, movers=3)
    for name in query.metrics:
        total = found.totals.changes[name]
        assert sum(g.changes[name].current or 0 for g in found.groups) == (total.current or 0)
        assert sum(g.changes[name].previous or 0 for g in found.groups) == (total.previous or 0)
    cost = found.totals.changes["cost"]
    assert len(found.movers) <= 3
    if cost.difference is not None and found.movers_rest is not None:
        moved = sum((g.changes["cost"].current or 0) for g in found.movers)
        assert moved + found.movers_rest.current == cost.current
    alone = reports.run(query.between(found.previous.query.since, found.previous.query.until), NOW)
    assert alone.totals == found.previous.totals


@settings(max_examples=40, deadline=None)
@given(ends=ranges, chosen=filters)
def test_kinds_add_up(
    reports: ReportService, ends: tuple[datetime, datetime], chosen: dict[str, tuple[str, ...]]
) -> None:
    """Every exchange is of one kind, and the wasted kinds make the metric `wasted_cost`."""
    query = CostQuery(since=ends[0], until=ends[1], filters=chosen)
    found = find_waste(query, runner(reports))
    for name in ("cost", "exchanges", "wasted_cost", "total_tokens", "unpriced"):
        summed = sum(kind.figures[name] or 0 for kind in found.kinds)
        assert summed == (found.totals[name] or 0)
    wasted = sum(kind.figures["cost"] or 0 for kind in found.kinds if kind.wasted)
    assert wasted == found.totals["wasted_cost"]
    assert [kind.name for kind in found.kinds] == list(KINDS)
    for kind in found.kinds:
        assert sum(r.figures["exchanges"] for r in kind.reasons) == kind.figures["exchanges"]


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize("day", [date(2026, 10, 3), date(2026, 10, 26), date(2026, 11, 1)])
def test_spent_is_the_month_so_far(reports: ReportService, name: str, day: date) -> None:
    """What a forecast begins with is what the same range of the ledger costs."""
    zone = ZoneInfo(name)
    now = midnight(day, zone) + timedelta(hours=13)
    made = forecast_month(CostQuery(timezone=name), lambda q: reports.run(q, now), now)
    start, end = midnight(day.replace(day=1), zone), midnight(day + timedelta(days=1), zone)
    spent = reports.run(CostQuery(since=start, until=end, metrics=("cost",)), now).totals["cost"]
    assert made.spent_pico == decimal_to_pico(spent or Decimal(0))


def test_a_comparison_needs_a_period(reports: ReportService) -> None:
    """Without a beginning there is no period before, and all that is wrong is told at once."""
    with pytest.raises(QueryError) as error:
        compare(CostQuery(granularity="day"), runner(reports), NOW, step="fortnight")
    assert error.value.fields == ["since", "granularity", "step"]


def test_nothing_before_is_no_percentage(reports: ReportService) -> None:
    """A group that is new went up by all it costs; by how many per cent, nobody can say."""
    query = CostQuery(since=FIRST, until=NOW, group_by=("department",), metrics=("cost",))
    change = compare(query, runner(reports), NOW).groups[0].changes["cost"]
    assert (change.previous, change.relative) == (0, None)
    assert change.difference == change.current
