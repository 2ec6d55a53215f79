"""Settings of the policy that are changed while the gateway runs."""

import sqlalchemy as sa
from alembic import op

revision = "v0005"
down_revision = "v0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, empty: what the configuration says goes on to hold."""
    op.create_table(
        "policy_settings",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.JSON, nullable=False),
        sa.Column("changed_at_us", sa.BigInteger, nullable=False),
    )
