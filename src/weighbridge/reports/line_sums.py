"""Charges, summed by unit: of what is stored of them, each price multiplied once.

Hides how a ledger keeps charges (`core/charge_columns`). The contract's `charges` have an amount
each, worked out charge by charge from what is stored: over millions of rows that took thirty times
as long as adding up quantities by what they are of and multiplying each sum once, which is the same
to the last digit, for what is stored without an amount costs its quantity times its price, exactly.
Rows that were charged alike are added up column by column, and only their sums are taken apart into
charges; lists are taken apart row by row.

Rules for future edits: as in `compile`, built of sqlglot, values bound (P6); a charge that tells
its amount keeps it; a store offers `exchange_lines`; what a select is from comes last and uncopied,
for each step of a builder copies all that it has.
Counterparts: `charge_lines` and `charge_sums` ask for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from weighbridge.core.charge_columns import FIELDS, KINDS, LINES, QUANTITIES, SEPARATOR_CODE

_TABLE = "exchange_lines"
_WITHOUT_AMOUNT = "FILTER(WHERE STRUCT_EXTRACT(line, 'amount') IS NULL)"
_WHOLE, _PART = "STRUCT_EXTRACT(line, 'quantity')", "STRUCT_EXTRACT(line, 'fraction')"
_NUMBER = "DECIMAL(26, 6)"
_QUANTITY = f"CAST({{0}} AS {_NUMBER}) + CAST(COALESCE({{0}}_part, 0) AS {_NUMBER})"


@dataclass(frozen=True, slots=True)
class Fees:
    """Counts that stand for a quantity where they are known, by how its unit begins; "" is any."""

    counts: tuple[tuple[str, str], ...] = ()

    @property
    def columns(self) -> list[str]:
        """The columns of the counts."""
        return [column for _, column in self.counts]


def line_sums(
    keys: Sequence[exp.Expr], names: Sequence[str], where: Sequence[exp.Expr], fees: Fees = Fees()
) -> exp.Select:
    """A statement's rows: the keys, then `unit`, `quantity`, `cost`, `n`, and `queries` of fees.

    Takes: `keys`, expressions over rows that are named `names`.
    """
    by_price = exp.union(
        _of_columns(keys, names, where, fees),
        _of_lists(keys, names, where, fees),
        distinct=False,
        copy=False,
    )
    return (
        exp.select(*names, "unit")
        .select(
            "SUM(quantity) AS quantity",
            "SUM(COALESCE(told, 0) + COALESCE(CAST(priced * CAST(unit_price AS DECIMAL(18, 12)) "
            "AS DECIMAL(38, 12)), 0)) AS cost",
            "SUM(n) AS n",
        )
        .select(*([f"SUM({_by_unit(fees)}) AS queries"] if fees.counts else []))
        .group_by(*names, "unit")
        .from_(by_price.subquery("by_price", copy=False), copy=False)
    )


def _of_columns(
    keys: Sequence[exp.Expr], names: Sequence[str], where: Sequence[exp.Expr], fees: Fees
) -> exp.Select:
    """Sums by unit and price of what stands in plain columns."""
    counts = fees.columns
    rows = (
        exp.select(*keys, *counts, KINDS, *QUANTITIES)
        .from_(_TABLE)
        .where(*where)
        .where(f"NOT {KINDS} IS NULL")
    )
    # Where a count is not known, the quantity stands for it: such rows are added up apart. There is
    # a bit for each count, for every key that is grouped by takes its time.
    bits = [f"CASE WHEN {column} IS NULL THEN {2**n} ELSE 0 END" for n, column in enumerate(counts)]
    alike = (
        exp.select(*names, KINDS, f"{' + '.join(bits) or '0'} AS untold")
        .select(*[f"SUM({name}) AS {name}" for name in (*QUANTITIES, *counts)], "COUNT(*) AS n")
        .group_by(*[exp.Literal.number(n + 1) for n in range(len(names) + 2)])
        .from_(rows.subquery("plain", copy=False), copy=False)
    )
    one_by_one = exp.select(
        "*",
        f"STRING_SPLIT({KINDS}, CHR({SEPARATOR_CODE})) AS parts",
        f"UNNEST([{', '.join(QUANTITIES)}]) AS charge",
        f"UNNEST(RANGE({len(QUANTITIES)})) AS slot",
    ).from_(alike.subquery("alike", copy=False), copy=False)
    known = [
        f"CASE WHEN (untold & {2**n}) <> 0 THEN charge ELSE {column} END"
        for n, column in enumerate(counts)
    ]
    return (
        exp.select(
            *names,
            f"parts[{FIELDS} * slot + 1] AS unit",
            f"parts[{FIELDS} * slot + 2] AS unit_price",
            *[f"CAST(charge AS {_NUMBER}) AS {name}" for name in ("quantity", "priced")],
            "NULL AS told",
            "n",
        )
        .select(
            *[
                f"CAST({text} AS {_NUMBER}) AS {column}_sum"
                for text, column in zip(known, counts, strict=True)
            ]
        )
        .where("NOT charge IS NULL")
        .from_(one_by_one.subquery("one_by_one", copy=False), copy=False)
    )


def _of_lists(
    keys: Sequence[exp.Expr], names: Sequence[str], where: Sequence[exp.Expr], fees: Fees
) -> exp.Select:
    """Sums by unit and price of what stands in lists."""
    counts = fees.columns
    each = exp.Anonymous(this="UNNEST", expressions=[exp.column(LINES)])
    lines = (
        exp.select(*keys, *counts, each.as_("line"))
        .from_(_TABLE)
        .where(*where)
        .where(f"{KINDS} IS NULL")
    )
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
        .group_by(*[exp.Literal.number(n + 1) for n in range(len(names) + 2)])
        .from_(lines.subquery("lines", copy=False), copy=False)
    )
    return (
        exp.select(*names, "unit", "unit_price")
        .select(*[f"{_QUANTITY.format(name)} AS {name}" for name in ("quantity", "priced")])
        .select("told", "n")
        .select(*[f"{_QUANTITY.format(f'{one}_sum')} AS {one}_sum" for one in counts])
        .from_(by_price.subquery("of_lists", copy=False), copy=False)
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
        f"WHEN STARTS_WITH(unit, '{begins}') THEN {column}_sum" for begins, column in fees.counts
    ]
    return f"CASE {' '.join(cases)} END"
