"""Alerts and deliveries as rows, and rows as the values that leave the log."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from weighbridge.budgets.alerts.thresholds import reached_before
from weighbridge.control.tables import AlertRow, DeliveryRow
from weighbridge.core.alert import (
    Alert,
    AlertKind,
    Delivery,
    DeliveryState,
    Occurrence,
    Severity,
)


def alert_row(found: Occurrence, alert_id: str, at_us: int) -> AlertRow:
    """The row of an occurrence."""
    return AlertRow(
        id=alert_id,
        key=found.key,
        kind=found.kind.value,
        severity=found.severity.value,
        subject=found.subject,
        title=found.title,
        message=found.message,
        budget_id=found.budget_id,
        value=found.value,
        facts=found.facts,
        at_us=at_us,
        stands_until_us=found.stands_until_us,
    )


def is_no_news(session: Session, found: Occurrence) -> bool:
    """Whether it is a threshold that had been reached before the limit was raised."""
    if found.kind is not AlertKind.BUDGET_THRESHOLD or found.budget_id is None:
        return False
    same = (
        AlertRow.kind == found.kind.value,
        AlertRow.budget_id == found.budget_id,
        AlertRow.value.is_not_distinct_from(found.value),
        AlertRow.stands_until_us == found.stands_until_us,
    )
    return reached_before(found, session.scalars(select(AlertRow.facts).where(*same)))


def alert_of(row: AlertRow, deliveries: Iterable[Delivery] = ()) -> Alert:
    """The alert of a row; its channels are in its deliveries."""
    occurrence = Occurrence(
        key=row.key,
        kind=AlertKind(row.kind),
        severity=Severity(row.severity),
        subject=row.subject,
        title=row.title,
        message=row.message,
        budget_id=row.budget_id,
        value=row.value,
        facts=row.facts,
        stands_until_us=row.stands_until_us,
    )
    return Alert(id=row.id, at_us=row.at_us, occurrence=occurrence, deliveries=tuple(deliveries))


def delivery_of(row: DeliveryRow, channel: str) -> Delivery:
    """The delivery of a row, through the channel of this name."""
    return Delivery(
        id=row.id,
        alert_id=row.alert_id,
        channel_id=row.channel_id,
        channel=channel,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        due_at_us=row.due_at_us,
        tried_at_us=row.tried_at_us,
        sent_at_us=row.sent_at_us,
        reason=row.reason,
    )
