"""Budgets, their temporary raises, and rate limits."""

import sqlalchemy as sa
from alembic import op

revision = "v0004"
down_revision = "v0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, empty; amounts are whole pico-dollars as text."""
    op.create_table(
        "budgets",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("limit_pico_usd", sa.String(40), nullable=False),
        sa.Column("period", sa.String(8), nullable=False),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("scope", sa.JSON, nullable=False),
        sa.Column("per", sa.String(128)),
        sa.Column("action", sa.String(8), nullable=False),
        sa.Column("thresholds", sa.JSON, nullable=False),
        sa.Column("unpriced", sa.String(8), nullable=False),
        sa.Column("channels", sa.JSON, nullable=False),
        sa.Column("hold", sa.String(8), nullable=False),
        sa.Column("on_exhausted", sa.String(8), nullable=False),
        sa.Column("grace_percent", sa.Integer, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("created_at_us", sa.BigInteger, nullable=False),
        sa.Column("updated_at_us", sa.BigInteger),
    )
    budget = sa.ForeignKey("budgets.id", ondelete="CASCADE")
    op.create_table(
        "budget_raises",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("budget_id", sa.String(40), budget, nullable=False, index=True),
        sa.Column("amount_pico_usd", sa.String(40), nullable=False),
        sa.Column("until_us", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.String(256)),
        sa.Column("author_kind", sa.String(16), nullable=False),
        sa.Column("author_id", sa.String(40), nullable=False),
        sa.Column("author_name", sa.String(128), nullable=False),
        sa.Column("created_at_us", sa.BigInteger, nullable=False),
        sa.Column("withdrawn_at_us", sa.BigInteger),
    )
    op.create_table(
        "rate_limits",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("scope", sa.JSON, nullable=False),
        sa.Column("per", sa.String(128)),
        sa.Column("requests_per_minute", sa.BigInteger),
        sa.Column("tokens_per_minute", sa.BigInteger),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("created_at_us", sa.BigInteger, nullable=False),
        sa.Column("updated_at_us", sa.BigInteger),
    )
