"""Which budgets are asked about again: those that can have reached a threshold."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from weighbridge.budgets.alerts.thresholds import Account, crossed
from weighbridge.budgets.budget import Budget
from weighbridge.control.alerting.figures import account_of
from weighbridge.control.alerting.near import ANEW_EVERY, Near, gap_pico, windows_of

NOW = datetime(2026, 11, 22, 14, 35, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ONE = Budget(id="bud_1", name="n", limit_pico_usd=1000, thresholds=(50, 80))
EACH = msgspec.structs.replace(ONE, id="bud_2", per="agent")


class Spend:
    """What everything has cost, by hand."""

    def __init__(self) -> None:
        self.pico = 0
        self.near = Near(lambda *_: self.pico)

    def asked(self, *budgets: Budget, now: datetime = NOW + SECOND) -> list[str]:
        return [budget.id for budget, _ in self.near.choose(budgets, now)]

    def note(self, budget: Budget, **spent: int) -> None:
        """Sum a budget: `all=700`, or spend by value."""
        (window,) = windows_of(budget, NOW)
        accounts = [
            account_of(budget, window, None if budget.per is None else value, pico, NOW)
            for value, pico in spent.items()
        ]
        self.near.note(budget, window, accounts, NOW)


@pytest.fixture
def spend() -> Spend:
    made = Spend()
    assert made.asked(ONE, EACH, now=NOW) == ["bud_1", "bud_2"]
    return made


def test_no_budget_is_no_question(spend: Spend) -> None:
    """Whoever has none pays for none."""

    def asked(*_: object) -> int:
        raise AssertionError

    assert Near(asked).choose([], NOW) == []


def test_after_an_import_everything_is_asked_about(spend: Spend) -> None:
    """Its rows are of any age, so that what came since says nothing of them."""
    spend.note(ONE, all=1)
    spend.note(EACH, a=1)
    assert spend.asked(ONE, EACH) == []
    spend.near.forget()
    assert spend.asked(ONE, EACH) == ["bud_1", "bud_2"]
    spend.note(ONE, all=1)
    assert spend.asked(ONE) == []


def test_what_is_far_from_its_threshold_is_not_asked_about(spend: Spend) -> None:
    """Until everything together has cost what is missing: to the pico-dollar."""
    spend.note(ONE, all=700)
    assert spend.asked(ONE) == []
    spend.pico = 99
    assert spend.asked(ONE) == []
    spend.pico = 100
    assert spend.asked(ONE) == ["bud_1"]


def test_each_question_begins_anew(spend: Spend) -> None:
    """What was spent before it is in the sum that it found."""
    spend.pico = 100
    assert spend.asked(ONE) == ["bud_1"]
    spend.note(ONE, all=700)
    spend.pico = 199
    assert spend.asked(ONE) == []


def test_the_nearest_value_counts_and_a_new_one_too(spend: Spend) -> None:
    """A value never seen before may reach the first threshold from nothing (B2)."""
    spend.note(EACH, a=790, b=0)
    spend.pico = 10
    assert spend.asked(EACH) == ["bud_2"]
    spend.note(EACH, a=900, b=900)
    spend.pico = 509
    assert spend.asked(EACH) == []
    spend.pico = 510
    assert spend.asked(EACH) == ["bud_2"]


def test_what_has_nothing_left_to_tell_is_not_asked_about(spend: Spend) -> None:
    """All thresholds of this window are behind it."""
    spend.note(ONE, all=800)
    spend.pico = 10**30
    assert spend.asked(ONE) == []


@pytest.mark.parametrize(
    "changes", [{"limit_pico_usd": 900}, {"thresholds": (10,)}, {"scope": {"agent": ("a",)}}]
)
def test_a_budget_that_changed_is_asked_about(spend: Spend, changes: dict[str, Any]) -> None:
    """At once."""
    spend.note(ONE, all=700)
    assert spend.asked(msgspec.structs.replace(ONE, **changes)) == ["bud_1"]


@pytest.mark.parametrize("now", [NOW + ANEW_EVERY, NOW - timedelta(days=1)])
def test_everything_is_asked_about_now_and_then(spend: Spend, now: datetime) -> None:
    """For rows that come late; also where the clock was set back."""
    spend.note(ONE, all=700)
    assert spend.asked(ONE, now=now) == ["bud_1"]


@pytest.mark.parametrize("limit", [0, 1, 7, 1000])
@pytest.mark.parametrize("threshold", [0, 1, 33, 50, 100, 1000])
def test_a_gap_ends_where_the_threshold_is_crossed(limit: int, threshold: int) -> None:
    """No earlier and no later, whatever the rounding."""
    for spent in range(0, 40, 3):
        account = Account(
            budget_id="b",
            name="n",
            period="month",
            window_start_us=0,
            window_end_us=None,
            limit_pico=limit,
            ceiling_pico=limit,
            spent_pico=spent,
            thresholds=(threshold,),
        )
        gap = gap_pico(account)
        if gap is None:
            assert crossed(account) == (threshold,)
            continue
        assert crossed(account) == ()
        there = msgspec.structs.replace(account, spent_pico=spent + gap)
        before = msgspec.structs.replace(account, spent_pico=spent + gap - 1)
        assert (crossed(before), crossed(there)) == ((), (threshold,))
