"""How much of the spend carries which label key.

Hides the statement. A row counts for each key that it carries, so keys overlap; rows without any
label are told apart, and the totals are of the same snapshot. Rules for future edits: as in
`compile`, built of sqlglot, values bound (P6); values are told apart by eight bytes each.
Counterpart: `label_keys` finds the noisy keys of everybody, this the keys of a query.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from sqlglot import exp

from weighbridge.reports.conditions import Conditions
from weighbridge.reports.cost_query import CostQuery
from weighbridge.reports.dialects import DIALECTS
from weighbridge.reports.result import figure_as_json
from weighbridge.reports.service import Write

MOST_KEYS: Final = 1_000
_SHARE: Final = Decimal(1).scaleb(-6)
_ALL, _BARE, _KEY = 0, 1, 2

Select = Callable[[CostQuery, Write], list[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class Covered:
    """Exchanges, their known cost (null where none is known), and a key's distinct values."""

    exchanges: int
    cost: Decimal | None
    values: int = 0


@dataclass(frozen=True, slots=True)
class Coverage:
    """Label keys, those with the most spend first; `bare` rows carry none."""

    totals: Covered
    bare: Covered
    keys: dict[str, Covered]

    def as_json(self) -> dict[str, Any]:
        """The API's document."""
        return {
            "keys": [
                {"key": key, "values": one.values, **self._figures(one)}
                for key, one in self.keys.items()
            ],
            "unlabelled": self._figures(self.bare),
            "totals": self._figures(self.totals),
        }

    def _figures(self, one: Covered) -> dict[str, Any]:
        whole = self.totals.cost
        share = None
        if whole:
            share = float(((one.cost or 0) / whole).quantize(_SHARE, ROUND_HALF_EVEN))
        return {
            "exchanges": one.exchanges,
            "cost": figure_as_json(one.cost),
            "cost_share": share,
        }


def find_coverage(query: CostQuery, select: Select) -> Coverage:
    """Coverage of what the query's range and filters choose; at most a thousand keys."""
    totals = bare = Covered(0, None)
    keys = {}
    for part, key, exchanges, cost, values in select(query, coverage_statement):
        if part == _KEY:
            keys[key] = Covered(exchanges, cost, values)
        elif part == _BARE:
            bare = Covered(exchanges, cost)
        else:
            totals = Covered(exchanges, cost)
    return Coverage(totals, bare, keys)


def find_keys(query: CostQuery, select: Select, most: int) -> list[str]:
    """Label keys in what the query chooses, those with the most spend first; `most` at most."""

    def write(asked: CostQuery, dialect: str) -> tuple[str, list[Any]]:
        return keys_statement(asked, dialect, most)

    return [key for (key,) in select(query, write)]


def keys_statement(query: CostQuery, dialect: str, most: int) -> tuple[str, list[Any]]:
    """The statement and its parameters; a third of what a coverage takes."""
    engine = DIALECTS[dialect]
    asked = Conditions(query, engine)
    keys, _ = engine.label_items()
    items = exp.select(keys.as_("key"), "list_cost").from_("exchanges").where(*asked.where())
    select = (
        exp.select("key")
        .with_("items", as_=items)
        .from_("items")
        .group_by("key")
        .order_by("SUM(list_cost) DESC NULLS LAST", "COUNT(*) DESC", "key")
        .limit(most)
    )
    return select.sql(dialect=dialect, pretty=True), asked.params


def coverage_statement(query: CostQuery, dialect: str) -> tuple[str, list[Any]]:
    """The statement and its parameters; rows are part, key, exchanges, cost, values."""
    engine = DIALECTS[dialect]
    asked = Conditions(query, engine)
    keys, values = engine.label_items()
    bare = exp.condition("CARDINALITY(labels) = 0")
    chosen = exp.select("labels", "list_cost").from_("exchanges").where(*asked.where())
    # All rows are summed in one pass that unpacks no label; then the labelled ones, each value of a
    # key before the key itself, which takes half of what counting distinct values does.
    sums = exp.select("COUNT(*) AS n", "SUM(list_cost) AS cost").from_("chosen")
    for name, figure in (("bare_n", "COUNT(*)"), ("bare_cost", "SUM(list_cost)")):
        only = exp.Filter(this=exp.maybe_parse(figure), expression=exp.Where(this=bare.copy()))
        sums = sums.select(only.as_(name))
    items = (
        exp.select(keys.as_("key"), values.as_("item"), "list_cost")
        .from_("chosen")
        .where(bare.not_())
    )
    by_item = (
        exp.select("key", "COUNT(*) AS n", "SUM(list_cost) AS cost")
        .from_("items")
        .group_by("key", engine.hashed(exp.column("item")))
    )
    by_key = (
        exp.select(f"{_KEY} AS part", "key", "SUM(n) AS n", "SUM(cost) AS cost")
        .select("COUNT(*) AS items")
        .from_("by_item")
        .group_by("key")
        .order_by("cost DESC NULLS LAST", "n DESC", "key")
        .limit(MOST_KEYS)
    )
    none = ("NULL AS key", "n", "cost", "0 AS items")
    parts = exp.union(
        exp.select(f"{_ALL} AS part", *none).from_("sums"),
        exp.select(f"{_BARE} AS part", "NULL AS key", "bare_n", "bare_cost", "0 AS items").from_(
            "sums"
        ),
        exp.select("*").from_(by_key.subquery("k")),
        distinct=False,
    )
    select = (
        exp.select("part", "key", "n", "cost", "items")
        .with_("chosen", as_=chosen)
        .with_("sums", as_=sums)
        .with_("items", as_=items)
        .with_("by_item", as_=by_item)
        .from_(parts.subquery("parts"))
        .order_by("part", "cost DESC NULLS LAST", "n DESC", "key")
    )
    return select.sql(dialect=dialect, pretty=True), asked.params
