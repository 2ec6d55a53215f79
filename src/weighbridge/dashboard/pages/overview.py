"""Overview: what is being spent, by whom, on what, and what is not known."""

from decimal import Decimal
from typing import Final

from weighbridge.dashboard.asking import Desk
from weighbridge.dashboard.content import Chart, Column, Content, Table, figure, word
from weighbridge.dashboard.pages.groups import (
    NAMES,
    Wanted,
    change_of,
    change_text,
    group_table,
)
from weighbridge.dashboard.pages.pictures import measure_choice, over_time, split_choice
from weighbridge.dashboard.pages.tiles import tile, tiles
from weighbridge.dashboard.ranges import preset_span
from weighbridge.reports.cost_query import MAX_GROUPS

_SPLITS: Final = ("department", "project", "agent", "model", "surface", "operation")
_MOVERS: Final = 6
_TOP: Final = 8
_FIGURES: Final = (
    ("cost", "Spend in range", "/series"),
    ("exchanges", "Calls", "/exchanges"),
    ("total_tokens", "Tokens", "/models"),
    ("error_rate", "Error rate", "/agents"),
    ("latency_p50", "Median latency", "/models"),
    ("latency_p95", "p95 latency", "/models"),
    ("cached_share", "Cached input", "/agents"),
)


def overview(desk: Desk) -> Content:
    """The first page."""
    state = desk.state
    link = state.query_string()
    made, result = tiles(desk, [(name, title, to + link) for name, title, to in _FIGURES])
    by = state.by or ("department",)
    metric = state.metric or "cost"
    content = Content(title="Overview", tiles=made, completeness=dict(result.completeness))
    for preset, title in (("this-month", "Spend this month"), ("today", "Spend today")):
        span = preset_span(preset, desk.now, state.question(desk.span).zone)
        asked = state.question(span, metrics=("cost",))
        spent = desk.ask(asked).totals["cost"]
        assert span.before is not None
        was = desk.ask(asked.between(*span.before)).totals["cost"] if state.compare else None
        href = "/overview" + state.query_string(range=preset, since="", until="")
        content.tiles.insert(0, tile(preset, title, spent, was, href, "cost"))
    content.choices = [measure_choice(desk, metric), split_choice(desk, by, _SPLITS)]
    content.tables = [_movers(desk), _top(desk, by[0])]
    content.never_called = not result.completeness["exchanges"] and not state.filters
    return content


def charts(desk: Desk) -> tuple[Chart, ...]:
    """Spend, or another metric, over time."""
    return (over_time(desk, desk.state.by or ("department",), desk.state.metric or "cost"),)


def _top(desk: Desk, dimension: str) -> Table:
    name = NAMES.get(dimension, dimension)
    wanted = Wanted(
        dimension=dimension,
        metrics=("cost", "exchanges", "total_tokens", "error_rate"),
        title=f"Spend by {name.lower()}",
        to={"department": "/projects", "project": "/agents", "agent": "/agents/one"}.get(
            dimension, "/exchanges"
        ),
        most=_TOP,
        unallocated="Unallocated",
        name="top",
    )
    return group_table(desk, wanted)[0]


def _movers(desk: Desk) -> Table:
    """The agents whose spend changed most in money, up or down."""
    span, state = desk.span, desk.state
    asked = state.question(span, group_by=("agent",), metrics=("cost",), limit=MAX_GROUPS)
    now = {row["agent"]: row["cost"] or Decimal(0) for row in desk.ask(asked).rows}
    was = {}
    if span.before:
        earlier = desk.ask(asked.between(*span.before)).rows
        was = {row["agent"]: row["cost"] or Decimal(0) for row in earlier}
    moved = {name: now.get(name, Decimal(0)) - was.get(name, Decimal(0)) for name in {*now, *was}}
    largest = sorted(moved, key=lambda name: (-abs(moved[name]), name))[:_MOVERS]
    rows = []
    for name in largest if was else ():
        if not moved[name]:
            continue
        change = change_of(now.get(name, Decimal(0)), was.get(name))
        href = "/agents/one" + state.query_string(filters=state.only(agent=name))
        rows.append(
            [
                word(name, href=href),
                figure(was.get(name, Decimal(0)), "USD"),
                figure(now.get(name, Decimal(0)), "USD"),
                figure(moved[name], "USD"),
                word(change_text(change)),
            ]
        )
    titles = (
        *(("agent", "Agent"), ("before", "Before"), ("now", "Now")),
        *(("difference", "Difference"), ("change", "Change")),
    )
    return Table(
        name="movers",
        title="Top movers",
        columns=tuple(Column(name, title, name != "agent") for name, title in titles),
        rows=rows,
        empty="Nothing to compare with: there was no spend in the period before.",
    )
