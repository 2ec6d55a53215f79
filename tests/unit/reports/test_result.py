"""A result as JSON, CSV and table."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from weighbridge.reports.compile import compile_query
from weighbridge.reports.query import CostQuery
from weighbridge.reports.result import Column, QueryResult, build_result, for_people
from weighbridge.reports.statement import Statement
from weighbridge.reports.zones import segments

NOW = datetime(2026, 10, 26, 9, tzinfo=UTC)
DAY = 20_751  # 2026-10-25


def statement_of(query: CostQuery) -> Statement:
    return compile_query(query, segments(query.zone, NOW, NOW))


@pytest.fixture
def result() -> QueryResult:
    query = CostQuery(
        timezone="Europe/Berlin",
        granularity="day",
        group_by=("agent",),
        metrics=("cost", "exchanges", "error_rate", "latency_p95"),
        limit=1,
    )
    rows = [
        # is_total, bucket, rest, d0, exchanges, unpriced, unmetered, partial, cost, errors, spread
        (1, None, None, None, 3, 1, 0, 0, Decimal("1.500000000000"), 1, [9]),
        (0, DAY, False, 'a"b,c', 2, 0, 0, 0, Decimal("1.500000000000"), 0, [9]),
        (0, DAY, True, "(other)", 1, 1, 0, 0, None, 1, None),
    ]
    return build_result(query, statement_of(query), rows, NOW)


def test_json(result: QueryResult) -> None:
    """The contract's keys: money is text with twelve places, ratios and counts are numbers."""
    assert result.as_json() == {
        "columns": [
            {"name": "time", "unit": "time"},
            {"name": "agent", "unit": "text"},
            {"name": "cost", "unit": "USD"},
            {"name": "exchanges", "unit": "exchanges"},
            {"name": "error_rate", "unit": "ratio"},
            {"name": "latency_p95", "unit": "µs"},
        ],
        "rows": [
            {
                "time": "2026-10-25T00:00:00+02:00",
                "agent": 'a"b,c',
                "cost": "1.500000000000",
                "exchanges": 2,
                "error_rate": 0.0,
                "latency_p95": 9,
            },
            {
                "time": "2026-10-25T00:00:00+02:00",
                "agent": "(other)",
                "cost": None,
                "exchanges": 1,
                "error_rate": 1.0,
                "latency_p95": None,
            },
        ],
        "totals": {
            "cost": "1.500000000000",
            "exchanges": 3,
            "error_rate": 0.333333,
            "latency_p95": 9,
        },
        "completeness": {"exchanges": 3, "unpriced": 1, "unmetered": 0, "partial": 0},
        "as_of": "2026-10-26T09:00:00.000000Z",
    }


def test_csv_says_what_json_says(result: QueryResult) -> None:
    """Read back, the CSV has the same texts; nothing is an empty field."""
    read = list(csv.DictReader(io.StringIO(result.as_csv())))
    expected = [
        {name: "" if value is None else str(value) for name, value in row.items()}
        for row in result.as_json()["rows"]
    ]
    assert read == expected


def test_table(result: QueryResult) -> None:
    """Headings, rows and totals line up, totals without a time or a name."""
    headings, rows, totals = result.as_table()
    assert headings == ["time", "agent", "cost", "exchanges", "error_rate", "latency_p95"]
    assert rows[1][1:] == ["(other)", "-", "1", "100.0 %", "-"]
    assert totals == ["-", "-", "$1.50", "3", "33.3 %", "0.0 ms"]


def test_a_cost_in_a_table_says_what_it_leaves_out() -> None:
    """By counts that stand in other cells' words alone."""
    query = CostQuery(group_by=("agent",), metrics=("cost", "unpriced", "incomplete"))
    columns = (Column("agent", "text"), Column("cost", "USD"))
    columns += (Column("unpriced", "exchanges"), Column("incomplete", "exchanges"))
    row = {"agent": "a", "cost": Decimal(2), "unpriced": 1, "incomplete": 1}
    bare = {"agent": "b", "cost": None, "unpriced": 1, "incomplete": 0}
    whole = {"agent": "c", "cost": Decimal(3), "unpriced": 0, "incomplete": 0}
    result = QueryResult(query, columns, [row, bare, whole], row, {}, datetime.now(UTC))
    headings, rows, totals = result.as_table(["unpriced", "incomplete"])
    assert headings == ["agent", "cost"]
    assert [cells[1] for cells in rows] == ["$2.00 +?", "no price", "$3.00"]
    assert totals[1] == "$2.00 +?"


def test_without_keys_the_row_is_the_total() -> None:
    """A plain question has one row, also over nothing at all."""
    query = CostQuery(metrics=("cost", "cost_per_exchange", "last_seen"))
    rows = [(1, 0, 0, 0, 0, None, None)]
    result = build_result(query, statement_of(query), rows, NOW).as_json()
    assert result["rows"] == [result["totals"]]
    assert result["totals"] == {
        "cost": "0.000000000000",
        "cost_per_exchange": None,
        "last_seen": None,
    }


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (Decimal("1204.5"), "USD", "$1,204.50"),
        (Decimal("0.99996"), "USD", "$1.00"),
        (Decimal("0.0834"), "USD", "$0.0834"),
        (Decimal("0.09999"), "USD", "$0.100"),
        (Decimal("-0.0123456"), "USD", "-$0.0123"),
        (Decimal("0.0003"), "USD", "$0.000300"),
        (Decimal("0.000000000001"), "USD", "$0.000000000001"),
        (Decimal(0), "USD", "$0.00"),
        (1_240_000, "µs", "1.24 s"),
        (3_100, "µs", "3.1 ms"),
        (0.031, "ratio", "3.1 %"),
        (1_234_567, "tokens", "1,234,567"),
        (None, "USD", "-"),
    ],
)
def test_for_people(value: object, unit: str, text: str) -> None:
    """Short, and never zero for what is not zero."""
    assert for_people(value, unit) == text
