"""Thresholds of a budget, and the forecast that it will be exceeded."""

from typing import Any

import msgspec
import pytest

from weighbridge.budgets.alerts.thresholds import (
    NEVER_US,
    Account,
    Outlook,
    crossed,
    exhausted_alert,
    forecast_alert,
    reached_before,
    refuses,
    still_holds,
    threshold_alerts,
)
from weighbridge.budgets.budget import Budget
from weighbridge.budgets.lease import Refused
from weighbridge.core.alert import AlertKind, Severity
from weighbridge.core.money import PICO_USD_PER_USD as USD

ACCOUNT = Account(
    budget_id="bud_1",
    name="Care",
    period="month",
    window_start_us=1_761_955_200_000_000,
    window_end_us=1_764_547_200_000_000,
    limit_pico=10 * USD,
    ceiling_pico=10 * USD,
    spent_pico=0,
    thresholds=(50, 80, 100),
    channels=("ops",),
    blocks=True,
)


def account(**changes: Any) -> Account:
    return msgspec.structs.replace(ACCOUNT, **changes)


@pytest.mark.parametrize(
    ("spent", "reached"),
    [
        (0, ()),
        (5 * USD - 1, ()),
        (5 * USD, (50,)),
        (8 * USD - 1, (50,)),
        (8 * USD, (50, 80)),
        (10 * USD, (50, 80, 100)),
        (10**9 * USD, (50, 80, 100)),
    ],
)
def test_a_threshold_is_reached_at_its_amount(spent: int, reached: tuple[int, ...]) -> None:
    """To the pico-dollar, and by the comparison that blocks at the limit."""
    assert crossed(account(spent_pico=spent)) == reached


def test_nothing_spent_reaches_nothing() -> None:
    """A budget of 0 is told of with the first call that costs."""
    assert crossed(account(limit_pico=0)) == ()
    assert crossed(account(limit_pico=0, spent_pico=1)) == (50, 80, 100)


def test_each_threshold_is_an_occurrence_of_its_own() -> None:
    """With what is spent, of what, and what follows from it."""
    low, high, full = threshold_alerts(account(spent_pico=12 * USD))
    assert [each.severity for each in (low, high, full)] == list(Severity)
    assert low.title == "Budget “Care” has reached 50 %"
    assert full.title == "Budget “Care” is used up"
    assert full.message == (
        "Budget “Care”: $12.00 of $10.00 (120 %) is spent in this month. At the limit its calls "
        "are refused until 2025-12-01 00:00 UTC; raise it with `weighbridge budget set`."
    )
    assert full.facts == {
        "spent": "12.000000000000",
        "limit": "10.000000000000",
        "per": None,
        "window_start": "2025-11-01T00:00:00.000000Z",
        "window_end": "2025-12-01T00:00:00.000000Z",
        "threshold": 100,
    }
    assert (full.budget_id, full.value, full.channels) == ("bud_1", None, ("ops",))
    assert full.stands_until_us == ACCOUNT.window_end_us


def test_keys_tell_windows_values_thresholds_and_limits_apart() -> None:
    """B10: the same crossing has the same key however much more is spent, and no other has it."""
    (first,) = threshold_alerts(account(spent_pico=5 * USD))
    (again,) = threshold_alerts(account(spent_pico=6 * USD, name="renamed"))
    assert first.key == again.key
    others = [
        account(spent_pico=5 * USD, value="a", per="agent"),
        account(spent_pico=5 * USD, window_start_us=1),
        account(spent_pico=5 * USD, budget_id="bud_2"),
        account(spent_pico=5 * USD, thresholds=(49,)),
        account(spent_pico=50 * USD, limit_pico=100 * USD),
    ]
    keys = {first.key} | {alert.key for each in others for alert in threshold_alerts(each)}
    assert len(keys) == 6


