"""What a calendar month will have cost at its end, out of what its days have cost so far.

Hides the model (`docs/explanation/forecast.md` derives it): a level, the mean of the last days
with the newer ones counting more; a weekday pattern, once there are two weeks to see one; and an
80 % interval from how far single days lay from it. Deliberately small: it is explained in a
paragraph, and it is the same for the same days on every machine.

Rules for future edits: pure, `now` is an argument; money is whole pico-dollars, everything
between is a `Fraction`; a month without enough days has no interval rather than a made-up one.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final
from zoneinfo import ZoneInfo

from weighbridge.core.money import decimal_to_pico, pico_to_text
from weighbridge.reports.compare import Run
from weighbridge.reports.cost_query import CostQuery
from weighbridge.reports.zones import midnight

HISTORY_DAYS: Final = 56
_PATTERN_DAYS: Final = 14  # each weekday twice
_INTERVAL_DAYS: Final = 4
# Two-sided 80 % quantiles of Student's t by degrees of freedom, in thousandths.
_T80: Final = {3: 1638, 4: 1533, 5: 1476, 6: 1440, 8: 1397, 10: 1372, 15: 1341, 20: 1325, 30: 1310}
_WEEK: Final = 7


@dataclass(frozen=True, slots=True)
class Forecast:
    """A month's spend in pico-dollars: so far, and expected at its end with an 80 % interval.

    `expected` is null without one whole day to go by, `low` and `high` without four. `method` is
    `none`, `level` or `weekday`; `days` gives each day's expectation from today on.
    """

    month: date
    spent_pico: int
    expected_pico: int | None
    low_pico: int | None
    high_pico: int | None
    days_used: int
    method: str
    days: tuple[tuple[date, int], ...]

    def as_json(self) -> dict[str, Any]:
        """Money as text with twelve places."""
        return {
            "month": self.month.isoformat()[:7],
            "spent": pico_to_text(self.spent_pico),
            "expected": _text(self.expected_pico),
            "low": _text(self.low_pico),
            "high": _text(self.high_pico),
            "confidence": "0.80" if self.low_pico is not None else None,
            "days_used": self.days_used,
            "method": self.method,
            "days": [
                {"date": day.isoformat(), "expected": pico_to_text(pico)} for day, pico in self.days
            ],
        }


def forecast_month(query: CostQuery, run: Run, now: datetime) -> Forecast:
    """The forecast for the month that `now` lies in, of what the query's filters choose.

    Takes: filters and time zone of the query; its range, grouping and metrics play no part.
    """
    zone = query.zone
    today = now.astimezone(zone).date()
    first = min(today - timedelta(days=HISTORY_DAYS), today.replace(day=1))
    asked = CostQuery(
        since=midnight(first, zone).astimezone(UTC),
        until=midnight(today + timedelta(days=1), zone).astimezone(UTC),
        timezone=query.timezone,
        granularity="day",
        metrics=("cost",),
        filters=query.filters,
    )
    daily = {
        datetime.fromisoformat(row["time"]).date(): decimal_to_pico(row["cost"] or Decimal(0))
        for row in run(asked).rows
    }
    return forecast(daily, now, zone)


def forecast(daily: Mapping[date, int], now: datetime, zone: ZoneInfo) -> Forecast:
    """The forecast from spend per local day; a day that is not named cost nothing.

    Takes: pico-dollars by day, today's so far among them. Days before the first that is named
    are not known, rather than free.
    Gives: `spent ≤ low ≤ expected ≤ high` where these are known.
    """
    today = now.astimezone(zone).date()
    month = today.replace(day=1)
    spent = sum(pico for day, pico in daily.items() if month <= day <= today)
    history = _whole_days(daily, today)
    if not history:
        return Forecast(month, spent, None, None, None, 0, "none", ())
    pattern = _pattern(history)
    level, spread, weight_share = _level(history, pattern)
    left = _left_of(today, now, zone)
    shares = [(today, left * pattern[today.weekday()])]
    day = today + timedelta(days=1)
    while day.month == month.month:
        shares.append((day, pattern[day.weekday()]))
        day += timedelta(days=1)
    ahead = sum((share for _, share in shares), start=Fraction(0))
    to_come = level * ahead
    expected = spent + round(to_come)
    low = high = None
    if len(history) >= _INTERVAL_DAYS:
        # Each day's own chance, and the level's own error, which all days share.
        own = sum((share * share for _, share in shares), start=Fraction(0))
        margin = _root(spread * (own + ahead * ahead * weight_share))
        margin = margin * _t80(len(history) - 1) // 1000
        low, high = max(spent, expected - margin), expected + margin
    days = tuple((day, round(level * share)) for day, share in shares)
    method = "weekday" if len(history) >= _PATTERN_DAYS else "level"
    return Forecast(month, spent, expected, low, high, len(history), method, days)


def _whole_days(daily: Mapping[date, int], today: date) -> list[tuple[date, int]]:
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


def _left_of(today: date, now: datetime, zone: ZoneInfo) -> Fraction:
    """How much of today is still to come, in real time, so that a day of 23 hours ends at 1."""
    # Between two values in one zone, Python would subtract what the clocks show.
    start = midnight(today, zone).astimezone(UTC)
    end = midnight(today + timedelta(days=1), zone).astimezone(UTC)
    one = timedelta(microseconds=1)
    return Fraction((end - now.astimezone(UTC)) // one, (end - start) // one)


def _root(value: Fraction) -> int:
    return math.isqrt(value.numerator // value.denominator)


def _t80(freedom: int) -> int:
    return next((_T80[known] for known in sorted(_T80, reverse=True) if known <= freedom), 1638)


def _text(pico: int | None) -> str | None:
    return None if pico is None else pico_to_text(pico)
