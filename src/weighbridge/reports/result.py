"""The answer to a `CostQuery`, and how it is written as JSON, CSV and table cells.

Hides how rows of SQL become named figures. Rules for future edits: money is `Decimal` until it
is written and then fixed-point text with twelve places; a ratio of a total is the ratio of the
sums, never an average of ratios; the JSON keys are a public contract.
Counterpart: `compile.Statement` says what each SQL column is.
"""

import csv
import io
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final

from weighbridge.core.clock import InstantFormatter, to_unix_us
from weighbridge.core.dollars import short_usd
from weighbridge.reports.cost_query import TIME, CostQuery
from weighbridge.reports.dimensions import OTHER
from weighbridge.reports.metrics import COMPLETENESS, METRICS, Percentile
from weighbridge.reports.statement import BY_GROUP, BY_TIME, OVER_ALL, Statement
from weighbridge.reports.unpriced import COSTS, cost_text, left_out
from weighbridge.reports.zones import bucket_start

Row = dict[str, Any]

_TEXT_UNIT: Final = "text"
_TIME_UNIT: Final = "time"


@dataclass(frozen=True, slots=True)
class Column:
    """A column's name and the unit its values are in."""

    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Rows by column name, their totals, and how complete the figures are.

    `rows` hold the local start of their bucket as `time`, dimensions as text, and metrics:
    `Decimal` for money and seconds, `int` for counts and microseconds, `float` for ratios,
    None where there is nothing to measure. Rows add up to `totals` in every additive metric.
    `completeness` counts the exchanges, and among them those that `cost` knows nothing
    (unpriced, unmetered) or only a lower bound of (partial).
    """

    query: CostQuery
    columns: tuple[Column, ...]
    rows: list[Row]
    totals: Row
    completeness: dict[str, int]
    as_of: datetime

    def beside(self, other: "QueryResult") -> "QueryResult":
        """The same rows with the figures of another answer about the same groups and buckets.

        Gives: None where the other has no such row, which may have come since.
        """
        timed = self.query.granularity != "none"
        names = [*([TIME] if timed else []), *self.query.group_by]
        metrics = other.query.metrics
        found = {tuple(row[name] for name in names): row for row in other.rows}

        def more(row: Row) -> Row:
            beside = found.get(tuple(row[name] for name in names), {})
            return {**row, **{name: beside.get(name) for name in metrics}}

        query = replace(self.query, metrics=(*self.query.metrics, *metrics))
        totals = {**self.totals, **{name: other.totals[name] for name in metrics}}
        return replace(
            self,
            query=query,
            columns=_columns(query),
            rows=[more(row) for row in self.rows],
            totals=totals,
        )

    def with_totals(self, more: Row) -> "QueryResult":
        """The same rows with further figures of the whole range."""
        return replace(self, totals={**self.totals, **more})

    def as_json(self) -> dict[str, Any]:
        """The contract's JSON object."""
        return {
            "columns": [{"name": column.name, "unit": column.unit} for column in self.columns],
            "rows": [_json_row(row) for row in self.rows],
            "totals": _json_row(self.totals),
            "completeness": self.completeness,
            "as_of": _instant_text(self.as_of),
        }

    def as_csv(self) -> str:
        """The rows with a header line, the same texts as in JSON; nothing is an empty field."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")  # RFC 4180
        writer.writerow([column.name for column in self.columns])
        for row in self.rows:
            written = _json_row(row)
            writer.writerow([written[column.name] for column in self.columns])
        return out.getvalue()

    def as_table(
        self, hidden: Collection[str] = ()
    ) -> tuple[list[str], list[list[str]], list[str]]:
        """Headings, rows and the totals' row as short texts for people.

        Takes: columns that are told in others' words alone, as how many calls a cost leaves out.
        """
        shown = [column for column in self.columns if column.name not in hidden]
        rows = [_cells(row, shown) for row in self.rows]
        return [column.name for column in shown], rows, _cells(self.totals, shown)


def _cells(row: Row, columns: Iterable[Column]) -> list[str]:
    texts = []
    for column in columns:
        value = row.get(column.name)
        text = for_people(value, column.unit)
        is_cost = column.name in COSTS
        texts.append(cost_text(text, value, left_out(row)) if is_cost else text)
    return texts


def build_result(
    query: CostQuery, statement: Statement, rows: Iterable[Sequence[Any]], as_of: datetime
) -> QueryResult:
    """Names the figures of the rows that a statement gave."""
    reader = _RowReader(query, statement)
    found, totals, completeness = [], None, None
    for row in rows:
        if row[0]:
            totals = reader.metrics(row)
            completeness = reader.completeness(row)
        else:
            found.append(reader.row(row))
    if totals is None or completeness is None:
        raise ValueError("the statement gave no row of totals")
    if not reader.has_keys:
        found = [totals]
    return QueryResult(query, _columns(query), found, totals, completeness, as_of)


def build_apart(
    query: CostQuery, statement: Statement, rows: Sequence[Sequence[Any]], as_of: datetime
) -> tuple[QueryResult, QueryResult]:
    """Names the figures of a statement that was asked apart: by group, and by bucket."""
    figures_at = 2 + statement.has_rest + len(statement.dimensions)
    totals = [row for row in rows if row[0] == OVER_ALL]
    groups = [(0, *row[2:]) for row in rows if row[0] == BY_GROUP]
    groups += [(1, *row[2:]) for row in totals]
    times = sorted((row for row in rows if row[0] == BY_TIME), key=itemgetter(1))
    buckets = [(row[0] == OVER_ALL, row[1], *row[figures_at:]) for row in [*times, *totals]]
    over_range = replace(query, granularity="none")
    over_groups = replace(query, group_by=(), limit=None, order_by=None)
    of_groups = replace(statement, has_bucket=False)
    of_buckets = replace(statement, has_rest=False, dimensions=())
    return (
        build_result(over_range, of_groups, groups, as_of),
        build_result(over_groups, of_buckets, buckets, as_of),
    )


class _RowReader:
    """Knows which position of an SQL row holds what."""

    def __init__(self, query: CostQuery, statement: Statement) -> None:
        self._query = query
        self._zone = query.zone
        self._rest_at = 1 + statement.has_bucket if statement.has_rest else None
        self._has_bucket = statement.has_bucket
        self._keys_at = 1 + statement.has_bucket + statement.has_rest
        self._sums_at = self._keys_at + len(statement.dimensions)
        self._statement = statement
        self._times: dict[int, str] = {}
        self.has_keys = self._sums_at > 1

    def __repr__(self) -> str:
        return f"<_RowReader of {self._statement.dimensions}>"

    def row(self, row: Sequence[Any]) -> Row:
        named: Row = {}
        if self._has_bucket:
            named[TIME] = self._time(row[1])
        named.update(zip(self._statement.dimensions, row[self._keys_at :], strict=False))
        return {**named, **self.metrics(row)}

    def metrics(self, row: Sequence[Any]) -> Row:
        sums, spreads = self._sums(row), self._spreads(row)
        figures: Row = {}
        for name in self._query.metrics:
            metric = METRICS[name]
            figures[name] = spreads[metric.percentile] if metric.percentile else metric.derive(sums)
        return figures

    def completeness(self, row: Sequence[Any]) -> dict[str, int]:
        sums = self._sums(row)
        if not sums.keys() >= set(COMPLETENESS):
            return {}  # it was asked alone
        return {name: int(sums[name] or 0) for name in COMPLETENESS}

    def _sums(self, row: Sequence[Any]) -> dict[str, Any]:
        return dict(zip(self._statement.components, row[self._sums_at :], strict=False))

    def _spreads(self, row: Sequence[Any]) -> dict[Percentile, Any]:
        lists = row[self._sums_at + len(self._statement.components) :]
        return {
            Percentile(column, rank): value
            for (column, ranks), values in zip(self._statement.spreads, lists, strict=True)
            for rank, value in zip(ranks, values or [None] * len(ranks), strict=True)
        }

    def _time(self, key: int) -> str:
        if key not in self._times:
            start = bucket_start(self._query.granularity, self._zone, key)
            self._times[key] = start.isoformat()
        return self._times[key]


def for_people(value: Any, unit: str) -> str:
    """A figure as short text: `$1,204.50`, `$0.0834`, `$0.000300`, `1.24 s`, `3.1 %`.

    Money has cents, and three significant digits below one dollar: one call's cost is no zero.
    """
    if value is None:
        return "-"
    if unit == "USD":
        return short_usd(value)
    if unit == "ratio":
        return f"{value * 100:.1f} %"
    if unit == "µs":
        return f"{value / 1_000_000:,.2f} s" if value >= 1_000_000 else f"{value / 1_000:,.1f} ms"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return str(value)


def _columns(query: CostQuery) -> tuple[Column, ...]:
    time = [Column(TIME, _TIME_UNIT)] if query.granularity != "none" else []
    groups = [Column(name, _TEXT_UNIT) for name in query.group_by]
    return (*time, *groups, *(Column(name, METRICS[name].unit) for name in query.metrics))


def _json_row(row: Row) -> Row:
    return {name: figure_as_json(value) for name, value in row.items()}


def figure_as_json(value: Any) -> Any:
    """A figure as JSON has it: decimals fixed-point text, instants text in UTC."""
    if isinstance(value, Decimal):
        return format(value, "f")
    return _instant_text(value) if isinstance(value, datetime) else value


def _instant_text(instant: datetime) -> str:
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return InstantFormatter()(to_unix_us(aware))


def is_rest(query: CostQuery, row: Row) -> bool:
    """Whether a row is the `(other)` that a limit left."""
    return query.limit is not None and all(row[name] == OTHER for name in query.group_by)
