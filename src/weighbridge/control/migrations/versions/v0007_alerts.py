"""Channels, the alerts that were told, and their deliveries."""

import sqlalchemy as sa
from alembic import op

revision = "v0007"
down_revision = "v0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, empty."""
    op.create_table(
        "channels",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("name_key", sa.String(256), nullable=False, unique=True),
        sa.Column("service", sa.String(64), nullable=False),
        sa.Column("sealed_url", sa.Text, nullable=False),
        sa.Column("kinds", sa.JSON, nullable=False),
        sa.Column("quiet", sa.JSON),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("created_at_us", sa.BigInteger, nullable=False),
        sa.Column("updated_at_us", sa.BigInteger),
        sa.Column("removed_at_us", sa.BigInteger),
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("key", sa.Text, nullable=False, unique=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("budget_id", sa.String(40), index=True),
        sa.Column("value", sa.Text),
        sa.Column("facts", sa.JSON, nullable=False),
        sa.Column("at_us", sa.BigInteger, nullable=False, index=True),
        sa.Column("stands_until_us", sa.BigInteger, nullable=False, index=True),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(40), primary_key=True),
        _of("alert_id", "alerts.id"),
        _of("channel_id", "channels.id"),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at_us", sa.BigInteger, index=True),
        sa.Column("claimed_until_us", sa.BigInteger, nullable=False),
        sa.Column("tried_at_us", sa.BigInteger),
        sa.Column("sent_at_us", sa.BigInteger),
        sa.Column("reason", sa.String(32)),
        sa.UniqueConstraint("alert_id", "channel_id"),
    )


def _of(name: str, key: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(40), sa.ForeignKey(key, ondelete="CASCADE"), nullable=False)
