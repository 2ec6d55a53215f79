"""Budgets as a viewer who is bound to departments or projects sees them.

A budget is seen where all that it counts lies within the scope, or where it has an account of
its own for each value of a bound dimension: then the accounts within the scope are.
Counterpart: `seen` puts these in; who is bound is a viewer, and changes nothing.
"""

from collections.abc import Callable, Iterable
from datetime import datetime

from weighbridge.admin.ports_of_budgets import Budgets, BudgetStates
from weighbridge.budgets.budget import Budget, NewBudget
from weighbridge.budgets.record import BudgetRecord, RaiseRecord
from weighbridge.budgets.status import BudgetStatus
from weighbridge.core.principal import OPERATOR, Principal, Scope
from weighbridge.errors import NotFoundError
from weighbridge.reports.compare import Run


class SeenBudgets:
    """Budgets within a scope, to look at."""

    def __init__(self, budgets: Budgets, scope: Scope) -> None:
        self._budgets = budgets
        self._scope = scope

    def __repr__(self) -> str:
        return f"<SeenBudgets within {self._scope}>"

    def all(self) -> list[BudgetRecord]:
        """Those that are seen, newest first."""
        return [record for record in self._budgets.all() if self._sees(record.budget)]

    def get(self, budget_id: str) -> BudgetRecord:
        """One that is seen.

        Errors: `NotFoundError`.
        """
        record = self._budgets.get(budget_id)
        if not self._sees(record.budget):
            raise NotFoundError(f"no budget has the id {budget_id[:60]!r}")
        return record

    def create(self, wanted: NewBudget, by: Principal = OPERATOR) -> BudgetRecord:
        """Nobody who is bound does."""
        raise AssertionError(f"{by.id}: only viewers are bound, and they make no {wanted.name}")

    def update(
        self, budget_id: str, revise: Callable[[Budget], NewBudget], by: Principal = OPERATOR
    ) -> BudgetRecord:
        """Nobody who is bound does."""
        raise AssertionError(f"{by.id}: viewers do not change {budget_id} by {revise}")

    def remove(self, budget_id: str, by: Principal = OPERATOR) -> BudgetRecord:
        """Nobody who is bound does."""
        raise AssertionError(f"{by.id}: viewers do not remove {budget_id}")

    def give_raise(
        self, budget_id: str, wanted: tuple[int, int, str | None], by: Principal = OPERATOR
    ) -> RaiseRecord:
        """Nobody who is bound does."""
        raise AssertionError(f"{by.id}: viewers do not raise {budget_id} by {wanted[0]}")

    def withdraw_raise(
        self, budget_id: str, raise_id: str, by: Principal = OPERATOR
    ) -> RaiseRecord:
        """Nobody who is bound does."""
        raise AssertionError(f"{by.id}: viewers do not withdraw {raise_id} of {budget_id}")

    def _sees(self, budget: Budget) -> bool:
        return all(
            dimension == budget.per or set(budget.scope.get(dimension, ("",))) <= set(values)
            for dimension, values in self._scope.items()
        )


class SeenBudgetStates:
    """How the accounts within a scope stand; asked with reports that are narrowed to it."""

    def __init__(self, states: BudgetStates, scope: Scope) -> None:
        self._states = states
        self._scope = scope

    def __repr__(self) -> str:
        return f"<SeenBudgetStates within {self._scope}>"

    def of(
        self, budget: Budget, run: Run, now: datetime, values: Iterable[str] | None = None
    ) -> list[BudgetStatus]:
        """Each account that is seen."""
        if budget.per is not None and budget.per in self._scope:
            seen = self._scope[budget.per]
            values = seen if values is None else [value for value in values if value in seen]
        return self._states.of(budget, run, now, values)
