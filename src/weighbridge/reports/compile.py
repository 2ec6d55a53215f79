"""A `CostQuery` becomes one SQL statement.

Hides the statement's shape. Five steps, each a table expression:

    cells    exchanges of the range, filtered, summed per (bucket, raw dimension values)
    facts    cells with their dimensions as text, null as `(none)`; months from days
    leaders  the groups that a limit keeps, ranked over the whole range
    keyed    facts with every other group renamed to `(other)`
    (last)   components folded per key, and over everything: the totals of the same snapshot

Percentiles do not fold, so where one is asked for `cells` is left out and `facts` are the raw
rows. Grouping comes before naming because naming ten million rows costs more than grouping
them (`docs/explanation/queries.md` has the figures).

Rules for future edits: built of sqlglot expressions only; what came with the query gets in by
`conditions`, as bound parameters (P6); ratios are left to `metrics`.
Counterpart: `tests/golden/sql` holds the texts, `result` reads the rows by `Statement`.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import pairwise
from typing import Any

import sqlglot
from sqlglot import exp

from weighbridge.core.clock import from_unix_us
from weighbridge.reports.conditions import Conditions, as_text
from weighbridge.reports.cost_query import TIME, CostQuery
from weighbridge.reports.dialects import DIALECTS, Dialect
from weighbridge.reports.dimensions import (
    OTHER,
)
from weighbridge.reports.metrics import COMPLETENESS, COMPONENTS, METRICS, Component, Metric
from weighbridge.reports.zones import DAY_US, MONDAY_SHIFT_DAYS, REAL_TIME_US, Segment

_TABLE = "exchanges"
_BUCKET, _REST, _TOTAL = "bucket", "rest", "is_total"


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL, its parameters, and the order of the columns it gives.

    Columns: `is_total`, then `bucket` where the query has a granularity, `rest` where it has a
    limit, one per dimension, one per component, one list per spread column.
    """

    sql: str
    params: list[Any]
    has_bucket: bool
    has_rest: bool
    dimensions: tuple[str, ...]
    components: tuple[str, ...]
    spreads: tuple[tuple[str, tuple[str, ...]], ...]


def compile_query(
    query: CostQuery, offsets: tuple[Segment, ...], dialect: str = "duckdb"
) -> Statement:
    """The statement that answers a query.

    Takes: the zone's `offsets` over the range (`zones.segments`), since an open range's ends
    are known to the ledger only.
    Errors: `KeyError` for a dialect that is not built.
    """
    return _Builder(query, offsets, DIALECTS[dialect]).statement()


