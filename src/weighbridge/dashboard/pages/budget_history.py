"""What was told of a budget, and how its limit was raised, as tables."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from weighbridge.budgets.budget import Budget
from weighbridge.budgets.record import BudgetRecord
from weighbridge.core.alert import DeliveryState
from weighbridge.core.clock import from_unix_us, to_unix_us
from weighbridge.dashboard.asking import Desk
from weighbridge.dashboard.content import Cell, Column, Table, word
from weighbridge.dashboard.pages.budgets import usd

_MOST_ALERTS: Final = 20
_NOBODY: Final = "nobody: no channel takes it"
_DELIVERED: Final = {
    DeliveryState.SENT: "sent",
    DeliveryState.ELSEWHERE: "told by another gateway",
    DeliveryState.WAITING: "waiting",
    DeliveryState.GIVEN_UP: "given up",
}


def alerts_table(desk: Desk, budget: Budget) -> Table:
    """What was told of it, once each, and how that went."""
    zone = ZoneInfo(budget.timezone)
    titles = (("told", "Told"), ("about", "About"), ("value", "For"), ("through", "Through"))
    rows = []
    for alert in desk.sources.alert_log.page(limit=_MOST_ALERTS, budget_id=budget.id):
        sent = [f"{one.channel} ({_DELIVERED[one.state]})" for one in alert.deliveries]
        failed = any(one.state is DeliveryState.GIVEN_UP for one in alert.deliveries)
        rows.append(
            [
                _instant(alert.at_us, zone),
                word(alert.occurrence.title),
                word(alert.occurrence.value),
                word(
                    ", ".join(sent) or "nobody: no channel takes it", tone="bad" if failed else ""
                ),
            ]
        )
    return Table(
        name="alerts",
        title="Alerts",
        columns=tuple(Column(*title) for title in titles),
        rows=rows,
        empty="Nothing had to be told of it yet.",
    )


def raises_table(record: BudgetRecord, now: datetime) -> Table:
    """Every raise that it had, newest first."""
    zone = ZoneInfo(record.budget.timezone)
    titles = (
        ("given", "Given", False),
        ("author", "By", False),
        ("amount", "More", True),
        ("until", "Until", False),
        ("reason", "Why", False),
        ("state", "State", False),
    )
    rows = []
    for one in record.raises:
        state = "In force" if one.in_force(to_unix_us(now)) else "Ended"
        if one.withdrawn_at_us is not None:
            state = "Withdrawn"
        rows.append(
            [
                _instant(one.created_at_us, zone),
                word(one.author_name),
                usd(one.amount_pico_usd),
                _instant(one.until_us, zone),
                word(one.reason),
                word(state, tone="good" if state == "In force" else "quiet"),
            ]
        )
    return Table(
        name="raises",
        title="Raises",
        columns=tuple(Column(*title) for title in titles),
        rows=rows,
        empty="Its limit was never raised.",
    )


def _instant(unix_us: int, zone: ZoneInfo) -> Cell:
    instant = from_unix_us(unix_us)
    return Cell(f"{instant.astimezone(zone):%d %b %Y %H:%M}", instant)
