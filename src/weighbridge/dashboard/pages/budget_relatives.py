"""The budgets around one and inside it: what else its calls count towards, and how that stands.

Counterpart: `budgets/hierarchy` decides.
"""

from typing import Final

from weighbridge.budgets.budget import Budget
from weighbridge.budgets.hierarchy import relatives
from weighbridge.dashboard.asking import Desk
from weighbridge.dashboard.content import Cell, Column, Table, word
from weighbridge.dashboard.pages.budgets import counts_text, state_cell, usd, window_text

_MOST: Final = 20
_COLUMNS: Final = (
    ("lies", "Lies", False),
    ("budget", "Budget", False),
    ("state", "State", False),
    ("spent", "Spent", True),
    ("limit", "Limit", True),
    ("remaining", "Left", True),
    ("window", "Window", False),
    ("counts", "Counts", False),
)


def relatives_table(desk: Desk, budget: Budget) -> Table | None:
    """How they stand; None where there is none."""
    others = [record.budget for record in desk.sources.budgets.all()]
    found = relatives(budget, others)._asdict()
    count = sum(map(len, found.values()))
    if not count:
        return None
    rows = [
        _row(desk, f"{where} it", one) for where, those in found.items() for one in those[:_MOST]
    ]
    hidden = count - len(rows)
    return Table(
        name="relatives",
        title="Budgets around it and inside it",
        columns=tuple(Column(*column) for column in _COLUMNS),
        rows=rows,
        note="What is around or beside it counts all of its calls, too."
        + (f" {hidden:,} more are not shown." if hidden else ""),
    )


def _row(desk: Desk, lies: str, budget: Budget) -> list[Cell]:
    worst = desk.sources.budget_states.of(budget, desk.ask, desk.now)[0]
    return [
        word(lies),
        word(budget.name, href=f"/budgets/{budget.id}"),
        state_cell(worst),
        usd(worst.spent, share=min(1.0, worst.used_share)),
        usd(worst.limit),
        usd(worst.remaining),
        word(window_text(worst)),
        word(counts_text(budget)),
    ]
