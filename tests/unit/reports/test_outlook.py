"""What is to come until any instant, out of days."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from weighbridge.reports.outlook import outlook

DOLLARS = 24 * 10**12
TODAY = date(2026, 11, 11)


def level_days(count: int) -> dict[date, int]:
    return {TODAY - timedelta(days=n): DOLLARS for n in range(1, count + 1)}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ("2026-11-11T13:00", DOLLARS // 24),
        ("2026-11-12T00:00", DOLLARS // 2),
        ("2026-11-12T06:00", DOLLARS // 2 + DOLLARS // 4),
        ("2026-11-16T00:00", DOLLARS // 2 + 4 * DOLLARS),
    ],
)
def test_an_end_within_a_day_takes_that_part_of_it(until: str, expected: int) -> None:
    """An hour is a twenty-fourth of its day, a week the days that are left of it."""
    made = outlook(level_days(10), at("2026-11-11T12:00"), at(until), ZoneInfo("UTC"))
    assert made.expected_pico == expected
    assert made.interval(DOLLARS) == (DOLLARS + expected,) * 3
    assert sum(pico for _, pico in made.days) == expected


def test_an_end_that_has_passed_brings_nothing() -> None:
    """Nothing is to come where the window is over."""
    made = outlook(level_days(10), at("2026-11-11T12:00"), at("2026-11-11T11:00"), ZoneInfo("UTC"))
    assert made.interval(5) == (5, 5, 5)


def test_no_days_are_no_interval_at_all() -> None:
    """Without one whole day nothing is said, with three no more than what to expect."""
    zone, until = ZoneInfo("UTC"), at("2026-12-01T00:00")
    assert outlook({}, at("2026-11-11T12:00"), until, zone).interval(5) == (None, None, None)
    low, expected, high = outlook(level_days(3), at("2026-11-11T12:00"), until, zone).interval(5)
    assert (low, high) == (None, None)
    assert expected is not None
