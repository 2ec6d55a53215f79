"""Charge lines, summed by unit: of the lines as they are stored, each price multiplied once.

Hides how a ledger keeps lines. The contract's `charges` have an amount each, worked out line by
line from what is stored: over millions of rows that took twelve times as long as adding up
quantities by unit and unit price and multiplying each sum once, which is the same to the last
digit, for a line that is stored without an amount costs its quantity times its price, exactly.

Rules for future edits: as in `compile`, built of sqlglot, values bound (P6); a line that tells its
amount keeps it; a store offers `exchange_lines`, rows with the `charge_lines` of `ledger/schema`.
Counterparts: `charge_lines` and `charge_sums` ask for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

_TABLE = "exchange_lines"
_WITHOUT_AMOUNT = "FILTER(WHERE STRUCT_EXTRACT(line, 'amount') IS NULL)"
_WHOLE, _PART = "STRUCT_EXTRACT(line, 'quantity')", "STRUCT_EXTRACT(line, 'fraction')"
_QUANTITY = "CAST({0} AS DECIMAL(26, 6)) + CAST(COALESCE({0}_part, 0) AS DECIMAL(26, 6))"


@dataclass(frozen=True, slots=True)
class Fees:
    """Counts that stand for a quantity where they are known, by how its unit begins; "" is any."""

    counts: tuple[tuple[str, str], ...] = ()


def line_sums(
    keys: Sequence[exp.Expr], names: Sequence[str], where: Sequence[exp.Expr], fees: Fees = Fees()
) -> exp.Select:
    """A statement's rows: the keys, then `unit`, `quantity`, `cost`, `n`, and `queries` of fees.

    Takes: `keys`, expressions over rows that are named `names`.
    """
    counts = [column for _, column in fees.counts]
    each = exp.Anonymous(this="UNNEST", expressions=[exp.column("charge_lines")])
    lines = exp.select(*keys, *counts, each.as_("line")).from_(_TABLE).where(*where)
    by_price = (
        exp.select(
            *names,
            "STRUCT_EXTRACT(line, 'unit') AS unit",
            "STRUCT_EXTRACT(line, 'unit_price') AS unit_price",
            *_both("quantity"),
            *_both("priced", _WITHOUT_AMOUNT),
            "SUM(STRUCT_EXTRACT(line, 'amount')) AS told",
            "COUNT(*) AS n",
        )
        .select(*[part for column in counts for part in _counted(column)])
        .from_(lines.subquery("lines"))
        .group_by(*[exp.Literal.number(n + 1) for n in range(len(names) + 2)])
    )
    priced = f"({_QUANTITY.format('priced')}) * CAST(unit_price AS DECIMAL(18, 12))"
    return (
        exp.select(
            *names,
            "unit",
            f"SUM({_QUANTITY.format('quantity')}) AS quantity",
            f"SUM(COALESCE(told, 0) + COALESCE(CAST({priced} AS DECIMAL(38, 12)), 0)) AS cost",
            "SUM(n) AS n",
        )
        .select(*([f"SUM({_by_unit(fees)}) AS queries"] if counts else []))
        .from_(by_price.subquery("by_price"))
        .group_by(*names, "unit")
    )


def _both(name: str, only: str = "") -> tuple[str, str]:
    """Whole and part of a quantity, added up apart: whole numbers add up faster."""
    return f"SUM({_WHOLE}) {only} AS {name}", f"SUM({_PART}) {only} AS {name}_part"


def _counted(column: str) -> tuple[str, str]:
    return (
        f"SUM(COALESCE({column}, {_WHOLE})) AS {column}_sum",
        f"SUM({_PART}) FILTER(WHERE {column} IS NULL) AS {column}_sum_part",
    )


def _by_unit(fees: Fees) -> str:
    cases = [
        f"WHEN STARTS_WITH(unit, '{begins}') THEN {_QUANTITY.format(f'{column}_sum')}"
        for begins, column in fees.counts
    ]
    return f"CASE {' '.join(cases)} END"
