"""Presets: which range, and which one before it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from weighbridge.dashboard.ranges import PRESETS, Span, preset_span

_UTC = ZoneInfo("UTC")
_NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "since", "until", "before"),
    [
        ("24h", "11-21T15", "11-22T15", ("11-20T15", "11-21T15")),
        ("today", "11-22", "11-23", ("11-21", "11-21T15")),
        ("yesterday", "11-21", "11-22", ("11-20", "11-21")),
        ("7d", "11-16", "11-23", ("11-09", "11-15T15")),
        ("this-week", "11-16", "11-23", ("11-09", "11-15T15")),
        ("this-month", "11-01", "11-23", ("10-01", "10-22T15")),
        ("last-month", "10-01", "11-01", ("09-01", "10-01")),
    ],
)
def test_a_preset_and_the_period_before_it(
    name: str, since: str, until: str, before: tuple[str, str]
) -> None:
    """As much of the period before as has passed of this one."""
    assert preset_span(name, _NOW, _UTC) == Span(
        _at(since), _at(until), (_at(before[0]), _at(before[1]))
    )


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_no_two_periods_share_an_instant(name: str, zone: str) -> None:
    """The one before ends where this one begins, or earlier."""
    span = preset_span(name, _NOW, ZoneInfo(zone))
    if name == "all":
        assert span == Span(None, None, None)
        return
    assert span.since is not None
    assert span.until is not None
    assert span.before is not None
    assert span.before[0] < span.before[1] <= span.since < span.until
