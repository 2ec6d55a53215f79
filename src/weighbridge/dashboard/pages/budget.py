"""One budget: what is left and how it went, each of its values, its raises, its alerts."""

from typing import Any, Final

from weighbridge.budgets.budget import Budget
from weighbridge.budgets.status import BudgetStatus
from weighbridge.core.clock import from_unix_us, from_unix_us_if_any, to_unix_us
from weighbridge.core.credential import Role
from weighbridge.core.money import pico_to_decimal
from weighbridge.dashboard.asking import Desk, Sources
from weighbridge.dashboard.content import Cell, Chart, Column, Content, Table, Tile, word
from weighbridge.dashboard.pages.budget_forms import forms_of
from weighbridge.dashboard.pages.budget_history import alerts_table, raises_table
from weighbridge.dashboard.pages.budget_relatives import relatives_table
from weighbridge.dashboard.pages.budgets import counts_text, state_cell, usd, window_text
from weighbridge.dashboard.pages.pictures import look_of
from weighbridge.dashboard.pages.titles import NAMES
from weighbridge.reports.burn_down import burn_down, burn_down_spec
from weighbridge.reports.outlook import Outlook
from weighbridge.reports.result import for_people
from weighbridge.reports.window_spend import EVERYTHING, Window, outlooks

_MOST_VALUES: Final = 100
_PERCENT: Final = 100


def heading(sources: Sources, name: str) -> str:
    """What a budget is called."""
    return sources.budgets.get(name).budget.name


def one_budget(desk: Desk) -> Content:
    """How it stands, and what can be done about it."""
    record = desk.sources.budgets.get(desk.name)
    budget = record.budget
    statuses = desk.sources.budget_states.of(budget, desk.ask, desk.now)
    shown = _shown(desk, budget, statuses)
    content = Content(
        title=budget.name,
        subtitle=f"{window_text(shown)} ({budget.timezone}) · {counts_text(budget)}",
        parents=(("Budgets", "/budgets"),),
        tiles=_tiles(shown),
        facts=_facts(budget, shown),
    )
    if budget.per is not None:
        content.tables.append(_values(desk, budget, statuses))
    family = relatives_table(desk, budget)
    content.tables += [] if family is None else [family]
    # Who is bound to a department sees no alerts, which tell of everybody.
    content.tables += [] if desk.principal.scope else [alerts_table(desk, budget)]
    content.tables.append(raises_table(record, desk.now))
    if desk.principal.role.includes(Role.EDITOR):
        channels = [channel.name for channel in desk.sources.channels.all()]
        content.forms = forms_of(record, channels, to_unix_us(desk.now))
    return content


def charts(desk: Desk) -> tuple[Chart, ...]:
    """What is left, over the window."""
    wanted = _wanted(desk, desk.sources.budgets.get(desk.name).budget)
    whose = f" for {', '.join(wanted)}" if wanted else ""

    def spec(theme: str, fills: bool) -> dict[str, Any]:
        budget = desk.sources.budgets.get(desk.name).budget
        (shown, *_) = desk.sources.budget_states.of(budget, desk.ask, desk.now, wanted or None)
        window = _window(shown)
        drawn = burn_down(
            window,
            desk.ask,
            desk.now,
            limit=shown.limit,
            thresholds=budget.thresholds,
            outlook=_outlook(window, desk),
        )
        return {**burn_down_spec(drawn, look_of(theme, fills=fills)), "padding": 4}

    title = f"What is left{whose}, and how it is expected to go; grey: an even pace"
    return (Chart("burn-down", title, spec),)


def _wanted(desk: Desk, budget: Budget) -> tuple[str, ...]:
    return desk.state.filters.get(budget.per, ()) if budget.per else ()


def _shown(desk: Desk, budget: Budget, statuses: list[BudgetStatus]) -> BudgetStatus:
    """The account that the figures are of: the one that was asked for, or the most used."""
    wanted = _wanted(desk, budget)
    if not wanted:
        return statuses[0]
    return desk.sources.budget_states.of(budget, desk.ask, desk.now, wanted)[0]


