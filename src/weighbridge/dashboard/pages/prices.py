"""Supported models: the price book on a day, what changes next, and where each price was read.

A row of the list is a model in one tier, on the surfaces that cost the same, with its usual units;
the page of one model has every unit, with dates and sources. Rules for future edits: prices are
shown as the book states them, per million tokens or per thousand searches, never rounded.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, Final
from zoneinfo import ZoneInfo

from weighbridge.core.dollars import exact_usd
from weighbridge.dashboard.asking import Desk
from weighbridge.dashboard.content import Cell, Choice, Column, Content, Field, Table, word
from weighbridge.pricing.compiler import PriceLine
from weighbridge.pricing.pricefile import SURFACES, TIERS
from weighbridge.pricing.steps import PriceStep, price_steps
from weighbridge.reports.cost_query import QueryError
from weighbridge.reports.instants import parse_instant

_ROWS: Final = 60
_MOST_STEPS: Final = 12
_MOST_NAMED: Final = 2
_MILLION: Final = 1_000_000
# Units that have a column of their own in the list; the others share one.
_COLUMNED: Final = {
    "input_text_token": "Input",
    "cached_input_text_token": "Cached",
    "output_text_token": "Output",
}
_LINE: Final = (
    ("unit", "Unit", False),
    ("surface", "Surface", False),
    ("tier", "Tier", False),
    ("location", "Place", False),
    ("usd", "US dollars", True),
    ("per", "Per", True),
    ("above_tokens", "Prompts above", True),
    ("since", "Since", False),
    ("until", "Until", False),
    ("source", "Source", False),
)


def prices(desk: Desk) -> Content:
    """The book at `at`; of one model, where the filters name one."""
    at = _instant(desk).astimezone(UTC)
    chosen = desk.state.filters.get("model", ())
    tiers = desk.state.filters.get("service_tier", TIERS[:1])
    lines = [
        line
        for line in desk.sources.models.listing(at)
        if line.tier in tiers and _wanted(desk, line)
    ]
    return Content(
        title=", ".join(chosen) or "Supported models",
        subtitle=f"List prices in force on {at:%-d %B %Y} (UTC), in US dollars.",
        parents=(_all_models(desk),) if chosen else (),
        choices=_choices(desk, at.date()),
        fields=[_field(at.date())],
        tables=[
            _steps_table(desk, at.date()),
            _lines_table(lines) if chosen else _list_table(desk, _usual(desk, lines)),
        ],
    )


def _field(day: date) -> Field:
    return Field(name="at", label="On", button="Show", kind="date", value=str(day))


def _all_models(desk: Desk) -> tuple[str, str]:
    return "Supported models", "/prices" + desk.state.query_string(filters={})


def _wanted(desk: Desk, line: PriceLine | PriceStep) -> bool:
    filters, search = desk.state.filters, desk.state.search.lower()
    given = {
        "provider": line.provider,
        "surface": line.surface,
        "model": line.model,
        "service_tier": line.tier,
    }
    fits = all(value in filters.get(name, (value,)) for name, value in given.items())
    return fits and search in line.model.lower()


def _usual(desk: Desk, lines: Iterable[PriceLine]) -> list[PriceLine]:
    """Prices of the global place, and where a model has none, those that it has.

    Google's own come first.
    """
    kept = list(lines)
    worldwide = {(line.model, line.surface) for line in kept if line.location == "global"}
    shown = [
        line
        for line in kept
        if line.location == "global" or (line.model, line.surface) not in worldwide
    ]
    makers = {maker: place for place, maker in enumerate(desk.sources.models.makers)}
    return sorted(shown, key=lambda line: makers[line.provider])


def _instant(desk: Desk) -> datetime:
    if not desk.state.at:
        return desk.now
    try:
        return parse_instant(desk.state.at, desk.now, ZoneInfo("UTC"))
    except ValueError as problem:
        raise QueryError({"at": str(problem)}) from None


def _choices(desk: Desk, day: date) -> list[Choice]:
    """Days on which prices change, surfaces, tiers."""
    state, today = desk.state, desk.now.astimezone(UTC).date()
    dates = sorted({today, day, *desk.sources.models.change_days()})
    days = tuple(
        (
            "Today" if one == today else f"{one:%-d %b %Y}",
            state.query_string(at="" if one == today else str(one)),
            one == day,
        )
        for one in dates
    )
    return [
        Choice("Changes", days),
        _filter_choice(desk, "Surface", "surface", SURFACES, "both"),
        _filter_choice(desk, "Tier", "service_tier", TIERS[1:], TIERS[0]),
    ]


def _filter_choice(
    desk: Desk, title: str, name: str, values: Iterable[str], without: str
) -> Choice:
    """Values of a filter as links; `without` says what is shown where none is set."""
    state = desk.state
    others = {key: value for key, value in state.filters.items() if key != name}
    chosen = state.filters.get(name, ())
    options = [(without, state.query_string(filters=others), not chosen)]
    options += [
        (value, state.query_string(filters={**others, name: (value,)}), value in chosen)
        for value in values
    ]
    return Choice(title, tuple(options))


# The list: a row per model, surface and tier.


def _list_table(desk: Desk, lines: Sequence[PriceLine]) -> Table:
    groups = _alike(lines)
    first = (desk.state.page - 1) * _ROWS
    shown = groups[first : first + _ROWS]
    models = len({(line.provider, line.model) for line in lines})
    note = f"{models:,} models; rows {first + 1:,} to {first + len(shown):,} of {len(groups):,}."
    units = [Column(unit, title, figures=True) for unit, title in _COLUMNED.items()]
    return Table(
        name="prices",
        title="Models and prices",
        columns=(
            Column("model", "Model"),
            *units,
            Column("tier", "Tier", drawn=False),
            Column("surface", "Surface", drawn=False),
            Column("more", "Also priced"),
            Column("source", "Source", drawn=False),
        ),
        rows=[_list_row(desk, own, surfaces) for own, surfaces in shown],
        note=f"{note} Tokens are per million." if shown else "",
        searchable=True,
        pages=_pages(desk, first + _ROWS < len(groups)),
        empty="No model matches.",
    )


def _alike(lines: Sequence[PriceLine]) -> list[tuple[list[PriceLine], list[str]]]:
    """Each model and tier once per set of prices, with the surfaces that have these."""
    found: dict[Any, tuple[list[PriceLine], list[str]]] = {}
    for _, group in groupby(lines, lambda one: (one.model, one.surface, one.tier)):
        own = list(group)
        priced = tuple((line.unit, line.usd, line.above_tokens) for line in own)
        key = (own[0].model, own[0].tier, priced)
        found.setdefault(key, (own, []))[1].append(own[0].surface)
    return list(found.values())


def _pages(desk: Desk, more: bool) -> tuple[tuple[str, str, str], ...]:
    page, links = desk.state.page, []
    if page > 1:
        links.append(("prev", "Previous", desk.state.query_string(page=page - 1)))
    if more:
        links.append(("next", "Next", desk.state.query_string(page=page + 1)))
    return tuple(links)


def _list_row(desk: Desk, own: Sequence[PriceLine], surfaces: list[str]) -> list[Cell]:
    line = own[0]
    filters = desk.state.only(model=line.model)
    href = "/prices" + desk.state.query_string(filters=filters, search="")
    if line.unit == "any":
        usual = [Cell("free", "0") for _ in _COLUMNED]
    else:
        usual = [_price_of(own, unit) for unit in _COLUMNED]
    rest = _named([one for one in own if one.unit not in {*_COLUMNED, "any"}])
    return [
        word(line.model, href=href, sub=", ".join(dict.fromkeys([*surfaces, line.tier]))),
        *usual,
        word(line.tier),
        word(", ".join(surfaces)),
        Cell(rest, rest or None, tone="quiet prose"),
        _source(line),
    ]


def _price_of(own: Sequence[PriceLine], unit: str) -> Cell:
    """A unit's price, with the one beyond a prompt size where there is one."""
    found = [line for line in own if line.unit == unit]
    if not found:
        return Cell("-", None, tone="quiet")
    usual, *beyond = (
        _dollars(line.usd)
        + (f" above {line.above_tokens // 1000}k" if line.above_tokens is not None else "")
        for line in found
    )
    whole = "; ".join((usual, *beyond))
    return Cell(usual, whole if beyond else found[0].usd, sub="; ".join(beyond))


