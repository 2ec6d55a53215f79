"""What the admin API needs of whoever signs in and calls: people, their sessions, keys and tokens.

Rules for future edits: those of `ports`, whose `Services` has all of these.
Counterparts: `control/{users,sessions,links,keys,tokens,audit,oidc}`.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from weighbridge.core.credential import AdminKey, NewToken, Role, TrackingToken
from weighbridge.core.principal import OPERATOR, Principal
from weighbridge.core.user import AuditEntry, NewUser, OneTimeLink, User


class Tokens(Protocol):
    """Tracking tokens."""

    def create(self, new: NewToken, by: Principal = OPERATOR) -> tuple[TrackingToken, str]:
        """A token and its secret."""
        ...

    def all(self) -> list[TrackingToken]:
        """Every token, newest first."""
        ...

    def get(self, token_id: str) -> TrackingToken:
        """One token."""
        ...

    def update(
        self, token_id: str, changes: Mapping[str, Any], by: Principal = OPERATOR
    ) -> TrackingToken:
        """A token with new values of some fields of `NewToken`."""
        ...

    def revoke(self, token_id: str, by: Principal = OPERATOR) -> TrackingToken:
        """Take a token out of force."""
        ...


class Keys(Protocol):
    """Admin keys."""

    def create(self, name: str, role: Role, by: Principal = OPERATOR) -> tuple[AdminKey, str]:
        """A key and its secret."""
        ...

    def all(self) -> list[AdminKey]:
        """Every key, newest first."""
        ...

    def revoke(self, key_id: str, by: Principal = OPERATOR) -> AdminKey:
        """Take a key out of force."""
        ...

    def find(self, secret: str) -> AdminKey | None:
        """The key in force that a secret belongs to."""
        ...


class Sessions(Protocol):
    """Signed-in browsers."""

    def begin(self, user_id: str, user_agent: str, former: str | None = None) -> str:
        """A new session's secret; the browser's former one ends."""
        ...

    def find(self, secret: str) -> Principal | None:
        """Whose session in force a secret is."""
        ...

    def end(self, secret: str) -> None:
        """Sign a browser out."""
        ...


class Users(Protocol):
    """People."""

    def create(self, new: NewUser, by: Principal = OPERATOR) -> User:
        """A person who has no password yet."""
        ...

    def all(self) -> list[User]:
        """Everybody, newest first."""
        ...

    def get(self, user_id: str) -> User:
        """One person."""
        ...

    def update(self, user_id: str, changes: Mapping[str, Any], by: Principal = OPERATOR) -> User:
        """A person with new values of some fields of `NewUser`, or `disabled`."""
        ...

    def check(self, name: str, password: str) -> User | None:
        """Who signs in by these."""
        ...

    def change_password(
        self, by: Principal, current: str, wanted: str, session_secret: str | None = None
    ) -> None:
        """Another password for whoever knows the present one."""
        ...


class Links(Protocol):
    """One-time links that set a password."""

    def make(self, user_id: str, by: Principal = OPERATOR) -> tuple[OneTimeLink, str]:
        """A link for a person, and its secret."""
        ...

    def make_first(self) -> tuple[OneTimeLink, str] | None:
        """The first administrator's link; None where somebody or a key is there."""
        ...

    def find(self, secret: str) -> OneTimeLink | None:
        """The link of a secret, while it can be used."""
        ...

    def accept(self, secret: str, password: str, name: str | None = None) -> User:
        """Use a link up."""
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


class Oidc(Protocol):
    """Signing in by an OpenID Connect provider; a flow has `url` and `state`."""

    name: str

    async def begin(self, redirect_uri: str) -> Any:
        """A new flow."""
        ...

    async def finish(self, flow: Any, callback_url: str) -> User:
        """Whom the provider names."""
        ...
