"""A `CostQuery` becomes one SQL statement.

Hides the statement's shape. Five steps, each a table expression:

    cells    exchanges of the range, filtered, summed per (bucket, raw dimension values)
    facts    cells with their dimensions as text, null as `(none)`; months from days
    leaders  the groups that a limit keeps, ranked over the whole range
    keyed    facts with every other group renamed to `(other)`
    (last)   components folded per key, and over everything: the totals of the same snapshot

Percentiles do not fold. Where one is asked for, the sums are made all the same way (`sums`), and
beside them, of the same snapshot:

    calls    raw rows with their dimensions as text: nothing but keys and the columns to measure
    placed   calls with every other group renamed to `(other)`
    spreads  percentiles per key and over everything, joined to `sums` by key

Figures whose completeness is told elsewhere may be asked *alone*: without the counts of what is
not known, and percentiles without a limit of `calls` and nothing else.
A question may be asked *apart*: by group over the whole range, and by bucket over all groups, of
one pass over the rows and one snapshot, where the time course of each group is not wanted.

Grouping comes before naming because naming ten million rows costs more than grouping them, and
raw rows carry no sums because these would be added up once per row and grouping set
(`docs/explanation/queries.md` has the figures).

Rules for future edits: built of sqlglot expressions only; what came with the query gets in by
`conditions`, as bound parameters (P6); ratios are left to `metrics`.
Counterpart: `tests/golden/sql` holds the texts, `result` reads the rows by `Statement`
(`statement`).
"""

from collections.abc import Iterable
from functools import cache

import sqlglot
from sqlglot import exp

from weighbridge.reports.bucket_sql import Buckets
from weighbridge.reports.conditions import Conditions, as_text
from weighbridge.reports.cost_query import TIME, CostQuery
from weighbridge.reports.dialects import DIALECTS, Dialect
from weighbridge.reports.dimensions import OTHER
from weighbridge.reports.metrics import (
    COMPLETENESS,
    COMPONENTS,
    METRICS,
    Component,
    Metric,
    Percentile,
)
from weighbridge.reports.statement import WHOLE, Form, Statement
from weighbridge.reports.zones import Segment

_TABLE = "exchanges"
_BUCKET, _REST, _TOTAL = "bucket", "rest", "is_total"


def compile_query(
    query: CostQuery,
    offsets: tuple[Segment, ...],
    dialect: str = "duckdb",
    form: Form = WHOLE,
) -> Statement:
    """The statement that answers a query.

    Takes: the zone's `offsets` over the range (`zones.segments`), since an open range's ends
    are known to the ledger only.
    Errors: `KeyError` for a dialect that is not built.
    """
    return _Builder(query, offsets, DIALECTS[dialect], form).statement()


