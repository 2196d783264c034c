"""Which alerts were read out of which post of a tool."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "post_alerts",
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("ts", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("team_id", "channel", "ts", "fingerprint", name="pk_post_alerts"),
    )
    op.create_index("ix_post_alerts_fingerprint", "post_alerts", ["fingerprint"])
    op.create_index("ix_post_alerts_at", "post_alerts", ["at"])


def downgrade() -> None:
    op.drop_table("post_alerts")
