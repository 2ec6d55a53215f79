"""What was told, once each, and how its messages fared.

The unique key of an occurrence is the whole secret of telling it once (B10): whoever finds it
writes it down together with its deliveries in one transaction, or sees that it is there. What is
due is claimed for a while before it is sent, so that two processes do not send it at once, and
one that died has it sent by the next.
Rules for future edits: an alert and its deliveries are written together; a row of a delivery
says what happened before the next one is claimed; nothing is deleted but by `prune`.
Counterparts: `watch` writes, `dispatch` claims, `admin/routes/alerts` shows.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC
from typing import Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from weighbridge.budgets.alerts.timing import quiet_until, retry_at_us
from weighbridge.control.alerting.alert_rows import (
    alert_of,
    alert_row,
    delivery_of,
    is_no_news,
)
from weighbridge.control.alerting.channels import takers
from weighbridge.control.audit import Auditor
from weighbridge.control.database import Database
from weighbridge.control.secrets import Mint
from weighbridge.control.tables import AlertRow, ChannelRow, DeliveryRow
from weighbridge.core.alert import (
    Alert,
    AlertKind,
    Delivery,
    DeliveryState,
    Occurrence,
    Quiet,
    Severity,
)
from weighbridge.core.clock import from_unix_us, to_unix_us
from weighbridge.core.principal import Principal

CLAIM_US: Final = 60 * 1_000_000
KEEP_US: Final = 400 * 86_400 * 1_000_000  # a year's comparison, and a month to make it in
_REMEMBERED: Final = 10_000
# Ids sort by their millisecond alone, and one call can cross several thresholds.
_NEWEST_FIRST: Final = (AlertRow.at_us.desc(), AlertRow.id.desc())


class AlertLog:
    """Alerts and deliveries of one control database; usable from several threads."""

    def __init__(self, database: Database, mint: Mint | None = None) -> None:
        self._database = database
        self._mint = mint or Mint()
        self._auditor = Auditor(self._mint)
        self._known: set[str] = set()

    def __repr__(self) -> str:
        return f"<AlertLog {self._database!r}>"

    def tell(self, found: Iterable[Occurrence]) -> list[Alert]:
        """Write down what was not told yet; gives that."""
        told = []
        for occurrence in found:
            if occurrence.key not in self._known:
                alert = self._tell(occurrence)
                self._remember(occurrence.key)
                told += [alert] if alert is not None else []
        return told

    def _tell(self, found: Occurrence) -> Alert | None:
        with self._database.read() as session:
            if session.scalar(select(AlertRow.id).where(AlertRow.key == found.key)) is not None:
                return None
            if is_no_news(session, found):
                return None
        try:
            with self._database.change(policy=False) as session:
                row = self._row(found)
                session.add(row)
                session.flush()
                channels = takers(session, found.kind, found.channels)
                waiting = [self._waiting(row.id, each.id) for each in channels]
                session.add_all(waiting)
        except IntegrityError:
            return None  # another process was quicker
        names = {each.id: each.name for each in channels}
        return alert_of(row, [delivery_of(each, names[each.channel_id]) for each in waiting])

    def tell_one(self, found: Occurrence, channel_id: str, by: Principal) -> Delivery:
        """Write a test of one channel down, and in the log of changes by whom; they send it."""
        with self._database.change(policy=False) as session:
            row = self._row(found)
            session.add(row)
            session.flush()
            delivery = self._waiting(row.id, channel_id)
            delivery.due_at_us, delivery.attempts = None, 1  # nobody else's to send
            session.add(delivery)
            name = session.get_one(ChannelRow, channel_id).name
            told = {"name": name, "alert": row.id}
            self._auditor.note(session, by, ("channel.test", channel_id), after=told)
        return delivery_of(delivery, name)

    def claim(self, most: int) -> list[tuple[Delivery, Alert]]:
        """Deliveries that are due and nobody's, oldest first; now they are the caller's."""
        now_us = self._mint.now_us()
        claimed = []
        with self._database.change(policy=False) as session:
            for row, alert, channel in session.execute(_due(now_us).limit(most)).all():
                if not channel.enabled:
                    _give_up(row, "disabled")
                    continue
                later_us = _quiet_until_us(channel, alert, now_us)
                if later_us is not None:
                    row.due_at_us = later_us
                    continue
                free = DeliveryRow.claimed_until_us == row.claimed_until_us
                # Counted before it is made: an attempt that a kill cuts may have reached somebody.
                mine = (
                    update(DeliveryRow)
                    .where(DeliveryRow.id == row.id, free)
                    .values(
                        claimed_until_us=now_us + CLAIM_US,
                        attempts=DeliveryRow.attempts + 1,
                        tried_at_us=now_us,
                    )
                )
                if session.execute(mine).rowcount == 1:  # type: ignore[attr-defined]
                    claimed.append((delivery_of(row, channel.name), alert_of(alert)))
        return claimed

    def free_claims(self) -> None:
        """What an earlier process claimed and never settled is due; for who is the only one."""
        with self._database.change(policy=False) as session:
            session.execute(update(DeliveryRow).values(claimed_until_us=0))

    def settle(self, delivery: Delivery, reason: str | None) -> Delivery:
        """Write down how an attempt ended; `reason` None = it was taken."""
        now_us = self._mint.now_us()
        with self._database.change(policy=False) as session:
            row = session.get_one(DeliveryRow, delivery.id)
            kind = session.get_one(AlertRow, row.alert_id).kind
            row.tried_at_us, row.claimed_until_us, row.reason = now_us, 0, reason
            if reason is None:
                row.state, row.sent_at_us, row.due_at_us = DeliveryState.SENT.value, now_us, None
            else:
                row.due_at_us = (
                    None if kind == AlertKind.TEST else retry_at_us(row.attempts, now_us)
                )
            if row.due_at_us is None and reason is not None:
                _give_up(row, reason)
            return delivery_of(row, delivery.channel)

    def put_off(self, delivery: Delivery, until_us: int) -> Delivery:
        """No attempt was made: another gateway may send it, and is asked about again then."""
        with self._database.change(policy=False) as session:
            row = _untried(session, delivery)
            row.due_at_us = until_us
            return delivery_of(row, delivery.channel)

    def leave(self, delivery: Delivery) -> Delivery:
        """No attempt was made, nor will be: another gateway has sent it."""
        with self._database.change(policy=False) as session:
            row = _untried(session, delivery)
            row.state, row.due_at_us = DeliveryState.ELSEWHERE.value, None
            return delivery_of(row, delivery.channel)

    def next_due_us(self) -> int | None:
        """When there is something to do next; None = nothing waits."""
        query = (
            select(DeliveryRow.due_at_us, DeliveryRow.claimed_until_us)
            .where(DeliveryRow.due_at_us.is_not(None))
            .order_by(DeliveryRow.due_at_us)
            .limit(1000)
        )
        with self._database.read() as session:
            found = session.execute(query).all()
        return min((max(due or 0, held) for due, held in found), default=None)

    def page(
        self, *, limit: int, before_id: str | None = None, budget_id: str | None = None
    ) -> list[Alert]:
        """Alerts with their deliveries, newest first."""
        query = select(AlertRow).order_by(*_NEWEST_FIRST).limit(limit)
        if before_id is not None:
            last_us = select(AlertRow.at_us).where(AlertRow.id == before_id).scalar_subquery()
            same = (AlertRow.at_us == last_us) & (AlertRow.id < before_id)
            query = query.where((AlertRow.at_us < last_us) | same)
        if budget_id is not None:
            query = query.where(AlertRow.budget_id == budget_id)
        with self._database.read() as session:
            return _with_deliveries(session, session.scalars(query).all())

    def standing(self, holds: Callable[[Occurrence], bool] = lambda _: True) -> list[Alert]:
        """Alerts of at least a warning whose window is not over, newest first.

        Takes: whether what was told is so still.
        Gives: of those about one budget, value and window the last.
        """
        now_us = self._mint.now_us()
        query = select(AlertRow).where(
            AlertRow.stands_until_us > now_us,
            AlertRow.severity != Severity.INFO.value,
            AlertRow.kind != AlertKind.TEST.value,
        )
        newest: dict[Any, Alert] = {}
        with self._database.read() as session:
            for row in session.scalars(query.order_by(*_NEWEST_FIRST).limit(1000)):
                alert = alert_of(row)
                if holds(alert.occurrence):
                    newest.setdefault((row.kind, row.budget_id, row.value, row.subject), alert)
        return list(newest.values())

    def waiting(self) -> int:
        """How many deliveries are on their way."""
        with self._database.read() as session:
            due = select(DeliveryRow.id).where(DeliveryRow.due_at_us.is_not(None))
            return len(session.scalars(due).all())

    def prune(self) -> None:
        """Forget what is older than `KEEP_US` and stands no more."""
        before_us = self._mint.now_us() - KEEP_US
        old = (AlertRow.at_us < before_us) & (AlertRow.stands_until_us < before_us)
        with self._database.change(policy=False) as session:
            session.execute(delete(AlertRow).where(old))

    def _row(self, found: Occurrence) -> AlertRow:
        return alert_row(found, self._mint.identifier("alr_"), self._mint.now_us())

    def _waiting(self, alert_id: str, channel_id: str) -> DeliveryRow:
        return DeliveryRow(
            id=self._mint.identifier("dlv_"),
            alert_id=alert_id,
            channel_id=channel_id,
            state=DeliveryState.WAITING.value,
            attempts=0,
            due_at_us=self._mint.now_us(),
            claimed_until_us=0,
        )

    def _remember(self, key: str) -> None:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()  # the database knows
        self._known.add(key)


def _due(now_us: int) -> Any:
    return (
        select(DeliveryRow, AlertRow, ChannelRow)
        .join(AlertRow, AlertRow.id == DeliveryRow.alert_id)
        .join(ChannelRow, ChannelRow.id == DeliveryRow.channel_id)
        .where(
            DeliveryRow.due_at_us <= now_us,
            DeliveryRow.claimed_until_us <= now_us,
        )
        .order_by(DeliveryRow.due_at_us)
    )


def _quiet_until_us(channel: ChannelRow, alert: AlertRow, now_us: int) -> int | None:
    quiet = None if channel.quiet is None else Quiet(**channel.quiet)
    until = quiet_until(quiet, Severity(alert.severity), from_unix_us(now_us).astimezone(UTC))
    return None if until is None else to_unix_us(until)


def _give_up(row: DeliveryRow, reason: str) -> None:
    row.state, row.due_at_us, row.reason = DeliveryState.GIVEN_UP.value, None, reason


def _untried(session: Session, delivery: Delivery) -> DeliveryRow:
    """The row of a delivery that was claimed and then not tried."""
    row = session.get_one(DeliveryRow, delivery.id)
    row.attempts, row.claimed_until_us = row.attempts - 1, 0
    row.tried_at_us = row.tried_at_us if row.attempts else None
    return row


def _with_deliveries(session: Session, rows: Sequence[AlertRow]) -> list[Alert]:
    query = (
        select(DeliveryRow, ChannelRow.name)
        .join(ChannelRow, ChannelRow.id == DeliveryRow.channel_id)
        .where(DeliveryRow.alert_id.in_([row.id for row in rows]))
        .order_by(DeliveryRow.id)
    )
    found = defaultdict(list)
    for delivery, channel in session.execute(query):
        found[delivery.alert_id].append(delivery_of(delivery, channel))
    return [alert_of(row, found[row.id]) for row in rows]
