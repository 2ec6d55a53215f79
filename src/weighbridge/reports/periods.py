"""The range that a range is compared with: the one before it, by calendar or by length.

Hides calendars and clock changes. Rules for future edits: pure; a step is named by the caller,
never guessed from a range that happens to begin on the first of a month; the range before ends
where the given one begins, or earlier, so that the two share nothing.
Counterpart: `compare` asks both ranges.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from weighbridge.reports.zones import midnight

STEPS: Final = ("auto", "day", "week", "month", "year")
_MONTHS: Final = {"month": 1, "year": 12}
_DAYS: Final = {"day": 1, "week": 7}


def previous_range(
    since: datetime, until: datetime, zone: ZoneInfo, step: str = "auto"
) -> tuple[datetime, datetime]:
    """The range before [since, until), as the zone's calendar has it.

    Takes: `step`, in which both ends go back on the local clock, as often as it takes to clear
    the range. `auto` keeps whole calendar months months, and whole local days days; any other
    range goes back by its real length.
    Gives: (since, until) in UTC, until never after the given `since`.
    Example: 1 to 22 November 14:00 by `month` is 1 to 22 October 14:00; 1 to 31 March 12:00 by
    `month` is all of February. In Berlin 29 March, of 23 hours, is by `auto` compared with the
    28th, of 24.
    """
    first, last = since.astimezone(zone), until.astimezone(zone)
    if step == "auto":
        step = _step_of(first, last, zone)
    if step in _MONTHS:
        moved = _months_back(first, last, _MONTHS[step])
    elif step in _DAYS:
        moved = _days_back(first, last, _DAYS[step])
    else:
        return since - (until - since), since
    begin, end = (moment.replace(fold=0).astimezone(UTC) for moment in moved)
    return begin, min(end, since.astimezone(UTC))


def _step_of(first: datetime, last: datetime, zone: ZoneInfo) -> str:
    """What `auto` means for a range; `span` is its real length."""
    if not (_is_midnight(first, zone) and _is_midnight(last, zone)) or first >= last:
        return "span"
    return "month" if first.day == last.day == 1 else "day"


def _is_midnight(moment: datetime, zone: ZoneInfo) -> bool:
    return moment.astimezone(UTC) == midnight(moment.date(), zone).astimezone(UTC)


def _months_back(first: datetime, last: datetime, step: int) -> tuple[datetime, datetime]:
    months = 0
    while True:
        months += step
        begin, end = _month_earlier(first, months), _month_earlier(last, months)
        # A day that the shorter month lacks is its end, and so is no overlap.
        if end.replace(tzinfo=None) <= first.replace(tzinfo=None) or months > _most(first, last):
            return begin, end


def _most(first: datetime, last: datetime) -> int:
    return (last.year - first.year + 1) * 12 + 12


def _month_earlier(moment: datetime, months: int) -> datetime:
    """The same day and hour so many months before, or the end of a month that is shorter."""
    number = moment.year * 12 + moment.month - 1 - months
    start = date(number // 12, number % 12 + 1, 1)
    following = date((number + 1) // 12, (number + 1) % 12 + 1, 1)
    if moment.day > (following - start).days:
        return datetime(following.year, following.month, 1, tzinfo=moment.tzinfo)
    return moment.replace(year=start.year, month=start.month)


def _days_back(first: datetime, last: datetime, step: int) -> tuple[datetime, datetime]:
    span = last.replace(tzinfo=None) - first.replace(tzinfo=None)
    steps = max(1, -(-span // timedelta(days=step)))
    back = timedelta(days=step * steps)
    return first - back, last - back
