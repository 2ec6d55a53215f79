"""Words for points in time, with the clock as an argument."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from weighbridge.reports.instants import parse_instant

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 30, 12, 34, 56, 789, tzinfo=UTC)  # the day after Berlin's spring change


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", "2026-03-30T14:34:56.000789+02:00"),
        ("today", "2026-03-30T00:00:00+02:00"),
        ("yesterday", "2026-03-29T00:00:00+01:00"),
        ("this-hour", "2026-03-30T14:00:00+02:00"),
        ("this-week", "2026-03-30T00:00:00+02:00"),
        ("last-week", "2026-03-23T00:00:00+01:00"),
        ("this-month", "2026-03-01T00:00:00+01:00"),
        ("last-month", "2026-02-01T00:00:00+01:00"),
        ("this-quarter", "2026-01-01T00:00:00+01:00"),
        ("this-year", "2026-01-01T00:00:00+01:00"),
        ("2026-03-29", "2026-03-29T00:00:00+01:00"),
        ("2026-03-29T12:00", "2026-03-29T12:00:00+02:00"),
        ("2026-03-29T12:00:00Z", "2026-03-29T14:00:00+02:00"),
        ("2026-03-29 12:00:00.5-03:30", "2026-03-29T17:30:00.500000+02:00"),
    ],
)
def test_words(text: str, expected: str) -> None:
    """Each word is the first instant of what it names, in the named zone."""
    assert parse_instant(text, NOW, BERLIN).astimezone(BERLIN).isoformat() == expected


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("90m", timedelta(minutes=90)),
        ("24h", timedelta(hours=24)),
        ("7d", timedelta(days=7)),
        ("4w", timedelta(weeks=4)),
    ],
)
def test_ages_are_real_time(text: str, age: timedelta) -> None:
    """An age counts hours that passed, also across a clock change."""
    assert parse_instant(text, NOW, BERLIN) == NOW - age


@pytest.mark.parametrize("text", ["", "tomorow", "5y", "-1d", "2026-13-01", "20260301", "1e3h"])
def test_other_words_are_refused(text: str) -> None:
    """The message names the forms that are understood."""
    with pytest.raises(ValueError, match="is no time: give a time as"):
        parse_instant(text, NOW, BERLIN)
