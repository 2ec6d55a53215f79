"""Sums of a window and what is to come, by the query model, over a small ledger."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from memory_ledger import MemoryLedger

from weighbridge.reports.compare import Run
from weighbridge.reports.service import ReportService
from weighbridge.reports.window_spend import EVERYTHING, Window, outlooks, spent_in

NOW = datetime(2026, 11, 11, 12, tzinfo=UTC)
DAY = timedelta(days=1)
DOLLAR = 10**12


def row(at: datetime, agent: str | None, cost: str | None, department: str = "care") -> dict:
    return {
        "started_at": at,
        "agent": agent,
        "department": department,
        "labels": {},
        "list_cost": None if cost is None else Decimal(cost),
        "pricing_status": "unpriced" if cost is None else "priced",
    }


@pytest.fixture
def run() -> Run:
    ledger = MemoryLedger()
    rows = [row(NOW - n * DAY, "a", "2") for n in range(1, 11)]
    rows += [row(NOW - n * DAY, None, "1") for n in range(1, 4)]
    rows += [
        row(NOW - timedelta(hours=1), "a", "0.000000000001"),
        row(NOW - timedelta(hours=1), "b", None),
        row(NOW - timedelta(hours=1), "c", "9", department="other"),
        row(NOW + 40 * DAY, "a", "5"),
    ]
    ledger.fill(rows)
    service = ReportService(ledger)
    return lambda query: service.run(query, NOW)


def month(**more: object) -> Window:
    given = {
        "since": datetime(2026, 11, 1, tzinfo=UTC),
        "until": datetime(2026, 12, 1, tzinfo=UTC),
        "timezone": "UTC",
        "filters": {"department": ("care",)},
    }
    return Window(**{**given, **more})  # type: ignore[arg-type]


def test_a_window_without_a_split_is_one_sum(run: Run) -> None:
    """What began within it and fits the filters, to the pico-dollar."""
    assert spent_in(month(), run) == {EVERYTHING: 23 * DOLLAR + 1}


def test_a_split_adds_up_to_the_window(run: Run) -> None:
    """Each value has its sum, nothing given is `(none)`, an unknown cost counts as nothing."""
    found = spent_in(month(per="agent"), run)
    assert found == {"a": 20 * DOLLAR + 1, "(none)": 3 * DOLLAR, "b": 0}
    assert list(found) == ["a", "(none)", "b"]


def test_the_rest_of_a_limit_is_left_out(run: Run) -> None:
    """Of many values the largest are given; their rest is no value."""
    assert list(spent_in(month(per="agent"), run, most=1)) == ["a"]


def test_a_window_without_ends_counts_everything(run: Run) -> None:
    """Also what began after now, where a clock is ahead."""
    total = month(since=None, until=None)
    assert spent_in(total, run) == {EVERYTHING: 28 * DOLLAR + 1}
    assert outlooks(total, [EVERYTHING], run, NOW) == {}


def test_each_value_is_forecast_by_its_own_days(run: Run) -> None:
    """`a` spends two dollars a day; a value that is new has no forecast."""
    found = outlooks(month(per="agent"), ["a", "b", "never seen"], run, NOW)
    assert found["a"].expected_pico == 39 * DOLLAR  # half of today, and nineteen days
    assert found["b"].expected_pico is None
    assert found["never seen"].expected_pico is None


def test_a_value_outside_the_filters_has_nothing(run: Run) -> None:
    """A split of the filter's own dimension never widens it."""
    window = month(per="department")
    assert spent_in(window.only(["other"]), run) == {}
