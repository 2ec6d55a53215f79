"""Credentials as they may be shown and stored: tracking tokens and admin keys, never secrets.

Counterpart: `control/tokens` and `control/keys` make them, `admin/` and `cli/` show them.
The secret itself leaves its service once, at creation, beside the value defined here.
"""

from enum import StrEnum

import msgspec


class Role(StrEnum):
    """What an admin key may do; each role includes those below it."""

    ADMIN = "admin"  # keys, imports
    EDITOR = "editor"  # tracking tokens
    VIEWER = "viewer"  # read

    def includes(self, other: "Role") -> bool:
        """Whether this role may do what `other` may."""
        order = tuple(Role)
        return order.index(self) <= order.index(other)


class Billing(StrEnum):
    """How Google bills the key that a token's calls carry; no answer of Google's tells."""

    PAID = "paid"
    FREE = "free"  # the free tier: the same models, lower limits, no charge


class TrackingToken(msgspec.Struct, frozen=True, kw_only=True):
    """A tracking token without its secret; `hint` is the secret's last four characters.

    Instants are microseconds since the epoch; None = never, or not given. `required`, `allowed`
    and `pinned` are attribution rules of its own: see `attribution/policy.TokenRecord`.
    """

    id: str
    name: str
    hint: str
    sha256: str
    department: str | None = None
    project: str | None = None
    agent: str | None = None
    labels: dict[str, str] = {}
    billing: Billing = Billing.PAID
    required: list[str] = []
    allowed: dict[str, list[str]] = {}
    pinned: list[str] = []
    created_at_us: int
    updated_at_us: int | None = None
    expires_at_us: int | None = None
    revoked_at_us: int | None = None


class NewToken(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller asks for: a name, the attribution that the token stands for, its rules."""

    name: str
    department: str | None = None
    project: str | None = None
    agent: str | None = None
    labels: dict[str, str] = {}
    billing: Billing = Billing.PAID
    required: list[str] = []
    allowed: dict[str, list[str]] = {}
    pinned: list[str] = []
    expires_at_us: int | None = None


class AdminKey(msgspec.Struct, frozen=True, kw_only=True):
    """An admin API key without its secret."""

    id: str
    name: str
    role: Role
    hint: str
    created_at_us: int
    revoked_at_us: int | None = None
