"""The control database: tokens, keys, people, budgets, alerts, what was done, the policy.

Rules for future edits: a change here comes with a migration (a test compares the two); no
secret has a column, but for the URLs of channels, which are encrypted; instants are integers,
microseconds since the epoch; money is `PicoUsd`.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Dialect,
    ForeignKey,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class PicoUsd(TypeDecorator[int]):
    """Whole pico-dollars, kept as text: 64 bits end at nine million dollars."""

    impl = String(40)
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """As it is stored."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """As it was meant."""
        return None if value is None else int(value)


class Base(DeclarativeBase):
    """All tables of the control database."""


class TokenRow(Base):
    """A tracking token; `sha256` is all that is kept of its secret, but for the hint."""

    __tablename__ = "tokens"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(128))
    hint: Mapped[str] = mapped_column(String(4))
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    department: Mapped[str | None] = mapped_column(String(128))
    project: Mapped[str | None] = mapped_column(String(128))
    agent: Mapped[str | None] = mapped_column(String(128))
    labels: Mapped[dict[str, Any]] = mapped_column(JSON)
    billing: Mapped[str] = mapped_column(String(8), server_default="paid")
    required: Mapped[list[str]] = mapped_column(JSON, server_default="[]")
    allowed: Mapped[dict[str, list[str]]] = mapped_column(JSON, server_default="{}")
    pinned: Mapped[list[str]] = mapped_column(JSON, server_default="[]")
    created_at_us: Mapped[int] = mapped_column(BigInteger)
    updated_at_us: Mapped[int | None] = mapped_column(BigInteger)
    expires_at_us: Mapped[int | None] = mapped_column(BigInteger)
    revoked_at_us: Mapped[int | None] = mapped_column(BigInteger)


class KeyRow(Base):
    """An admin API key."""

    __tablename__ = "keys"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(128))
    role: Mapped[str] = mapped_column(String(16))
    hint: Mapped[str] = mapped_column(String(4))
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_at_us: Mapped[int] = mapped_column(BigInteger)
    revoked_at_us: Mapped[int | None] = mapped_column(BigInteger)


class UserRow(Base):
    """A person; `name_key` is the name as it is compared, `password` a salted hash."""

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(128))
    name_key: Mapped[str] = mapped_column(String(256), unique=True)
    email: Mapped[str | None] = mapped_column(String(256))
    role: Mapped[str] = mapped_column(String(16))
    scope: Mapped[dict[str, list[str]]] = mapped_column(JSON)
    password: Mapped[str | None] = mapped_column(String(256))
    oidc_subject: Mapped[str | None] = mapped_column(String(512), unique=True)
    created_at_us: Mapped[int] = mapped_column(BigInteger)
    updated_at_us: Mapped[int | None] = mapped_column(BigInteger)
    signed_in_at_us: Mapped[int | None] = mapped_column(BigInteger)
    disabled_at_us: Mapped[int | None] = mapped_column(BigInteger)


class SessionRow(Base):
    """A person's signed-in browser; `agent` is the kind of browser and nothing more."""

    __tablename__ = "sessions"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    agent: Mapped[str] = mapped_column(String(16))
    created_at_us: Mapped[int] = mapped_column(BigInteger)
    seen_at_us: Mapped[int] = mapped_column(BigInteger)
    expires_at_us: Mapped[int] = mapped_column(BigInteger, index=True)


class LinkRow(Base):
    """A one-time link that sets a password; without a user it makes the first administrator."""

    __tablename__ = "links"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at_us: Mapped[int] = mapped_column(BigInteger)
    expires_at_us: Mapped[int] = mapped_column(BigInteger)
    used_at_us: Mapped[int | None] = mapped_column(BigInteger)


class AuditRow(Base):
    """One change: who, when, what, before and after."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at_us: Mapped[int] = mapped_column(BigInteger)
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[str] = mapped_column(String(40))
    actor_name: Mapped[str] = mapped_column(String(128))
    action: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(64), index=True)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class BudgetRow(Base):
    """A budget's definition; `per` makes one of that size for each value of a dimension."""

    __tablename__ = "budgets"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(128))
    limit_pico_usd: Mapped[int] = mapped_column(PicoUsd)
    period: Mapped[str] = mapped_column(String(8))
    timezone: Mapped[str] = mapped_column(String(64))
    scope: Mapped[dict[str, list[str]]] = mapped_column(JSON)
    per: Mapped[str | None] = mapped_column(String(128))
    action: Mapped[str] = mapped_column(String(8))
    thresholds: Mapped[list[int]] = mapped_column(JSON)
    unpriced: Mapped[str] = mapped_column(String(8))
    channels: Mapped[list[str]] = mapped_column(JSON)
    hold: Mapped[str] = mapped_column(String(8))
    on_exhausted: Mapped[str] = mapped_column(String(8))
    grace_percent: Mapped[int]
    enabled: Mapped[bool]
    created_at_us: Mapped[int] = mapped_column(BigInteger)
    updated_at_us: Mapped[int | None] = mapped_column(BigInteger)


