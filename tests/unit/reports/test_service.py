"""What the service adds to a statement: the ends of open ranges, and a bound on buckets."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from weighbridge.reports.query import CostQuery, QueryError
from weighbridge.reports.service import ReportService

NOW = datetime(2026, 7, 1, tzinfo=UTC)


class OneRowStore:
    """Answers every statement with one row of totals, and remembers the text."""

    dialect = "duckdb"

    def __init__(self, first: datetime | None = None) -> None:
        self.sql = ""
        self.params: Sequence[Any] = ()
        self._first = first

    def fetch(
        self, sql: str, params: Sequence[Any], *, timeout_ms: int | None = None, stop: object = None
    ) -> list[tuple[Any, ...]]:
        self.sql, self.params = sql, params
        bucket = [None] if "AS bucket" in sql else []
        return [(1, *bucket, 5, 0, 0, 0, None, 0, None)]

    def first_started_at(self) -> datetime | None:
        return self._first


def test_open_range_has_no_bounds_in_sql() -> None:
    """A node whose clock is ahead loses no rows: no end is no condition."""
    store = OneRowStore()
    ReportService(store).run(CostQuery(), NOW)
    assert "WHERE\n    started_at" not in store.sql
    assert store.params == []


def test_offsets_begin_with_the_first_exchange() -> None:
    """Clock changes from the first exchange on are in the statement, earlier ones are not."""
    store = OneRowStore(datetime(2025, 7, 1))  # noqa: DTZ001  # as a driver may give it
    ReportService(store).run(CostQuery(timezone="Europe/Berlin", granularity="day"), NOW)
    assert store.sql.count("WHEN started_at <") == 2


def test_bounds_are_bound_in_utc() -> None:
    """Instants reach the driver as UTC without a zone, whatever zone they were given in."""
    store = OneRowStore()
    since = datetime.fromisoformat("2026-06-01T00:00:00+14:00")
    ReportService(store).run(CostQuery(since=since, until=NOW), NOW)
    assert store.params == [datetime(2026, 5, 31, 10), datetime(2026, 7, 1)]  # noqa: DTZ001


def test_too_many_buckets() -> None:
    """Minutes over years are refused before any work, with a way out."""
    store = OneRowStore(datetime(2020, 1, 1, tzinfo=UTC))
    with pytest.raises(QueryError, match=r"choose a coarser one or a shorter range"):
        ReportService(store).run(CostQuery(granularity="minute"), NOW)
    assert store.sql == ""


def test_range_in_the_future_is_empty() -> None:
    """A range that has not begun is an answer, no error."""
    since = datetime(2027, 1, 1, tzinfo=UTC)
    result = ReportService(OneRowStore()).run(CostQuery(since=since, granularity="day"), NOW)
    assert result.rows == []