@pytest.mark.parametrize(
    ("limit", "spent", "news"),
    [
        (11, 10, []),
        (14, 11, []),
        (14, 12, [80]),
        (30, 15, [50]),
        (9, 10, [50, 80, 100]),
        (10, 10, [50, 80, 100]),
    ],
    ids=["all but the last", "before the next", "the next", "far away", "lower", "the same"],
)
def test_a_raised_limit_tells_what_is_reached_anew(limit: int, spent: int, news: list[int]) -> None:
    """B10: all were told at $10.00; some are reached at the new limit, too."""
    told = [each.facts for each in threshold_alerts(account(spent_pico=10 * USD))]
    found = threshold_alerts(account(limit_pico=limit * USD, spent_pico=spent * USD))
    assert [each.facts["threshold"] for each in found if not reached_before(each, told)] == news


def test_what_was_never_told_is_news_at_any_limit() -> None:
    """A threshold that was added; one that no lower limit has told; another kind of alert."""
    told = [each.facts for each in threshold_alerts(account(spent_pico=9 * USD))]
    added = account(limit_pico=11 * USD, spent_pico=9 * USD, thresholds=(60,))
    assert not any(reached_before(each, told) for each in threshold_alerts(added))
    expected = forecast_alert(account(limit_pico=11 * USD), outlook(12, 13, 14))
    assert expected is not None
    assert not reached_before(expected, told)


@pytest.mark.parametrize(
    ("limit", "holds"), [(10, [50, 80, 100]), (11, [50, 80]), (15, [50]), (9, [50, 80, 100])]
)
def test_what_stands_is_what_holds_at_the_limit_of_now(limit: int, holds: list[int]) -> None:
    """Nobody need look at a budget that was raised, removed or taken out of force."""
    told = threshold_alerts(account(spent_pico=10 * USD))
    budget = Budget(id="bud_1", name="Care", limit_pico_usd=limit * USD)
    assert [each.facts["threshold"] for each in told if still_holds(each, budget, 0)] == holds
    off = msgspec.structs.replace(budget, enabled=False)
    assert not any(still_holds(each, one, 0) for each in told for one in (off, None))


def test_a_forecast_stands_while_it_is_beyond_the_limit() -> None:
    """Of $12.00 that are expected."""
    told = forecast_alert(account(spent_pico=USD), outlook(11, 12, 13))
    assert told is not None
    for limit, holds in ((12, True), (13, False)):
        budget = Budget(id="bud_1", name="Care", limit_pico_usd=limit * USD)
        assert still_holds(told, budget, 0) == holds


def test_one_of_many_says_whose_it_is() -> None:
    """A budget for each agent names the agent, on one line whatever it is called."""
    (alert,) = threshold_alerts(
        account(spent_pico=5 * USD, per="agent", value="a\nb" + "c" * 200, window_end_us=None)
    )
    assert alert.title.startswith("Budget “Care” of agent a\ufffdbccc")
    assert alert.title.isprintable()
    assert len(alert.title) < 140
    assert alert.stands_until_us == NEVER_US
    assert alert.facts["window_end"] is None


def outlook(low: int, expected: int, high: int) -> Outlook:
    return Outlook(low_pico=low * USD, expected_pico=expected * USD, high_pico=high * USD)


def test_a_forecast_at_the_limit_is_told() -> None:
    """With the interval; the words are stronger where all of it lies above."""
    found = forecast_alert(account(spent_pico=4 * USD), outlook(8, 10, 12))
    assert found is not None
    assert (found.kind, found.severity) == (AlertKind.BUDGET_FORECAST, Severity.WARNING)
    assert found.title == "Budget “Care” is likely to be exceeded"
    assert "expected to come to $10.00" in found.message
    assert "between $8.00 and $12.00" in found.message
    sure = forecast_alert(account(spent_pico=4 * USD), outlook(10, 11, 12))
    assert sure is not None
    assert "very likely" in sure.title
    assert sure.key == found.key


def test_no_forecast_of_what_is_unlikely_or_past() -> None:
    """Below the limit there is nothing to tell, and beyond it the thresholds have spoken."""
    assert forecast_alert(account(spent_pico=4 * USD), outlook(5, 9, 20)) is None
    assert forecast_alert(account(spent_pico=10 * USD), outlook(10, 11, 12)) is None


