"""The API's documents about alerts, their deliveries, and the channels that they go through.

Rules for future edits: as in `documents`; a channel's URL is in requests alone, as a `SecretStr`,
and in no answer, so no list can ever show one.
"""

from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, Field, SecretStr

from weighbridge.admin.documents import Request
from weighbridge.core.alert import (
    CHOSEN_KINDS,
    Alert,
    AlertKind,
    Channel,
    Delivery,
    DeliveryState,
    Quiet,
    Severity,
)
from weighbridge.core.clock import from_unix_us, from_unix_us_if_any

_KINDS_KNOWN = ", ".join(f"`{kind}`" for kind in CHOSEN_KINDS)
_URL = "Where to send, as apprise writes it (`slack://…`, `mailto://…`); a secret, never shown."
_KINDS = f"Kinds of alerts that it takes, of {_KINDS_KNOWN}; [] = all. Alerts of a budget that "
_KINDS += "names channels go to those alone."
_QUIET = "Hours in which only critical alerts go out; null = none."
_ENABLED = "False sends nothing and keeps it."


class QuietDocument(Request):
    """Quiet hours by a zone's clock; they may go over midnight."""

    begins: str = Field(description="`HH:MM`.")
    ends: str = Field(description="`HH:MM`.")
    timezone: str = Field("UTC", description="Name of a time zone.")


class ChannelRequest(Request):
    """A channel to add."""

    name: str = Field(description="For people and for budgets; unique, whatever its case.")
    url: SecretStr = Field(description=_URL)
    kinds: list[str] = Field([], description=_KINDS)
    quiet: QuietDocument | None = Field(None, description=_QUIET)
    enabled: bool = Field(default=True, description=_ENABLED)


class ChannelChange(Request):
    """What shall be different about a channel; a field that is not given stays as it is."""

    name: str = Field("", description="For people and for budgets.")
    url: SecretStr = Field(SecretStr(""), description=_URL)
    kinds: list[str] = Field([], description=_KINDS)
    quiet: QuietDocument | None = Field(None, description=_QUIET)
    enabled: bool = Field(default=True, description=_ENABLED)


class ChannelDocument(BaseModel):
    """A channel, without its URL."""

    id: str = Field(description="`chn_…`.")
    name: str = Field(description="For people and for budgets.")
    service: str = Field(description="Whose service it is: `Slack`, `E-Mail`, `JSON`, ….")
    kinds: list[str] = Field(description=_KINDS)
    quiet: QuietDocument | None = Field(description=_QUIET)
    enabled: bool = Field(description=_ENABLED)
    created_at: datetime = Field(description="When it was added, UTC.")
    updated_at: datetime | None = Field(description="When it last changed; null = never.")

    @classmethod
    def of(cls, channel: Channel) -> Self:
        """The document of a channel."""
        quiet = channel.quiet
        return cls(
            id=channel.id,
            name=channel.name,
            service=channel.service,
            kinds=list(channel.kinds),
            quiet=None if quiet is None else QuietDocument.model_validate(_members(quiet)),
            enabled=channel.enabled,
            created_at=from_unix_us(channel.created_at_us),
            updated_at=from_unix_us_if_any(channel.updated_at_us),
        )


class ChannelList(BaseModel):
    """All channels."""

    channels: list[ChannelDocument] = Field(description="Newest first.")
    next_cursor: str | None = Field(None, description="Always null: the list is whole.")


class DeliveryDocument(BaseModel):
    """One alert on its way through one channel."""

    id: str = Field(description="`dlv_…`.")
    alert_id: str = Field(description="`alr_…`.")
    channel_id: str = Field(description="`chn_…`.")
    channel: str = Field(description="The channel's name.")
    state: DeliveryState = Field(
        description="`waiting`, `sent`, `elsewhere` where another gateway that shares the budget "
        "has sent it, or `given_up` after all attempts."
    )
    attempts: int = Field(description="How often it was tried, cut attempts included.")
    due_at: datetime | None = Field(description="When it is tried next; null = not again.")
    tried_at: datetime | None = Field(description="When it was tried last; null = not yet.")
    sent_at: datetime | None = Field(description="When it was taken; null = it was not.")
    reason: str | None = Field(
        description="Why the last attempt failed: `http_` and a status, `unreachable`, `refused`, "
        "`sealed` (its URL does not open), `invalid`, `disabled`, `removed`, `error_` and a type."
    )

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        """The document of a delivery."""
        return cls(
            id=delivery.id,
            alert_id=delivery.alert_id,
            channel_id=delivery.channel_id,
            channel=delivery.channel,
            state=delivery.state,
            attempts=delivery.attempts,
            due_at=from_unix_us_if_any(delivery.due_at_us),
            tried_at=from_unix_us_if_any(delivery.tried_at_us),
            sent_at=from_unix_us_if_any(delivery.sent_at_us),
            reason=delivery.reason,
        )


class ToldAlert(BaseModel):
    """An alert that was told, once, and its deliveries."""

    id: str = Field(description="`alr_…`; every message ends in it.")
    at: datetime = Field(description="When it was told, UTC.")
    kind: AlertKind = Field(description="What it is about.")
    severity: Severity = Field(description="`critical` ones do not wait for quiet hours to end.")
    subject: str = Field(description="Which budget, model, value or node.")
    title: str = Field(description="The message's title.")
    message: str = Field(description="What is so and what to do, for people.")
    budget_id: str | None = Field(description="The budget that it is about.")
    value: str | None = Field(description="The value, where the budget or rule is one per value.")
    facts: dict[str, Any] = Field(description="Its figures; money is decimals as text.")
    deliveries: list[DeliveryDocument] = Field(description="One for each channel it went to.")

    @classmethod
    def of(cls, alert: Alert) -> Self:
        """The document of an alert."""
        found = alert.occurrence
        return cls(
            id=alert.id,
            at=from_unix_us(alert.at_us),
            kind=found.kind,
            severity=found.severity,
            subject=found.subject,
            title=found.title,
            message=found.message,
            budget_id=found.budget_id,
            value=found.value,
            facts=dict(found.facts),
            deliveries=[DeliveryDocument.of(each) for each in alert.deliveries],
        )


class ToldAlertList(BaseModel):
    """Alerts that were told."""

    alerts: list[ToldAlert] = Field(description="Newest first.")
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page.")


def _members(quiet: Quiet) -> dict[str, str]:
    return {"begins": quiet.begins, "ends": quiet.ends, "timezone": quiet.timezone}
