"""What accounts have spent: the ledger's sum over their windows, by the one query model.

Hides how many statements that takes: one for all values of a budget in a window. Rules for
future edits: no counter is kept here, so there is none that could drift; a row without a cost
counts nothing. Counterparts: `lease_hub` asks, `budgets/scope` says which rows count.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from weighbridge.budgets.budget import Budget
from weighbridge.budgets.lease import Account
from weighbridge.budgets.scope import filters_of
from weighbridge.budgets.windows import window_at
from weighbridge.core.clock import from_unix_us, from_unix_us_if_any
from weighbridge.core.money import decimal_to_pico
from weighbridge.reports.cost_query import CostQuery
from weighbridge.reports.result import QueryResult

_VALUES_AT_ONCE: Final = 1_000


class Reports(Protocol):
    """What is needed of the reports."""

    def run(self, query: CostQuery, now: datetime) -> QueryResult:
        """The answer to a query."""
        ...


def spent_of(
    accounts: Iterable[Account], budgets: Mapping[str, Budget], reports: Reports, now: datetime
) -> dict[Account, int]:
    """The ledger's sum of each account, in pico-dollars; accounts of unknown budgets are left out.

    Errors: `LedgerError`.
    """
    found: dict[Account, int] = {}
    for budget, window_us, group in _groups(accounts, budgets):
        values = [account.value for account in group if account.value is not None]
        result = reports.run(_query(budget, window_us, values), now)
        costs: dict[str | None, Any] = {None: result.totals["cost"]}
        if budget.per is not None:
            costs = {row[budget.per]: row["cost"] for row in result.rows}
        for account in group:
            cost = costs.get(account.value)
            found[account] = 0 if cost is None else decimal_to_pico(cost)
    return found


def _groups(
    accounts: Iterable[Account], budgets: Mapping[str, Budget]
) -> Iterator[tuple[Budget, int, list[Account]]]:
    """The accounts that one statement can answer for."""
    groups: dict[tuple[str, int], list[Account]] = {}
    for account in accounts:
        groups.setdefault((account.budget, account.window_us), []).append(account)
    for (budget_id, window_us), group in groups.items():
        budget = budgets.get(budget_id)
        if budget is not None:
            for start in range(0, len(group), _VALUES_AT_ONCE):
                yield budget, window_us, group[start : start + _VALUES_AT_ONCE]


def _query(budget: Budget, window_us: int, values: Sequence[str]) -> CostQuery:
    window = window_at(budget.period, budget.timezone, window_us)
    filters = dict(filters_of(budget, None))
    if budget.per is not None:
        among = filters.get(budget.per)
        filters[budget.per] = tuple(v for v in values if among is None or v in among)
    return CostQuery(
        since=from_unix_us(window.start_us) if window.start_us else None,
        until=from_unix_us_if_any(window.end_us),
        group_by=(budget.per,) if budget.per is not None else (),
        metrics=("cost",),
        filters=filters,
    )