def _named(lines: Sequence[PriceLine]) -> str:
    units = list(dict.fromkeys(_unit(line.unit) for line in lines))
    more = f" and {len(units) - _MOST_NAMED} more" if len(units) > _MOST_NAMED else ""
    return ", ".join(units[:_MOST_NAMED]) + more


# One model: every line.


def _lines_table(lines: Sequence[PriceLine]) -> Table:
    return Table(
        name="lines",
        title="Every price in force",
        columns=tuple(Column(*column) for column in _LINE),
        rows=[_line_row(line) for line in lines],
        note=f"{len(lines):,} prices.",
        empty="This model has no price on that day.",
    )


def _line_row(line: PriceLine) -> list[Cell]:
    above = line.above_tokens
    return [
        Cell(_unit(line.unit), line.unit),
        word(line.surface),
        word(line.tier),
        word(line.location, tone="quiet"),
        Cell(_dollars(line.usd), line.usd),
        Cell(_per(line.per), line.per),
        Cell("" if above is None else f"{above:,} tokens", above),
        Cell(line.since or "", line.since),
        Cell(line.until or "", line.until),
        _source(line),
    ]


# What is to come.


def _steps_table(desk: Desk, day: date) -> Table:
    days = [one for one in desk.sources.models.change_days() if one > day]
    steps = [step for step in price_steps(desk.sources.models.listing, days) if _wanted(desk, step)]
    found = [list(own) for _, own in groupby(steps, _announced)]
    rows = [_step_row(desk, own) for own in found[:_MOST_STEPS]]
    left = len(found) - len(rows)
    titles = (("day", "From"), ("model", "Model"), ("what", "What happens"), ("unit", "Prices"))
    return Table(
        name="coming",
        title="What changes next",
        columns=(*(Column(*one) for one in titles), Column("change", "Standard input, output")),
        rows=rows,
        note=f"{left} more changes are further off." if left > 0 else "",
        empty=f"No price in the book changes after {day:%-d %B %Y}.",
    )