class _Builder:
    """One statement in the making: the query, and the parameters bound so far."""

    def __init__(
        self,
        query: CostQuery,
        offsets: tuple[Segment, ...],
        dialect: Dialect,
        form: Form,
    ) -> None:
        self._query = query
        self._apart = form.apart
        self._dialect = dialect
        self._buckets = Buckets(query.granularity, offsets, dialect)
        self._chosen = Conditions(query, dialect)
        self._ordered_by = METRICS.get(query.order[0])
        asked = [METRICS[name] for name in query.metrics]
        ranked = [self._ordered_by] if self._ordered_by else []
        self._components = _components(asked + ranked, () if form.alone else COMPLETENESS)
        self._spreads = _spreads(asked + ranked)
        self._has_bucket = query.granularity != "none"
        self._has_rest = query.limit is not None and bool(query.group_by)
        self._keys = [f"d{position}" for position in range(len(query.group_by))]
        self._sum_names = [component.name for component in self._components]

    def __repr__(self) -> str:
        return (
            f"<_Builder of {self._keys} for {self._dialect.name}, {len(self._chosen.params)} bound>"
        )

    def statement(self) -> Statement:
        keys, where = self._row_keys(), self._chosen.where()
        only_spreads = not self._components
        if only_spreads:
            select = self._spreads_alone()
        else:
            select = self._joined() if self._spreads else self._ordered_sums()
            select = select.with_("cells", as_=self._cells(keys, where))
            select = select.with_("facts", as_=self._facts())
        if self._spreads:
            select = select.with_("calls", as_=self._calls(keys, where))
        if self._has_rest:
            select = select.with_("leaders", as_=self._leaders())
            select = select.with_("keyed", as_=self._keyed("facts", self._sum_names))
        if self._spreads and not only_spreads:
            select = self._with_spreads(select)
        return Statement(
            sql=select.sql(dialect=self._dialect.name, pretty=True),
            params=self._chosen.params,
            has_bucket=self._has_bucket,
            has_rest=self._has_rest,
            dimensions=self._query.group_by,
            components=tuple(self._sum_names),
            spreads=self._spreads,
        )

    # Steps, first to last.

    def _cells(self, keys: dict[str, exp.Expr], where: list[exp.Expr]) -> exp.Select:
        figures = [_summed(component).as_(component.name) for component in self._components]
        select = exp.select(*_named(keys), *figures).from_(_TABLE).where(*where)
        return select.group_by(*[exp.Literal.number(n + 1) for n in range(len(keys))])

    def _facts(self) -> exp.Select:
        columns: list[exp.Expr] = []
        if self._has_bucket:
            bucket = exp.column(_BUCKET)
            named = self._buckets.calendar(bucket)
            columns.append(bucket if named is bucket else named.as_(_BUCKET))
        columns += [as_text(exp.column(key)).as_(key) for key in self._keys]
        return exp.select(*columns, *_columns(self._sum_names)).from_("cells")

    def _calls(self, keys: dict[str, exp.Expr], where: list[exp.Expr]) -> exp.Select:
        named = {
            key: as_text(value.copy())
            if key in self._keys
            else self._buckets.calendar(value.copy())
            for key, value in keys.items()
        }
        measured = _columns(column for column, _ in self._spreads)
        select = exp.select(*_named(named), *measured).from_(_TABLE)
        return select.where(*[condition.copy() for condition in where])

    def _leaders(self) -> exp.Select:
        keys = _columns(self._keys)
        assert self._query.limit is not None
        ranked_by, order = self._ordered_by, self._group_order()
        if self._query.order[0] == TIME:  # which of the groups are meant, time does not say
            ranked_by = METRICS[self._query.metrics[0]]
            order = [_ordered(self._figure(ranked_by, joined=False), descending=True), *order]
        by_percentile = ranked_by is not None and ranked_by.percentile is not None
        return (
            exp.select(*keys)
            .from_("calls" if by_percentile else "facts")
            .group_by(*keys)
            .order_by(*order)
            .limit(self._query.limit)
        )

    def _keyed(self, source: str, figures: Iterable[str]) -> exp.Select:
        is_rest = exp.column(self._keys[0], table="leaders").is_(exp.null())
        columns = [exp.column(_BUCKET)] if self._has_bucket else []
        given = {key: exp.column(key, table=source) for key in self._keys}
        named: list[exp.Expr] = [
            exp.case().when(is_rest, exp.Literal.string(OTHER)).else_(value).as_(key)
            for key, value in given.items()
        ]
        matches = [value.eq(exp.column(key, table="leaders")) for key, value in given.items()]
        return (
            exp.select(*columns, is_rest.as_(_REST), *named, *_columns(figures))
            .from_(source)
            .join("leaders", on=exp.and_(*matches), join_type="left")
        )

    def _ordered_sums(self) -> exp.Select:
        sums = self._sums()
        return sums.order_by(*self._row_order()) if self._key_names() else sums

    def _sums(self) -> exp.Select:
        figures = [_folded(component).as_(component.name) for component in self._components]
        select = exp.select(self._part(), *_columns(self._key_names()), *figures)
        return self._per_key_and_over_all(select.from_("keyed" if self._has_rest else "facts"))

    def _spreads_alone(self) -> exp.Select:
        keys = _columns(self._key_names())
        select = exp.select(self._part(), *keys, *self._measured()).from_("calls")
        select = self._per_key_and_over_all(select)
        return select.order_by(_ordered(exp.column(_TOTAL), descending=True), *keys)

    def _part(self) -> exp.Expr:
        """What a row is of: the total or not, or which part where it is asked apart."""
        keys = _columns(self._key_names())
        told = _columns([_BUCKET, self._keys[0]]) if self._apart else keys[:1]
        return (exp.func("GROUPING", *told) if keys else _number(1)).as_(_TOTAL)

    def _measured(self) -> list[exp.Expr]:
        return [
            self._dialect.percentiles(exp.column(column), ranks).as_(_spread(column))
            for column, ranks in self._spreads
        ]

    def _with_spreads(self, select: exp.Select) -> exp.Select:
        source = "placed" if self._has_rest else "calls"
        if self._has_rest:
            measured = [column for column, _ in self._spreads]
            select = select.with_(source, as_=self._keyed("calls", measured))
        spreads = exp.select(*_columns(self._key_names()), *self._measured()).from_(source)
        select = select.with_("sums", as_=self._sums())
        return select.with_("spreads", as_=self._per_key_and_over_all(spreads))

    def _joined(self) -> exp.Select:
        """Sums and spreads side by side; no row but the totals has a key that is null."""
        keys = self._key_names()
        sums = _columns([_TOTAL, *keys, *self._sum_names], "sums")
        spreads = _columns([_spread(column) for column, _ in self._spreads], "spreads")
        select = exp.select(*sums, *spreads).from_("sums")
        if not keys:
            return select.join("spreads", join_type="cross")
        same = [
            exp.NullSafeEQ(this=mine, expression=other)
            for mine, other in zip(_columns(keys, "sums"), _columns(keys, "spreads"), strict=True)
        ]
        select = select.join("spreads", on=exp.and_(*same))
        return select.order_by(*self._row_order(joined=True))

    def _per_key_and_over_all(self, select: exp.Select) -> exp.Select:
        keys = _columns(self._key_names())
        if not keys:
            return select
        split = [keys[1:], keys[:1]] if self._apart else [keys]
        sets = [exp.Tuple(expressions=names) for names in [*split, []]]
        return select.group_by(exp.Group(grouping_sets=[exp.GroupingSets(expressions=sets)]))

    # Keys and conditions.

    def _key_names(self) -> list[str]:
        return [
            *([_BUCKET] if self._has_bucket else []),
            *([_REST] if self._has_rest else []),
            *self._keys,
        ]

    def _row_keys(self) -> dict[str, exp.Expr]:
        keys: dict[str, exp.Expr] = {}
        if self._has_bucket:
            keys[_BUCKET] = self._buckets.of_rows()
        for key, dimension in zip(self._keys, self._query.group_by, strict=True):
            keys[key] = self._chosen.dimension(dimension)
        return keys

    # Order.

    def _row_order(self, *, joined: bool = False) -> list[exp.Expr]:
        name, descending = self._query.order
        order: list[exp.Expr] = [_ordered(exp.column(_TOTAL), descending=True)]
        by_time = self._has_bucket and not self._apart and (bool(self._keys) or name == TIME)
        if by_time:
            order.append(_ordered(exp.column(_BUCKET), descending=name == TIME and descending))
        if self._has_rest:
            order.append(_ordered(exp.column(_REST)))
        order += self._group_order(joined=joined)
        return order if by_time or not self._has_bucket else [*order, exp.column(_BUCKET)]

    def _group_order(self, *, joined: bool = False) -> list[exp.Expr]:
        """By the asked-for order, ties by the dimensions' values, so that it is one order."""
        name, descending = self._query.order
        ties = list(self._keys)
        first: list[exp.Expr] = []
        if self._ordered_by:
            first.append(
                _ordered(self._figure(self._ordered_by, joined=joined), descending=descending)
            )
        elif name in self._query.group_by:
            key = self._keys[self._query.group_by.index(name)]
            first.append(_ordered(exp.column(key), descending=descending))
            ties.remove(key)
        return first + [exp.column(key) for key in ties]

    def _figure(self, metric: Metric, *, joined: bool) -> exp.Expr:
        """A metric to order by: of rows to fold, or of `sums` and `spreads` that are `joined`."""
        if metric.percentile:
            return self._one_percentile(metric.percentile, joined=joined)
        parts = [COMPONENTS[name] for name in metric.components]
        sums = [exp.column(part.name) if joined else _folded(part) for part in parts]
        if len(sums) == 1:
            bare = metric.unit == "time" or metric.unknown_is_null
            return sums[0] if bare else exp.func("COALESCE", sums[0], _number(0))
        return exp.Div(this=sums[0], expression=exp.func("NULLIF", sums[1], _number(0)))

    def _one_percentile(self, wanted: Percentile, *, joined: bool) -> exp.Expr:
        if joined:
            position = dict(self._spreads)[wanted.column].index(wanted.rank)
            found = exp.column(_spread(wanted.column))
            return exp.Bracket(this=found, expressions=[_number(position)])
        spread = self._dialect.percentiles(exp.column(wanted.column), (wanted.rank,))
        return exp.Bracket(this=spread, expressions=[_number(0)])


