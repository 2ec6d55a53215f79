"""A person who signs in, as they may be shown: never a password or its hash.

Counterpart: `control/users` keeps them, `admin/` and `cli/` show them.
"""

import unicodedata

import msgspec

from weighbridge.core.credential import Role


class NewUser(msgspec.Struct, frozen=True, kw_only=True):
    """What an administrator asks for; `scope` binds a viewer to departments or projects."""

    name: str
    email: str | None = None
    role: Role = Role.VIEWER
    scope: dict[str, tuple[str, ...]] = {}


def name_key(name: str) -> str:
    """A person's name as it is compared: neither case nor the way of typing it matters.

    Whatever counts or finds by name goes by this, so that no spelling is somebody else.
    """
    return unicodedata.normalize("NFKC", name).strip().casefold()[:256]


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person; instants are microseconds since the epoch, None = never.

    `has_password` and `has_oidc` say which ways of signing in are open.
    """

    id: str
    name: str
    email: str | None
    role: Role
    scope: dict[str, tuple[str, ...]]
    has_password: bool
    has_oidc: bool
    created_at_us: int
    updated_at_us: int | None = None
    signed_in_at_us: int | None = None
    disabled_at_us: int | None = None


class OneTimeLink(msgspec.Struct, frozen=True, kw_only=True):
    """A link that sets a password once; `user` is None for the first administrator's."""

    id: str
    user: User | None
    expires_at_us: int


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One change: who, when, what, and the fields before and after, without secrets.

    `action` is a closed word like `token.create`; `subject` the id of what was changed.
    """

    id: int
    at_us: int
    actor_kind: str
    actor_id: str
    actor_name: str
    action: str
    subject: str
    before: dict[str, object] | None
    after: dict[str, object] | None
