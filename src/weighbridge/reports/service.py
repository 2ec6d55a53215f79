"""Runs a `CostQuery` against a store.

Hides what only the ledger knows: where an open range begins. Rules for future edits: one
statement per query, so that rows, totals and completeness are of one snapshot; the store is
the `Queryable` below and nothing more.
Counterpart: `ledger/stores` offers it, `admin`, `cli` and alerts call `run`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from weighbridge.core.principal import EVERYTHING, Scope, narrowed
from weighbridge.core.stop import Stop
from weighbridge.reports.answers import Answers, Moment
from weighbridge.reports.compile import compile_query
from weighbridge.reports.cost_query import CostQuery, QueryError
from weighbridge.reports.instants import EARLIEST
from weighbridge.reports.result import QueryResult, build_apart, build_result
from weighbridge.reports.statement import WHOLE, Form, Statement
from weighbridge.reports.zones import bucket_count, segments

MAX_BUCKETS: Final = 100_000

# Rows of nodes whose clock is ahead still fall into the right bucket of an open range.
_CLOCKS_AHEAD: Final = timedelta(days=2)


# Writes a statement and its parameters, of a query and the name of a dialect.
Write = Callable[[CostQuery, str], tuple[str, Sequence[Any]]]


class Queryable(Protocol):
    """What reports need of a store."""

    dialect: str

    @property
    def generation(self) -> int:
        """Another number whenever rows came in; asked only where answers are kept."""
        ...

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


@dataclass(frozen=True, slots=True)
class _Manner:
    """How one asker's questions are asked."""

    scope: Scope = field(default_factory=lambda: EVERYTHING)
    stop: Stop | None = None
    timeout_ms: int | None = None
    recalling: bool = False


class ReportService:
    """Answers queries about one ledger, or about what lies in a scope of it.

    With `answers`, what was asked already is not asked again.
    """

    def __init__(
        self, store: Queryable, answers: Answers | None = None, manner: _Manner | None = None
    ) -> None:
        self._store = store
        self._answers = answers
        self._manner = manner or _Manner()

    def __repr__(self) -> str:
        return f"<ReportService in {self._store.dialect}>"

    def within(self, scope: Scope) -> "ReportService":
        """The service as who is bound to a scope may use it; nothing widens it again."""
        return self._in(scope=narrowed(self._manner.scope, scope))

    def stoppable(self, stop: Stop, *, timeout_ms: int) -> "ReportService":
        """The service whose statements end where it is wished, and each after `timeout_ms`."""
        return self._in(stop=stop, timeout_ms=timeout_ms)

    def recalling(self) -> "ReportService":
        """The service that answers as it did for the same instant, whatever came since."""
        return self._in(recalling=True)

    def run(self, query: CostQuery, now: datetime, *, timeout_ms: int | None = None) -> QueryResult:
        """The answer as of `now`, or the store's error after `timeout_ms`.

        Gives: rows of the present buckets and groups only, and totals of the same snapshot.
        Errors: `QueryError` where the range has too many buckets of the granularity.
        """
        query = query.within(self._manner.scope)
        statement = self._statement(query, now)
        rows = self._fetch(statement.sql, statement.params, now, timeout_ms)
        return build_result(query, statement, rows, now)

    def run_alone(self, query: CostQuery, now: datetime) -> QueryResult:
        """The answer without its completeness, which is told elsewhere: sooner there."""
        query = query.within(self._manner.scope)
        statement = self._statement(query, now, Form(alone=True))
        rows = self._fetch(statement.sql, statement.params, now)
        return build_result(query, statement, rows, now)

    def run_apart(
        self, query: CostQuery, now: datetime, *, alone: bool = False
    ) -> tuple[QueryResult, QueryResult]:
        """The answers by group and by bucket, in one pass over the rows.

        Takes: a query with groups and a granularity; `alone` as in `run_alone`.
        Gives: the answer over the whole range by group, and that over all groups by bucket, of
        one snapshot, with the same totals.
        """
        query = query.within(self._manner.scope)
        statement = self._statement(query, now, Form(apart=True, alone=alone))
        rows = self._fetch(statement.sql, statement.params, now)
        return build_apart(query, statement, rows, now)

    def _statement(self, query: CostQuery, now: datetime, form: Form = WHOLE) -> Statement:
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
        offsets = segments(query.zone, since, until)
        return compile_query(query, offsets, self._store.dialect, form)

    def select(self, query: CostQuery, write: Write) -> list[tuple[Any, ...]]:
        """Rows of a statement that is no query's: `write` makes it, of the query in scope."""
        sql, params = write(query.within(self._manner.scope), self._store.dialect)
        return self._fetch(sql, params)

    def _fetch(
        self,
        sql: str,
        params: Sequence[Any],
        as_of: datetime | None = None,
        timeout_ms: int | None = None,
    ) -> list[tuple[Any, ...]]:
        limit, stop = timeout_ms or self._manner.timeout_ms, self._manner.stop
        if self._answers is None:
            return self._store.fetch(sql, params, timeout_ms=limit, stop=stop)
        asked, now = (sql, tuple(params)), Moment(self._store.generation, as_of)
        rows = self._answers.find(asked, now, recalling=self._manner.recalling)
        if rows is None:
            rows = self._store.fetch(sql, params, timeout_ms=limit, stop=stop)
            self._answers.keep(asked, now, rows)
        return rows

    def _in(self, **changes: Any) -> "ReportService":
        return ReportService(self._store, self._answers, replace(self._manner, **changes))

    def _range(self, query: CostQuery, now: datetime) -> tuple[datetime, datetime]:
        """The range that rows can lie in; only open ends are looked up."""
        until = query.until or now + _CLOCKS_AHEAD
        since = query.since or self._first_started_at() or until
        return max(min(since, until), EARLIEST), until

    def _first_started_at(self) -> datetime | None:
        first = self._store.first_started_at()
        return first.replace(tzinfo=UTC) if first and first.tzinfo is None else first
