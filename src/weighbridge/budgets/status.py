"""How a budget stands: spent, held and lent in its window, what is to come, and in one word.

Rules for future edits: pure; reaching a limit counts as having used it up (≥, as admission
compares); money that is lent and not held is still there to be spent.
Counterpart: `control/budget_states` puts the figures together, API, pages and alerts show them.
"""

from typing import Final, Literal, get_args

import msgspec

from weighbridge.budgets.books import Standing
from weighbridge.budgets.budget import Budget
from weighbridge.budgets.windows import Window

State = Literal["ok", "warning", "at_risk", "over", "exhausted", "disabled"]
STATES: Final[tuple[str, ...]] = get_args(State)
_HUNDRED: Final = 100
_NOTHING: Final = Standing(0, 0, 0)


class Ahead(msgspec.Struct, frozen=True, kw_only=True):
    """What the window will have cost at its end, with an 80 % interval; null = not known."""

    expected: int | None = None
    low: int | None = None
    high: int | None = None


class BudgetStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One account of a budget, in pico-dollars; `value` is None where it is not split.

    `limit` has the raises that hold now, `ceiling` also the grace: what calls are refused at.
    `threshold` is the highest one reached, in percent. `state`: `disabled`; `exhausted`, calls
    are refused; `over`, the limit is reached; `at_risk`, it will be by the forecast; `warning`,
    a threshold is reached; else `ok`. `leased` is with workers and free, `held` set aside by calls.
    Of `spent` and `held` other nodes have what `elsewhere` says.
    """

    budget: Budget
    value: str | None
    window: Window
    limit: int
    ceiling: int
    spent: int
    held: int
    leased: int
    ahead: Ahead
    threshold: int | None
    state: State
    elsewhere: tuple[int, int] = (0, 0)

    @property
    def remaining(self) -> int:
        """What of the limit is neither spent nor held."""
        return max(0, self.limit - self.spent - self.held)

    @property
    def used_share(self) -> float:
        """Spent as a share of the limit; for bars and order, never for money."""
        return self.spent / self.limit if self.limit else 1.0


def status_of(  # noqa: PLR0913 - the figures of one account
    budget: Budget,
    window: Window,
    now_us: int,
    *,
    value: str | None = None,
    in_ledger: int = 0,
    standing: Standing | None = None,
    ahead: Ahead | None = None,
    elsewhere: tuple[int, int] = (0, 0),
) -> BudgetStatus:
    """How one account stands at an instant.

    Takes: the ledger's sum over the window, and what the lender knows of the account. Of the two
    sums the larger counts: one lacks what is not loaded yet, the other what came by other ways.
    What was loaded meanwhile is not leased any more: spent, held and leased stay within the limit.
    `elsewhere` is what other nodes have spent and hold, on top of that.
    Example: at 99.99 of 100 USD with thresholds 80 and 100 it is `warning`, at 100.00 `over`, or
    `exhausted` where it blocks without grace.
    """
    ahead = ahead or Ahead()
    limit, ceiling = budget.limit_at(now_us), budget.ceiling_at(now_us)
    standing = (standing or _NOTHING).once(ceiling - elsewhere[0], in_ledger)
    spent = standing.spent + elsewhere[0]
    reached = [each for each in budget.thresholds if spent * _HUNDRED >= limit * each]
    threshold = max(reached, default=None)
    return BudgetStatus(
        budget=budget,
        value=value,
        window=window,
        limit=limit,
        ceiling=ceiling,
        spent=spent,
        held=standing.held + elsewhere[1],
        leased=standing.leased - standing.held,
        ahead=ahead,
        threshold=threshold,
        state=_state(budget, (spent, limit, ceiling), ahead, threshold),
        elsewhere=elsewhere,
    )


def _state(
    budget: Budget, amounts: tuple[int, int, int], ahead: Ahead, threshold: int | None
) -> State:
    spent, limit, ceiling = amounts
    if not budget.enabled:
        return "disabled"
    if budget.action == "block" and spent >= ceiling:
        return "exhausted"
    if spent >= limit:
        return "over"
    if ahead.expected is not None and ahead.expected >= limit:
        return "at_risk"
    return "warning" if threshold is not None else "ok"
