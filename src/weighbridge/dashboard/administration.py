"""What settings pages need of the services that keep tokens, people, keys, policy and rates.

Rules for future edits: a protocol has the methods that a page calls and no others; they are
called in threads. Counterpart: `compose/dashboard` puts the admin's services in.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

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
        self, *, limit: int, before_id: int | None = None, subject: str | None = None
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Administration:
    """The services behind the settings pages.

    `origin` is where people reach the dashboard; `expiry` reads `30d` or a date as an instant in
    microseconds since the epoch, given the time now.
    """

    tokens: Tokens
    keys: Keys
    users: Users
    links: Links
    audit: Audit
    policy_settings: PolicySettings
    price_overrides: PriceOverrides
    system: System
    origin: str
    expiry: Callable[[str, int], int]
