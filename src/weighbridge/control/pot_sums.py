"""What this node has spent of every budget in its window of now: what other nodes should know.

Hides the questions that this takes, one a budget. Counterpart: `pot_desk` tells it.
"""

import asyncio
import time
from collections.abc import Iterable
from datetime import UTC
from typing import NamedTuple

from weighbridge.budgets.budget import Budget
from weighbridge.budgets.lease import Account
from weighbridge.budgets.windows import Window, window_at
from weighbridge.control.budget_states import asked_of
from weighbridge.control.spend import Reports
from weighbridge.core.clock import from_unix_us
from weighbridge.reports import window_spend

Sums = dict[Account, int]


class Summed(NamedTuple):
    """Budgets as they were when they were summed, and how long that took."""

    took_s: float
    budgets: list[tuple[Budget, Window, Sums]]


async def sums_of(budgets: Iterable[Budget], reports: Reports) -> Summed:
    """The ledger's sums over the windows of now, in a thread.

    Errors: `LedgerError`.
    """
    began_s = time.monotonic()
    wanted = list(budgets)
    found = await asyncio.to_thread(lambda: [_sum(each, reports) for each in wanted])
    return Summed(time.monotonic() - began_s, found)


def counts_of(budget: Budget) -> str:
    """What decides which rows a budget counts, as text that is the same at every node."""
    scope = sorted((name, sorted(values)) for name, values in budget.scope.items())
    return repr((scope, budget.per, budget.period, budget.timezone))


def _sum(budget: Budget, reports: Reports) -> tuple[Budget, Window, Sums]:
    now_us = time.time_ns() // 1000
    now = from_unix_us(now_us).astimezone(UTC)
    window = window_at(budget.period, budget.timezone, now_us)
    spent = window_spend.spent_in(asked_of(budget, window), lambda query: reports.run(query, now))
    sums = {Account(budget.id, value, window.start_us): pico for value, pico in spent.items()}
    return budget, window, sums
