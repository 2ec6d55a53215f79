"""Budgets that want a look: a threshold reached, a limit near by the forecast, or used up."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from weighbridge.budgets.budget import Budget
from weighbridge.budgets.status import BudgetStatus
from weighbridge.core.money import pico_to_decimal
from weighbridge.dashboard.asking import Desk
from weighbridge.dashboard.content import Cell, Column, Table, figure, word
from weighbridge.dashboard.state import State

# Most pressing first; a budget that is `ok` or `disabled` wants nothing.
_STATES: Final = {
    "exhausted": ("Calls are refused", "bad"),
    "over": ("Limit reached", "bad"),
    "at_risk": ("Will not last", "bad"),
    "warning": ("Threshold reached", ""),
}
_BUDGETS: Final = 20
_ROWS: Final = 6


def budgets_at_risk(desk: Desk) -> Table:
    """The most pressing accounts of the reader's budgets."""
    budgets = [record.budget for record in desk.sources.budgets.all()]
    pressing = list(_pressing(desk, budgets[:_BUDGETS]))
    order = list(_STATES)
    pressing.sort(key=lambda one: (order.index(one.state), -one.used_share))
    unlooked = len(budgets) - _BUDGETS
    return Table(
        name="budgets",
        title="Budgets at risk",
        columns=(
            Column("budget", "Budget"),
            Column("spent", "Spent", figures=True),
            Column("limit", "Limit", figures=True, drawn=False),
            Column("used", "Used", figures=True, drawn=False),
            Column("state", "State"),
        ),
        rows=[_row(one) for one in pressing[:_ROWS]],
        note=f"The newest {_BUDGETS} of {len(budgets)} budgets." if unlooked > 0 else "",
        empty="Every budget is within its limits." if budgets else no_budget(desk),
        half=True,
    )


def no_budget(desk: Desk) -> str:
    """What is said where there is no budget to see."""
    return "No budget is yours to see." if desk.is_bound else "There is no budget yet."


def _pressing(desk: Desk, budgets: Iterable[Budget]) -> Iterable[BudgetStatus]:
    for budget in budgets:
        for account in desk.sources.budget_states.of(budget, desk.ask, desk.now):
            if account.state in _STATES:
                yield account


def _row(one: BudgetStatus) -> list[Cell]:
    words, tone = _STATES[one.state]
    name = one.budget.name if one.value is None else f"{one.budget.name}: {one.value}"
    spent = figure(pico_to_decimal(one.spent), "USD", share=min(1.0, one.used_share))
    limit = figure(pico_to_decimal(one.limit), "USD")
    used = Cell(f"{one.used_share * 100:,.0f} %", round(one.used_share, 4))
    return [
        word(name, href=_link(one)),
        replace(spent, text=f"{spent.text} of {limit.text}", hint=f"{used.text} used"),
        limit,
        used,
        Cell(words, one.state, tone=tone),
    ]


def _link(one: BudgetStatus) -> str:
    """The budget's page, about the account."""
    page = f"/budgets/{one.budget.id}"
    if one.value is None or one.budget.per is None:
        return page
    return page + State(filters={one.budget.per: (one.value,)}).query_string()
