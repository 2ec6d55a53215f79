"""Tracking tokens: how their key is billed, rules of their own, when they were changed."""

import sqlalchemy as sa
from alembic import op

revision = "v0002"
down_revision = "v0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; tokens that are there are paid for and have no rules."""
    for column in (
        sa.Column("billing", sa.String(8), nullable=False, server_default="paid"),
        sa.Column("required", sa.JSON, nullable=False, server_default="[]"),
        sa.Column("allowed", sa.JSON, nullable=False, server_default="{}"),
        sa.Column("pinned", sa.JSON, nullable=False, server_default="[]"),
        sa.Column("updated_at_us", sa.BigInteger),
    ):
        op.add_column("tokens", column)
