"""Errors and waste by kind, with the money they cost.

Hides which columns make a kind. Every exchange is of exactly one kind, the first that fits:
what went wrong on the wire before what the model refused before what it cut short. So kinds
add up to the ledger, and the kinds marked as wasted to the metric `wasted_cost`.

Rules for future edits: pure folding of one query's rows, no SQL of its own; a new kind is an
entry of `KINDS` and a line in `docs/explanation/queries.md`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final

from weighbridge.reports.compare import Run
from weighbridge.reports.cost_query import MAX_GROUPS, CostQuery
from weighbridge.reports.dimensions import NONE, OTHER
from weighbridge.reports.result import QueryResult, Row, figure_as_json

# Kinds, and whether what they cost is wasted: nobody got an answer to use.
KINDS: Final[dict[str, bool]] = {
    "failed": True,  # the upstream, the network, the gateway or the request
    "client_gone": True,
    "blocked": True,  # the prompt was, before an answer
    "stopped": False,  # the answer was, part of it is there
    "truncated": False,  # at its token limit
    "fine": False,
    "other": False,  # beyond what a result shows; 0 but for thousands of distinct codes
}
METRICS: Final = ("cost", "wasted_cost", "exchanges", "total_tokens", "unpriced", "unmetered")
_STOPS: Final = frozenset(
    {
        "SAFETY",
        "RECITATION",
        "LANGUAGE",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "MODEL_ARMOR",
        "CONTENT_FILTER",
        "REFUSAL",
    }
)
_NO_STATUS: Final = ("0", NONE)
_CUTS: Final = frozenset({"MAX_TOKENS", "LENGTH"})
_BY: Final = ("outcome", "block_reason", "finish_reason", "error_type", "status")


@dataclass(frozen=True, slots=True)
class Reason:
    """Exchanges of one kind that ended alike; `code` is what names it best."""

    code: str
    figures: Row


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind, its figures, and what they are made of, the most costly first."""

    name: str
    wasted: bool
    figures: Row
    reasons: list[Reason] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Waste:
    """All kinds, in the order of `KINDS`; their figures add up to `totals`."""

    kinds: list[Kind]
    totals: Row
    result: QueryResult

    def as_json(self) -> dict[str, Any]:
        """The API's document."""
        return {
            "kinds": [
                {
                    "kind": kind.name,
                    "wasted": kind.wasted,
                    "figures": _json(kind.figures),
                    "reasons": [
                        {"code": reason.code, "figures": _json(reason.figures)}
                        for reason in kind.reasons
                    ],
                }
                for kind in self.kinds
            ],
            "totals": _json(self.totals),
            "completeness": self.result.completeness,
            "as_of": self.result.as_json()["as_of"],
        }


def find_waste(query: CostQuery, run: Run) -> Waste:
    """Kinds of what the query's range and filters choose; its grouping plays no part."""
    asked = replace(
        query,
        granularity="none",
        group_by=_BY,
        metrics=METRICS,
        order_by="-cost",
        limit=MAX_GROUPS,
    )
    return fold_waste(run(asked))


def fold_waste(result: QueryResult) -> Waste:
    """Kinds from rows by outcome, block reason, finish reason, error type and status."""
    found: dict[str, dict[str, list[Row]]] = {name: {} for name in KINDS}
    for row in result.rows:
        kind, code = kind_of(row)
        found[kind].setdefault(code, []).append(row)
    kinds = []
    for name, wasted in KINDS.items():
        reasons = [Reason(code, _sum(rows)) for code, rows in found[name].items()]
        reasons.sort(key=_most_costly_first)
        figures = _sum([reason.figures for reason in reasons])
        kinds.append(Kind(name, wasted, figures, reasons))
    return Waste(kinds, {name: result.totals[name] for name in METRICS}, result)


def kind_of(row: Row) -> tuple[str, str]:
    """The kind of a row and the code that names its reason.

    Example: outcome `client_error`, error type `RESOURCE_EXHAUSTED` is `failed`,
    `RESOURCE_EXHAUSTED`; without an error type, the outcome and the status, where the client got
    one: `client_error 404`, `interrupted`.
    """
    outcome, stop = row["outcome"], row["finish_reason"].upper()
    if outcome == OTHER:
        return "other", OTHER
    if outcome == "client_closed":
        return "client_gone", outcome
    if outcome != "ok":
        if row["error_type"] != NONE:
            return "failed", row["error_type"]
        return "failed", outcome if row["status"] in _NO_STATUS else f"{outcome} {row['status']}"
    if row["block_reason"] != NONE:
        return "blocked", row["block_reason"]
    if stop in _STOPS:
        return "stopped", row["finish_reason"]
    if stop in _CUTS:
        return "truncated", row["finish_reason"]
    return "fine", row["finish_reason"]


def _most_costly_first(reason: Reason) -> tuple[Decimal, int, str]:
    return -(reason.figures["cost"] or Decimal(0)), -reason.figures["exchanges"], reason.code


def _sum(rows: Sequence[Row]) -> Row:
    """Sums; a cost that no row knows is not known, as in any result."""
    zero: dict[str, Any] = {"cost": Decimal(0), "wasted_cost": Decimal(0)}
    sums: Row = {
        name: sum((row[name] or 0 for row in rows), start=zero.get(name, 0)) for name in METRICS
    }
    if rows and all(row["cost"] is None for row in rows):
        sums["cost"] = None
    return sums


def _json(figures: Row) -> Row:
    return {name: figure_as_json(value) for name, value in figures.items()}
