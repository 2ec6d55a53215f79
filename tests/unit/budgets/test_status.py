"""One word for how a budget stands, and the figures beside it."""

import msgspec
import pytest

from weighbridge.budgets.books import Standing
from weighbridge.budgets.budget import Budget, Raise
from weighbridge.budgets.status import Ahead, BudgetStatus, status_of
from weighbridge.budgets.windows import Window

BUDGET = Budget(id="bud_1", name="n", limit_pico_usd=100, thresholds=(50, 80, 100))
WINDOW = Window(0, None)


def status(spent: int, ahead: Ahead | None = None, **fields: object) -> BudgetStatus:
    budget = msgspec.structs.replace(BUDGET, **fields)
    return status_of(budget, WINDOW, 5, in_ledger=spent, ahead=ahead)


@pytest.mark.parametrize(
    ("spent", "fields", "state", "threshold"),
    [
        (49, {}, "ok", None),
        (50, {}, "warning", 50),
        (99, {}, "warning", 80),
        (100, {}, "over", 100),
        (99, {"action": "block"}, "warning", 80),
        (100, {"action": "block"}, "exhausted", 100),
        (100, {"action": "block", "grace_percent": 10}, "over", 100),
        (110, {"action": "block", "grace_percent": 10}, "exhausted", 100),
        (500, {"enabled": False, "action": "block"}, "disabled", 100),
        (99, {"thresholds": ()}, "ok", None),
    ],
)
def test_a_limit_that_is_reached_is_used_up(
    spent: int, fields: dict[str, object], state: str, threshold: int | None
) -> None:
    """One comparison everywhere: reached is used up, one pico-dollar less is not."""
    found = status(spent, **fields)
    assert (found.state, found.threshold) == (state, threshold)


def test_a_forecast_above_the_limit_is_a_risk() -> None:
    """Before any threshold, and after one; not where the limit is reached already."""
    above = Ahead(expected=100)
    assert status(10, above).state == "at_risk"
    assert status(90, above).state == "at_risk"
    assert status(100, above).state == "over"
    assert status(10, Ahead(expected=99)).state == "ok"


def test_what_is_lent_and_free_remains() -> None:
    """Held money is set aside, lent money is still there to be spent."""
    lent = Standing(spent=40, leased=30, held=10)
    found = status_of(BUDGET, WINDOW, 5, in_ledger=35, standing=lent)
    assert (found.spent, found.held, found.leased, found.remaining) == (40, 10, 20, 50)


def test_the_larger_of_two_sums_counts() -> None:
    """The ledger knows of imports, the lender of rows on their way."""
    lent = Standing(spent=40, leased=0, held=0)
    assert status_of(BUDGET, WINDOW, 5, in_ledger=60, standing=lent).spent == 60


def test_a_raise_lifts_limit_and_thresholds() -> None:
    """While it holds."""
    raised = Raise(id="rse_1", amount_pico_usd=100, until_us=6, author="Ada")
    assert status(100, raises=(raised,)).threshold == 50
    assert status(100, raises=(raised,)).remaining == 100
    over = msgspec.structs.replace(raised, until_us=5)
    assert status(100, raises=(over,)).state == "over"


def test_what_is_overspent_leaves_nothing() -> None:
    """Never less than nothing."""
    assert status(250).remaining == 0


def test_what_other_nodes_spent_and_hold_counts() -> None:
    """Towards the limit, its thresholds and its state; and it can be told apart."""
    found = status_of(BUDGET, WINDOW, 5, in_ledger=30, elsewhere=(50, 15))
    assert (found.spent, found.held, found.remaining) == (80, 15, 5)
    assert (found.threshold, found.elsewhere) == (80, (50, 15))
