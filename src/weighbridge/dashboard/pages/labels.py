"""Labels: how much of the spend carries which key, and the values of one key.

Keys overlap, for a call may carry several; what carries none is a row of its own. Rules for
future edits: `by=label:KEY` in the address opens a key, so that it keeps range and filters.
"""

import math
from decimal import Decimal
from typing import Final

from weighbridge.dashboard.asking import Desk
from weighbridge.dashboard.content import Cell, Chart, Choice, Column, Content, Table, figure, word
from weighbridge.dashboard.pages.groups import Wanted, group_table
from weighbridge.dashboard.pages.pictures import measure_choice, over_time
from weighbridge.reports.dimensions import LABEL_PREFIX, NONE, OTHER
from weighbridge.reports.label_coverage import Coverage, Covered, find_coverage, find_keys
from weighbridge.reports.result import QueryResult

_WARN_ABOVE: Final = "labels.cardinality_warn"
_MOST_CHOICES: Final = 8
_FIGURES: Final = ("cost", "exchanges", "tokens", "error_rate")


def labels(desk: Desk) -> Content:
    """Keys; or the values of the key that is chosen."""
    return _one_key(desk) if _chosen(desk) else _all_keys(desk)


def charts(desk: Desk) -> tuple[Chart, ...]:
    """The values of the chosen key over time."""
    dimension = _chosen(desk)
    return (over_time(desk, (dimension,), desk.state.metric or "cost"),) if dimension else ()


def _chosen(desk: Desk) -> str:
    return next((name for name in desk.state.by if name.startswith(LABEL_PREFIX)), "")


def _all_keys(desk: Desk) -> Content:
    found = find_coverage(desk.state.question(desk.span), desk.reports.select)
    labelled = (found.totals.cost or Decimal(0)) - (found.bare.cost or Decimal(0))
    return Content(
        title="Labels",
        subtitle="How much of the spend carries which key. A call may carry several.",
        facts=[
            ("Spend in range", figure(found.totals.cost, "USD")),
            ("With a label", _part(labelled, found)),
            ("Without any", _part(found.bare.cost or Decimal(0), found)),
            ("Keys", figure(len(found.keys), "keys")),
        ],
        tables=[_keys(desk, found)],
        never_called=not found.totals.exchanges and not desk.state.filters,
    )


def _part(cost: Decimal, found: Coverage) -> Cell:
    whole = found.totals.cost
    share = f" ({cost / whole * 100:.1f} %)" if whole else ""
    return Cell(f"{figure(cost, 'USD').text}{share}", cost)


def _keys(desk: Desk, found: Coverage) -> Table:
    state = desk.state
    wanted, many = state.search.lower(), _many(desk)
    rows = [
        _row(key, covered, found, state.query_string(by=(LABEL_PREFIX + key,), search=""), many)
        for key, covered in found.keys.items()
        if wanted in key
    ]
    if found.bare.exchanges and not wanted:
        rows.append(_row("(no label)", found.bare, found, "", many))
    noisy = sum(covered.values > many for covered in found.keys.values())
    warning = (
        f"{noisy} of the keys have more than {many:,} values: an id or a time as a value makes "
        "every view of that key unreadable."
    )
    titles = (("values", "Values"), ("exchanges", "Calls"), ("cost", "Cost"), ("share", "Covers"))
    figures = tuple(Column(name, title, figures=True) for name, title in titles)
    return Table(
        name="keys",
        title="Keys",
        columns=(Column("key", "Key"), *figures),
        rows=rows,
        note=warning if noisy else "",
        searchable=True,
        empty="No call in this range carries a label that matches."
        if wanted
        else "No call in this range carries a label: send X-Weighbridge-Labels: key=value.",
    )


def _many(desk: Desk) -> float:
    """More values than a key may have without a warning, as the policy says; 0 there is none."""
    settings = desk.sources.administration.policy_settings.all()
    most = next(one.value for one in settings if one.name == _WARN_ABOVE)
    return most or math.inf


def _row(key: str, covered: Covered, found: Coverage, link: str, most: float) -> list[Cell]:
    whole = found.totals.cost
    share = round((covered.cost or Decimal(0)) / whole, 6) if whole else None
    text = "-" if share is None else f"{share * 100:.1f} %"
    many = covered.values > most
    values = figure(covered.values, "values", tone="bad" if many else "") if link else Cell("")
    return [
        word(key, href=f"/labels{link}" if link else "", tone="" if link else "quiet"),
        values,
        figure(covered.exchanges, "exchanges"),
        figure(covered.cost, "USD"),
        Cell(text, share, share=None if share is None else float(share)),
    ]


def _one_key(desk: Desk) -> Content:
    dimension, state = _chosen(desk), desk.state
    key = dimension.removeprefix(LABEL_PREFIX)
    wanted = Wanted(
        dimension=dimension,
        metrics=_FIGURES,
        title=f"Values of {key}",
        to="/exchanges",
        unallocated="Without this label",
    )
    table, result = group_table(desk, wanted)
    keys = find_keys(state.question(desk.span), desk.reports.select, _MOST_CHOICES)
    others = tuple(
        (other, state.query_string(by=(LABEL_PREFIX + other,)), other == key) for other in keys
    )
    return Content(
        title=key,
        subtitle=f"{key}: {_values_of(dimension, result)}",
        parents=(("Labels", "/labels" + state.query_string(by=(), sort="", search="")),),
        choices=[Choice("Key", others), measure_choice(desk, state.metric or "cost")],
        tables=[table],
        completeness=dict(result.completeness),
        never_called=not result.completeness["exchanges"] and not state.filters,
    )


def _values_of(dimension: str, result: QueryResult) -> str:
    """How many values a key has, of which a result has at most so many rows."""
    names = [row[dimension] for row in result.rows]
    values = sum(name not in (NONE, OTHER) for name in names)
    more = "more than " if OTHER in names else ""
    return f"{more}{values:,} {'value' if values == 1 else 'values'}"
