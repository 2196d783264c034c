"""What noise rules held back."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "held_alerts",
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("minute", MOMENT, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("service", sa.Text()),
        sa.Column("environment", sa.Text()),
        sa.Column("held_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", "rule", "minute", name="pk_held_alerts"),
    )
    op.create_index("ix_held_alerts_at", "held_alerts", ["at"])


def downgrade() -> None:
    op.drop_table("held_alerts")
