"""How budgets stand: the ledger's sums, what workers hold of them, and what is to come.

Hides where the figures come from. What is spent is asked of the ledger each time, by the asker's
own reports, so that a reader who is bound to a department sees what lies within it alone.
Rules for future edits: nothing is kept between two questions.
Counterparts: `budgets/status` names the states, `reports/window_spend` sums.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, Protocol

from weighbridge.budgets.audit import Lent
from weighbridge.budgets.books import Standing
from weighbridge.budgets.budget import Budget
from weighbridge.budgets.scope import filters_of
from weighbridge.budgets.status import Ahead, BudgetStatus, status_of
from weighbridge.budgets.windows import Window, window_at
from weighbridge.core.clock import from_unix_us, from_unix_us_if_any, to_unix_us
from weighbridge.reports import window_spend
from weighbridge.reports.compare import Run
from weighbridge.reports.outlook import Outlook

MOST_VALUES: Final = 1_000
MOST_FORECASTS: Final = 100


# Spent by other nodes, and held there beyond that, by value and window start.
Elsewhere = Mapping[tuple[str | None, int], tuple[int, int]]


def nowhere(budget: str) -> Elsewhere:  # noqa: ARG001
    """No other node shares it."""
    return {}


class Leases(Protocol):
    """What the lender knows."""

    def standing(self, budget: str) -> Mapping[tuple[str | None, int], Standing]:
        """The accounts of a budget that workers have something of, by value and window start."""
        ...

    def lent(self, budget: str) -> Mapping[tuple[str | None, int], Lent]:
        """The same accounts, with everybody who has something of them."""
        ...

    def elsewhere(self, budget: str) -> Elsewhere:
        """What other nodes have spent, and hold, of the accounts of a budget that they share."""
        ...

    def permits_left(self, limit_id: str) -> Mapping[tuple[str | None, int], int]:
        """Whole permits left of a rate limit's buckets that are not full, by value and kind."""
        ...


class NoLeases:
    """Where no worker runs, nothing is held."""

    def __repr__(self) -> str:
        return "<NoLeases>"

    def standing(self, budget: str) -> Mapping[tuple[str | None, int], Standing]:  # noqa: ARG002
        """No account has anything."""
        return {}

    def lent(self, budget: str) -> Mapping[tuple[str | None, int], Lent]:  # noqa: ARG002
        """Nobody has anything."""
        return {}

    def elsewhere(self, budget: str) -> Elsewhere:
        """Nobody is there."""
        return nowhere(budget)

    def permits_left(self, limit_id: str) -> Mapping[tuple[str | None, int], int]:  # noqa: ARG002
        """Every bucket has filled since."""
        return {}


class BudgetStates:
    """Answers how budgets stand now."""

    def __init__(self, leases: Leases) -> None:
        self._leases = leases

    def __repr__(self) -> str:
        return f"<BudgetStates over {self._leases!r}>"

    def of(
        self, budget: Budget, run: Run, now: datetime, values: Iterable[str] | None = None
    ) -> list[BudgetStatus]:
        """Each account of a budget in the window of `now`, the most used first.

        Takes: for a budget per value the values that are wanted, None for those with the most
        spend and those that hold something.
        Gives: at least one: that of nothing, without a value, where no value has anything.
        """
        now_us = to_unix_us(now)
        window = window_at(budget.period, budget.timezone, now_us)
        lent = {
            value: one
            for (value, start_us), one in self._leases.standing(budget.id).items()
            if start_us == window.start_us
        }
        others = {
            value: one
            for (value, start_us), one in self._leases.elsewhere(budget.id).items()
            if start_us == window.start_us
        }
        asked = asked_of(budget, window)
        names: list[str | None]
        if budget.per is not None and values is not None:
            asked, names = asked.only(values), list(dict.fromkeys(values))
            spent = window_spend.spent_in(asked, run)
        else:
            spent = window_spend.spent_in(asked, run, MOST_VALUES if budget.per else None)
            names = list(dict.fromkeys([*spent, *lent, *others]))
        ahead = window_spend.outlooks(asked, names[:MOST_FORECASTS], run, now)
        found = []
        for name in names or [None]:
            in_ledger, standing = spent.get(name, 0), lent.get(name)
            elsewhere = others.get(name, (0, 0))
            total = max(in_ledger, standing.spent if standing else 0) + elsewhere[0]
            found.append(
                status_of(
                    budget,
                    window,
                    now_us,
                    value=name,
                    in_ledger=in_ledger,
                    standing=standing,
                    ahead=_ahead(ahead.get(name), total),
                    elsewhere=elsewhere,
                )
            )
        return sorted(found, key=lambda one: (-one.spent, one.value or ""))


def _ahead(outlook: Outlook | None, spent: int) -> Ahead:
    if outlook is None:
        return Ahead()
    low, expected, high = outlook.interval(spent)
    return Ahead(expected=expected, low=low, high=high)


def asked_of(budget: Budget, window: Window) -> window_spend.Window:
    """What a budget counts in a window, as a question to the ledger."""
    return window_spend.Window(
        since=from_unix_us(window.start_us) if window.start_us else None,
        until=from_unix_us_if_any(window.end_us),
        timezone=budget.timezone,
        filters=filters_of(budget, None),
        per=budget.per,
    )
