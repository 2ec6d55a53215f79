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
from weighbridge.reports.line_sums import Fees, line_sums

MOST_SUMS: Final = 200_000
_APART: Final = ("surface", "service_tier", "location")
# Which reported count says how many searches a fee stands for, by how its unit begins.
_FEES: Final = (("maps_", "maps_queries"), ("", "search_queries"))


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
    midnights = [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in changes]
    began = [exp.column("started_at") >= asked.instant(moment) for moment in midnights]
    beyond = [
        exp.func("COALESCE", exp.column("input_tokens"), _number(0)) > asked.bound(size)
        for size in cliffs
    ]
    # One number tells both: every key that is grouped by takes its time.
    bracket = exp.Add(
        this=exp.Mul(this=_count_of(began), expression=_number(len(cliffs) + 1)),
        expression=_count_of(beyond),
    )
    apart = [*keys, *map(exp.column, _APART), bracket.as_("bracket")]
    names = [f"d{n}" for n in range(len(keys))]
    select = line_sums(apart, [*names, *_APART, "bracket"], asked.where(), Fees(_FEES)).limit(
        MOST_SUMS + 1, copy=False
    )
    return select.sql(dialect=dialect, pretty=True), asked.params


def read_sums(
    rows: Sequence[Sequence[Any]], dimensions: int, cliffs: Sequence[int]
) -> list[ChargeSum]:
    """The rows of the statement as values; for the same cliffs."""
    at = dimensions + len(_APART)
    return [
        ChargeSum(
            tuple(row[:dimensions]),
            *row[dimensions:at],
            *divmod(row[at], len(cliffs) + 1),
            *row[at + 1 :],
        )
        for row in rows
    ]


def _count_of(conditions: Sequence[exp.Expr]) -> exp.Expr:
    total = _number(0)
    for condition in conditions:
        one = exp.case().when(condition, _number(1)).else_(_number(0))
        total = exp.Add(this=total, expression=one)
    return exp.paren(total)


def _number(value: int) -> exp.Expr:
    return exp.Literal.number(value)
