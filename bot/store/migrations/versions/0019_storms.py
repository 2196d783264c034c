"""Which services the texts of alerts have told to call which."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "told_calls",
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("callee", sa.Text(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("told_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("service", "callee", name="pk_told_calls"),
    )
    op.create_index("ix_told_calls_callee", "told_calls", ["callee"])


def downgrade() -> None:
    op.drop_table("told_calls")
