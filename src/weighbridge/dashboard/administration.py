"""What pages with forms need of the services that keep what can be changed.

Rules for future edits: a protocol has the methods that a page calls and no others; they are
called in threads. Counterpart: `compose/dashboard` puts the admin's services in.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from weighbridge.budgets.budget import Budget, NewBudget
from weighbridge.budgets.rate_limit import NewRateLimit, RateLimit
from weighbridge.budgets.record import BudgetRecord, RaiseRecord, RateLimitRecord
from weighbridge.core.alert import Channel, Delivery, NewChannel
from weighbridge.core.credential import AdminKey, NewToken, Role, TrackingToken
from weighbridge.core.policy_setting import PolicySetting
from weighbridge.core.principal import Principal
from weighbridge.core.system_health import SystemHealth
from weighbridge.core.user import AuditEntry, NewUser, OneTimeLink, User
from weighbridge.pricing.changes import DatedChange
from weighbridge.pricing.overrides import PriceOverride


class Tokens(Protocol):
    """Tracking tokens, as far as the reader may see them."""

    def create(self, new: NewToken, by: Principal = ...) -> tuple[TrackingToken, str]:
        """A token and its secret."""
        ...

    def all(self) -> list[TrackingToken]:
        """Every token, newest first."""
        ...

    def get(self, token_id: str) -> TrackingToken:
        """One token."""
        ...

    def update(
        self, token_id: str, changes: Mapping[str, Any], by: Principal = ...
    ) -> TrackingToken:
        """A token with new values."""
        ...

    def revoke(self, token_id: str, by: Principal = ...) -> TrackingToken:
        """Take a token out of force."""
        ...


class Keys(Protocol):
    """Admin keys."""

    def create(self, name: str, role: Role, by: Principal = ...) -> tuple[AdminKey, str]:
        """A key and its secret."""
        ...

    def all(self) -> list[AdminKey]:
        """Every key, newest first."""
        ...

    def revoke(self, key_id: str, by: Principal = ...) -> AdminKey:
        """Take a key out of force."""
        ...


class Users(Protocol):
    """People."""

    def create(self, new: NewUser, by: Principal = ...) -> User:
        """A person who has no password yet."""
        ...

    def all(self) -> list[User]:
        """Everybody, newest first."""
        ...

    def get(self, user_id: str) -> User:
        """One person."""
        ...

    def update(self, user_id: str, changes: Mapping[str, Any], by: Principal = ...) -> User:
        """A person with new values."""
        ...


class Links(Protocol):
    """One-time links."""

    def make(self, user_id: str, by: Principal = ...) -> tuple[OneTimeLink, str]:
        """A link for a person, and its secret."""
        ...


class Audit(Protocol):
    """The log of changes."""

    def page(
        self,
        *,
        limit: int,
        before_id: int | None = None,
        subject: str | None = None,
        actor: str | None = None,
        search: str | None = None,
    ) -> list[AuditEntry]:
        """Entries, newest first."""
        ...


class PolicySettings(Protocol):
    """The policy's settings."""

    def all(self) -> list[PolicySetting]:
        """Every setting with its origin."""
        ...

    def update(self, changes: Mapping[str, Any], by: Principal = ...) -> Sequence[PolicySetting]:
        """Change some; None takes away."""
        ...


class PriceOverrides(Protocol):
    """The operator's own rates."""

    def all(self) -> list[PriceOverride]:
        """Every statement, the earliest made first."""
        ...

    def preview(
        self, statement: Mapping[str, Any], override_id: str | None = None
    ) -> list[DatedChange]:
        """What a statement would change."""
        ...

    def create(
        self, statement: Mapping[str, Any], by: Principal = ...
    ) -> tuple[PriceOverride, list[DatedChange]]:
        """Put a statement in force."""
        ...

    def update(
        self, override_id: str, changes: Mapping[str, Any], by: Principal = ...
    ) -> tuple[PriceOverride, list[DatedChange]]:
        """Change a statement."""
        ...

    def remove(
        self, override_id: str, by: Principal = ...
    ) -> tuple[PriceOverride, list[DatedChange]]:
        """Take a statement back."""
        ...


class System(Protocol):
    """How the gateway is."""

    def look(self) -> SystemHealth:
        """All of it, now."""
        ...


class Budgets(Protocol):
    """Budgets."""

    def create(self, wanted: NewBudget, by: Principal = ...) -> BudgetRecord:
        """A budget."""
        ...

    def update(
        self, budget_id: str, revise: Callable[[Budget], NewBudget], by: Principal = ...
    ) -> BudgetRecord:
        """A budget with the definition that `revise` makes of it."""
        ...

    def remove(self, budget_id: str, by: Principal = ...) -> BudgetRecord:
        """Take a budget away."""
        ...

    def give_raise(
        self, budget_id: str, wanted: tuple[int, int, str | None], by: Principal = ...
    ) -> RaiseRecord:
        """More room: amount, until when, why."""
        ...

    def withdraw_raise(self, budget_id: str, raise_id: str, by: Principal = ...) -> RaiseRecord:
        """End a raise."""
        ...


class RateLimits(Protocol):
    """Rate limits."""

    def create(self, wanted: NewRateLimit, by: Principal = ...) -> RateLimitRecord:
        """A rate limit."""
        ...

    def update(
        self, limit_id: str, revise: Callable[[RateLimit], NewRateLimit], by: Principal = ...
    ) -> RateLimitRecord:
        """A rate limit with the definition that `revise` makes of it."""
        ...

    def remove(self, limit_id: str, by: Principal = ...) -> RateLimitRecord:
        """Take a rate limit away."""
        ...


class Channels(Protocol):
    """Where alerts go."""

    def create(self, new: NewChannel, by: Principal = ...) -> Channel:
        """A channel."""
        ...

    def get(self, wanted: str) -> Channel:
        """One channel."""
        ...

    def update(self, wanted: str, changes: Mapping[str, Any], by: Principal = ...) -> Channel:
        """A channel with new values of some fields."""
        ...

    def remove(self, wanted: str, by: Principal = ...) -> Channel:
        """Forget a channel."""
        ...


class AlertSender(Protocol):
    """Who sends."""

    def wake(self) -> None:
        """There is something new to send, or through."""
        ...

    def test(self, wanted: str, by: Principal = ...) -> Delivery:
        """How a message through a channel, sent now, fared."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Administration:
    """The services behind pages with forms.

    `origin` is where people reach the dashboard; `expiry` reads `30d` or a date as an instant in
    microseconds since the epoch, given the time now; `change_password` takes the reader's present
    password and the new one.
    """

    tokens: Tokens
    keys: Keys
    users: Users
    links: Links
    audit: Audit
    policy_settings: PolicySettings
    price_overrides: PriceOverrides
    system: System
    budgets: Budgets
    rate_limits: RateLimits
    channels: Channels
    alert_sender: AlertSender
    origin: str
    expiry: Callable[[str, int], int]
    change_password: Callable[[Principal, str, str], None]