class _Builder:
    """One statement in the making: the query, and the parameters bound so far."""

    def __init__(self, query: CostQuery, offsets: tuple[Segment, ...], dialect: Dialect) -> None:
        self._query = query
        self._offsets = offsets
        self._dialect = dialect
        self._chosen = Conditions(query, dialect)
        self._ordered_by = METRICS.get(query.order[0])
        asked = [METRICS[name] for name in query.metrics]
        ranked = [self._ordered_by] if self._ordered_by else []
        self._components = _components(asked + ranked)
        self._spreads = _spreads(asked)
        self._raw_columns = _raw_columns(asked + ranked)
        self._has_bucket = query.granularity != "none"
        self._has_rest = query.limit is not None and bool(query.group_by)
        self._keys = [f"d{position}" for position in range(len(query.group_by))]

    def __repr__(self) -> str:
        return (
            f"<_Builder of {self._keys} for {self._dialect.name}, {len(self._chosen.params)} bound>"
        )

    def statement(self) -> Statement:
        select = self._folded()
        if self._raw_columns:
            select = select.with_("facts", as_=self._raw_facts())
        else:
            select = select.with_("cells", as_=self._cells()).with_("facts", as_=self._facts())
        if self._has_rest:
            select = select.with_("leaders", as_=self._leaders()).with_("keyed", as_=self._keyed())
        return Statement(
            sql=select.sql(dialect=self._dialect.name, pretty=True),
            params=self._chosen.params,
            has_bucket=self._has_bucket,
            has_rest=self._has_rest,
            dimensions=self._query.group_by,
            components=tuple(component.name for component in self._components),
            spreads=self._spreads,
        )

    # Steps, first to last.

    def _cells(self) -> exp.Select:
        keys = self._row_keys(months=False)
        figures = [_summed(component).as_(component.name) for component in self._components]
        select = exp.select(*_named(keys), *figures).from_(_TABLE).where(*self._chosen.where())
        return select.group_by(*[exp.Literal.number(n + 1) for n in range(len(keys))])

    def _facts(self) -> exp.Select:
        columns: list[exp.Expr] = []
        if self._has_bucket:
            bucket = exp.column(_BUCKET)
            month = self._query.granularity == "month"
            columns.append(self._calendar(bucket).as_(_BUCKET) if month else bucket)
        columns += [as_text(exp.column(key)).as_(key) for key in self._keys]
        names = [exp.column(component.name) for component in self._components]
        return exp.select(*columns, *names).from_("cells")

    def _raw_facts(self) -> exp.Select:
        keys = self._row_keys(months=True)
        texts = {key: as_text(value) if key in self._keys else value for key, value in keys.items()}
        figures = [_per_row(component).as_(component.name) for component in self._components]
        raw = [exp.column(column) for column in self._raw_columns]
        select = exp.select(*_named(texts), *figures, *raw).from_(_TABLE)
        return select.where(*self._chosen.where())

    def _leaders(self) -> exp.Select:
        keys = [exp.column(key) for key in self._keys]
        assert self._query.limit is not None
        return (
            exp.select(*keys)
            .from_("facts")
            .group_by(*keys)
            .order_by(*self._group_order())
            .limit(self._query.limit)
        )

    def _keyed(self) -> exp.Select:
        is_rest = exp.column(self._keys[0], table="leaders").is_(exp.null())
        columns = [exp.column(_BUCKET)] if self._has_bucket else []
        named: list[exp.Expr] = [
            exp.case().when(is_rest, exp.Literal.string(OTHER)).else_(_from_facts(key)).as_(key)
            for key in self._keys
        ]
        figures = [exp.column(component.name) for component in self._components]
        raw = [exp.column(column) for column in self._raw_columns]
        matches = [_from_facts(key).eq(exp.column(key, table="leaders")) for key in self._keys]
        return (
            exp.select(*columns, is_rest.as_(_REST), *named, *figures, *raw)
            .from_("facts")
            .join("leaders", on=exp.and_(*matches), join_type="left")
        )

    def _folded(self) -> exp.Select:
        keys = [exp.column(name) for name in self._key_names()]
        total = exp.func("GROUPING", keys[0]) if keys else exp.Literal.number(1)
        figures = [_folded(component).as_(component.name) for component in self._components]
        spreads = [
            self._dialect.percentiles(exp.column(column), ranks).as_(column)
            for column, ranks in self._spreads
        ]
        source = "keyed" if self._has_rest else "facts"
        select = exp.select(total.as_(_TOTAL), *keys, *figures, *spreads).from_(source)
        if not keys:
            return select
        sets = exp.GroupingSets(
            expressions=[exp.Tuple(expressions=keys), exp.Tuple(expressions=[])]
        )
        select = select.group_by(exp.Group(grouping_sets=[sets]))
        return select.order_by(*self._row_order())

    # Keys and conditions.

    def _key_names(self) -> list[str]:
        return [
            *([_BUCKET] if self._has_bucket else []),
            *([_REST] if self._has_rest else []),
            *self._keys,
        ]

    def _row_keys(self, *, months: bool) -> dict[str, exp.Expr]:
        keys: dict[str, exp.Expr] = {}
        if self._has_bucket:
            bucket = self._bucket()
            keys[_BUCKET] = self._calendar(bucket) if months else bucket
        for key, dimension in zip(self._keys, self._query.group_by, strict=True):
            keys[key] = self._chosen.dimension(dimension)
        return keys

    # Time.

    def _bucket(self) -> exp.Expr:
        """The arithmetic of `zones.bucket_key`, months still as days."""
        now = self._dialect.unix_us(exp.column("started_at"))
        if size := REAL_TIME_US.get(self._query.granularity):
            shift = self._by_offset({s: s.offset_us % size for s in self._offsets})
            start = exp.Mul(this=_int_div(_plus(now, shift), size), expression=_number(size))
            return start if shift is None else exp.Sub(this=start, expression=shift.copy())
        week = self._query.granularity == "week"
        earlier = MONDAY_SHIFT_DAYS * DAY_US if week else 0
        shift = self._by_offset({s: s.offset_us + earlier for s in self._offsets})
        return _int_div(_plus(now, shift), 7 * DAY_US if week else DAY_US)

    def _by_offset(self, values: dict[Segment, int]) -> exp.Expr | None:
        """`values` by the segment that `started_at` lies in, without a case where all agree."""
        if len(set(values.values())) == 1:
            value = next(iter(values.values()))
            return _number(value) if value else None
        case = exp.case()
        parts = list(values.items())
        for (_, value), (following, next_value) in pairwise(parts):
            if value != next_value:
                case = case.when(_before(from_unix_us(following.start_us)), _number(value))
        return exp.paren(case.else_(_number(parts[-1][1])))

    def _calendar(self, bucket: exp.Expr) -> exp.Expr:
        month = self._query.granularity == "month"
        return self._dialect.month_of_day(bucket) if month else bucket

    # Order.

    def _row_order(self) -> list[exp.Expr]:
        name, descending = self._query.order
        order: list[exp.Expr] = [_ordered(exp.column(_TOTAL), descending=True)]
        by_time = self._has_bucket and (bool(self._keys) or name == TIME)
        if by_time:
            order.append(_ordered(exp.column(_BUCKET), descending=name == TIME and descending))
        if self._has_rest:
            order.append(_ordered(exp.column(_REST)))
        order += self._group_order()
        return order if by_time or not self._has_bucket else [*order, exp.column(_BUCKET)]

    def _group_order(self) -> list[exp.Expr]:
        """By the asked-for order, ties by the dimensions' values, so that it is one order."""
        name, descending = self._query.order
        ties = list(self._keys)
        first: list[exp.Expr] = []
        if self._ordered_by:
            first.append(_ordered(self._figure(self._ordered_by), descending=descending))
        elif name in self._query.group_by:
            key = self._keys[self._query.group_by.index(name)]
            first.append(_ordered(exp.column(key), descending=descending))
            ties.remove(key)
        return first + [exp.column(key) for key in ties]

    def _figure(self, metric: Metric) -> exp.Expr:
        if metric.percentile:
            spread = self._dialect.percentiles(
                exp.column(metric.percentile.column), (metric.percentile.rank,)
            )
            return exp.Bracket(this=spread, expressions=[_number(0)])
        sums: list[exp.Expr] = [_folded(COMPONENTS[name]) for name in metric.components]
        if len(sums) == 1:
            bare = metric.unit == "time" or metric.unknown_is_null
            return sums[0] if bare else exp.func("COALESCE", sums[0], _number(0))
        return exp.Div(this=sums[0], expression=exp.func("NULLIF", sums[1], _number(0)))


