"""Recomputes what budgets have spent, beside what enforcement goes by.

Hides the order in which the two are asked. Counterpart: `budgets/audit` judges.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from weighbridge.budgets.audit import AccountAudit, Lent
from weighbridge.budgets.budget import Budget
from weighbridge.budgets.windows import window_at
from weighbridge.control.budget_states import asked_of
from weighbridge.core.clock import to_unix_us
from weighbridge.core.money import decimal_to_pico
from weighbridge.reports.compare import Run
from weighbridge.reports.window_spend import EVERYTHING, Window


class Lender(Protocol):
    """What is lent."""

    def lent(self, budget: str) -> Mapping[tuple[str | None, int], Lent]:
        """The accounts of a budget that workers have something of, by value and window start."""
        ...


class BudgetAudit:
    """Looks at budgets from both sides."""

    def __init__(self, lender: Lender) -> None:
        self._lender = lender

    def __repr__(self) -> str:
        return f"<BudgetAudit of {self._lender!r}>"

    def of(self, budget: Budget, run: Run, now: datetime) -> list[AccountAudit]:
        """Each account of a budget in the window of `now`, the most spent first."""
        now_us = to_unix_us(now)
        window = window_at(budget.period, budget.timezone, now_us)
        before = self._lender.lent(budget.id)
        rows = _rows(asked_of(budget, window), run)
        after = self._lender.lent(budget.id)
        lent = [value for value, start_us in after if start_us == window.start_us]
        found = [
            AccountAudit(
                budget=budget,
                value=value,
                window=window,
                exchanges=rows.get(value, (0, 0))[0],
                rows=rows.get(value, (0, 0))[1],
                ceiling=budget.ceiling_at(now_us),
                before=before.get((value, window.start_us)),
                after=after.get((value, window.start_us)),
            )
            for value in dict.fromkeys([*rows, *lent])
        ]
        return sorted(found, key=lambda one: (-one.rows, one.value or ""))


def _rows(window: Window, run: Run) -> dict[str | None, tuple[int, int]]:
    """How many exchanges count, and their sum in pico-dollars, by value."""
    query = replace(window.query(), metrics=("exchanges", "cost"))
    return {
        str(row[window.per]) if window.per else EVERYTHING: (
            row["exchanges"],
            decimal_to_pico(row["cost"] or Decimal(0)),
        )
        for row in run(query).rows
    }
