"""What the admin API needs of budgets and rate limits: their definitions, and how they stand.

Rules for future edits: those of `ports`, whose `Services` has all of these.
Counterparts: `control/{budgets,budget_states,budget_audit,rate_limits,lease_hub}`.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Protocol

from weighbridge.budgets.audit import AccountAudit
from weighbridge.budgets.budget import Budget, NewBudget
from weighbridge.budgets.rate_limit import NewRateLimit, RateLimit
from weighbridge.budgets.record import (
    BudgetRecord,
    Node,
    RaiseRecord,
    RateLimitRecord,
    Sharing,
)
from weighbridge.budgets.status import BudgetStatus
from weighbridge.core.principal import OPERATOR, Principal
from weighbridge.reports.compare import Run


class Budgets(Protocol):
    """Budgets."""

    def create(self, wanted: NewBudget, by: Principal = OPERATOR) -> BudgetRecord:
        """A budget."""
        ...

    def all(self) -> list[BudgetRecord]:
        """Every budget, newest first."""
        ...

    def get(self, budget_id: str) -> BudgetRecord:
        """One budget."""
        ...

    def update(
        self, budget_id: str, revise: Callable[[Budget], NewBudget], by: Principal = OPERATOR
    ) -> BudgetRecord:
        """A budget with the definition that `revise` makes of it."""
        ...

    def remove(self, budget_id: str, by: Principal = OPERATOR) -> BudgetRecord:
        """Take a budget away."""
        ...

    def give_raise(
        self, budget_id: str, wanted: tuple[int, int, str | None], by: Principal = OPERATOR
    ) -> RaiseRecord:
        """More room: amount, until when, why."""
        ...

    def withdraw_raise(
        self, budget_id: str, raise_id: str, by: Principal = OPERATOR
    ) -> RaiseRecord:
        """End a raise."""
        ...


class BudgetStates(Protocol):
    """How budgets stand."""

    def of(
        self, budget: Budget, run: Run, now: datetime, values: Iterable[str] | None = None
    ) -> list[BudgetStatus]:
        """Each account of a budget, the most used first; at least one."""
        ...


class BudgetAudit(Protocol):
    """Budgets looked at from the ledger and from the lender."""

    def of(self, budget: Budget, run: Run, now: datetime) -> list[AccountAudit]:
        """Each account of a budget."""
        ...


class RateLimits(Protocol):
    """Rate limits."""

    def create(self, wanted: NewRateLimit, by: Principal = OPERATOR) -> RateLimitRecord:
        """A rate limit."""
        ...

    def all(self) -> list[RateLimitRecord]:
        """Every rate limit, newest first."""
        ...

    def get(self, limit_id: str) -> RateLimitRecord:
        """One rate limit."""
        ...

    def update(
        self,
        limit_id: str,
        revise: Callable[[RateLimit], NewRateLimit],
        by: Principal = OPERATOR,
    ) -> RateLimitRecord:
        """A rate limit with the definition that `revise` makes of it."""
        ...

    def remove(self, limit_id: str, by: Principal = OPERATOR) -> RateLimitRecord:
        """Take a rate limit away."""
        ...


class Permits(Protocol):
    """How full the buckets of rate limits are."""

    def permits_left(self, limit_id: str) -> Mapping[tuple[str | None, int], int]:
        """Whole permits left by value and kind, of buckets that are not full."""
        ...


class Nodes(Protocol):
    """Gateways that share budgets."""

    def all(self) -> Sharing:
        """Every one that is known."""
        ...

    async def dismiss(self, node_id: str, by: Principal = OPERATOR) -> Node:
        """Wait for one's word no more."""
        ...