def _components(metrics: list[Metric]) -> list[Component]:
    names = dict.fromkeys(COMPLETENESS)
    for metric in metrics:
        names.update(dict.fromkeys(metric.components))
    return [COMPONENTS[name] for name in names]


def _spreads(metrics: list[Metric]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    ranks: dict[str, set[str]] = {}
    for metric in metrics:
        if metric.percentile:
            ranks.setdefault(metric.percentile.column, set()).add(metric.percentile.rank)
    return tuple((column, tuple(sorted(found))) for column, found in ranks.items())


def _raw_columns(metrics: list[Metric]) -> list[str]:
    return list(dict.fromkeys(m.percentile.column for m in metrics if m.percentile))


def _summed(component: Component) -> exp.Expr:
    """A component over raw rows."""
    subject = exp.column(component.column) if component.column else exp.Star()
    figure = exp.func(component.fold if component.column else "COUNT", subject)
    if component.where is None:
        return figure
    return exp.Filter(this=figure, expression=exp.Where(this=_condition(component.where).copy()))


def _per_row(component: Component) -> exp.Expr:
    """A component of one raw row, such that folding it gives `_summed`."""
    value = exp.column(component.column) if component.column else _number(1)
    if component.where is None:
        return value
    case = exp.case().when(_condition(component.where).copy(), value)
    return case if component.column else case.else_(_number(0))


def _folded(component: Component) -> exp.Expr:
    return exp.func(component.fold, exp.column(component.name))


@cache
def _condition(text: str) -> exp.Expr:
    return sqlglot.parse_one(text)


def _before(instant: datetime) -> exp.Expr:
    literal = exp.Literal.string(instant.strftime("%Y-%m-%d %H:%M:%S"))
    return exp.column("started_at") < exp.cast(literal, "timestamp")


def _named(keys: dict[str, exp.Expr]) -> list[exp.Expr]:
    return [value.as_(name) for name, value in keys.items()]


def _from_facts(key: str) -> exp.Column:
    return exp.column(key, table="facts")


def _number(value: int) -> exp.Expr:
    return exp.Literal.number(value)


def _plus(value: exp.Expr, shift: exp.Expr | None) -> exp.Expr:
    return value if shift is None else exp.paren(exp.Add(this=value, expression=shift))


def _int_div(value: exp.Expr, size: int) -> exp.Expr:
    return exp.IntDiv(this=value, expression=_number(size))


def _ordered(value: exp.Expr, *, descending: bool = False) -> exp.Expr:
    # Nulls last either way: a group without the figure is no leader.
    return exp.Ordered(this=value, desc=descending, nulls_first=False)
