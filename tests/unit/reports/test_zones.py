"""Local buckets: every instant in exactly one, clock changes included."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from weighbridge.core.clock import from_unix_us, to_unix_us
from weighbridge.reports.zones import HOUR_US, bucket_count, bucket_key, bucket_start, segments


def starts(granularity: str, zone: str, first: str, last: str) -> list[str]:
    """Labels of the buckets that each minute of a range falls into, in order."""
    named = ZoneInfo(zone)
    instant, end = datetime.fromisoformat(first), datetime.fromisoformat(last)
    found: dict[str, None] = {}
    while instant < end:
        key = bucket_key(granularity, named, instant)
        found[bucket_start(granularity, named, key).isoformat()] = None
        instant += timedelta(minutes=1)
    return list(found)


def test_the_repeated_hour_is_two_buckets() -> None:
    """In Berlin two o'clock comes twice on 25 October 2026, told apart by its offset."""
    assert starts("hour", "Europe/Berlin", "2026-10-24T23:30Z", "2026-10-25T02:30Z") == [
        "2026-10-25T01:00:00+02:00",
        "2026-10-25T02:00:00+02:00",
        "2026-10-25T02:00:00+01:00",
        "2026-10-25T03:00:00+01:00",
    ]


def test_half_hour_change() -> None:
    """Lord Howe moves by thirty minutes: the bucket after a change starts at the change."""
    spring = starts("hour", "Australia/Lord_Howe", "2026-10-03T15:00Z", "2026-10-03T17:00Z")
    assert spring == [
        "2026-10-04T01:00:00+10:30",
        "2026-10-04T02:30:00+11:00",
        "2026-10-04T03:00:00+11:00",
    ]
    autumn = starts("hour", "Australia/Lord_Howe", "2026-04-04T14:10Z", "2026-04-04T16:00Z")
    assert autumn == [
        "2026-04-05T01:00:00+11:00",
        "2026-04-05T01:30:00+10:30",
        "2026-04-05T02:00:00+10:30",
    ]


@pytest.mark.parametrize(
    ("granularity", "zone", "instant", "start"),
    [
        ("day", "Europe/Berlin", "2026-10-25T12:00Z", "2026-10-25T00:00:00+02:00"),
        ("day", "Pacific/Kiritimati", "2026-01-01T10:00Z", "2026-01-02T00:00:00+14:00"),
        ("day", "Pacific/Pago_Pago", "2026-01-01T10:59Z", "2025-12-31T00:00:00-11:00"),
        ("day", "Africa/Cairo", "2026-04-24T12:00Z", "2026-04-24T01:00:00+03:00"),
        ("week", "UTC", "2026-01-01T00:00Z", "2025-12-29T00:00:00+00:00"),
        ("week", "UTC", "2026-01-05T00:00Z", "2026-01-05T00:00:00+00:00"),
        ("month", "Asia/Kathmandu", "2026-02-28T18:15Z", "2026-03-01T00:00:00+05:45"),
        ("month", "Asia/Kathmandu", "2026-02-28T18:14Z", "2026-02-01T00:00:00+05:45"),
        ("minute", "Asia/Kathmandu", "2026-02-28T18:14:59Z", "2026-02-28T23:59:00+05:45"),
        ("hour", "Asia/Kathmandu", "2026-02-28T18:14:59Z", "2026-02-28T23:00:00+05:45"),
    ],
)
def test_starts(granularity: str, zone: str, instant: str, start: str) -> None:
    """A bucket's label is the first instant of it on the local clock (Cairo skips midnight)."""
    named = ZoneInfo(zone)
    key = bucket_key(granularity, named, datetime.fromisoformat(instant))
    assert bucket_start(granularity, named, key).isoformat() == start


def test_segments_hold_the_changes() -> None:
    """A year in Berlin is three segments that meet at one o'clock UTC."""
    parts = segments(
        ZoneInfo("Europe/Berlin"),
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
    )
    assert [part.offset_us // HOUR_US for part in parts] == [1, 2, 1]
    assert [from_unix_us(part.start_us) for part in parts[1:]] == [
        datetime(2026, 3, 29, 1, tzinfo=UTC),
        datetime(2026, 10, 25, 1, tzinfo=UTC),
    ]


@pytest.mark.parametrize("zone", ["Africa/Casablanca", "America/St_Johns", "Pacific/Apia"])
def test_segments_agree_with_every_hour(zone: str) -> None:
    """The offset of the segment is the zone's own offset, hour by hour over five years."""
    named, first = ZoneInfo(zone), datetime(2009, 1, 1, tzinfo=UTC)
    last = first + timedelta(days=5 * 365)
    parts = segments(named, first, last)
    ends = [part.start_us for part in parts[1:]] + [to_unix_us(last)]
    for part, end_us in zip(parts, ends, strict=True):
        for unix_us in range(part.start_us, end_us, HOUR_US):
            offset = from_unix_us(unix_us).astimezone(named).utcoffset()
            assert offset == timedelta(microseconds=part.offset_us)
    assert all(a.offset_us != b.offset_us for a, b in pairwise(parts))


def test_empty_range_has_an_offset_all_the_same() -> None:
    """Nothing to measure is no error."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert [part.offset_us for part in segments(ZoneInfo("Asia/Kathmandu"), now, now)] == [
        20_700_000_000
    ]


def test_bucket_count_is_an_upper_bound() -> None:
    """Both partial ends are counted."""
    first = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert bucket_count("day", first, first + timedelta(days=2)) >= 3
    assert bucket_count("none", first, first) == 1
