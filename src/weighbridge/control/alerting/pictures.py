"""The charts that go out with alerts, as PNG: what was spent when.

Rules for future edits: one bounded question per picture; an alert that has no chart has None.
Counterparts: `dispatch` asks for them and does without where one fails, `reports/charts` draws.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from weighbridge.budgets.alerts.traffic import HISTORY_DAYS
from weighbridge.budgets.budget import Budget
from weighbridge.budgets.scope import filters_of
from weighbridge.control.alerting.figures import Ask
from weighbridge.core.alert import Alert, AlertKind
from weighbridge.core.clock import from_unix_us
from weighbridge.reports.charts import chart_spec, to_png
from weighbridge.reports.cost_query import CostQuery

# The longest span that a granularity is chosen for; beyond them all it is days.
_GRANULARITIES: Final = ((timedelta(hours=2), "minute"), (timedelta(days=4), "hour"))
_LONGEST: Final = timedelta(days=366)
_SCALE: Final = 1.5


@dataclass(frozen=True, slots=True)
class Pictures:
    """Draws alerts by what the ledger holds now."""

    ask: Ask
    budgets: Callable[[], Iterable[Budget]]

    def draw(self, alert: Alert) -> bytes | None:
        """The chart of an alert, or None where it has none.

        Errors: those of the ledger and of the drawing library.
        """
        now = from_unix_us(alert.at_us) + timedelta(microseconds=1)
        query = None
        if alert.occurrence.kind in {AlertKind.BUDGET_THRESHOLD, AlertKind.BUDGET_FORECAST}:
            query = self._window(alert, now)
        elif alert.occurrence.kind is AlertKind.SPEND_ANOMALY:
            query = _days(alert, now)
        return None if query is None else to_png(chart_spec(self.ask(query, now)), _SCALE)

    def _window(self, alert: Alert, now: datetime) -> CostQuery | None:
        """What a budget counts, from its window's start to now."""
        found = alert.occurrence
        budget = next((each for each in self.budgets() if each.id == found.budget_id), None)
        if budget is None:
            return None
        begun = datetime.fromisoformat(str(found.facts["window_start"]))
        since = max(begun, now - _LONGEST)
        finest = (name for longest, name in _GRANULARITIES if now - since <= longest)
        return CostQuery(
            since=since,
            until=now,
            timezone=budget.timezone,
            granularity=next(finest, "day"),
            metrics=("cost",),
            filters=filters_of(budget, found.value),
        )


def _days(alert: Alert, now: datetime) -> CostQuery:
    """The days of a value that cost more than they should."""
    dimension, value = str(alert.occurrence.facts["dimension"]), str(alert.occurrence.value)
    return CostQuery(
        since=now - timedelta(days=HISTORY_DAYS),
        until=now,
        granularity="day",
        metrics=("cost",),
        filters={dimension: (value,)},
    )
