"""Ledger and lender are looked at again where they disagree, for a word may be on its way."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from weighbridge.budgets.audit import AccountAudit, Borrower, Lent
from weighbridge.budgets.budget import Budget
from weighbridge.control.budget_audit import BudgetAudit

NOW = datetime(2026, 6, 1, tzinfo=UTC)
CENT = 10**10
BUDGET = Budget(id="bud_1", name="n", limit_pico_usd=10 * CENT, action="block", period="total")


class Lender:
    """A lender who hears one cent more at each look, up to `most`."""

    def __init__(self, most: int) -> None:
        self._settled: Iterator[int] = iter([*range(most), *[most] * 100])

    def lent(self, budget: str) -> Mapping[tuple[str | None, int], Lent]:
        settled = next(self._settled) * CENT
        one = Borrower(worker=0, granted=5 * CENT, returned=0, settled=settled, loaded=0, held=0)
        return {(None, 0): Lent(in_ledger=0, borrowers=(one,))}


def looked_at(most: int) -> tuple[AccountAudit, list[float]]:
    """The audit of an account whose rows are four cents, and how long it waited."""
    waits: list[float] = []

    def run(_: Any) -> Any:
        return SimpleNamespace(rows=[{"exchanges": 4, "cost": Decimal("0.04")}])

    (found,) = BudgetAudit(Lender(most), waits.append).of(BUDGET, run, NOW)
    return found, waits


@pytest.mark.parametrize(("most", "agrees", "looks"), [(4, True, 3), (3, False, 5)])
def test_what_disagrees_is_looked_at_again(most: int, agrees: bool, looks: int) -> None:
    """Until the worker's word has come; where none comes, that is told."""
    found, waits = looked_at(most)
    assert found.consistent == agrees
    assert len(waits) == looks - 1
    assert sum(waits) < 1
