"""Runs a `CostQuery` against a store.

Hides what only the ledger knows: where an open range begins. Rules for future edits: one
statement per query, so that rows, totals and completeness are of one snapshot; the store is
the `Queryable` below and nothing more.
Counterpart: `ledger/stores` offers it, `admin`, `cli` and alerts call `run`.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from weighbridge.core.principal import EVERYTHING, Scope, narrowed
from weighbridge.core.stop import Stop
from weighbridge.reports.compile import compile_query
from weighbridge.reports.cost_query import CostQuery, QueryError
from weighbridge.reports.instants import EARLIEST
from weighbridge.reports.result import QueryResult, build_result
from weighbridge.reports.zones import bucket_count, segments

MAX_BUCKETS: Final = 100_000

# Rows of nodes whose clock is ahead still fall into the right bucket of an open range.
_CLOCKS_AHEAD: Final = timedelta(days=2)


# Writes a statement and its parameters, of a query and the name of a dialect.
Write = Callable[[CostQuery, str], tuple[str, Sequence[Any]]]


class Queryable(Protocol):
    """What reports need of a store."""

    dialect: str

    def fetch(
        self,
        sql: str,
        params: Sequence[Any],
        *,
        timeout_ms: int | None = None,
        stop: Stop | None = None,
    ) -> list[tuple[Any, ...]]:
        """All rows of a statement on the table `exchanges`, of one snapshot, or its error."""
        ...

    def first_started_at(self) -> datetime | None:
        """When the first exchange began (UTC), None in an empty ledger."""
        ...


class ReportService:
    """Answers queries about one ledger, or about what lies in a scope of it."""

    def __init__(
        self,
        store: Queryable,
        scope: Scope = EVERYTHING,
        *,
        stop: Stop | None = None,
        timeout_ms: int | None = None,
    ) -> None:
        self._store = store
        self._scope = scope
        self._stop = stop
        self._timeout_ms = timeout_ms

    def __repr__(self) -> str:
        return f"<ReportService in {self._store.dialect}>"

    def within(self, scope: Scope) -> "ReportService":
        """The service as who is bound to a scope may use it; nothing widens it again."""
        narrow = narrowed(self._scope, scope)
        return ReportService(self._store, narrow, stop=self._stop, timeout_ms=self._timeout_ms)

    def stoppable(self, stop: Stop, *, timeout_ms: int) -> "ReportService":
        """The service whose statements end where it is wished, and each after `timeout_ms`."""
        return ReportService(self._store, self._scope, stop=stop, timeout_ms=timeout_ms)

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
        rows = self._fetch(statement.sql, statement.params, timeout_ms)
        return build_result(query, statement, rows, now)

    def select(self, query: CostQuery, write: Write) -> list[tuple[Any, ...]]:
        """Rows of a statement that is no query's: `write` makes it, of the query in scope."""
        sql, params = write(query.within(self._scope), self._store.dialect)
        return self._fetch(sql, params, None)

    def _fetch(
        self, sql: str, params: Sequence[Any], timeout_ms: int | None
    ) -> list[tuple[Any, ...]]:
        limit = timeout_ms or self._timeout_ms
        return self._store.fetch(sql, params, timeout_ms=limit, stop=self._stop)

    def _range(self, query: CostQuery, now: datetime) -> tuple[datetime, datetime]:
        """The range that rows can lie in; only open ends are looked up."""
        until = query.until or now + _CLOCKS_AHEAD
        since = query.since or self._first_started_at() or until
        return max(min(since, until), EARLIEST), until

    def _first_started_at(self) -> datetime | None:
        first = self._store.first_started_at()
        return first.replace(tzinfo=UTC) if first and first.tzinfo is None else first
