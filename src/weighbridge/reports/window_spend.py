"""What has been spent within a window, by the values of a dimension, and what is to come.

Hides the two questions that this takes: the sums of the window, and the days before it. Both go
through the one query model, so a budget's figure is the figure of every other view.
Rules for future edits: pico-dollars out; a cost that is not known counts as nothing, which the
ledger's `completeness` tells; values are as queries name them, `(none)` where none was given.
Counterpart: `outlook` is the forecast's model.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from weighbridge.core.money import decimal_to_pico
from weighbridge.reports.compare import Run
from weighbridge.reports.cost_query import TIME, CostQuery
from weighbridge.reports.dimensions import OTHER
from weighbridge.reports.outlook import HISTORY_DAYS, Outlook, outlook
from weighbridge.reports.result import Row
from weighbridge.reports.zones import midnight

EVERYTHING: Final = None  # the one value of a window that is not split


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which exchanges count: since ≤ start < until (None = without end), filters, split or not."""

    since: datetime | None
    until: datetime | None
    timezone: str
    filters: Mapping[str, tuple[str, ...]]
    per: str | None = None

    def query(self) -> CostQuery:
        """The question for the window's sums."""
        return CostQuery(
            since=self.since,
            until=self.until,
            timezone=self.timezone,
            group_by=(self.per,) if self.per else (),
            metrics=("cost",),
            filters=self.filters,
        )

    def alone(self) -> "Window":
        """The same window without its split."""
        return replace(self, per=None)

    def only(self, values: Iterable[str]) -> "Window":
        """The same window for these values of its split alone."""
        assert self.per is not None
        wanted = tuple(values)
        if self.per in self.filters:
            wanted = tuple(value for value in wanted if value in self.filters[self.per])
        return replace(self, filters={**self.filters, self.per: wanted})


def spent_in(window: Window, run: Run, most: int | None = None) -> dict[str | None, int]:
    """Pico-dollars by value, the largest first; by `EVERYTHING` where there is no split.

    Takes: `most`, how many values are wanted at most; None = all.
    """
    result = run(replace(window.query(), limit=most))
    return {_value(window, row): _pico(row) for row in result.rows if not _is_rest(window, row)}


def outlooks(
    window: Window, values: Iterable[str | None], run: Run, now: datetime
) -> dict[str | None, Outlook]:
    """What each value will still spend in the window; nothing for a window without an end."""
    wanted = list(values)
    if window.until is None or not wanted:
        return {}
    asked = window.only(str(value) for value in wanted) if window.per else window
    zone = asked.query().zone
    first = now.astimezone(zone).date() - timedelta(days=HISTORY_DAYS)
    query = replace(
        asked.query(),
        since=midnight(first, zone).astimezone(UTC),
        until=now,
        granularity="day",
    )
    daily: dict[str | None, dict[date, int]] = {value: {} for value in wanted}
    for row in run(query).rows:
        day = datetime.fromisoformat(row[TIME]).date()
        daily.setdefault(_value(window, row), {})[day] = _pico(row)
    return {value: outlook(days, now, window.until, zone) for value, days in daily.items()}


def _is_rest(window: Window, row: Row) -> bool:
    return window.per is not None and row[window.per] == OTHER


def _value(window: Window, row: Row) -> str | None:
    return str(row[window.per]) if window.per else EVERYTHING


def _pico(row: Mapping[str, Any]) -> int:
    return decimal_to_pico(row["cost"] or Decimal(0))
