"""The charts that go out with alerts, as PNG: what is left of a budget, what days cost.

Rules for future edits: a few bounded questions per picture; an alert that has no chart has None.
Counterparts: `dispatch` asks for them and does without where one fails, `reports/burn_down` and
`reports/charts` draw.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from weighbridge.budgets.budget import Budget
from weighbridge.budgets.windows import window_at
from weighbridge.control.alerting.figures import Ask
from weighbridge.control.budget_states import asked_of
from weighbridge.core.alert import Alert, AlertKind
from weighbridge.core.clock import from_unix_us, to_unix_us
from weighbridge.core.usual_day import HISTORY_DAYS
from weighbridge.reports.burn_down import burn_down, burn_down_spec
from weighbridge.reports.chart_files import to_png
from weighbridge.reports.charts import Look, chart_spec
from weighbridge.reports.cost_query import CostQuery
from weighbridge.reports.window_spend import outlooks

_LOOK: Final = Look()
_SCALE: Final = 1.5
_ABOUT_BUDGETS: Final = (
    AlertKind.BUDGET_THRESHOLD,
    AlertKind.BUDGET_EXHAUSTED,
    AlertKind.BUDGET_FORECAST,
)


@dataclass(frozen=True, slots=True)
class Pictures:
    """Draws alerts by what the ledger holds now."""

    ask: Ask
    budgets: Callable[[], Iterable[Budget]]

    def prepare(self) -> None:
        """Start the drawing library, which takes it a while."""
        nothing = {"mark": "point", "data": {"values": []}}
        to_png(nothing, _SCALE)

    def draw(self, alert: Alert) -> bytes | None:
        """The chart of an alert, or None where it has none.

        Errors: those of the ledger and of the drawing library.
        """
        now = from_unix_us(alert.at_us) + timedelta(microseconds=1)
        spec = None
        if alert.occurrence.kind in _ABOUT_BUDGETS:
            spec = self._burn_down(alert, now)
        elif alert.occurrence.kind is AlertKind.SPEND_ANOMALY:
            spec = chart_spec(self.ask(_days(alert, now), now))
        return None if spec is None else to_png(spec, _SCALE)

    def _burn_down(self, alert: Alert, now: datetime) -> dict[str, Any] | None:
        """What is left of a budget in the window that the alert is about."""
        found = alert.occurrence
        budget = next((each for each in self.budgets() if each.id == found.budget_id), None)
        if budget is None:
            return None
        begun_us = to_unix_us(datetime.fromisoformat(str(found.facts["window_start"])))
        window = window_at(budget.period, budget.timezone, begun_us)
        asked = asked_of(budget, window)
        if budget.per is not None:
            asked = asked.only([str(found.value)]).alone()
        at = now if window.end_us is None else min(now, from_unix_us(window.end_us))

        def run(query: CostQuery) -> Any:
            return self.ask(query, at)

        drawn = burn_down(
            asked,
            run,
            at,
            limit=budget.limit_at(alert.at_us),
            thresholds=budget.thresholds,
            outlook=outlooks(asked, [None], run, at).get(None),
        )
        return {**burn_down_spec(drawn, _LOOK), "title": f"What is left of {found.subject}"}


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
