"""What the money was for: charge lines summed by unit.

Hides the statement. A cost says how much, its charges say of what: fresh or cached input, answer,
thinking, searches. Sums of amounts are sums of cost, so the units add up to the `cost` of the same
query, but for rows that tell no charges (`without_charges`, as imported ones may).

Rules for future edits: as in `compile`, built of sqlglot expressions, values bound (P6); exact.
Counterpart: `charge_sums` sums the same lines apart for all that a price depends on.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from weighbridge.reports.compare import Run
from weighbridge.reports.conditions import Conditions
from weighbridge.reports.cost_query import MAX_GROUPS, CostQuery, QueryError
from weighbridge.reports.dialects import DIALECTS
from weighbridge.reports.line_sums import line_sums
from weighbridge.reports.result import QueryResult, figure_as_json
from weighbridge.reports.service import Write

_ZERO: Final = Decimal(0)
_PLACES: Final = Decimal(1).scaleb(-12)

Select = Callable[[CostQuery, Write], list[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class Charged:
    """Charge lines of one unit in one group: how many, of how much, for what."""

    keys: tuple[str, ...]
    unit: str
    quantity: Decimal
    cost: Decimal
    lines: int


@dataclass(frozen=True, slots=True)
class Charges:
    """Units of each group, the most costly first, beside the ledger's own sum."""

    query: CostQuery
    ledger: QueryResult
    units: list[Charged]

    @property
    def without_charges(self) -> Decimal:
        """The cost of rows that do not say what was charged for."""
        charged = sum((one.cost for one in self.units), start=_ZERO)
        return (self.ledger.totals["cost"] or _ZERO) - charged

    def as_json(self) -> dict[str, Any]:
        """The API's document."""
        written = self.ledger.as_json()
        return {
            "units": [
                {
                    "group": dict(zip(self.query.group_by, one.keys, strict=True)),
                    "unit": one.unit,
                    "quantity": f"{one.quantity:f}",
                    "cost": figure_as_json(one.cost),
                    "lines": one.lines,
                }
                for one in self.units
            ],
            "cost": written["totals"]["cost"],
            "without_charges": figure_as_json(self.without_charges.quantize(_PLACES)),
            "completeness": written["completeness"],
            "as_of": written["as_of"],
        }


def find_charges(query: CostQuery, run: Run, select: Select) -> Charges:
    """Charges of what the query's range and filters choose, by its groups and by unit.

    Errors: `QueryError` where groups times units are more than a result may have.
    """
    rows = select(query, charges_statement)
    if len(rows) > MAX_GROUPS:
        raise QueryError({"group_by": "this makes too many groups; group by less, or filter"})
    size = len(query.group_by)
    units = [Charged(tuple(row[:size]), *row[size:]) for row in rows]
    whole = replace(
        query, granularity="none", group_by=(), metrics=("cost",), order_by=None, limit=None
    )
    return Charges(query, run(whole), units)


def charges_statement(query: CostQuery, dialect: str) -> tuple[str, list[Any]]:
    """The statement and its parameters; rows are groups, unit, quantity, cost, lines."""
    asked = Conditions(query, DIALECTS[dialect])
    names = [f"d{n}" for n in range(len(query.group_by))]
    keys = [asked.text(one).as_(name) for one, name in zip(query.group_by, names, strict=True)]
    select = (
        line_sums(keys, names, asked.where())
        .order_by("cost DESC", "n DESC", "unit", *names)
        .limit(MAX_GROUPS + 1)
    )
    return select.sql(dialect=dialect, pretty=True), asked.params
