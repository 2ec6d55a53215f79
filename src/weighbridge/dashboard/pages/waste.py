"""Errors and waste: what failed, was blocked, cut short or given up, and what it cost.

Every exchange is of one kind (`reports/waste`), so kinds add up to everything and the wasted ones
to `wasted_cost`. Rules for future edits: a link's filters choose exactly the calls of its row.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from weighbridge.core.outcome import Outcome
from weighbridge.dashboard.asking import Desk
from weighbridge.dashboard.content import Cell, Chart, Column, Content, Table, figure, word
from weighbridge.dashboard.pages.groups import Wanted, group_table
from weighbridge.dashboard.pages.pictures import over_time
from weighbridge.dashboard.pages.tiles import tiles
from weighbridge.reports.dimensions import NONE
from weighbridge.reports.waste import Kind, Reason, Waste, find_waste

_FAILED: Final = tuple(
    str(one) for one in Outcome if one not in (Outcome.OK, Outcome.CLIENT_CLOSED)
)
_TITLES: Final = {
    "failed": "Failed",
    "client_gone": "Caller hung up",
    "blocked": "Prompt blocked",
    "stopped": "Answer withheld",
    "truncated": "Cut at the token limit",
    "fine": "Fine",
    "other": "Other",
}
_TILES: Final = (
    ("wasted_cost", "Wasted spend"),
    ("errors", "Errors"),
    ("error_rate", "Error rate"),
    ("client_closed", "Callers hung up"),
    ("blocked", "Blocked"),
)
_FIGURES: Final = (("exchanges", "Calls"), ("share", "Share"), ("cost", "Cost"))
_BY_AGENT: Final = ("wasted_cost", "errors", "error_rate", "client_closed", "exchanges", "cost")
_MOST_REASONS: Final = 30

Filters = Mapping[str, tuple[str, ...]]


def waste(desk: Desk) -> Content:
    """Kinds and their reasons."""
    made, result = tiles(desk, [(name, title, "") for name, title in _TILES])
    found = find_waste(desk.state.question(desk.span), desk.ask)
    return Content(
        title="Errors and waste",
        subtitle="How calls ended, and what those cost that nobody got an answer from.",
        tiles=made,
        tables=[_kinds(desk, found), _reasons(desk, found)],
        completeness=dict(result.completeness),
        never_called=not result.completeness["exchanges"] and not desk.state.filters,
    )


def late(desk: Desk) -> list[Table]:
    """The agents that waste comes from."""
    by_agent = Wanted(
        dimension="agent",
        metrics=_BY_AGENT,
        title="By agent",
        to="/waste",
        name="agents",
        order="wasted_cost",
        brief=("errors", "error_rate", "exchanges"),
    )
    return [group_table(desk, by_agent)[0]]


def charts(desk: Desk) -> tuple[Chart, ...]:
    """Errors by what they were; wasted money by how the calls ended."""
    failed = {"outcome": _FAILED}
    return (
        over_time(desk, ("error_type",), "errors", name="errors", only=failed),
        over_time(desk, ("outcome",), "wasted_cost", name="wasted"),
    )


def _kinds(desk: Desk, found: Waste) -> Table:
    rows = [
        [
            word(_TITLES[kind.name], href=_link(desk, _kind_filters(kind))),
            word("yes" if kind.wasted else "no", tone="bad" if kind.wasted else "quiet"),
            *_figures(kind.figures, found),
        ]
        for kind in found.kinds
        if kind.figures["exchanges"]
    ]
    columns = (Column("kind", "Kind"), Column("wasted", "Wasted"), *_columns())
    return Table(
        name="kinds",
        title="How calls ended",
        half=True,
        columns=columns,
        rows=rows,
        totals=[word("Total"), Cell("", None), *_figures(found.totals, found)] if rows else [],
        note="Only who asked knows whether an answer that was withheld or cut was of use.",
    )


def _reasons(desk: Desk, found: Waste) -> Table:
    pairs = [
        (kind, reason) for kind in found.kinds if kind.name != "fine" for reason in kind.reasons
    ]
    pairs.sort(key=lambda pair: -pair[1].figures["exchanges"])
    rows = [
        [
            word(reason.code, href=_link(desk, _reason_filters(kind, reason))),
            word(_TITLES[kind.name], tone="quiet"),
            *_figures(reason.figures, found),
        ]
        for kind, reason in pairs[:_MOST_REASONS]
    ]
    left = len(pairs) - len(rows)
    return Table(
        name="reasons",
        title="Why",
        half=True,
        columns=(Column("reason", "Reason"), Column("kind", "Kind"), *_columns()),
        rows=rows,
        note=f"{left} more reasons are rarer." if left else "",
        empty="Every call in this range got its answer.",
    )


def _columns() -> tuple[Column, ...]:
    return tuple(Column(name, title, figures=True) for name, title in _FIGURES)


def _figures(row: Mapping[str, Any], found: Waste) -> list[Cell]:
    calls, whole = row["exchanges"], found.totals["exchanges"]
    share = round(Decimal(calls) / whole, 6) if whole else None
    text = "-" if share is None else f"{share * 100:.2f} %"
    bar = None if share is None else float(share)
    return [figure(calls, "exchanges"), Cell(text, share, share=bar), figure(row["cost"], "USD")]


def _link(desk: Desk, filters: Filters | None) -> str:
    if filters is None:
        return ""
    both = desk.state.narrowed(filters)
    return "/exchanges" + desk.state.query_string(filters=both, by=(), metric="", sort="")


def _kind_filters(kind: Kind) -> Filters | None:
    """What chooses the calls of a kind; None where no filters can."""
    codes = tuple(reason.code for reason in kind.reasons)
    if kind.name == "failed":
        return {"outcome": _FAILED}
    if kind.name == "client_gone":
        return {"outcome": ("client_closed",)}
    if kind.name == "blocked":
        return {"outcome": ("ok",), "block_reason": codes}
    if kind.name == "other":
        return None
    return {"outcome": ("ok",), "block_reason": (NONE,), "finish_reason": codes}


def _reason_filters(kind: Kind, reason: Reason) -> Filters | None:
    if kind.name == "failed":
        outcome, _, status = reason.code.partition(" ")
        if outcome in _FAILED:
            got = (status,) if status else ("0", NONE)
            return {"outcome": (outcome,), "status": got, "error_type": (NONE,)}
        return {"outcome": _FAILED, "error_type": (reason.code,)}
    return _kind_filters(Kind(kind.name, kind.wasted, reason.figures, [reason]))
