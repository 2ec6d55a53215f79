"""What wants a look now: warnings about labels, and told alerts that are so still.

Counterpart: `budgets/alerts/thresholds` says whether one of a budget is.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from weighbridge.budgets.alerts.thresholds import still_holds
from weighbridge.budgets.budget import Budget
from weighbridge.control.alerting.alert_log import AlertLog
from weighbridge.control.label_guard import LabelGuard
from weighbridge.core.alert import Occurrence, Severity
from weighbridge.core.clock import from_unix_us

_LABELS_TITLE: Final = "A label has too many values"


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingAlert:
    """One of them; `id` and `budget_id` are those of a told alert, `values` a label's count."""

    kind: str
    key: str
    severity: str
    title: str
    message: str
    since: datetime
    values: int | None = None
    id: str | None = None
    budget_id: str | None = None


class StandingAlerts:
    """Both kinds of them, the told ones first."""

    def __init__(
        self, labels: LabelGuard, log: AlertLog, budgets: Callable[[], Iterable[Budget]]
    ) -> None:
        self._labels = labels
        self._log = log
        self._budgets = budgets

    def __repr__(self) -> str:
        return f"<StandingAlerts of {self._labels!r} and {self._log!r}>"

    def all(self) -> list[StandingAlert]:
        """All that stand, of each sort the newest or noisiest first."""
        now_us = time.time_ns() // 1000
        budgets = {budget.id: budget for budget in self._budgets()}

        def holds(told: Occurrence) -> bool:
            return told.budget_id is None or still_holds(told, budgets.get(told.budget_id), now_us)

        told = [
            StandingAlert(
                kind=alert.occurrence.kind.value,
                key=alert.occurrence.subject,
                severity=alert.occurrence.severity.value,
                title=alert.occurrence.title,
                message=alert.occurrence.message,
                since=from_unix_us(alert.at_us),
                id=alert.id,
                budget_id=alert.occurrence.budget_id,
            )
            for alert in self._log.standing(holds)
        ]
        noisy = [
            StandingAlert(
                kind=each.kind,
                key=each.key,
                severity=Severity.WARNING.value,
                title=_LABELS_TITLE,
                message=each.message,
                since=each.since,
                values=each.values,
            )
            for each in self._labels.all()
        ]
        return [*told, *noisy]