def _announced(step: PriceStep) -> tuple[str, str, str]:
    """What is told together: a model on one day, by what becomes of its prices."""
    return step.day, step.model, _what_happens(step)


def _what_happens(step: PriceStep) -> str:
    if step.before is None:
        return "begins"
    if step.after is None:
        return "ends"
    factor = None if step.factor is None else Decimal(step.factor)
    if factor == 2:
        return "doubles"
    if factor == Decimal("0.5"):
        return "halves"
    if factor is None:
        return "changes"
    return f"{(factor - 1) * 100:+.4g} %".replace("-", "\u2212")


def _step_row(desk: Desk, own: Sequence[PriceStep]) -> list[Cell]:
    step = own[0]
    day = date.fromisoformat(step.day)
    href = "/prices" + desk.state.query_string(filters={"model": (step.model,)}, at=step.day)
    usual = [
        one
        for unit in ("input_text_token", "output_text_token")
        for one in own
        if (one.unit, one.tier, one.location) == (unit, "standard", "global")
    ]
    changes = dict.fromkeys(f"{_usd(one.before)} → {_usd(one.after)}" for one in usual)
    what = _what_happens(step)
    return [
        Cell(f"{day:%-d %b %Y}", step.day, href),
        word(step.model),
        word(what, tone="bad" if what in {"doubles", "ends"} else ""),
        Cell(f"{len(own)}", len(own), tone="quiet"),
        Cell(", ".join(changes), ", ".join(changes) or None, tone="wrap"),
    ]


def _usd(price: str | None) -> str:
    return "none" if price is None else _dollars(price)


def _dollars(price: str) -> str:
    """At least two places and no digit fewer than the book has: `$0.30`, `$0.0375`."""
    return f"${exact_usd(Decimal(price))}"


def _per(per: int) -> str:
    return {1: "1", 1000: "1,000", _MILLION: "1 million"}.get(per, f"{per:,}")


def _unit(unit: str) -> str:
    return unit.replace("_", " ").replace(" token", "")


def _source(line: PriceLine) -> Cell:
    return Cell(line.source, line.source, tone="quiet wrap")
