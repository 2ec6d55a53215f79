"""A month's end out of its days: exact where days are regular, honest where they are few."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.reports.forecast import forecast

DOLLAR = 10**12
ZONE = ZoneInfo("UTC")


def days(first: date, *spend: int) -> dict[date, int]:
    return {first + timedelta(days=n): pico for n, pico in enumerate(spend)}


def at(text: str, zone: ZoneInfo = ZONE) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def test_no_whole_day_is_no_forecast() -> None:
    """What today has cost says nothing about a month."""
    made = forecast({date(2026, 11, 1): DOLLAR}, at("2026-11-01T18:00"), ZONE)
    assert (made.spent_pico, made.expected_pico, made.low_pico) == (DOLLAR, None, None)
    assert made.method == "none"


def test_level_days_add_up_to_the_pico() -> None:
    """Ten equal days and noon of the eleventh: half a day and nineteen more are to come."""
    known = days(date(2026, 11, 1), *[DOLLAR] * 10)
    made = forecast(known, at("2026-11-11T12:00"), ZONE)
    assert made.expected_pico == 10 * DOLLAR + DOLLAR // 2 + 19 * DOLLAR
    assert made.low_pico == made.high_pico == made.expected_pico
    assert (made.method, made.days_used) == ("level", 10)


def test_weekends_are_seen_after_two_weeks() -> None:
    """Four weeks that cost nothing on weekends expect little of the next one."""
    spend = [0 if n % 7 in (5, 6) else 7 * DOLLAR for n in range(28)]  # from a Monday
    made = forecast(days(date(2026, 10, 5), *spend), at("2026-11-02T00:00"), ZONE)
    expected = dict(made.days)
    assert made.method == "weekday"
    assert expected[date(2026, 11, 7)] < expected[date(2026, 11, 6)] // 3


def test_three_days_give_no_interval() -> None:
    """Fewer than four days say what to expect, and not how surely."""
    made = forecast(days(date(2026, 11, 1), 1, 5, 3), at("2026-11-04T00:00"), ZONE)
    assert made.expected_pico is not None
    assert made.as_json()["low"] is None
    assert made.as_json()["confidence"] is None


@pytest.mark.parametrize(
    ("zone", "noon", "left"),
    [
        ("Europe/Berlin", "2026-10-25T12:00", (12, 25)),  # 25 hours, 13 of them over
        ("Europe/Berlin", "2026-03-29T12:00", (12, 23)),
        ("Pacific/Kiritimati", "2026-10-25T12:00", (12, 24)),
        ("Pacific/Pago_Pago", "2026-10-25T12:00", (12, 24)),
    ],
)
def test_what_is_left_of_a_day_is_real_time(zone: str, noon: str, left: tuple[int, int]) -> None:
    """A day on which clocks change is as long as it is."""
    place = ZoneInfo(zone)
    today = date.fromisoformat(noon[:10])
    known = days(today - timedelta(days=5), *[23 * 24 * 25] * 5)
    made = forecast(known, at(noon, place), place)
    assert dict(made.days)[today] == 23 * 24 * 25 * left[0] // left[1]


@pytest.mark.parametrize(
    ("spent", "noon", "like_today"),
    [
        (3, "2026-11-21T12:00", None),  # three times the median is a day as they come
        (10, "2026-11-21T12:00", 30 + 10 * 9),
        (10, "2026-11-30T12:00", None),  # no day is to come that could be like it
    ],
)
def test_a_day_far_above_the_usual_is_told(spent: int, noon: str, like_today: int | None) -> None:
    """The forecast goes on to expect usual days, and says what the month is if they are not."""
    today = date.fromisoformat(noon[:10])
    known = days(today - timedelta(days=20), *[DOLLAR] * 20, spent * DOLLAR)
    made = forecast(known, at(noon), ZONE)
    assert made.like_today_pico == (None if like_today is None else like_today * DOLLAR)
    assert made.high_pico is not None
    assert made.high_pico < 42 * DOLLAR


def test_two_dear_days_of_the_past_are_no_reason_to_warn() -> None:
    """They have raised what is expected beyond what days like today would come to."""
    known = days(date(2026, 10, 24), *[DOLLAR] * 26, *[1000 * DOLLAR] * 2, 4 * DOLLAR)
    made = forecast(known, at("2026-11-21T12:00"), ZONE)
    assert made.expected_pico is not None
    assert made.expected_pico > made.spent_pico + 9 * 4 * DOLLAR
    assert made.like_today_pico is None


@given(
    spend=st.lists(st.integers(0, 10**15), max_size=70),
    spent_today=st.integers(0, 10**16),
    now=st.integers(0, 29 * 86_400).map(lambda s: at("2026-11-01T00:00") + timedelta(seconds=s)),
    zone=st.sampled_from(["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"]),
)
def test_the_interval_holds_the_forecast(
    spend: list[int], spent_today: int, now: datetime, zone: str
) -> None:
    """Spent ≤ low ≤ expected ≤ high, and the days add up to what is to come."""
    place = ZoneInfo(zone)
    today = now.astimezone(place).date()
    known = days(today - timedelta(days=len(spend)), *spend, spent_today)
    made = forecast(known, now, place)
    if made.expected_pico is None:
        assert not spend
        return
    assert abs(made.spent_pico + sum(pico for _, pico in made.days) - made.expected_pico) <= 31
    if made.low_pico is not None and made.high_pico is not None:
        assert made.spent_pico <= made.low_pico <= made.expected_pico <= made.high_pico
        assert made.like_today_pico is None or made.high_pico < made.like_today_pico


def test_the_same_days_give_the_same_forecast() -> None:
    """No float, no clock: two runs agree to the last digit, whatever zone `now` is given in."""
    known = days(date(2026, 10, 1), *[n * n * 7919 % 10**9 for n in range(40)])
    now = at("2026-11-10T08:00")
    elsewhere = now.astimezone(ZoneInfo("Asia/Tokyo"))
    assert forecast(known, now, ZONE) == forecast(known, elsewhere, ZONE)
    assert forecast(known, now.astimezone(UTC), ZONE).as_json()["confidence"] == "0.80"
