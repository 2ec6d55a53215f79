"""What was charged for, summed: the workload of a what-if, in as few rows as prices allow.

Hides the statement. Charges are summed by unit per group, and apart for all that a price depends
on: surface, tier, location, the days between price changes, and the side of each prompt-size
cliff. Within one such sum every price is one number, so a price times the sum is the sum of the
prices, exactly. Charges already hold what a count alone does not tell (which modality was cached,
whether tool tokens were billed), so nothing is estimated anew.

Rules for future edits: as in `compile`, built of sqlglot expressions, values bound (P6).
Counterpart: `what_if` prices the sums.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from sqlglot import exp

from weighbridge.reports.conditions import Conditions
from weighbridge.reports.cost_query import CostQuery
from weighbridge.reports.dialects import DIALECTS

MOST_SUMS: Final = 200_000
_APART: Final = ("surface", "service_tier", "location")


class ChargeSum(NamedTuple):
    """Charges that any one price applies to alike.

    `epoch` counts the price changes before them, `size` the cliffs that their prompts are
    beyond. `queries` is how many searches or map queries they stand for, where they are fees.
    """

    keys: tuple[str, ...]
    surface: str | None
    service_tier: str | None
    location: str | None
    epoch: int
    size: int
    unit: str
    quantity: Decimal
    cost: Decimal
    exchanges: int
    queries: Decimal


def charge_sums(
    query: CostQuery, dialect: str, changes: Sequence[date], cliffs: Sequence[int]
) -> tuple[str, list[Any]]:
    """The statement and its parameters, rows as `read_sums` takes them.

    Takes: days on which a price changes and prompt sizes beyond which one does, both ascending.
    """
    asked = Conditions(query, DIALECTS[dialect])
    keys = [asked.text(name).as_(f"d{n}") for n, name in enumerate(query.group_by)]
    names = [exp.column(f"d{n}") for n in range(len(keys))]
    midnights = [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in changes]
    began = [exp.column("started_at") >= asked.instant(moment) for moment in midnights]
    beyond = [
        exp.func("COALESCE", exp.column("input_tokens"), _number(0)) > asked.bound(size)
        for size in cliffs
    ]
    lines = exp.select(
        *keys,
        *map(exp.column, _APART),
        _count_of(began).as_("epoch"),
        _count_of(beyond).as_("size"),
        "search_queries",
        "maps_queries",
        exp.Anonymous(this="UNNEST", expressions=[exp.column("charges")]).as_("charge"),
    ).from_("exchanges")
    unit, quantity = _of_charge("unit"), _of_charge("quantity")
    queries = (
        exp.case()
        .when(exp.func("STARTS_WITH", unit, exp.Literal.string("maps_")), _known("maps_queries"))
        .else_(_known("search_queries"))
    )
    apart = [*names, *map(exp.column, _APART), exp.column("epoch"), exp.column("size"), unit]
    select = (
        exp.select(
            *[one.copy() for one in apart],
            exp.func("SUM", quantity),
            exp.func("SUM", _of_charge("amount")),
            exp.func("COUNT", exp.Star()),
            exp.func("SUM", queries),
        )
        .from_(lines.where(*asked.where()).subquery("lines"))
        .group_by(*[_number(n + 1) for n in range(len(apart))])
        .limit(MOST_SUMS + 1)
    )
    return select.sql(dialect=dialect, pretty=True), asked.params


def read_sums(rows: Sequence[Sequence[Any]], dimensions: int) -> list[ChargeSum]:
    """The rows of the statement as values."""
    return [ChargeSum(tuple(row[:dimensions]), *row[dimensions:]) for row in rows]


def _of_charge(name: str) -> exp.Expr:
    return exp.func("STRUCT_EXTRACT", exp.column("charge"), exp.Literal.string(name))


def _known(column: str) -> exp.Expr:
    """The reported count, or what was charged, which cannot be more."""
    return exp.func("COALESCE", exp.column(column), _of_charge("quantity"))


def _count_of(conditions: Sequence[exp.Expr]) -> exp.Expr:
    total = _number(0)
    for condition in conditions:
        one = exp.case().when(condition, _number(1)).else_(_number(0))
        total = exp.Add(this=total, expression=one)
    return exp.paren(total)


def _number(value: int) -> exp.Expr:
    return exp.Literal.number(value)
