"""What this workload would have cost on other models, exactly by the price book.

Same tokens, same day, same surface, tier and place, the other model's prices (`reports/what_if`).
Rules for future edits: what a model has no price for stands on neither side, and is told.
"""

from decimal import Decimal
from typing import Final

from weighbridge.dashboard.asking import Desk
from weighbridge.dashboard.content import Cell, Choice, Column, Content, Field, Table, figure, word
from weighbridge.dashboard.pages.change import change_of, change_text
from weighbridge.dashboard.pages.titles import NAMES
from weighbridge.reports.dimensions import NONE
from weighbridge.reports.what_if import Moved, WhatIf
from weighbridge.reports.what_if import what_if as price_anew

_GROUPS: Final = ("agent", "model", "project", "department")
_MOST_ROWS: Final = 100
_MOST_UNITS: Final = 4
_ZERO: Final = Decimal(0)
_PLACES: Final = Decimal(1).scaleb(-12)


def what_if(desk: Desk) -> Content:
    """The chosen models side by side, and where the difference comes from."""
    state = desk.state
    content = Content(
        title="What if",
        subtitle="What the calls of this range would have cost on other models: same tokens, same "
        "days, list prices.",
        fields=[_field(desk)],
    )
    if not state.models:
        content.tables = [_side_by_side(desk, None)]
        return content
    by = state.by[:1] or ("agent",)
    question = state.question(desk.span, group_by=by)
    found = price_anew(question, state.models, desk.ask, desk.reports.select, desk.sources.models)
    splits = tuple(
        (NAMES.get(one, one), state.query_string(by=(one,)), (one,) == by) for one in _GROUPS
    )
    content.choices = [_chosen(desk), Choice("Split by", splits)]
    content.tables = [_side_by_side(desk, found), _by_group(desk, found, by[0])]
    content.completeness = dict(found.ledger.completeness)
    content.never_called = not found.ledger.completeness["exchanges"] and not state.filters
    return content


def _field(desk: Desk) -> Field:
    """Where a model is named; it offers those that answer with text."""
    lines = desk.sources.models.listing(desk.now)
    names = {line.model for line in lines if line.unit == "output_text_token"}
    return Field(
        name="models",
        label="On",
        button="Add model",
        placeholder="gemini-2.5-flash",
        options=tuple(sorted(names)),
        adds=True,
    )


def _chosen(desk: Desk) -> Choice:
    """The models that were named; each leads to the page without it."""
    names = desk.state.models
    return Choice(
        "Chosen",
        tuple(
            (f"{name} ×", desk.state.query_string(models=[n for n in names if n != name]), True)
            for name in names
        ),
    )


def _side_by_side(desk: Desk, found: WhatIf | None) -> Table:
    titles = (("cost_now", "As it was"), ("cost", "Would be"), ("difference", "Difference"))
    columns = [Column("model", "On this model")]
    columns += [Column(name, title, figures=True) for name, title in titles]
    columns += [Column("change", "Change", figures=True), Column("unmoved", "Not counted")]
    note = ""
    if found and found.without_charges:
        known = figure(found.without_charges, "USD").text
        note = f"{known} more is of calls that do not say what they were charged for."
    return Table(
        name="models",
        title="All calls together",
        columns=tuple(columns),
        rows=[_model_row(desk, one) for one in found.models] if found else [],
        note=note,
        empty="Name a model above: this workload is then priced on it, call by call.",
    )


def _model_row(desk: Desk, moved: Moved) -> list[Cell]:
    filters = {"model": (moved.model,)}
    book = "/prices" + desk.state.query_string(filters=filters, models=(), by=())
    return [
        word(moved.model, href=book),
        *_sides(moved.cost, moved.cost_now),
        _unmoved(moved),
    ]


def _sides(cost: Decimal, cost_now: Decimal) -> list[Cell]:
    cost, cost_now = cost.quantize(_PLACES), cost_now.quantize(_PLACES)
    difference = cost - cost_now
    change = change_of(cost, cost_now)
    tone = "good" if difference < 0 else "bad" if difference else ""
    return [
        figure(cost_now, "USD"),
        figure(cost, "USD"),
        Cell(_signed(difference), difference, tone=tone),
        Cell("-" if change is None else change_text(change), change, tone=tone),
    ]


def _signed(difference: Decimal) -> str:
    sign = "\u2212" if difference < 0 else "+" if difference else ""
    return sign + figure(abs(difference), "USD").text


def _unmoved(moved: Moved) -> Cell:
    """What the model has no price for, and what that cost as it was."""
    if not moved.unmoved:
        return Cell("", None)
    cost = sum((one.cost for one in moved.unmoved), start=_ZERO).quantize(_PLACES)
    units = list(dict.fromkeys(one.unit.replace("_", " ") for one in moved.unmoved))
    more = ", …" if len(units) > _MOST_UNITS else ""
    named = ", ".join(units[:_MOST_UNITS]) + more
    return Cell(f"{figure(cost, 'USD').text}: {named}", cost, tone="quiet")


def _by_group(desk: Desk, found: WhatIf, dimension: str) -> Table:
    now: dict[str, Decimal] = {}
    for moved in found.models:
        for (name,), (_, cost_now) in moved.groups.items():
            now[name] = max(now.get(name, _ZERO), cost_now)
    names = sorted(now, key=lambda name: (-now[name], name))
    columns = [Column(dimension, NAMES.get(dimension, dimension))]
    columns += [Column(moved.model, moved.model, figures=True) for moved in found.models]
    left = len(names) - _MOST_ROWS
    return Table(
        name="groups",
        title="Difference by " + NAMES.get(dimension, dimension).lower(),
        columns=tuple(columns),
        rows=[_group_row(desk, found, dimension, name) for name in names[:_MOST_ROWS]],
        note=f"{left:,} more are smaller." if left > 0 else "",
        empty="No call in this range was charged for.",
    )


def _group_row(desk: Desk, found: WhatIf, dimension: str, name: str) -> list[Cell]:
    filters = desk.state.only(**{dimension: name})
    cells = [
        word(
            name,
            href="/what-if" + desk.state.query_string(filters=filters),
            tone="quiet" if name == NONE else "",
        )
    ]
    for moved in found.models:
        sides = moved.groups.get((name,))
        if sides is None:
            cells.append(Cell("-", None, tone="quiet"))
            continue
        difference = (sides[0] - sides[1]).quantize(_PLACES)
        tone = "good" if difference < 0 else "bad" if difference else ""
        change = change_of(sides[0], sides[1])
        share = "" if change is None else f" ({change_text(change)})"
        cells.append(Cell(_signed(difference) + share, difference, tone=tone))
    return cells
