"""What is still to come until an instant, out of what days have cost so far.

Hides the model (`docs/explanation/forecast.md` derives it): a level, the mean of the last days
with the newer ones counting more; a weekday pattern, once there are two weeks to see one; and an
80 % interval from how far single days lay from it. Deliberately small: it is explained in a
paragraph, and it is the same for the same days on every machine.

Rules for future edits: pure, `now` is an argument; money is whole pico-dollars, everything
between is a `Fraction`; few days have no interval rather than a made-up one.
Counterpart: `forecast` asks it for calendar months; a budget's window is any other end.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from weighbridge.reports.zones import midnight

HISTORY_DAYS: Final = 56
_PATTERN_DAYS: Final = 14  # each weekday twice
_INTERVAL_DAYS: Final = 4
# Two-sided 80 % quantiles of Student's t by degrees of freedom, in thousandths.
_T80: Final = {3: 1638, 4: 1533, 5: 1476, 6: 1440, 8: 1397, 10: 1372, 15: 1341, 20: 1325, 30: 1310}
_WEEK: Final = 7


@dataclass(frozen=True, slots=True)
class Outlook:
    """Spend to come, in pico-dollars: expected, and how far off it may be four times in five.

    `expected_pico` is null without one whole day to go by, `margin_pico` without four. `method`
    is `none`, `level` or `weekday`; `days` gives what each local day still brings.
    """

    expected_pico: int | None
    margin_pico: int | None
    days_used: int
    method: str
    days: tuple[tuple[date, int], ...]

    def interval(self, spent_pico: int) -> tuple[int | None, int | None, int | None]:
        """What will have been spent: low, expected, high; what is spent is spent."""
        if self.expected_pico is None:
            return None, None, None
        expected = spent_pico + self.expected_pico
        if self.margin_pico is None:
            return None, expected, None
        return max(spent_pico, expected - self.margin_pico), expected, expected + self.margin_pico


def outlook(daily: Mapping[date, int], now: datetime, until: datetime, zone: ZoneInfo) -> Outlook:
    """What is to come from `now` until `until`, from spend per local day of the zone.

    Takes: pico-dollars by day; a day that is not named cost nothing, days before the first that
    is named are not known, rather than free.
    """
    history = whole_days(daily, now.astimezone(zone).date())
    if not history:
        return Outlook(None, None, 0, "none", ())
    pattern = _pattern(history)
    level, spread, weight_share = _level(history, pattern)
    shares = [(day, part * pattern[day.weekday()]) for day, part in _days_to(until, now, zone)]
    ahead = sum((share for _, share in shares), start=Fraction(0))
    margin = None
    if len(history) >= _INTERVAL_DAYS:
        # Each day's own chance, and the level's own error, which all days share.
        own = sum((share * share for _, share in shares), start=Fraction(0))
        margin = _root(spread * (own + ahead * ahead * weight_share))
        margin = margin * _t80(len(history) - 1) // 1000
    days = tuple((day, round(level * share)) for day, share in shares)
    method = "weekday" if len(history) >= _PATTERN_DAYS else "level"
    return Outlook(round(level * ahead), margin, len(history), method, days)


def whole_days(daily: Mapping[date, int], today: date) -> list[tuple[date, int]]:
    """Days that are over, from the first known one on, oldest first."""
    known = [day for day in daily if today - timedelta(days=HISTORY_DAYS) <= day < today]
    if not known:
        return []
    first = min(known)
    count = (today - first).days
    return [(day, daily.get(day, 0)) for day in (first + timedelta(days=n) for n in range(count))]


def _pattern(history: Sequence[tuple[date, int]]) -> list[Fraction]:
    """What each weekday costs against the mean day, drawn towards 1 as if by one plain week."""
    mean = Fraction(sum(pico for _, pico in history), len(history))
    if len(history) < _PATTERN_DAYS or not mean:
        return [Fraction(1)] * _WEEK
    own: list[list[int]] = [[] for _ in range(_WEEK)]
    for day, pico in history:
        own[day.weekday()].append(pico)
    raw = [(sum(values) + mean) / ((len(values) + 1) * mean) for values in own]
    scale = Fraction(_WEEK) / sum(raw)
    return [share * scale for share in raw]


def _level(
    history: Sequence[tuple[date, int]], pattern: Sequence[Fraction]
) -> tuple[Fraction, Fraction, Fraction]:
    """The level, the variance of a day around it, and the variance of the level in those units.

    The newest day counts as often as there are days (at most four weeks), each older one less.
    """
    weights = [max(1, 4 * _WEEK - age) for age in range(len(history) - 1, -1, -1)]
    plain = [Fraction(pico) / pattern[day.weekday()] for day, pico in history]
    total = sum(weights)
    level = sum((w * x for w, x in zip(weights, plain, strict=True)), start=Fraction(0)) / total
    squares = sum((w * (x - level) ** 2 for w, x in zip(weights, plain, strict=True)), Fraction(0))
    share = Fraction(sum(w * w for w in weights), total * total)
    spread = squares / total / (1 - share) if share < 1 else Fraction(0)
    return level, spread, share


def _days_to(until: datetime, now: datetime, zone: ZoneInfo) -> Iterator[tuple[date, Fraction]]:
    """Each local day and how much of its real time lies ahead: a day of 23 hours ends at 1."""
    day = now.astimezone(zone).date()
    # Between two values in one zone, Python would subtract what the clocks show.
    start, now, until = (
        midnight(day, zone).astimezone(UTC),
        now.astimezone(UTC),
        until.astimezone(UTC),
    )
    one = timedelta(microseconds=1)
    while start < until:
        end = midnight(day + timedelta(days=1), zone).astimezone(UTC)
        ahead = max(min(end, until) - max(start, now), timedelta(0))
        yield day, Fraction(ahead // one, (end - start) // one)
        day, start = day + timedelta(days=1), end


def _root(value: Fraction) -> int:
    return math.isqrt(value.numerator // value.denominator)


def _t80(freedom: int) -> int:
    return next((_T80[known] for known in sorted(_T80, reverse=True) if known <= freedom), 1638)
