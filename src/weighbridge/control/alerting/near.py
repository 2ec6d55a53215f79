"""Which budgets can have reached a threshold since they were last summed.

Hides a bound that spares questions: however spend is split, no account has grown by more than
all calls together. One question, what everything has cost since an instant, so rules out the
budgets whose next threshold is further away; hundreds of them cost little more than one. Rows
that begin before that instant and come late (batches, imports) are not in the bound, which is
why everything is summed anew once a minute, and after an import (`forget`).
Rules for future edits: an error of the bound may only ask too often; a budget that changed is
asked about at once.
Counterpart: `figures` sums what is chosen here and notes what it found.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from weighbridge.budgets.alerts.thresholds import Account
from weighbridge.budgets.budget import Budget
from weighbridge.budgets.windows import Window, window_at
from weighbridge.core.clock import to_unix_us

ANEW_EVERY: Final = timedelta(seconds=55)
_BACK: Final = timedelta(minutes=10)
_LATE_US: Final = 15 * 60 * 1_000_000


class _Noted(NamedTuple):
    """A budget as it was summed, its limit then, and how much everything may cost until again."""

    budget: Budget
    limit_pico: int
    enough_pico: int | None


class Near:
    """Remembers how far accounts are from their next thresholds.

    Takes: `cost_since`, what all exchanges that began since an instant have cost.
    """

    def __init__(self, cost_since: Callable[[datetime, datetime], int]) -> None:
        self._cost_since = cost_since
        self._since: datetime | None = None
        self._anew_at: datetime | None = None
        self._cost_pico = 0
        self._noted: dict[tuple[str, int], _Noted] = {}
        self._outdated = False

    def __repr__(self) -> str:
        return f"<Near {len(self._noted)} windows since {self._since}>"

    def choose(self, budgets: Iterable[Budget], now: datetime) -> list[tuple[Budget, Window]]:
        """Budgets and windows that may have something to tell."""
        wanted = list(budgets)
        if not wanted:
            return []  # and no question either
        outdated, self._outdated = self._outdated, False
        if outdated or self._since is None or not self._is_fresh(now):
            self._since, self._anew_at = now - _BACK, now + ANEW_EVERY
            self._noted.clear()
        self._cost_pico = self._cost_since(self._since, now)
        return [
            (budget, window)
            for budget in wanted
            for window in windows_of(budget, now)
            if self._may_have(budget, window, now)
        ]

    def forget(self) -> None:
        """Rows of any age came: sum everything the next time; from any thread."""
        self._outdated = True

    def note(
        self, budget: Budget, window: Window, accounts: Sequence[Account], now: datetime
    ) -> None:
        """What was found: a sum for each account that has one."""
        limit_pico = budget.limit_at(to_unix_us(now))
        gaps = [gap for account in accounts if (gap := gap_pico(account)) is not None]
        if budget.per is not None or not accounts:
            gaps += [_amount(limit_pico, each) for each in budget.thresholds]  # of a new value
        enough = self._cost_pico + min(gaps) if gaps else None
        self._noted[budget.id, window.start_us] = _Noted(budget, limit_pico, enough)

    def _is_fresh(self, now: datetime) -> bool:
        assert self._since is not None
        assert self._anew_at is not None
        return self._since <= now < self._anew_at  # also where the clock was set back

    def _may_have(self, budget: Budget, window: Window, now: datetime) -> bool:
        noted = self._noted.get((budget.id, window.start_us))
        if noted is None or noted.budget != budget:
            return True
        if noted.limit_pico != budget.limit_at(to_unix_us(now)):
            return True
        return noted.enough_pico is not None and self._cost_pico >= noted.enough_pico


def gap_pico(account: Account) -> int | None:
    """What is missing to the next threshold; None where all are reached.

    Example: of 50 and 80 percent of $10.00, $6.00 is $2.00 away, and $8.00 from nothing.
    """
    amounts = [_amount(account.limit_pico, each) for each in account.thresholds]
    ahead = [each - account.spent_pico for each in amounts if each > account.spent_pico]
    return min(ahead, default=None)


def windows_of(budget: Budget, now: datetime) -> list[Window]:
    """The window of `now`, and before it the one that has just ended: its last rows come late."""
    now_us = to_unix_us(now)
    window = window_at(budget.period, budget.timezone, now_us)
    if window.start_us == 0 or now_us - window.start_us > _LATE_US:
        return [window]
    return [window_at(budget.period, budget.timezone, window.start_us - 1), window]


def _amount(limit_pico: int, threshold: int) -> int:
    """The least spend that reaches a threshold."""
    return max(1, -(-limit_pico * threshold // 100))
