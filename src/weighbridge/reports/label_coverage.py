"""How much of the spend carries which label key.

Hides the statement. A row counts for each key that it carries, so keys overlap; rows without any
label are told apart, and the totals are of the same snapshot. Rules for future edits: as in
`compile`, built of sqlglot, values bound (P6); distinct values are counted by eight bytes each.
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


def coverage_statement(query: CostQuery, dialect: str) -> tuple[str, list[Any]]:
    """The statement and its parameters; rows are part, key, exchanges, cost, values."""
    asked = Conditions(query, DIALECTS[dialect])
    engine = DIALECTS[dialect]
    keys, values = engine.label_items()
    where = asked.where()
    chosen = exp.select("labels", "list_cost").from_("exchanges").where(*where)
    items = exp.select(keys.as_("key"), values.as_("item"), "list_cost").from_("chosen")
    distinct = exp.Count(this=exp.Distinct(expressions=[engine.hashed(exp.column("item"))]))
    by_key = (
        exp.select(f"{_KEY} AS part", "key", "COUNT(*) AS n", "SUM(list_cost) AS cost")
        .select(distinct.as_("items"))
        .from_("items")
        .group_by("key")
        .order_by("cost DESC NULLS LAST", "n DESC", "key")
        .limit(MOST_KEYS)
    )
    figures = ("NULL AS key", "COUNT(*) AS n", "SUM(list_cost) AS cost", "0 AS items")
    whole = exp.select(f"{_ALL} AS part", *figures).from_("chosen")
    bare = exp.select(f"{_BARE} AS part", *figures).from_("chosen").where("CARDINALITY(labels) = 0")
    parts = exp.union(whole, bare, exp.select("*").from_(by_key.subquery("k")), distinct=False)
    select = (
        exp.select("part", "key", "n", "cost", "items")
        .with_("chosen", as_=chosen)
        .with_("items", as_=items)
        .from_(parts.subquery("parts"))
        .order_by("part", "cost DESC NULLS LAST", "n DESC", "key")
    )
    return select.sql(dialect=dialect, pretty=True), asked.params
