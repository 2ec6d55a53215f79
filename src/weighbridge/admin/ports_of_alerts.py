"""What the admin API needs of alerts: what stands, what was told, and where it goes.

Rules for future edits: those of `ports`, whose `Services` has all of these.
Counterparts: `control/alerting`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from weighbridge.core.alert import Alert, Channel, Delivery, NewChannel
from weighbridge.core.principal import OPERATOR, Principal


class Alerts(Protocol):
    """What wants a look."""

    def all(self) -> Sequence[Any]:
        """Alerts that stand, values with the fields of `documents.Alert`."""
        ...


class AlertLog(Protocol):
    """What was told."""

    def page(
        self, *, limit: int, before_id: str | None = None, budget_id: str | None = None
    ) -> list[Alert]:
        """Alerts with their deliveries, newest first."""
        ...


class Channels(Protocol):
    """Where alerts go."""

    def create(self, new: NewChannel, by: Principal = OPERATOR) -> Channel:
        """A channel."""
        ...

    def all(self) -> list[Channel]:
        """Every channel, newest first."""
        ...

    def get(self, wanted: str) -> Channel:
        """One channel, by id or name."""
        ...

    def update(self, wanted: str, changes: Mapping[str, Any], by: Principal = OPERATOR) -> Channel:
        """A channel with new values of some fields of `NewChannel`."""
        ...

    def remove(self, wanted: str, by: Principal = OPERATOR) -> Channel:
        """Forget a channel."""
        ...


class AlertSender(Protocol):
    """Who sends."""

    def wake(self) -> None:
        """There is something new to send, or through."""
        ...

    def test(self, wanted: str, by: Principal = OPERATOR) -> Delivery:
        """How a message through a channel, sent now, fared."""
        ...