def _components(metrics: list[Metric], besides: tuple[str, ...]) -> list[Component]:
    """What the metrics are made of; where they are sums, the exchanges as well."""
    names = dict.fromkeys(besides)
    for metric in metrics:
        if metric.components:
            names.update(dict.fromkeys(("exchanges", *metric.components)))
    return [COMPONENTS[name] for name in names]


def _spreads(metrics: list[Metric]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    ranks: dict[str, set[str]] = {}
    for metric in metrics:
        if metric.percentile:
            ranks.setdefault(metric.percentile.column, set()).add(metric.percentile.rank)
    return tuple((column, tuple(sorted(found))) for column, found in ranks.items())


def _spread(column: str) -> str:
    """The name of a column's percentiles: the column's own may be that of its sum."""
    return f"{column}_spread"


def _summed(component: Component) -> exp.Expr:
    """A component over raw rows."""
    subject = _constant(component.column).copy() if component.column else exp.Star()
    figure = exp.func(component.fold if component.column else "COUNT", subject)
    if component.where is None:
        return figure
    return exp.Filter(this=figure, expression=exp.Where(this=_constant(component.where).copy()))


def _folded(component: Component) -> exp.Expr:
    return exp.func(component.fold, exp.column(component.name))


@cache
def _constant(text: str) -> exp.Expr:
    return sqlglot.parse_one(text)


def _columns(names: Iterable[str], table: str | None = None) -> list[exp.Expr]:
    return [exp.column(name, table=table) for name in names]


def _named(keys: dict[str, exp.Expr]) -> list[exp.Expr]:
    return [value.as_(name) for name, value in keys.items()]


def _number(value: int) -> exp.Expr:
    return exp.Literal.number(value)


def _ordered(value: exp.Expr, *, descending: bool = False) -> exp.Expr:
    # Nulls last either way: a group without the figure is no leader.
    return exp.Ordered(this=value, desc=descending, nulls_first=False)