def test_what_only_tells_says_that_calls_go_on() -> None:
    """An alert budget refuses nothing."""
    found = threshold_alerts(account(spent_pico=10 * USD, blocks=False))[-1]
    assert found.message.endswith("It only tells: calls go on.")


def refused(needed: int, limit: int = 10) -> Refused:
    return Refused(limit * USD, needed * USD)


@pytest.mark.parametrize(
    ("changes", "still"),
    [
        ({}, True),
        ({"spent_pico": 8 * USD}, False),
        ({"ceiling_pico": 11 * USD}, False),
        ({"blocks": False}, False),
    ],
    ids=["as it was", "it counts otherwise now", "it was raised", "it only tells now"],
)
def test_what_was_refused_has_to_be_so_still(changes: dict[str, Any], *, still: bool) -> None:
    """Of $10.00, $9.00 were spent, and a call needed $2.00."""
    assert refuses(account(**{"spent_pico": 9 * USD} | changes), refused(2)) == still


def test_a_budget_stuck_below_its_limit_is_told() -> None:
    """With what is left of it and what the least of the refused calls needed."""
    found = exhausted_alert(account(spent_pico=98 * USD // 10), refused(1))
    assert found is not None
    assert (found.kind, found.severity) == (AlertKind.BUDGET_EXHAUSTED, Severity.CRITICAL)
    assert found.title == "Budget “Care” refuses calls"
    assert found.message == (
        "Budget “Care”: $9.80 of $10.00 (98 %) is spent in this month, and the rest is too little "
        "for a call that needs $1.00. Such calls are refused until 2025-12-01 00:00 UTC; raise the "
        "limit with `weighbridge budget set`, or let calls declare a smaller maximum of output."
    )
    assert (found.facts["spent"], found.facts["needed"]) == ("9.800000000000", "1.000000000000")


def test_refusing_is_told_once_per_window_value_and_limit() -> None:
    """B10: whatever is spent and refused then."""
    stuck = account(spent_pico=9 * USD)
    found = [
        exhausted_alert(stuck, refused(2)),
        exhausted_alert(account(spent_pico=95 * USD // 10), refused(1)),
        exhausted_alert(account(spent_pico=9 * USD, value="a", per="agent"), refused(2)),
        exhausted_alert(account(spent_pico=9 * USD, window_start_us=1), refused(2)),
        exhausted_alert(account(spent_pico=9 * USD, limit_pico=11 * USD), refused(2)),
    ]
    keys = [each.key for each in found if each is not None]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 4


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"spent_pico": 10 * USD - 1}, True),
        ({"spent_pico": 10 * USD}, False),
        ({"spent_pico": 10 * USD, "thresholds": (50, 80)}, True),
        ({"spent_pico": 10 * USD, "ceiling_pico": 11 * USD}, True),
    ],
    ids=["below", "its threshold tells", "no threshold tells", "it went on by grace"],
)
def test_what_a_threshold_tells_is_not_told_again(changes: dict[str, Any], *, told: bool) -> None:
    """At the limit, without grace, where 100 % is among the thresholds."""
    assert (exhausted_alert(account(**changes), refused(2)) is not None) == told


def test_refusing_stands_until_there_is_more() -> None:
    """Of $9.00 and a call that needs $2.00; grace counts, and an alert budget refuses nothing."""
    told = exhausted_alert(account(spent_pico=9 * USD), refused(2))
    assert told is not None
    for limit, changes, holds in (
        (10, {}, True),
        (11, {}, False),
        (10, {"grace_percent": 10}, False),
        (10, {"action": "alert"}, False),
    ):
        given: dict[str, Any] = {"action": "block", **changes}
        budget = Budget(id="bud_1", name="Care", limit_pico_usd=limit * USD, **given)
        assert still_holds(told, budget, 0) == holds
