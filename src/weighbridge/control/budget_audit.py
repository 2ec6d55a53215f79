"""Recomputes what budgets have spent, beside what enforcement goes by.

Hides the order in which the two are asked, and how often: a row may be in the ledger before its
worker's word of it has been heard, so what disagrees is looked at again before it is told.
Counterpart: `budgets/audit` judges.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Final, Protocol

from weighbridge.budgets.audit import AccountAudit, Lent
from weighbridge.budgets.budget import Budget
from weighbridge.budgets.windows import window_at
from weighbridge.control.budget_states import asked_of
from weighbridge.core.clock import to_unix_us
from weighbridge.core.money import decimal_to_pico
from weighbridge.reports.compare import Run
from weighbridge.reports.window_spend import EVERYTHING, Window

# A worker is heard within a fraction of that; what is wrong stays so.
_LOOKS: Final = 5
_BETWEEN_S: Final = 0.2


class Lender(Protocol):
    """What is lent."""

    def lent(self, budget: str) -> Mapping[tuple[str | None, int], Lent]:
        """The accounts of a budget that workers have something of, by value and window start."""
        ...


class BudgetAudit:
    """Looks at budgets from both sides; in a thread, for it may wait up to a second."""

    def __init__(self, lender: Lender, wait: Callable[[float], object] = time.sleep) -> None:
        self._lender = lender
        self._wait = wait

    def __repr__(self) -> str:
        return f"<BudgetAudit of {self._lender!r}>"

    def of(self, budget: Budget, run: Run, now: datetime) -> list[AccountAudit]:
        """Each account of a budget in the window of `now`, the most spent first."""
        for _ in range(_LOOKS - 1):
            found = self._look(budget, run, now)
            if all(account.consistent for account in found):
                return found
            self._wait(_BETWEEN_S)
        return self._look(budget, run, now)

    def _look(self, budget: Budget, run: Run, now: datetime) -> list[AccountAudit]:
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
