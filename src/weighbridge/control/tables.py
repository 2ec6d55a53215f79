"""The control database's tables: tracking tokens, admin keys, and the policy's version.

Rules for future edits: a change here comes with a migration (a test compares the two); no
secret has a column; instants are integers, microseconds since the epoch.
"""

from typing import Any

from sqlalchemy import JSON, BigInteger, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


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


class PolicyRow(Base):
    """The policy's version: one row, raised with every change that workers must learn."""

    __tablename__ = "policy"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int]
