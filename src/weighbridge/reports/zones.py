"""Calendar time in a named zone: offset segments for SQL, buckets and their labels.

Hides time zones from the database: a zone is a list of segments in which its distance to UTC
is constant, found in the system's rules by bisection, so SQL only adds numbers. (DuckDB's own
`AT TIME ZONE` goes through ICU row by row.) Every instant belongs to exactly one bucket:

- day, week (from Monday), month: by the local date, so a day is 23, 24 or 25 hours long;
- hour, minute: by real time, `instant - (instant + offset) mod hour`, so the hour that a
  clock change repeats gives two buckets, told apart by their offset.

Rules for future edits: pure, time is an argument; `compile` writes the same arithmetic in SQL
and a property test compares the two. Instants before 1971 are refused by `query`, which keeps
every integer division of the arithmetic among positive numbers.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from weighbridge.core.clock import from_unix_us, to_unix_us

SECOND_US: Final = 1_000_000
HOUR_US: Final = 3_600 * SECOND_US
DAY_US: Final = 24 * HOUR_US
MONDAY_SHIFT_DAYS: Final = 3  # 1970-01-01 was a Thursday

GRANULARITIES: Final = ("none", "minute", "hour", "day", "week", "month")
REAL_TIME_US: Final = {"minute": 60 * SECOND_US, "hour": HOUR_US}
_SHORTEST_US: Final = {**REAL_TIME_US, "day": DAY_US, "week": 7 * DAY_US, "month": 28 * DAY_US}
_EPOCH_DATE: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Segment:
    """From `start_us` on (to the next segment's start) local time is UTC + `offset_us`."""

    start_us: int
    offset_us: int


def segments(zone: ZoneInfo, since: datetime, until: datetime) -> tuple[Segment, ...]:
    """The zone's offsets over [since, until), first segment from `since`; never empty."""
    start, end = to_unix_us(since), to_unix_us(until)
    found = [Segment(start, _offset_us(zone, start))]
    for year in range(since.astimezone(UTC).year, until.astimezone(UTC).year + 1):
        found += [s for s in _transitions(zone, year) if start < s.start_us < end]
    return tuple(found)


def bucket_key(granularity: str, zone: ZoneInfo, instant: datetime) -> int:
    """The bucket that an instant falls into: the integer that SQL computes for it.

    Gives: the bucket's start in microseconds since the epoch for hour and minute; the local
    day's number since 1970-01-01 for day, the week's for week, the month's for month.
    """
    unix_us = to_unix_us(instant)
    offset_us = _offset_us(zone, unix_us)
    if size := REAL_TIME_US.get(granularity):
        return unix_us - (unix_us + offset_us) % size
    days = (unix_us + offset_us) // DAY_US
    if granularity == "day":
        return days
    if granularity == "week":
        return (days + MONDAY_SHIFT_DAYS) // 7
    local = _EPOCH_DATE + timedelta(days=days)
    return (local.year - 1970) * 12 + local.month - 1


def bucket_start(granularity: str, zone: ZoneInfo, key: int) -> datetime:
    """The first instant of a bucket, in the zone.

    Example: day 20751 in Europe/Berlin starts at 2026-10-25T00:00:00+02:00. Where a clock
    change skips midnight, the day starts at the first instant there is.
    """
    if size := REAL_TIME_US.get(granularity):
        return from_unix_us(_real_time_start(zone, key, size)).astimezone(zone)
    if granularity == "month":
        first = date(1970 + key // 12, key % 12 + 1, 1)
    else:
        days = key if granularity == "day" else key * 7 - MONDAY_SHIFT_DAYS
        first = _EPOCH_DATE + timedelta(days=days)
    return midnight(first, zone)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local date."""
    naive = datetime(day.year, day.month, day.day, tzinfo=zone)
    # By way of UTC, so that a midnight which a clock change skips becomes the change itself.
    return naive.astimezone(UTC).astimezone(zone)


def bucket_count(granularity: str, since: datetime, until: datetime) -> int:
    """An upper bound of the number of buckets in [since, until)."""
    if granularity == "none":
        return 1
    return max(0, to_unix_us(until) - to_unix_us(since)) // _SHORTEST_US[granularity] + 2


def _offset_us(zone: ZoneInfo, unix_us: int) -> int:
    offset = from_unix_us(unix_us).astimezone(zone).utcoffset()
    assert offset is not None
    return offset // timedelta(microseconds=1)


def _real_time_start(zone: ZoneInfo, key: int, size: int) -> int:
    """Start of an hour or minute bucket, not before the clock change that it follows.

    Where a change is no multiple of the bucket (Lord Howe moves by 30 minutes) the bucket
    after it is shorter: its nominal start lies before the change, in another segment, in
    whose offset it is no multiple.
    """
    if (key + _offset_us(zone, key)) % size == 0:
        return key
    before, after = key, key + size
    return _change_between(zone, before, after)


@lru_cache(maxsize=512)
def _transitions(zone: ZoneInfo, year: int) -> tuple[Segment, ...]:
    """The zone's changes in a UTC year, by comparing day with day and bisecting to the second."""
    day_us = to_unix_us(datetime(year, 1, 1, tzinfo=UTC))
    end_us = to_unix_us(datetime(year + 1, 1, 1, tzinfo=UTC))
    found = []
    while day_us < end_us:
        if _offset_us(zone, day_us) != _offset_us(zone, day_us + DAY_US):
            change = _change_between(zone, day_us, day_us + DAY_US)
            found.append(Segment(change, _offset_us(zone, change)))
        day_us += DAY_US
    return tuple(found)


def _change_between(zone: ZoneInfo, before_us: int, after_us: int) -> int:
    offset = _offset_us(zone, before_us)
    while after_us - before_us > SECOND_US:
        middle = (before_us + after_us) // (2 * SECOND_US) * SECOND_US
        if _offset_us(zone, middle) == offset:
            before_us = middle
        else:
            after_us = middle
    return after_us
