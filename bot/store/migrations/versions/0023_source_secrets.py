"""Sealed secrets of sources that were written in the console."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "source_secrets",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("sealed", JSON, nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("source", name="pk_source_secrets"),
    )


def downgrade() -> None:
    op.drop_table("source_secrets")
