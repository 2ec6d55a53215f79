"""Overview: what is being spent, by whom, on what, and what is not known."""

from calendar import monthrange
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from weighbridge.core.money import pico_to_decimal
from weighbridge.dashboard.asking import Desk
from weighbridge.dashboard.content import (
    Chart,
    Column,
    Content,
    Table,
    Tile,
    figure,
    signed,
    sparkline,
    word,
)
from weighbridge.dashboard.pages.budgets_at_risk import budgets_at_risk
from weighbridge.dashboard.pages.change import change_of, change_text
from weighbridge.dashboard.pages.costs import marked, marked_tile
from weighbridge.dashboard.pages.groups import Wanted, ask_together, table_of
from weighbridge.dashboard.pages.pictures import measure_choice, over_time, split_choice
from weighbridge.dashboard.pages.tiles import compared, tiles_of
from weighbridge.dashboard.pages.titles import NAMES, PAGES
from weighbridge.dashboard.ranges import Span, preset_span
from weighbridge.reports.cost_query import MAX_GROUPS
from weighbridge.reports.dimensions import OTHER
from weighbridge.reports.forecast import forecast_month
from weighbridge.reports.result import for_people
from weighbridge.reports.unpriced import asking, left_out

_SPLITS: Final = ("department", "project", "agent", "model", "surface", "operation")
_MOVERS: Final = 6
_TOP: Final = 8
_FIGURES: Final = (
    ("cost", "Spend in range", "/series"),
    ("exchanges", "Calls", "/exchanges"),
    ("tokens", "Tokens", "/models"),
    ("error_rate", "Error rate", "/agents"),
    ("latency_p50", "Median latency", "/models"),
    ("latency_p95", "p95 latency", "/models"),
    ("cached_share", "Cached input", "/agents"),
)


def overview(desk: Desk) -> Content:
    """The first page."""
    state = desk.state
    link = state.query_string()
    by = state.by or ("department",)
    wanted = _top(by[0])
    found = ask_together(desk, wanted, tuple(name for name, _, _ in _FIGURES))
    named = [(name, title, to + link) for name, title, to in _FIGURES]
    made = tiles_of(named, found.by_time, found.totals_before)
    result = found.by_group
    empty = not result.completeness["exchanges"] and not state.filters
    return Content(
        title="Overview",
        tiles=[*_lead(desk), replace(made[0], lead=True), *made[1:]],
        completeness=dict(result.completeness),
        choices=[measure_choice(desk, state.metric or "cost"), split_choice(desk, by, _SPLITS)],
        tables=[table_of(desk, wanted, result, found.before)],
        never_called=empty,
    )


def charts(desk: Desk) -> tuple[Chart, ...]:
    """Spend, or another metric, over time."""
    return (over_time(desk, desk.state.by or ("department",), desk.state.metric or "cost"),)


def late(desk: Desk) -> list[Table]:
    """Who moved most, which budgets want a look, what has no price."""
    return [_movers(desk), budgets_at_risk(desk), *_gaps(desk)]


def _lead(desk: Desk) -> list[Tile]:
    """Today, this month, and what the month will have cost."""
    zone = desk.state.question(desk.span).zone
    today = preset_span("today", desk.now, zone)
    month = preset_span("this-month", desk.now, zone)
    last_month = preset_span("last-month", desk.now, zone)
    hours = desk.ask_alone(
        desk.state.question(today, metrics=asking(["cost"]), granularity="hour").between(
            *_ends(today, desk.now)
        )
    )
    ahead = forecast_month(desk.state.question(desk.span), desk.ask_alone, desk.now)
    spent = Tile(
        name="today",
        title="Spend today",
        text="",
        value=hours.totals["cost"],
        href=_range(desk, "today"),
        points=sparkline(row["cost"] for row in hours.rows),
        lead=True,
    )
    so_far = Tile(
        name="this-month",
        title="Spend this month",
        text="",
        value=pico_to_decimal(ahead.spent_pico),
        href=_range(desk, "this-month"),
        note=_day_of_month(desk.now.astimezone(zone)),
        lead=True,
    )
    expected, low, high = (
        None if pico is None else pico_to_decimal(pico)
        for pico in (ahead.expected_pico, ahead.low_pico, ahead.high_pico)
    )
    between = "" if low is None else f"{for_people(low, 'USD')} to {for_people(high, 'USD')}"
    if ahead.like_today_pico is not None:
        like_today = for_people(pico_to_decimal(ahead.like_today_pico), "USD")
        between += f", if days are as usual again; {like_today} if they are like today"
    coming = Tile(
        name="forecast",
        title=f"Forecast to the end of {ahead.month:%B}",
        text="",
        value=expected,
        note=between or "Needs one whole day to go by.",
        href=_range(desk, "this-month"),
        lead=True,
    )
    return [
        marked_tile(compared(spent, _spent_in(desk, today.before)), left_out(hours.totals)),
        marked_tile(compared(so_far, _spent_in(desk, month.before)), ahead.left_out),
        compared(coming, _spent_in(desk, _whole(last_month))),
    ]