class RaiseRow(Base):
    """More room in a budget until an instant, and who gave it."""

    __tablename__ = "budget_raises"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    budget_id: Mapped[str] = mapped_column(ForeignKey("budgets.id", ondelete="CASCADE"), index=True)
    amount_pico_usd: Mapped[int] = mapped_column(PicoUsd)
    until_us: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str | None] = mapped_column(String(256))
    author_kind: Mapped[str] = mapped_column(String(16))
    author_id: Mapped[str] = mapped_column(String(40))
    author_name: Mapped[str] = mapped_column(String(128))
    created_at_us: Mapped[int] = mapped_column(BigInteger)
    withdrawn_at_us: Mapped[int | None] = mapped_column(BigInteger)


class RateLimitRow(Base):
    """A limit on calls or tokens per minute."""

    __tablename__ = "rate_limits"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(128))
    scope: Mapped[dict[str, list[str]]] = mapped_column(JSON)
    per: Mapped[str | None] = mapped_column(String(128))
    requests_per_minute: Mapped[int | None] = mapped_column(BigInteger)
    tokens_per_minute: Mapped[int | None] = mapped_column(BigInteger)
    enabled: Mapped[bool]
    created_at_us: Mapped[int] = mapped_column(BigInteger)
    updated_at_us: Mapped[int | None] = mapped_column(BigInteger)


class PolicySettingRow(Base):
    """A setting of the policy that was changed while the gateway ran; none where it was not."""

    __tablename__ = "policy_settings"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[Any] = mapped_column(JSON)
    changed_at_us: Mapped[int] = mapped_column(BigInteger)


class PriceOverrideRow(Base):
    """A statement of the operator's own rates, as `pricing/pricefile` reads it."""

    __tablename__ = "price_overrides"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    statement: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at_us: Mapped[int] = mapped_column(BigInteger)
    updated_at_us: Mapped[int | None] = mapped_column(BigInteger)


class ChannelRow(Base):
    """A way out for alerts; `sealed_url` is its URL, which is a secret, encrypted.

    What is removed stays for its deliveries' sake, without URL and with its id as `name_key`.
    """

    __tablename__ = "channels"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(128))
    name_key: Mapped[str] = mapped_column(String(256), unique=True)
    service: Mapped[str] = mapped_column(String(64))
    sealed_url: Mapped[str] = mapped_column(Text)
    kinds: Mapped[list[str]] = mapped_column(JSON)
    quiet: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))
    enabled: Mapped[bool]
    created_at_us: Mapped[int] = mapped_column(BigInteger)
    updated_at_us: Mapped[int | None] = mapped_column(BigInteger)
    removed_at_us: Mapped[int | None] = mapped_column(BigInteger)


class AlertRow(Base):
    """An occurrence that was told; its `key` is unique, so nobody tells it again."""

    __tablename__ = "alerts"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    key: Mapped[str] = mapped_column(Text, unique=True)
    kind: Mapped[str] = mapped_column(String(32))
    severity: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    message: Mapped[str] = mapped_column(Text)
    budget_id: Mapped[str | None] = mapped_column(String(40), index=True)
    value: Mapped[str | None] = mapped_column(Text)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    at_us: Mapped[int] = mapped_column(BigInteger, index=True)
    stands_until_us: Mapped[int] = mapped_column(BigInteger, index=True)


class DeliveryRow(Base):
    """An alert's way through a channel; `due_at_us` is null once it is sent or given up.

    `claimed_until_us` keeps two processes from sending it at once.
    """

    __tablename__ = "deliveries"
    __table_args__ = (UniqueConstraint("alert_id", "channel_id"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    alert_id: Mapped[str] = mapped_column(ForeignKey("alerts.id", ondelete="CASCADE"))
    channel_id: Mapped[str] = mapped_column(ForeignKey("channels.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int]
    due_at_us: Mapped[int | None] = mapped_column(BigInteger, index=True)
    claimed_until_us: Mapped[int] = mapped_column(BigInteger)
    tried_at_us: Mapped[int | None] = mapped_column(BigInteger)
    sent_at_us: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str | None] = mapped_column(String(32))


class PolicyRow(Base):
    """The policy's version: one row, raised with every change that workers must learn."""

    __tablename__ = "policy"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int]
