"""The API's documents about people, their one-time links, and the log of changes.

Rules for future edits: as in `documents`; a link's secret stands in `OneTime` and nowhere else.
"""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, Field

from weighbridge.admin.documents import Request
from weighbridge.core.clock import from_unix_us, from_unix_us_if_any
from weighbridge.core.credential import Role
from weighbridge.core.user import AuditEntry, OneTimeLink, User

BoundDimension = Literal["department", "project"]
_ROLE = "`viewer` reads, `editor` makes tokens, `admin` also people and keys."
_SCOPE = "The only departments or projects that a viewer sees; both must fit where both are given."


class UserRequest(Request):
    """A person to add."""

    name: str = Field(description="What they sign in by; unique, whatever its case.")
    email: str | None = Field(None, description="Their address; for people.")
    role: Role = Field(Role.VIEWER, description=_ROLE)
    scope: dict[BoundDimension, list[str]] = Field({}, description=_SCOPE)


class UserChange(Request):
    """What shall be different about a person; a field that is not given stays as it is."""

    name: str = Field("", description="What they sign in by.")
    email: str | None = Field(None, description="Their address; null takes it away.")
    role: Role = Field(Role.VIEWER, description=_ROLE)
    scope: dict[BoundDimension, list[str]] = Field({}, description=_SCOPE)
    disabled: bool = Field(
        default=False, description="True ends their sessions and links; they cannot sign in."
    )


class UserDocument(BaseModel):
    """A person."""

    id: str = Field(description="`usr_…`.")
    name: str = Field(description="What they sign in by.")
    email: str | None = Field(description="Their address.")
    role: Role = Field(description=_ROLE)
    scope: dict[str, list[str]] = Field(description=_SCOPE)
    has_password: bool = Field(description="Whether they have set a password.")
    has_oidc: bool = Field(description="Whether they have signed in by the OIDC provider.")
    created_at: datetime = Field(description="When they were added, UTC.")
    updated_at: datetime | None = Field(description="When this last changed; null = never.")
    signed_in_at: datetime | None = Field(description="When they last signed in; null = never.")
    disabled_at: datetime | None = Field(
        description="When they were disabled; null = they are not."
    )

    @classmethod
    def of(cls, user: User, /, **more: Any) -> Self:
        """The document of a person."""
        return cls(
            id=user.id,
            name=user.name,
            email=user.email,
            role=user.role,
            scope={name: list(values) for name, values in user.scope.items()},
            has_password=user.has_password,
            has_oidc=user.has_oidc,
            created_at=from_unix_us(user.created_at_us),
            updated_at=from_unix_us_if_any(user.updated_at_us),
            signed_in_at=from_unix_us_if_any(user.signed_in_at_us),
            disabled_at=from_unix_us_if_any(user.disabled_at_us),
            **more,
        )


class UserList(BaseModel):
    """Everybody, newest first."""

    users: list[UserDocument] = Field(description="Also who is disabled.")
    next_cursor: str | None = Field(None, description="Always null: the list is whole.")


class OneTime(BaseModel):
    """A link that sets a password once; it cannot be shown again."""

    link: str = Field(description="Where to go; a path where `admin.public_url` is not set.")
    expires_at: datetime = Field(description="Until when, UTC.")

    @classmethod
    def of(cls, link: OneTimeLink, secret: str, public_url: str | None) -> Self:
        """The document of a link."""
        url = f"{public_url or ''}/welcome/{secret}"
        return cls(link=url, expires_at=from_unix_us(link.expires_at_us))


class CreatedUser(UserDocument):
    """A person, with the link by which they choose their password."""

    one_time: OneTime = Field(description="Hand it to them; it is told this once.")


class AuditDocument(BaseModel):
    """One change."""

    id: int = Field(description="Counts up.")
    at: datetime = Field(description="When, UTC.")
    actor_kind: str = Field(description="`user`, `key`, or `operator` on the machine itself.")
    actor_id: str = Field(description="`usr_…` or `key_…`; empty for the operator.")
    actor_name: str = Field(description="As it was called then.")
    action: str = Field(description="What was done, like `token.create`.")
    subject: str = Field(description="The id of what it was done to.")
    before: dict[str, Any] | None = Field(description="Fields that changed, as they were.")
    after: dict[str, Any] | None = Field(description="The same fields, as they are since.")

    @classmethod
    def of(cls, entry: AuditEntry) -> Self:
        """The document of an entry."""
        return cls(
            id=entry.id,
            at=from_unix_us(entry.at_us),
            actor_kind=entry.actor_kind,
            actor_id=entry.actor_id,
            actor_name=entry.actor_name,
            action=entry.action,
            subject=entry.subject,
            before=entry.before,
            after=entry.after,
        )


class AuditList(BaseModel):
    """Changes, newest first."""

    entries: list[AuditDocument] = Field(description="At most `limit` of them.")
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page.")