def _day_of_month(local: datetime) -> str:
    return f"Day {local.day} of {monthrange(local.year, local.month)[1]}"


def _ends(span: Span, now: datetime) -> tuple[datetime, datetime]:
    assert span.since is not None
    return span.since, span.until or now


def _whole(span: Span) -> tuple[datetime, datetime] | None:
    return None if span.since is None or span.until is None else (span.since, span.until)


def _spent_in(desk: Desk, ends: tuple[datetime, datetime] | None) -> Decimal | None:
    if ends is None or not desk.state.compare:
        return None
    spent = desk.ask_alone(desk.state.question(desk.span, metrics=("cost",)).between(*ends))
    cost: Decimal | None = spent.totals["cost"]
    return cost


def _range(desk: Desk, preset: str) -> str:
    return "/overview" + desk.state.query_string(range=preset, since="", until="")


def _top(dimension: str) -> Wanted:
    name = NAMES.get(dimension, dimension)
    return Wanted(
        dimension=dimension,
        metrics=("cost", "exchanges", "tokens", "error_rate"),
        title=f"Spend by {name.lower()}",
        to=PAGES.get(dimension, "/exchanges"),
        most=_TOP,
        unallocated="Unallocated",
        name="top",
    )


def _movers(desk: Desk) -> Table:
    """Whose spend changed most in money, up or down."""
    span, state = desk.span, desk.state
    dimension = state.by[0] if state.by else "agent"
    asked = state.question(span, group_by=(dimension,), metrics=asking(["cost"]), limit=MAX_GROUPS)
    found = desk.ask(asked).rows
    figures = {str(row[dimension]): row for row in found}
    now = _costs(found, dimension)
    was = _costs(desk.ask_alone(asked.between(*span.before)).rows, dimension) if span.before else {}
    moved = {name: now.get(name, Decimal(0)) - was.get(name, Decimal(0)) for name in {*now, *was}}
    largest = sorted(moved, key=lambda name: (-abs(moved[name]), name))[:_MOVERS]
    rows = []
    for name in largest if was else ():
        if not moved[name]:
            continue
        filters = state.only(**{dimension: name})
        href = PAGES.get(dimension, "/exchanges") + state.query_string(filters=filters, by=())
        rows.append(
            [
                word(name, href=href),
                marked(figure(now.get(name, Decimal(0)), "USD"), figures.get(name, {})),
                signed(moved[name], "USD", tone="bad" if moved[name] > 0 else "good"),
                word(change_text(change_of(now.get(name, Decimal(0)), was.get(name)))),
            ]
        )
    titles = (
        *((dimension, NAMES.get(dimension, dimension)), ("now", "Now")),
        *(("difference", "Difference"), ("change", "Change")),
    )
    return Table(
        name="movers",
        title="Top movers",
        columns=tuple(Column(name, title, name != dimension) for name, title in titles),
        rows=rows,
        empty="Nothing to compare with: nothing was spent in the period before.",
        half=True,
    )


def _costs(rows: list[dict[str, object]], dimension: str) -> dict[str, Decimal]:
    costs = {}
    for row in rows:
        cost = row["cost"]
        if row[dimension] != OTHER:
            costs[str(row[dimension])] = cost if isinstance(cost, Decimal) else Decimal(0)
    return costs


def _gaps(desk: Desk) -> list[Table]:
    """Models with calls whose cost is not known, where there are any."""
    statuses = ("unpriced", "unmetered", "incomplete")
    filters = {**desk.state.filters, "pricing_status": statuses}
    asked = desk.state.question(
        desk.span, group_by=("model",), metrics=("exchanges", "unpriced", "unmetered")
    )
    result = desk.ask(replace(asked, filters=filters, limit=_MOVERS))
    if not result.rows:
        return []
    names = (("unpriced", "No price"), ("unmetered", "Usage unknown"))
    rows = []
    for row in result.rows:
        narrowed = {**filters, "model": (row["model"],)}
        href = "/exchanges" + desk.state.query_string(filters=narrowed, by=(), metric="")
        first = word(row["model"], href="" if row["model"] == OTHER else href)
        rows.append([first, *(figure(row[name], "exchanges") for name, _ in names)])
    return [
        Table(
            name="gaps",
            title="Cost not known",
            columns=(Column("model", "Model"), *(Column(*name, figures=True) for name in names)),
            rows=rows,
            half=True,
        )
    ]
