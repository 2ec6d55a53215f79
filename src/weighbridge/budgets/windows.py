"""Calendar windows of budgets in a named zone: from which instant to which a budget counts.

A window is begun by the calendar, not by a job: a new one starts at zero by definition (B8).
Days, weeks (from Monday), months and quarters follow local dates, so that a day has 23, 24 or
25 hours; an hour is one of the local clock, and one that a clock change repeats is two windows.
Rules for future edits: every instant lies in exactly one window of a period, and windows touch;
they agree with the buckets of `reports/zones` (a property test compares them); pure.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, Literal, NamedTuple, get_args
from zoneinfo import ZoneInfo

from weighbridge.core.clock import from_unix_us, to_unix_us

Period = Literal["hour", "day", "week", "month", "quarter", "total"]
PERIODS: Final[tuple[str, ...]] = get_args(Period)
_SECOND_US: Final = 1_000_000
_HOUR_US: Final = 3_600 * _SECOND_US
_MONTHS_OF: Final = {"month": 1, "quarter": 3}


class Window(NamedTuple):
    """From an instant (included) to another (excluded), microseconds since the epoch.

    `end_us` is None for the period `total`, which begins at 0 and never ends.
    """

    start_us: int
    end_us: int | None

    def holds(self, unix_us: int) -> bool:
        """Whether an instant lies in it."""
        return self.start_us <= unix_us and (self.end_us is None or unix_us < self.end_us)


EVER: Final = Window(0, None)


def window_at(period: str, timezone: str, unix_us: int) -> Window:
    """The window of a period that an instant lies in.

    Example: `month` in Europe/Berlin at 2026-10-31T23:30Z is November: it is half past midnight
    there. `day` on 2026-10-25 has 25 hours.
    """
    if period == "total":
        return EVER
    zone = _zone(timezone)
    if period == "hour":
        return _hour(zone, unix_us)
    first = from_unix_us(unix_us).astimezone(zone).date()
    months = _MONTHS_OF.get(period)
    if months:
        index = (first.year * 12 + first.month - 1) // months * months
        return _between(_month(index), _month(index + months), zone)
    days = 1
    if period == "week":
        first -= timedelta(days=first.weekday())
        days = 7
    return _between(first, first + timedelta(days=days), zone)


class Calendar:
    """The windows of one budget, remembering the last: a comparison a call."""

    __slots__ = ("_last", "period", "timezone")

    def __init__(self, period: str, timezone: str) -> None:
        self.period = period
        self.timezone = timezone
        self._last = Window(0, 0)

    def __repr__(self) -> str:
        return f"<Calendar of {self.period}s in {self.timezone}>"

    def at(self, unix_us: int) -> Window:
        """The window that an instant lies in."""
        last = self._last
        if not last.holds(unix_us):
            self._last = last = window_at(self.period, self.timezone, unix_us)
        return last


@lru_cache(maxsize=1024)
def _zone(timezone: str) -> ZoneInfo:
    return ZoneInfo(timezone)


def _month(index: int) -> date:
    return date(index // 12, index % 12 + 1, 1)


def _between(first: date, after: date, zone: ZoneInfo) -> Window:
    return Window(_midnight(first, zone), _midnight(after, zone))


def _midnight(day: date, zone: ZoneInfo) -> int:
    """The first instant of a local date; where a clock change skips midnight, the change."""
    return to_unix_us(datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC))


def _hour(zone: ZoneInfo, unix_us: int) -> Window:
    """The local clock's hour, cut where the clock changes within it."""
    offset = _offset_us(zone, unix_us)
    start = unix_us - (unix_us + offset) % _HOUR_US
    end = start + _HOUR_US
    if _offset_us(zone, start) != offset:
        start = _change(zone, start, unix_us)
    if _offset_us(zone, end - 1) != offset:
        end = _change(zone, unix_us, end - 1)
    return Window(start, end)


def _offset_us(zone: ZoneInfo, unix_us: int) -> int:
    offset = from_unix_us(unix_us).astimezone(zone).utcoffset()
    assert offset is not None
    return offset // timedelta(microseconds=1)


def _change(zone: ZoneInfo, before_us: int, after_us: int) -> int:
    """The clock change between two instants, which falls on a whole second."""
    offset = _offset_us(zone, before_us)
    while after_us - before_us > 1:
        middle = (before_us + after_us) // 2
        if _offset_us(zone, middle) == offset:
            before_us = middle
        else:
            after_us = middle
    return after_us
