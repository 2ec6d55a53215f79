"""Ranges by name: `30d`, `this-month`, each with the period that it is compared to.

Rules for future edits: presets of days hold whole days of the zone and today; what the present
cuts is compared with as much of the period before, so half a month with half a month.
Counterpart: `reports/periods` says which period is the one before.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo

from weighbridge.reports.instants import parse_instant
from weighbridge.reports.periods import previous_range
from weighbridge.reports.zones import midnight

DEFAULT_RANGE: Final = "30d"
PRESETS: Final[dict[str, str]] = {
    "1h": "Last hour",
    "24h": "Last 24 hours",
    "today": "Today",
    "yesterday": "Yesterday",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
    "90d": "Last 90 days",
    "this-week": "This week",
    "this-month": "This month",
    "last-month": "Last month",
    "this-year": "This year",
    "all": "All time",
}
_HOURS: Final = {"1h": 1, "24h": 24}
_DAYS: Final = {"today": 1, "7d": 7, "30d": 30, "90d": 90}
_STEPS: Final = {"this-week": "week", "this-month": "month", "this-year": "year"}


@dataclass(frozen=True, slots=True)
class Span:
    """A range [since, until) and the one before it; None is an open end, or no such range."""

    since: datetime | None
    until: datetime | None
    before: tuple[datetime, datetime] | None

    @classmethod
    def of(
        cls,
        since: datetime | None,
        until: datetime | None,
        now: datetime,
        zone: ZoneInfo,
        step: str = "auto",
    ) -> Self:
        """A range, and the one before what of it has passed."""
        passed = min(until or now, now)
        if since is None or since >= passed:
            return cls(since, until, None)
        return cls(since, until, previous_range(since, passed, zone, step))


def preset_span(name: str, now: datetime, zone: ZoneInfo) -> Span:
    """The range that a preset names at an instant."""
    today = now.astimezone(zone).date()
    tomorrow = midnight(today + timedelta(days=1), zone)
    if name == "all":
        return Span(None, None, None)
    if name in _HOURS:
        return Span.of(now - timedelta(hours=_HOURS[name]), now, now, zone, "auto")
    if name in _DAYS:
        since = midnight(today - timedelta(days=_DAYS[name] - 1), zone)
        return Span.of(since, tomorrow, now, zone, "day")
    if name == "yesterday":
        since, until = midnight(today - timedelta(days=1), zone), midnight(today, zone)
        return Span.of(since, until, now, zone, "day")
    if name == "last-month":
        until = parse_instant("this-month", now, zone)
        return Span.of(parse_instant(name, now, zone), until, now, zone, "month")
    return Span.of(parse_instant(name, now, zone), tomorrow, now, zone, _STEPS[name])
