"""The words for a point in time that people type: `24h`, `yesterday`, `2026-10-25`.

Hides how a word becomes an instant. Rules for future edits: `now` and the zone are arguments;
a date or a period's name means its first instant, so that "since 2026-10-01 until 2026-11-01"
is October and ranges that touch share nothing.
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from weighbridge.reports.zones import midnight

_AGO = re.compile(r"(\d{1,6})(m|h|d|w)", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

PERIODS: Final = (
    "now",
    "today",
    "yesterday",
    "this-hour",
    "this-week",
    "last-week",
    "this-month",
    "last-month",
    "this-quarter",
    "this-year",
)

# Bounds that keep every conversion within what calendars and stores can hold.
EARLIEST: Final = datetime(1971, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)

FORMS: Final = (
    "a time as 2026-10-25T14:30:00Z, a date as 2026-10-25, an age as 90m, 24h, 7d or 4w, or "
    f"one of {', '.join(PERIODS)}"
)


def parse_instant(text: str, now: datetime | None, zone: ZoneInfo) -> datetime:
    """The instant that `text` means.

    Takes: an ISO 8601 time (in `zone` where it names no offset), an ISO date, an age, or the
    name of a period. `now` may be None where only the ISO forms are welcome.
    Example: on 2026-03-18 in UTC, `this-month` is 2026-03-01T00:00Z and `7d` is one week of
    real time ago.
    Errors: `ValueError` that names the accepted forms.
    """
    word = text.strip()
    instant = _iso_instant(word, zone)
    if instant is None and now is not None:
        instant = _age(word, now) or _period_start(word.lower(), now, zone)
    if instant is None:
        raise ValueError(f"{text!r} is no time: give {FORMS}")
    if not EARLIEST <= instant < LATEST:
        raise ValueError(f"{text!r} lies outside the years 1971 to 2199")
    return instant


def _iso_instant(word: str, zone: ZoneInfo) -> datetime | None:
    try:
        if _DATE.fullmatch(word):
            return midnight(date.fromisoformat(word), zone)
        if len(word) > 10 and word[10] in "T t":
            instant = datetime.fromisoformat(word)
            return (instant if instant.tzinfo else instant.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    return None


def _age(word: str, now: datetime) -> datetime | None:
    if found := _AGO.fullmatch(word):
        try:
            # In UTC: an age is real time, whatever clocks do meanwhile.
            return now.astimezone(UTC) - timedelta(**{_UNITS[found[2]]: int(found[1])})
        except OverflowError:
            return EARLIEST - timedelta(days=1)
    return None


def _period_start(word: str, now: datetime, zone: ZoneInfo) -> datetime | None:
    local = now.astimezone(zone)
    today = local.date()
    first = today.replace(day=1)
    monday = today - timedelta(days=today.weekday())
    days = {
        "today": today,
        "yesterday": today - timedelta(days=1),
        "this-week": monday,
        "last-week": monday - timedelta(days=7),
        "this-month": first,
        "last-month": (first - timedelta(days=1)).replace(day=1),
        "this-quarter": first.replace(month=today.month - (today.month - 1) % 3),
        "this-year": first.replace(month=1),
    }
    if word in days:
        return midnight(days[word], zone)
    if word == "this-hour":
        past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        return now.astimezone(UTC) - past
    return now if word == "now" else None
