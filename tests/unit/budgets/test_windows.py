"""Windows follow the calendar of their zone, and every instant lies in exactly one (B8)."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.budgets.windows import EVER, PERIODS, Calendar, Window, window_at
from weighbridge.core.clock import from_unix_us, to_unix_us
from weighbridge.reports import zones

HOUR_US = 3_600_000_000
ZONES = (
    "UTC",
    "Europe/Berlin",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Havana",
    "Africa/Cairo",
)


def us(text: str) -> int:
    return to_unix_us(datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("period", "zone", "at", "start", "end"),
    [
        ("month", "UTC", "2028-02-29T12:00:00Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"),
        ("day", "UTC", "2028-02-29T12:00:00Z", "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z"),
        (
            "month",
            "Europe/Berlin",
            "2026-10-31T23:30:00Z",
            "2026-10-31T23:00:00Z",
            "2026-11-30T23:00:00Z",
        ),
        ("week", "UTC", "2026-11-22T23:59:59Z", "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"),
        ("quarter", "UTC", "2026-12-31T00:00:00Z", "2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("hour", "UTC", "2026-12-31T00:59:59Z", "2026-12-31T00:00:00Z", "2026-12-31T01:00:00Z"),
    ],
)
def test_bounds(period: str, zone: str, at: str, start: str, end: str) -> None:
    """A window begins and ends where the local calendar says."""
    assert Window(us(start), us(end)) == window_at(period, zone, us(at))


@pytest.mark.parametrize(("at", "hours"), [("2026-03-29T12:00Z", 23), ("2026-10-25T12:00Z", 25)])
def test_days_of_clock_changes(at: str, hours: int) -> None:
    """A day on which clocks change has 23 or 25 hours."""
    window = window_at("day", "Europe/Berlin", us(at))
    assert window.end_us is not None
    assert hours * HOUR_US == window.end_us - window.start_us


def test_a_repeated_hour_is_two_windows() -> None:
    """The hour that a clock change repeats counts twice from zero."""
    first = window_at("hour", "Europe/Berlin", us("2026-10-25T00:30:00Z"))
    second = window_at("hour", "Europe/Berlin", us("2026-10-25T01:30:00Z"))
    assert first.end_us == second.start_us


def test_total_never_ends() -> None:
    """The period `total` is one window."""
    assert window_at("total", "UTC", us("2026-11-22T00:00:00Z")) == EVER
    assert EVER.holds(us("9999-01-01T00:00:00Z"))


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(PERIODS),
    st.sampled_from(ZONES),
    st.integers(us("2000-01-01T00:00:00Z"), us("2040-01-01T00:00:00Z")),
)
def test_windows_touch(period: str, zone: str, at: int) -> None:
    """The instant before a window lies in another one that ends there."""
    window = window_at(period, zone, at)
    assert window.holds(at)
    if window.end_us is not None:
        assert window_at(period, zone, window.start_us) == window
        assert window_at(period, zone, window.end_us - 1) == window
        assert window_at(period, zone, window.end_us).start_us == window.end_us


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(["hour", "day", "week", "month"]),
    st.sampled_from(ZONES),
    st.integers(us("2000-01-01T00:00:00Z"), us("2040-01-01T00:00:00Z")),
)
def test_windows_are_the_buckets_of_reports(period: str, zone: str, at: int) -> None:
    """A budget's window begins where the report's bucket of that instant begins."""
    rules = ZoneInfo(zone)
    bucket = zones.bucket_key(period, rules, from_unix_us(at))
    start = zones.bucket_start(period, rules, bucket)
    assert window_at(period, zone, at).start_us == to_unix_us(start)


def test_a_calendar_remembers_its_window() -> None:
    """Asking again within the window gives the same, and after it the next."""
    calendar = Calendar("day", "UTC")
    first = calendar.at(us("2026-11-22T01:00:00Z"))
    assert calendar.at(us("2026-11-22T23:00:00Z")) is first
    assert calendar.at(us("2026-11-23T00:00:00Z")).start_us == first.end_us
    assert datetime(2026, 11, 23, tzinfo=UTC) == from_unix_us(first.end_us or 0)
