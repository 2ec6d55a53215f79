"""Quiet hours and retries."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from weighbridge.budgets.alerts.timing import RETRY_AFTER_S, is_clock, quiet_until, retry_at_us
from weighbridge.core.alert import Quiet, Severity

NIGHT = Quiet(begins="22:00", ends="07:00", timezone="Europe/Berlin")
NOON = Quiet(begins="12:00", ends="13:30", timezone="UTC")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("quiet", "now", "until"),
    [
        (NIGHT, "2026-11-22T21:59:59+01:00", None),
        (NIGHT, "2026-11-22T22:00:00+01:00", "2026-11-23T07:00:00+01:00"),
        (NIGHT, "2026-11-23T03:00:00+01:00", "2026-11-23T07:00:00+01:00"),
        (NIGHT, "2026-11-23T07:00:00+01:00", None),
        (NIGHT, "2026-03-28T23:00:00+01:00", "2026-03-29T07:00:00+02:00"),
        (NOON, "2026-11-22T12:00:00+00:00", "2026-11-22T13:30:00+00:00"),
        (NOON, "2026-11-22T13:30:00+00:00", None),
        (None, "2026-11-22T23:00:00+01:00", None),
    ],
)
def test_what_is_not_critical_waits(quiet: Quiet | None, now: str, until: str | None) -> None:
    """Until the end by the zone's clock, also over midnight and a clock change."""
    expected = None if until is None else at(until)
    assert quiet_until(quiet, Severity.WARNING, at(now)) == expected


def test_what_is_critical_does_not_wait() -> None:
    """A budget that is used up is told at night."""
    assert quiet_until(NIGHT, Severity.CRITICAL, at("2026-11-22T23:00:00+01:00")) is None


def test_an_end_that_comes_twice_is_the_next_one() -> None:
    """On 25 October 2026 Berlin shows 02:30 twice; who waits in the second hour, waits on."""
    quiet = Quiet(begins="01:00", ends="02:30", timezone="Europe/Berlin")
    first, second = at("2026-10-25T02:30:00+02:00"), at("2026-10-25T02:30:00+01:00")
    info = Severity.INFO
    assert quiet_until(quiet, info, at("2026-10-25T02:10:00+02:00")) == first
    assert quiet_until(quiet, info, at("2026-10-25T02:10:00+01:00")) == second


def test_retries_come_ever_later_and_end() -> None:
    """Each as told by the table, and then none."""
    pauses = [(retry_at_us(n, 0) or 0) // 1_000_000 for n in range(1, len(RETRY_AFTER_S) + 1)]
    assert pauses == list(RETRY_AFTER_S)
    assert all(earlier < later for earlier, later in pairwise(pauses))
    assert retry_at_us(len(RETRY_AFTER_S) + 1, 0) is None
    assert retry_at_us(0, 0) is None


@pytest.mark.parametrize(
    ("text", "fits"),
    [("00:00", True), ("23:59", True), ("24:00", False), ("7:00", False), ("07:00 ", False)],
)
def test_a_clock_is_hours_and_minutes(text: str, *, fits: bool) -> None:
    """Nothing else is taken for one."""
    assert is_clock(text) == fits