def _window(shown: BudgetStatus) -> Window:
    """What the account counts, as a question without a split."""
    budget = shown.budget
    window = Window(
        since=from_unix_us(shown.window.start_us) if shown.window.start_us else None,
        until=from_unix_us_if_any(shown.window.end_us),
        timezone=budget.timezone,
        filters=budget.scope,
        per=budget.per,
    )
    return window.alone() if shown.value is None else window.only([shown.value]).alone()


def _outlook(window: Window, desk: Desk) -> Outlook | None:
    return outlooks(window, [EVERYTHING], desk.ask, desk.now).get(EVERYTHING)


def _tiles(shown: BudgetStatus) -> list[Tile]:
    used = f"{shown.used_share * _PERCENT:,.1f} % of the limit"
    whose = "" if shown.value is None else f" by {shown.value}"
    ahead = shown.ahead
    between = ""
    if ahead.low is not None and ahead.high is not None:
        between = f"likely {_money(ahead.low)} to {_money(ahead.high)}"
    raised = shown.limit - shown.budget.limit_pico_usd
    more = f"{_money(raised)} of it raised" if raised else ""
    figures = (
        ("spent", f"Spent{whose}", shown.spent, used + _elsewhere(shown.elsewhere[0])),
        ("remaining", "Left", shown.remaining, ""),
        ("held", "Held by calls", shown.held, _elsewhere(shown.elsewhere[1]).strip("; ")),
        ("leased", "With workers, free", shown.leased, ""),
        ("limit", "Limit", shown.limit, more),
        ("forecast", "Expected at its end", ahead.expected, between),
    )
    return [
        Tile(
            name=name,
            title=title,
            text="-" if pico is None else _money(pico),
            value=None if pico is None else pico_to_decimal(pico),
            note=note,
        )
        for name, title, pico, note in figures
    ]


def _elsewhere(pico: int) -> str:
    return f"; {_money(pico)} at other gateways" if pico else ""


def _facts(budget: Budget, shown: BudgetStatus) -> list[tuple[str, Cell]]:
    does = {"alert": "Tells", "block": "Tells, and refuses calls"}[budget.action]
    facts = [
        ("State", state_cell(shown)),
        ("At its limit", word(does)),
        ("Tells at", word(", ".join(f"{each} %" for each in budget.thresholds) or "Nothing")),
        ("Channels", word(", ".join(budget.channels) or "Those for all alerts")),
    ]
    if budget.action == "block":
        facts += [
            (
                "A call sets aside",
                word({"estimate": "An estimate", "bound": "The most"}[budget.hold]),
            ),
            (
                "A stream beyond it",
                word({"finish": "May finish", "cut": "Is cut"}[budget.on_exhausted]),
            ),
            (
                "Calls without a price",
                word({"allow": "Pass", "block": "Are refused"}[budget.unpriced]),
            ),
            ("Grace", word(f"{budget.grace_percent} %")),
        ]
    return facts


def _values(desk: Desk, budget: Budget, statuses: list[BudgetStatus]) -> Table:
    assert budget.per is not None
    known = [one for one in statuses if one.value is not None]
    titles = (
        ("value", NAMES.get(budget.per, budget.per), False),
        ("spent", "Spent", True),
        ("held", "Held", True),
        ("remaining", "Left", True),
        ("forecast", "Forecast", True),
        ("state", "State", False),
    )
    rows = [
        [
            word(one.value, href=_link(desk, budget.per, str(one.value))),
            usd(one.spent, share=min(1.0, one.used_share)),
            usd(one.held),
            usd(one.remaining),
            usd(one.ahead.expected),
            state_cell(one),
        ]
        for one in known[:_MOST_VALUES]
    ]
    hidden = len(known) - len(rows)
    return Table(
        name="values",
        title=f"Each {NAMES.get(budget.per, budget.per).lower()}, the most used first",
        columns=tuple(Column(*title) for title in titles),
        rows=rows,
        note=f"{hidden:,} more have spent less." if hidden else "",
        empty="Nobody has spent any of it in this window.",
    )


def _link(desk: Desk, dimension: str, value: str) -> str:
    return f"/budgets/{desk.name}" + desk.state.query_string(filters={dimension: (value,)})


def _money(pico_usd: int) -> str:
    return for_people(pico_to_decimal(pico_usd), "USD")
