"""Runs a `CostQuery` against a store.

Hides what only the ledger knows: where an open range begins. Rules for future edits: one
statement per query, so that rows, totals and completeness are of one snapshot; the store is
the `Queryable` below and nothing more.
Counterpart: `ledger/stores` offers it, `admin`, `cli` and alerts call `run`.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from weighbridge.core.principal import EVERYTHING, Scope, narrowed
from weighbridge.reports.compile import compile_query
from weighbridge.reports.cost_query import CostQuery, QueryError
from weighbridge.reports.instants import EARLIEST
from weighbridge.reports.result import QueryResult, build_result
from weighbridge.reports.zones import bucket_count, segments

MAX_BUCKETS: Final = 100_000

# Rows of nodes whose clock is ahead still fall into the right bucket of an open range.
_CLOCKS_AHEAD: Final = timedelta(days=2)


class Queryable(Protocol):
    """What reports need of a store."""

    dialect: str

    def fetch(
        self, sql: str, params: Sequence[Any], *, timeout_ms: int | None = None
    ) -> list[tuple[Any, ...]]:
        """All rows of a statement on the table `exchanges`, of one snapshot, or its error."""
        ...

    def first_started_at(self) -> datetime | None:
        """When the first exchange began (UTC), None in an empty ledger."""
        ...


class ReportService:
    """Answers queries about one ledger, or about what lies in a scope of it."""

    def __init__(self, store: Queryable, scope: Scope = EVERYTHING) -> None:
        self._store = store
        self._scope = scope

    def __repr__(self) -> str:
        return f"<ReportService in {self._store.dialect}>"

    def within(self, scope: Scope) -> "ReportService":
        """The service as who is bound to a scope may use it; nothing widens it again."""
        return ReportService(self._store, narrowed(self._scope, scope))

    def run(self, query: CostQuery, now: datetime, *, timeout_ms: int | None = None) -> QueryResult:
        """The answer as of `now`, or the store's error after `timeout_ms`.

        Gives: rows of the present buckets and groups only, and totals of the same snapshot.
        Errors: `QueryError` where the range has too many buckets of the granularity.
        """
        query = query.within(self._scope)
        since, until = self._range(query, now)
        buckets = bucket_count(query.granularity, since, until)
        if buckets > MAX_BUCKETS:
            raise QueryError(
                {
                    "granularity": f"granularity {query.granularity!r} from {since:%Y-%m-%d} to "
                    f"{until:%Y-%m-%d} makes about {buckets:,} buckets, more than "
                    f"{MAX_BUCKETS:,}: choose a coarser one or a shorter range"
                }
            )
        statement = compile_query(query, segments(query.zone, since, until), self._store.dialect)
        rows = self._store.fetch(statement.sql, statement.params, timeout_ms=timeout_ms)
        return build_result(query, statement, rows, now)

    def _range(self, query: CostQuery, now: datetime) -> tuple[datetime, datetime]:
        """The range that rows can lie in; only open ends are looked up."""
        until = query.until or now + _CLOCKS_AHEAD
        since = query.since or self._first_started_at() or until
        return max(min(since, until), EARLIEST), until

    def _first_started_at(self) -> datetime | None:
        first = self._store.first_started_at()
        return first.replace(tzinfo=UTC) if first and first.tzinfo is None else first
