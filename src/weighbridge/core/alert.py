"""Alerts, the channels that they go through, and what became of each message: as values.

A channel's URL is a secret (it holds passwords and webhook paths), so `Channel` has none: it
leaves its service towards the sender alone. Counterparts: `budgets/alerts` decides what is an
alert, `control/alerting` keeps and sends it, `admin/` and `cli/` show it.
"""

from enum import StrEnum
from typing import Final

import msgspec


class AlertKind(StrEnum):
    """What an alert is about."""

    BUDGET_THRESHOLD = "budget_threshold"
    BUDGET_EXHAUSTED = "budget_exhausted"
    BUDGET_FORECAST = "budget_forecast"
    SPEND_ANOMALY = "spend_anomaly"
    UNPRICED_TRAFFIC = "unpriced_traffic"
    ERROR_BURST = "error_burst"
    JOURNAL_LAG = "journal_lag"
    TEST = "test"


# Kinds that a channel can choose among; a test goes to the channel that it tests.
CHOSEN_KINDS: Final = tuple(kind for kind in AlertKind if kind is not AlertKind.TEST)


class Severity(StrEnum):
    """How much an alert matters; `critical` ones do not wait for quiet hours to end."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class DeliveryState(StrEnum):
    """What became of one alert in one channel."""

    WAITING = "waiting"
    SENT = "sent"
    ELSEWHERE = "elsewhere"
    GIVEN_UP = "given_up"


class Quiet(msgspec.Struct, frozen=True, kw_only=True):
    """Hours in which a channel gets only what is critical, as a clock in a named zone shows.

    Example: 22:00 to 07:00 goes over midnight.
    """

    begins: str
    ends: str
    timezone: str = "UTC"


class Occurrence(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a rule found.

    `key` names it: what has the same key is the same occurrence, whoever finds it and when.
    `channels` are names or ids that it goes to, empty for whoever takes its kind. `stands_until_us`
    is the end of what it is about. `facts` are figures, as text where they are money.
    """

    key: str
    kind: AlertKind
    severity: Severity
    subject: str
    title: str
    message: str
    stands_until_us: int
    budget_id: str | None = None
    value: str | None = None
    channels: tuple[str, ...] = ()
    facts: dict[str, str | int | None] = {}


class NewChannel(msgspec.Struct, frozen=True, kw_only=True):
    """A channel as it is asked for; `kinds` empty = every kind."""

    name: str
    url: str
    kinds: tuple[str, ...] = ()
    quiet: Quiet | None = None
    enabled: bool = True

    def __repr__(self) -> str:
        return f"<NewChannel {self.name!r}>"


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """A channel without its URL; `service` is whose it is (`Slack`, `E-Mail`, `JSON`)."""

    id: str
    name: str
    service: str
    kinds: tuple[str, ...]
    quiet: Quiet | None
    enabled: bool
    created_at_us: int
    updated_at_us: int | None = None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One alert on its way through one channel.

    `reason` is why the last attempt failed, a word of a closed list or `http_` and a status.
    `due_at_us` is when it is tried again; None where it is not.
    """

    id: str
    alert_id: str
    channel_id: str
    channel: str
    state: DeliveryState
    attempts: int
    due_at_us: int | None
    tried_at_us: int | None
    sent_at_us: int | None
    reason: str | None


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """An occurrence that was written down, once, and its deliveries."""

    id: str
    at_us: int
    occurrence: Occurrence
    deliveries: tuple[Delivery, ...] = ()
