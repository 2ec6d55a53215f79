"""Supported models: the price book on a date, with the changes that are to come."""

from datetime import datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from weighbridge.dashboard.asking import Desk
from weighbridge.dashboard.content import Cell, Column, Content, Table, word
from weighbridge.pricing.compiler import PriceLine
from weighbridge.reports.cost_query import QueryError
from weighbridge.reports.instants import parse_instant

_COLUMNS: Final = (
    ("model", "Model"),
    ("provider", "Maker"),
    ("surface", "Surface"),
    ("tier", "Tier"),
    ("unit", "Unit"),
    ("usd", "Price"),
    ("above_tokens", "Prompts above"),
    ("since", "Since"),
    ("until", "Until"),
    ("source", "Source"),
)
_FIGURES: Final = frozenset({"usd", "above_tokens"})
_ROWS: Final = 100


def prices(desk: Desk) -> Content:
    """Every price in force at `at`, and of each the day on which it ends."""
    state = desk.state
    at = _instant(desk)
    lines = desk.sources.models.listing(at)
    for name in ("provider", "surface", "model"):
        if name in state.filters:
            lines = [line for line in lines if getattr(line, name) in state.filters[name]]
    if state.search:
        lines = [line for line in lines if state.search.lower() in line.model.lower()]
    coming = [line for line in lines if line.until]
    first = (state.page - 1) * _ROWS
    shown = lines[first : first + _ROWS]
    links = []
    if state.page > 1:
        links.append(("prev", "Previous", state.query_string(page=state.page - 1)))
    if first + _ROWS < len(lines):
        links.append(("next", "Next", state.query_string(page=state.page + 1)))
    models = len({(line.provider, line.model) for line in lines})
    note = (
        f"{models:,} models, {len(lines):,} prices; rows {first + 1:,} to {first + len(shown):,}."
    )
    columns = tuple(Column(name, title, name in _FIGURES) for name, title in _COLUMNS)
    return Content(
        title="Prices",
        subtitle=f"List prices in force on {at:%-d %B %Y}.",
        tables=[
            Table(
                name="coming",
                title="Prices that end",
                columns=columns,
                rows=[_row(desk, line) for line in coming[:20]],
                empty="No price in force has an end date.",
            ),
            Table(
                name="prices",
                title="In force",
                columns=columns,
                rows=[_row(desk, line) for line in shown],
                note=note if lines else "",
                searchable=True,
                pages=tuple(links),
                empty="No model matches.",
            ),
        ],
    )


def _instant(desk: Desk) -> datetime:
    if not desk.state.at:
        return desk.now
    try:
        return parse_instant(desk.state.at, desk.now, ZoneInfo(desk.state.zone))
    except ValueError as problem:
        raise QueryError({"at": str(problem)}) from None


def _row(desk: Desk, line: PriceLine) -> list[Cell]:
    cells = []
    for name, _ in _COLUMNS:
        value = getattr(line, name)
        if name == "model":
            filters = {"model": (line.model,)}
            href = "/prices" + desk.state.query_string(filters=filters, search="")
            cells.append(word(value, href=href))
        elif name == "usd":
            per = {1: "", 1000: " / 1k", 1_000_000: " / 1M"}.get(line.per, f" / {line.per:,}")
            cells.append(Cell(f"${_short(value)}{per}", value))
        elif name == "above_tokens":
            cells.append(Cell("" if value is None else f"{value:,} tokens", value))
        elif name == "unit":
            cells.append(Cell(str(value).replace("_", " "), value))
        elif name == "source":
            host = str(value).removeprefix("https://").partition("/")[0]
            cells.append(Cell(host, value, tone="quiet"))
        else:
            cells.append(Cell("" if value is None else str(value), value))
    return cells


def _short(price: str) -> str:
    text = f"{Decimal(price):,f}"
    whole, _, places = text.partition(".")
    return f"{whole}.{places.rstrip('0').ljust(2, '0')}"
