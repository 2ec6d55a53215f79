"""D2: any grouping adds up to the total, and the sum of days is the range, in every zone."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.core.exchange import COLUMNS
from weighbridge.reports.metrics import METRICS
from weighbridge.reports.query import CostQuery
from weighbridge.reports.result import QueryResult
from weighbridge.reports.service import ReportService

NOW = datetime(2026, 12, 31, 12, tzinfo=UTC)
COUNT = 5_000
ZONES = (
    "UTC",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "Europe/Berlin",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Africa/Cairo",
)
ADDITIVE = tuple(
    name for name, metric in METRICS.items() if metric.additive and metric.unit != "time"
)
DIMENSIONS = ("department", "agent", "model", "outcome", "status", "streamed", "label:team")
TEXTS = ("location", "notes", "charges", "exchange_id", "ended_at", "node", "token_id")

# A year of exchanges, some without department, label, cost or count.
FIGURES = {
    "started_at": "TIMESTAMP '2026-01-01' + to_microseconds((i * 6307199999 + i % 7)::BIGINT)",
    "department": "CASE WHEN i % 11 = 0 THEN NULL ELSE 'd' || (i % 5) END",
    "agent": "'agent ' || (i % 97)",
    "model": "'m' || (i % 4)",
    "outcome": "CASE WHEN i % 13 = 0 THEN 'client_error' WHEN i % 17 = 0 THEN 'client_closed' "
    "ELSE 'ok' END",
    "block_reason": "CASE WHEN i % 19 = 0 THEN 'SAFETY' END",
    "status": "CASE WHEN i % 13 = 0 THEN 429 ELSE 200 END",
    "streamed": "i % 2 = 0",
    "labels": "CASE WHEN i % 3 = 0 THEN MAP {} ELSE MAP {'team': 't' || (i % 6)} END",
    "pricing_status": "CASE WHEN i % 23 = 0 THEN 'unpriced' ELSE 'priced' END",
    "usage_source": "CASE WHEN i % 29 = 0 THEN 'partial' ELSE 'final' END",
    "list_cost": "CASE WHEN i % 23 = 0 THEN NULL ELSE (i * 7919 % 1000003 / 1e12) END"
    "::DECIMAL(18,12)",
    "video_seconds": "(i % 3 / 4)::DECIMAL(18,6)",
}


class YearLedger:
    """A ledger made by SQL, so that thousands of rows are no wait."""

    dialect = "duckdb"

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        columns = ", ".join(f"{self._figure(name)} AS {name}" for name in COLUMNS)
        self.connection.execute(
            f"CREATE TABLE exchanges AS SELECT {columns} FROM range({COUNT}) t(i)"
        )

    @staticmethod
    def _figure(name: str) -> str:
        if name.endswith(("_tokens", "_us", "_bytes", "_queries")) or name == "images":
            return f"CASE WHEN i % 31 = 0 THEN NULL ELSE i * {len(name)} % 1009 END"
        return FIGURES.get(name, "NULL::VARCHAR")

    def fetch(
        self, sql: str, params: Sequence[Any], *, timeout_ms: int | None = None, stop: object = None
    ) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql, params).fetchall()

    def first_started_at(self) -> datetime | None:
        return self.fetch("SELECT MIN(started_at) FROM exchanges", [])[0][0]


@pytest.fixture(scope="module")
def reports() -> Iterator[ReportService]:
    ledger = YearLedger()
    yield ReportService(ledger)
    ledger.connection.close()


def known(figures: dict[str, Any]) -> dict[str, Any]:
    """Figures to add up: what is not known of one part adds nothing to the whole."""
    return {name: figures[name] or 0 for name in ADDITIVE}


def summed(result: QueryResult) -> dict[str, Any]:
    rows = [known(row) for row in result.rows]
    return {name: sum((row[name] for row in rows), start=Decimal(0)) for name in ADDITIVE}


instants = st.integers(0, 364 * 86_400_000).map(
    lambda ms: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
)
queries = st.builds(
    CostQuery,
    metrics=st.just(ADDITIVE),
    timezone=st.sampled_from(ZONES),
    granularity=st.sampled_from(["none", "hour", "day", "week", "month"]),
    group_by=st.lists(st.sampled_from(DIMENSIONS), unique=True, max_size=2).map(tuple),
    limit=st.sampled_from([None, 1, 3, 10]),
)


@settings(max_examples=60, deadline=None)
@given(query=queries, ends=st.tuples(instants, instants).map(sorted))
def test_rows_add_up(reports: ReportService, query: CostQuery, ends: list[datetime]) -> None:
    """However a range is cut, every additive metric of the rows sums to the plain total."""
    whole = CostQuery(since=ends[0], until=ends[1], metrics=ADDITIVE)
    expected = reports.run(whole, NOW)
    result = reports.run(query.between(*ends), NOW)
    assert known(expected.totals) == summed(result)
    assert expected.totals == result.totals
    assert expected.completeness == result.completeness


@settings(max_examples=40, deadline=None)
@given(
    query=st.builds(
        CostQuery,
        metrics=st.just((*ADDITIVE, "error_rate", "latency_p50", "latency_p95", "ttfb_p50")),
        timezone=st.sampled_from(ZONES),
        granularity=st.sampled_from(["day", "week", "month"]),
        group_by=st.lists(st.sampled_from(DIMENSIONS), unique=True, min_size=1, max_size=2).map(
            tuple
        ),
        limit=st.sampled_from([None, 1, 3]),
        order_by=st.sampled_from([None, "-cost", "latency_p95", "error_rate"]),
    ),
    ends=st.tuples(instants, instants).map(sorted),
)
def test_apart_is_what_two_questions_give(
    reports: ReportService, query: CostQuery, ends: list[datetime]
) -> None:
    """By group and by bucket in one pass, every figure is as where each is asked for alone."""
    asked = query.between(*ends)
    by_group = reports.run(replace(asked, granularity="none"), NOW)
    by_time = reports.run(replace(asked, group_by=(), limit=None, order_by=None), NOW)
    assert reports.run_apart(asked, NOW) == (by_group, by_time)


@settings(max_examples=30, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    granularity=st.sampled_from(["none", "day", "month"]),
    group_by=st.lists(st.sampled_from(DIMENSIONS), unique=True, max_size=2).map(tuple),
    ends=st.tuples(instants, instants).map(sorted),
)
def test_figures_alone_are_the_same(
    reports: ReportService,
    zone: str,
    granularity: str,
    group_by: tuple[str, ...],
    ends: list[datetime],
) -> None:
    """Figures are the same without completeness, to the digit; percentiles without any sum, too."""
    spreads = ("latency_p50", "latency_p95", "input_tokens_p99")
    asked = CostQuery(
        since=ends[0], until=ends[1], timezone=zone, granularity=granularity, group_by=group_by
    )
    sums = reports.run(replace(asked, metrics=("exchanges",)), NOW)
    both = reports.run(replace(asked, metrics=("exchanges", *spreads)), NOW)
    costs = replace(asked, metrics=("cost", "error_rate"), limit=3)
    assert reports.run_alone(costs, NOW) == replace(reports.run(costs, NOW), completeness={})
    alone = replace(asked, metrics=spreads)
    assert sums.beside(reports.run_alone(alone, NOW)) == both
    if granularity != "none" and group_by:
        by_group, by_time = reports.run_apart(replace(asked, metrics=("exchanges",)), NOW)
        more_by_group, more_by_time = reports.run_apart(alone, NOW, alone=True)
        expected = reports.run_apart(replace(asked, metrics=("exchanges", *spreads)), NOW)
        assert (by_group.beside(more_by_group), by_time.beside(more_by_time)) == expected


@settings(max_examples=30, deadline=None)
@given(zone=st.sampled_from(ZONES), ends=st.tuples(instants, instants, instants).map(sorted))
def test_ranges_that_touch_share_nothing(
    reports: ReportService, zone: str, ends: list[datetime]
) -> None:
    """Two ranges that meet at an instant add up to the range over both."""
    parts = [
        reports.run(CostQuery(since=a, until=b, timezone=zone, metrics=ADDITIVE), NOW).totals
        for a, b in ((ends[0], ends[1]), (ends[1], ends[2]), (ends[0], ends[2]))
    ]
    first, second, both = map(known, parts)
    assert both == {name: first[name] + second[name] for name in ADDITIVE}


@pytest.mark.parametrize("zone", ZONES)
def test_days_asked_one_by_one(reports: ReportService, zone: str) -> None:
    """A day's row of a range is what asking for just that day gives, on 23 and 25 hour days too."""
    metrics = ("cost", "exchanges")
    days = CostQuery(timezone=zone, granularity="day", metrics=metrics)
    rows = reports.run(days, NOW).rows
    starts = [datetime.fromisoformat(row["time"]) for row in rows]
    for row, since, until in zip(rows[:-1], starts[:-1], starts[1:], strict=True):
        alone = reports.run(CostQuery(since=since, until=until, metrics=metrics), NOW)
        assert row == {"time": since.isoformat()} | alone.totals
