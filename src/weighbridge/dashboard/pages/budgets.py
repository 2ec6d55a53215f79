"""Budgets: how all of them stand, worst first."""

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from weighbridge.budgets.budget import Budget
from weighbridge.budgets.hierarchy import nearest
from weighbridge.budgets.status import BudgetStatus
from weighbridge.core.clock import from_unix_us
from weighbridge.core.credential import Role
from weighbridge.core.money import pico_to_decimal
from weighbridge.dashboard.asking import Desk
from weighbridge.dashboard.content import Cell, Column, Content, Table, Tile, figure, word
from weighbridge.dashboard.pages.budget_forms import create_form
from weighbridge.dashboard.pages.budgets_at_risk import no_budget
from weighbridge.dashboard.pages.titles import NAMES

STATE_WORDS: Final = {
    "exhausted": ("Exhausted", "bad"),
    "over": ("Over", "bad"),
    "at_risk": ("At risk", "warn"),
    "warning": ("Warning", "warn"),
    "ok": ("OK", "good"),
    "disabled": ("Disabled", "quiet"),
}
_WORST_FIRST: Final = tuple(STATE_WORDS)
_COUNTS: Final = (
    ("exhausted", "Refusing calls", "used up", {"exhausted"}),
    ("over", "Over, calls pass", "only telling, or in grace", {"over"}),
    ("at_risk", "At risk", "by forecast or threshold", {"at_risk", "warning"}),
    ("ok", "In order", "below every threshold", {"ok"}),
)
_COLUMNS: Final = (
    ("budget", "Budget", False),
    ("state", "State", False),
    ("spent", "Spent", True),
    ("limit", "Limit", True),
    ("remaining", "Left", True),
    ("held", "Held", True),
    ("forecast", "Forecast", True),
    ("window", "Window", False),
    ("counts", "Counts", False),
)
_WITHIN: Final = Column("within", "Within", drawn=False)


def budgets(desk: Desk) -> Content:
    """How every budget stands in its window of now."""
    found = _standing(desk)
    content = Content(title="Budgets")
    states = [statuses[0].state for statuses in found]
    everybody = [statuses[0].budget for statuses in found]
    for name, title, note, counted in _COUNTS:
        count = sum(state in counted for state in states)
        one = Tile(name=name, title=title, text=f"{count:,}", value=count, note=note)
        content.tiles.append(one)
    content.tables = [
        Table(
            name="budgets",
            title="Budgets, worst first",
            columns=(*(Column(*column) for column in _COLUMNS), _WITHIN),
            rows=[_row(statuses, nearest(statuses[0].budget, everybody)) for statuses in found],
            empty=no_budget(desk),
        )
    ]
    if desk.principal.role.includes(Role.EDITOR):
        channels = [channel.name for channel in desk.sources.channels.all()]
        content.forms = [create_form(channels, folded=bool(found))]
    return content


def state_cell(status: BudgetStatus) -> Cell:
    """A state in words, coloured."""
    text, tone = STATE_WORDS[status.state]
    return Cell(text, status.state, tone=f"state {tone}")


def usd(pico_usd: int | None, **more: Any) -> Cell:
    """An amount."""
    if pico_usd is None:
        return Cell("-", None)
    return figure(pico_to_decimal(pico_usd), "USD", **more)


def counts_text(budget: Budget) -> str:
    """What a budget counts, in words.

    Example: `Department care or web, each agent`.
    """
    parts = [
        f"{NAMES.get(name, name)} {' or '.join(values)}" for name, values in budget.scope.items()
    ]
    if budget.per:
        parts.append(f"each {NAMES.get(budget.per, budget.per).lower()}")
    text = ", ".join(parts) or "everything"
    return text[0].upper() + text[1:]


def window_text(status: BudgetStatus) -> str:
    """The window in its own zone.

    Example: `Month, until 1 Dec`, `Hour, until 16:00`, `Ever`.
    """
    budget = status.budget
    if status.window.end_us is None:
        return "Ever"
    end = from_unix_us(status.window.end_us).astimezone(ZoneInfo(budget.timezone))
    until = f"{end:%H:%M}" if budget.period == "hour" else _day(end)
    return f"{budget.period.capitalize()}, until {until}"


def _day(instant: datetime) -> str:
    at = f" {instant:%H:%M}" if instant.hour or instant.minute else ""
    return f"{instant.day} {instant:%b}{at}"


def _standing(desk: Desk) -> list[list[BudgetStatus]]:
    """The accounts of each budget, those of the worst budget first."""
    found = [
        desk.sources.budget_states.of(record.budget, desk.ask, desk.now)
        for record in desk.sources.budgets.all()
    ]
    return sorted(
        found,
        key=lambda statuses: (_WORST_FIRST.index(statuses[0].state), -statuses[0].used_share),
    )


def _row(statuses: list[BudgetStatus], within: Budget | None) -> list[Cell]:
    worst = statuses[0]
    budget = worst.budget
    counts = counts_text(budget)
    if worst.value is not None:
        counts += f" ({len(statuses):,}), most used: {worst.value}"
    share = min(1.0, worst.used_share)
    return [
        word(budget.name, href=f"/budgets/{budget.id}", sub=f"in {within.name}" if within else ""),
        state_cell(worst),
        usd(worst.spent, share=share),
        usd(worst.limit),
        usd(worst.remaining),
        usd(worst.held),
        usd(worst.ahead.expected),
        word(window_text(worst)),
        word(counts),
        word(within.name if within else None),
    ]
