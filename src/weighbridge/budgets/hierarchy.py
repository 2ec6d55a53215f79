"""Which budgets lie within which: every call that counts towards one counts towards the other, too.

Nobody says so: it follows from what they count. Rules for future edits: pure; only scopes decide,
windows and limits may differ. Counterparts: `scope` says which calls a budget counts, the pages of
budgets show it.
"""

from collections.abc import Iterable
from typing import NamedTuple

from weighbridge.budgets.budget import Budget


class Relatives(NamedTuple):
    """Budgets around one, the narrowest first; beside it and inside it, the widest first."""

    around: list[Budget]
    beside: list[Budget]
    inside: list[Budget]


def lies_within(inner: Budget, outer: Budget) -> bool:
    """Whether every call of one counts towards the other.

    Example: of department `care` and agent `x` within department `care` or `web`; not the other
    way round, and not within project `x`.
    """
    return all(
        name in inner.scope and set(inner.scope[name]) <= set(values)
        for name, values in outer.scope.items()
    )


def relatives(budget: Budget, everybody: Iterable[Budget]) -> Relatives:
    """What lies around a budget, beside it and inside it, itself left out.

    Where two count the same calls, one for all is around one for each value, else they are beside
    each other.
    """
    found = Relatives([], [], [])
    for other in everybody:
        if other.id == budget.id:
            continue
        within, holds = lies_within(budget, other), lies_within(other, budget)
        if within and holds and (budget.per is None) == (other.per is None):
            found.beside.append(other)
        elif within and (not holds or other.per is None):
            found.around.append(other)
        elif holds:
            found.inside.append(other)
    found.around.sort(key=_narrowness, reverse=True)
    found.beside.sort(key=_narrowness)
    found.inside.sort(key=_narrowness)
    return found


def nearest(budget: Budget, everybody: Iterable[Budget]) -> Budget | None:
    """The narrowest budget around one, None where there is none."""
    return next(iter(relatives(budget, everybody).around), None)


def _narrowness(budget: Budget) -> tuple[int, int, bool, str]:
    """More dimensions are narrower, fewer values, one for each; then by name, for an order."""
    values = sum(len(each) for each in budget.scope.values())
    return len(budget.scope), -values, budget.per is not None, budget.name
