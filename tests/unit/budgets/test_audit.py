"""Ledger and lender side by side: what agrees, and what does not."""

import pytest

from weighbridge.budgets.audit import AccountAudit, Borrower, Lent
from weighbridge.budgets.budget import Budget
from weighbridge.budgets.windows import Window

BUDGET = Budget(id="bud_1", name="n", limit_pico_usd=100, action="block")


def borrower(**more: int) -> Borrower:
    given = {"granted": 50, "returned": 10, "settled": 20, "loaded": 15, "held": 8}
    return Borrower(worker=0, **{**given, **more})


def audit(rows: int, before: Lent | None, after: Lent | None) -> AccountAudit:
    return AccountAudit(
        budget=BUDGET,
        value=None,
        window=Window(0, None),
        exchanges=1,
        rows=rows,
        ceiling=100,
        before=before,
        after=after,
    )


def test_a_worker_has_what_it_was_lent_less_what_is_loaded() -> None:
    """Or what its calls took, where that is more."""
    assert (borrower().outstanding, borrower().free) == (25, 12)
    assert (borrower(held=90).outstanding, borrower(held=90).free) == (95, 0)


def test_what_is_on_the_way_counts_as_spent() -> None:
    """Settled and not in the sum that the lender goes by."""
    lent = Lent(in_ledger=30, borrowers=(borrower(), borrower()))
    assert (lent.on_the_way, lent.spent) == (10, 40)


@pytest.mark.parametrize(("rows", "agrees"), [(29, False), (30, True), (35, True), (36, False)])
def test_what_is_right_lies_between(rows: int, agrees: bool) -> None:
    """Not less than the lender knew before, not more than it takes for spent after."""
    lent = Lent(in_ledger=30, borrowers=(borrower(),))
    assert audit(rows, lent, lent).consistent == agrees


def test_where_nothing_is_lent_nothing_disagrees() -> None:
    """The next grant asks the ledger first."""
    assert audit(70, None, None).consistent
    assert audit(70, None, Lent(in_ledger=0)).consistent
    assert audit(70, None, None).beyond == 0


def test_what_is_beyond_the_ceiling_is_told() -> None:
    """Spent and outstanding together; what is on its way may be among what is spent."""
    lent = Lent(in_ledger=80, borrowers=(borrower(),))
    assert audit(80, lent, lent).beyond == 0
    more = Lent(in_ledger=85, borrowers=(borrower(),))
    assert audit(85, more, more).beyond == 5
