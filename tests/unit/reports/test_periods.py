"""The period before a period, by calendar, across clock changes."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.reports.periods import STEPS, previous_range

# since, until, zone, step, and the period before.
CASES = [
    ("2026-11-01", "2026-12-01", "UTC", "auto", "2026-10-01", "2026-11-01"),
    ("2026-03-01", "2026-04-01", "Europe/Berlin", "auto", "2026-02-01", "2026-03-01"),
    ("2026-07-01", "2026-10-01", "Europe/Berlin", "auto", "2026-04-01", "2026-07-01"),
    ("2026-11-01", "2026-11-22T14:00", "UTC", "month", "2026-10-01", "2026-10-22T14:00"),
    ("2026-03-01", "2026-03-31T12:00", "UTC", "month", "2026-02-01", "2026-03-01"),
    ("2026-01-01", "2026-02-01", "UTC", "year", "2025-01-01", "2025-02-01"),
    ("2026-11-16", "2026-11-19T09:30", "UTC", "week", "2026-11-09", "2026-11-12T09:30"),
    ("2026-11-22", "2026-11-22T14:00", "UTC", "day", "2026-11-21", "2026-11-21T14:00"),
    # 29 March has 23 hours in Berlin, 25 October 25: a day is compared with a day.
    ("2026-03-29", "2026-03-30", "Europe/Berlin", "auto", "2026-03-28", "2026-03-29"),
    ("2026-10-26", "2026-10-27", "Europe/Berlin", "auto", "2026-10-25", "2026-10-26"),
    ("2026-10-25", "2026-10-26", "Pacific/Kiritimati", "auto", "2026-10-24", "2026-10-25"),
    ("2026-11-02", "2026-11-09", "Pacific/Pago_Pago", "auto", "2026-10-26", "2026-11-02"),
    ("2026-11-02T10:00", "2026-11-02T12:00", "UTC", "auto", "2026-11-02T08:00", "2026-11-02T10:00"),
]


def local(text: str, zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize("case", CASES, ids=" ".join)
def test_the_period_before(case: tuple[str, ...]) -> None:
    """Whole months go back by months, whole days by days, all else by its length."""
    since, until, name, step, begin, end = case
    zone = ZoneInfo(name)
    found = previous_range(local(since, zone), local(until, zone), zone, step)
    assert [moment.astimezone(zone).isoformat() for moment in found] == [
        local(begin, zone).isoformat(),
        local(end, zone).isoformat(),
    ]


instants = st.datetimes(
    datetime(2024, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2027, 1, 1),  # noqa: DTZ001
    timezones=st.just(ZoneInfo("UTC")),
)


@given(
    ends=st.tuples(instants, instants).map(sorted),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Kiritimati", "Australia/Lord_Howe"]),
    step=st.sampled_from(STEPS),
)
def test_two_periods_share_nothing(ends: list[datetime], zone: str, step: str) -> None:
    """The period before ends no later than the given one begins, and is not turned around."""
    begin, end = previous_range(*ends, ZoneInfo(zone), step)
    assert begin <= end <= ends[0]
