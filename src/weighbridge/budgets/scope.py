"""Which budgets bind a call, and by which of their values.

What a call is, is known by the dimensions that its row will have, as far as they are known
before it begins. Rules for future edits: a budget counts exactly the rows that it binds, so
`binds` and `filters_of` say the same (a property test compares them over the query model);
`(none)` stands for "not given", here as in queries.
Counterparts: `gateway` asks a `Binder` at admission, `control/spend` the ledger by `filters_of`.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, Protocol

import msgspec

from weighbridge.budgets.budget import Budget
from weighbridge.budgets.windows import Calendar
from weighbridge.core.exchange import TEXT_DIMENSIONS

NONE: Final = "(none)"
LABEL_PREFIX: Final = "label:"
# What is known of a call before it begins; the others are known after its answer.
KNOWN_BEFORE: Final = (
    "node",
    "provider",
    "surface",
    "operation",
    "location",
    "cloud_project",
    "model",
    "token",
    "token_id",
    "department",
    "project",
    "agent",
)
ALL_DIMENSIONS: Final = (*TEXT_DIMENSIONS, "token", "status", "streamed")


class CallFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What admission knows of a call, named and written as in its row.

    `model` is the one asked for, without `models/`; `labels` are those that the row will have,
    folded where their key has too many values.
    """

    node: str | None = None
    provider: str | None = None
    surface: str | None = None
    operation: str | None = None
    location: str | None = None
    cloud_project: str | None = None
    model: str | None = None
    token_id: str | None = None
    department: str | None = None
    project: str | None = None
    agent: str | None = None
    labels: dict[str, str] = {}

    def value(self, dimension: str) -> str:
        """The value of a dimension, `(none)` where there is none."""
        if dimension.startswith(LABEL_PREFIX):
            return self.labels.get(dimension.removeprefix(LABEL_PREFIX), NONE)
        name = "token_id" if dimension == "token" else dimension
        value: str | None = getattr(self, name, None)
        return NONE if value is None else value


class Scoped(Protocol):
    """What binds calls: a budget or a rate limit."""

    @property
    def scope(self) -> Mapping[str, tuple[str, ...]]:
        """Dimensions with the values of which one must be there."""
        ...

    @property
    def per(self) -> str | None:
        """The dimension each value of which has its own."""
        ...


class Binding(NamedTuple):
    """A budget that binds a call, and by which value where it is one per value."""

    budget: Budget
    value: str | None
    calendar: Calendar


def binds(scoped: Scoped, facts: CallFacts) -> bool:
    """Whether a call counts towards a budget or a rate limit.

    Example: `{"department": ("care", "(none)")}` binds calls of `care` and those without.
    """
    return all(facts.value(name) in values for name, values in scoped.scope.items())


def value_of(scoped: Scoped, facts: CallFacts) -> str | None:
    """Which of its accounts a call counts towards: the value of `per`, if it has one.

    A value never seen before has its own account from its first call (B2), and so have the
    calls without a value: `(none)`.
    """
    return None if scoped.per is None else facts.value(scoped.per)


class Binder:
    """The block budgets in force, ready to be asked; made anew with each policy."""

    def __init__(self, budgets: Iterable[Budget]) -> None:
        self._bound = [
            (budget, Calendar(budget.period, budget.timezone))
            for budget in budgets
            if budget.blocks
        ]

    def __repr__(self) -> str:
        return f"<Binder of {len(self._bound)} budgets>"

    def __bool__(self) -> bool:
        return bool(self._bound)

    @property
    def dimensions(self) -> frozenset[str]:
        """What the budgets in force look at; a call needs no other facts."""
        names = {name for budget, _ in self._bound for name in budget.scope}
        return frozenset(names | {budget.per for budget, _ in self._bound if budget.per})

    def bind(self, facts: CallFacts) -> tuple[Binding, ...]:
        """Every budget that a call must hold money of (B9), in the order of their definition."""
        return tuple(
            Binding(budget, value_of(budget, facts), calendar)
            for budget, calendar in self._bound
            if binds(budget, facts)
        )


def filters_of(budget: Budget, value: str | None) -> Mapping[str, tuple[str, ...]]:
    """The filters of a `CostQuery` over the rows that an account counts."""
    filters = {name: tuple(values) for name, values in budget.scope.items()}
    if budget.per is not None and value is not None:
        among = filters.get(budget.per)
        filters[budget.per] = (value,) if among is None or value in among else ()
    return filters
