"""What a calendar month will have cost at its end, out of what its days have cost so far.

Rules for future edits: pure, `now` is an argument; money is whole pico-dollars.
Counterpart: `outlook` is the model; `docs/explanation/forecast.md` derives it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from weighbridge.core.money import decimal_to_pico, pico_to_text
from weighbridge.core.usual_day import usual_most_pico
from weighbridge.reports.compare import Run
from weighbridge.reports.cost_query import CostQuery
from weighbridge.reports.outlook import HISTORY_DAYS, outlook, whole_days
from weighbridge.reports.unpriced import asking, left_out
from weighbridge.reports.zones import midnight


@dataclass(frozen=True, slots=True)
class Forecast:
    """A month's spend in pico-dollars: so far, and expected at its end with an 80 % interval.

    `expected` is null without one whole day to go by, `low` and `high` without four. `method` is
    `none`, `level` or `weekday`; `days` gives each day's expectation from today on. So many calls
    of the month are `left_out` of its spend, for they have no price. Where today is far above a
    usual day, `like_today` is what the month comes to if each day to come costs what today has.
    """

    month: date
    spent_pico: int
    expected_pico: int | None
    low_pico: int | None
    high_pico: int | None
    days_used: int
    method: str
    days: tuple[tuple[date, int], ...]
    like_today_pico: int | None = None
    left_out: int = 0

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
            "like_today": _text(self.like_today_pico),
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
        metrics=asking(["cost"]),
        filters=query.filters,
    )
    rows = {datetime.fromisoformat(row["time"]).date(): row for row in run(asked).rows}
    daily = {day: decimal_to_pico(row["cost"] or Decimal(0)) for day, row in rows.items()}
    without = sum(left_out(row) for day, row in rows.items() if today.replace(day=1) <= day)
    return replace(forecast(daily, now, zone), left_out=without)


def forecast(daily: Mapping[date, int], now: datetime, zone: ZoneInfo) -> Forecast:
    """The forecast from spend per local day; a day that is not named cost nothing.

    Takes: pico-dollars by day, today's so far among them. Days before the first that is named
    are not known, rather than free.
    Gives: `spent ≤ low ≤ expected ≤ high` where these are known, and all of them less than what
    a month like today comes to, where that is.
    """
    today = now.astimezone(zone).date()
    month = today.replace(day=1)
    following = (month + timedelta(days=31)).replace(day=1)
    spent = sum(pico for day, pico in daily.items() if month <= day <= today)
    ahead = outlook(daily, now, midnight(following, zone), zone)
    low, expected, high = ahead.interval(spent)
    like_today = spent + daily.get(today, 0) * (following - today - timedelta(days=1)).days
    tells = _is_unusual(daily, today) and like_today > (high or 0)
    return Forecast(
        month=month,
        spent_pico=spent,
        expected_pico=expected,
        low_pico=low,
        high_pico=high,
        days_used=ahead.days_used,
        method=ahead.method,
        days=ahead.days,
        like_today_pico=like_today if tells else None,
    )


def _is_unusual(daily: Mapping[date, int], today: date) -> bool:
    """Whether today has cost more already than a whole day usually does at most."""
    most_pico = usual_most_pico([pico for _, pico in whole_days(daily, today)])
    return most_pico is not None and daily.get(today, 0) > most_pico


def _text(pico: int | None) -> str | None:
    return None if pico is None else pico_to_text(pico)
