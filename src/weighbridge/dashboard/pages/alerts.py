"""Alerts: what wants a look now, what was told and how its messages fared, and the channels."""

from collections.abc import Sequence
from typing import Any, Final

from weighbridge.core.alert import Alert, Channel, Delivery, DeliveryState, Severity
from weighbridge.core.clock import from_unix_us
from weighbridge.core.credential import Role
from weighbridge.dashboard.asking import Desk, Sources
from weighbridge.dashboard.content import Cell, Column, Content, Table, Tile, word
from weighbridge.dashboard.pages.alert_forms import channel_forms, create_form
from weighbridge.dashboard.pages.alert_words import kind_cell, kinds_cell
from weighbridge.dashboard.pages.exchanges import local_time

_TOLD: Final = 200
_WEEK_US: Final = 7 * 86_400 * 1_000_000
_SEVERITIES: Final = {
    Severity.CRITICAL.value: ("Critical", "bad"),
    Severity.WARNING.value: ("Warning", "warn"),
    Severity.INFO.value: ("Information", "quiet"),
}
_NOT_YOURS: Final = "Alerts tell of everybody's calls; you see some, so none is shown to you."
_STATES: Final = {
    DeliveryState.SENT: ("sent", "good"),
    DeliveryState.ELSEWHERE: ("told by another gateway", "good"),
    DeliveryState.WAITING: ("waiting", "warn"),
    DeliveryState.GIVEN_UP: ("given up", "bad"),
}
_UNSENT: Final = (DeliveryState.WAITING, DeliveryState.GIVEN_UP)


def alerts(desk: Desk) -> Content:
    """What stands, what was told, and where it goes."""
    if desk.is_bound:
        return Content(title="Alerts", subtitle=_NOT_YOURS)
    standing, told = desk.sources.alerts.all(), desk.sources.alert_log.page(limit=_TOLD)
    channels = desk.sources.channels.all()
    now_us = int(desk.now.timestamp()) * 1_000_000
    week = [alert for alert in told if alert.at_us > now_us - _WEEK_US]
    unsent = [each for alert in week for each in alert.deliveries if each.state in _UNSENT]
    critical = sum(each.severity == Severity.CRITICAL.value for each in standing)
    content = Content(title="Alerts")
    content.tiles = [
        _count("critical", "Critical now", critical, tone="bad" if critical else ""),
        _count("warnings", "Warnings now", len(standing) - critical),
        _count("told", "Told in 7 days", len(week)),
        _count("unsent", "Not sent in 7 days", len(unsent), "bad" if unsent else ""),
    ]
    content.tables = [
        _standing_table(desk, standing),
        _channels_table(channels),
        told_table(desk, told, "No alert was told yet."),
    ]
    if desk.principal.role.includes(Role.ADMIN):
        content.forms = [create_form(folded=bool(channels))]
    return content


def one_channel(desk: Desk) -> Content:
    """A channel, what went through it, and how to test and change it.

    Errors: `NotFoundError`.
    """
    channel = desk.sources.channels.get(desk.name)
    through = [
        alert
        for alert in desk.sources.alert_log.page(limit=_TOLD)
        if any(each.channel_id == channel.id for each in alert.deliveries)
    ]
    content = Content(title=channel.name, parents=(("Alerts", "/alerts"),))
    content.facts = [
        ("Service", word(channel.service)),
        ("Takes", kinds_cell(channel.kinds)),
        ("Quiet hours", word(hours(channel) or "none")),
        ("State", _enabled(channel)),
        ("Added", _when(desk, channel.created_at_us)),
    ]
    content.tables = [told_table(desk, through, "Nothing went through it yet.")]
    content.forms = channel_forms(channel, desk.principal.role)
    return content


def heading(sources: Sources, name: str) -> str:
    """What the channel of a page is called.

    Errors: `NotFoundError`.
    """
    return sources.channels.get(name).name


def told_table(desk: Desk, told: list[Alert], empty: str) -> Table:
    """Alerts with their messages, newest first."""
    return Table(
        name="told",
        title="Told",
        columns=(
            Column("at", "When"),
            Column("severity", "Severity"),
            Column("kind", "Kind"),
            Column("title", "What"),
            Column("messages", "Channels"),
            Column("message", "Message", drawn=False),
        ),
        rows=[
            [
                _when(desk, alert.at_us),
                _severity(alert.occurrence.severity.value),
                kind_cell(alert.occurrence.kind.value),
                word(alert.occurrence.title, sub=alert.occurrence.message, tone="prose"),
                _deliveries(alert.deliveries),
                word(alert.occurrence.message),
            ]
            for alert in told
        ],
        searchable=True,
        note=f"The latest {_TOLD}." if len(told) == _TOLD else "",
        empty=empty,
    )


def hours(channel: Channel) -> str:
    """Quiet hours as text, empty where there are none."""
    quiet = channel.quiet
    return "" if quiet is None else f"{quiet.begins}-{quiet.ends} {quiet.timezone}"


def _standing_table(desk: Desk, standing: Sequence[Any]) -> Table:
    return Table(
        name="standing",
        title="Wants a look now",
        columns=(
            Column("since", "Since"),
            Column("severity", "Severity"),
            Column("kind", "Kind"),
            Column("title", "What"),
            Column("message", "Message", drawn=False),
        ),
        rows=[
            [
                Cell(local_time(each.since, desk.state.zone), each.since),
                _severity(each.severity),
                kind_cell(each.kind),
                word(
                    each.title,
                    href=f"/budgets/{each.budget_id}" if each.budget_id else "",
                    sub=each.message,
                    tone="prose",
                ),
                word(each.message),
            ]
            for each in sorted(standing, key=lambda one: list(_SEVERITIES).index(one.severity))
        ],
        empty="Nothing wants a look.",
    )


def _channels_table(channels: list[Channel]) -> Table:
    return Table(
        name="channels",
        title="Channels",
        columns=(
            Column("channel", "Channel"),
            Column("service", "Service"),
            Column("takes", "Takes"),
            Column("quiet", "Quiet hours"),
            Column("state", "State"),
        ),
        rows=[
            [
                word(channel.name, href=f"/channels/{channel.id}"),
                word(channel.service),
                kinds_cell(channel.kinds),
                word(hours(channel) or None),
                _enabled(channel),
            ]
            for channel in channels
        ],
        empty="There is no channel yet: nobody is told.",
    )


def _count(name: str, title: str, count: int, tone: str = "") -> Tile:
    return Tile(name=name, title=title, text=f"{count:,}", value=count, tone=tone)


def _severity(severity: str) -> Cell:
    text, tone = _SEVERITIES[severity]
    return Cell(text, severity, tone=f"state {tone}")


def _deliveries(deliveries: tuple[Delivery, ...]) -> Cell:
    """How the messages of an alert fared; toned by the worst."""
    if not deliveries:
        return word("no channel", tone="quiet")
    parts = []
    for each in sorted(deliveries, key=lambda one: one.channel.casefold()):
        why = f" ({each.reason})" if each.reason else ""
        parts.append(f"{each.channel}: {_STATES[each.state][0]}{why}")
    worst = max((each.state for each in deliveries), key=list(_STATES).index)
    return word(", ".join(parts), tone=_STATES[worst][1])


def _enabled(channel: Channel) -> Cell:
    text, tone = ("Enabled", "good") if channel.enabled else ("Disabled", "quiet")
    return Cell(text, channel.enabled, tone=f"state {tone}")


def _when(desk: Desk, unix_us: int) -> Cell:
    at = from_unix_us(unix_us)
    return Cell(local_time(at, desk.state.zone), at)
