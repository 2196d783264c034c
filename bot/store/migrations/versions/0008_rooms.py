"""Which message a timeline entry was made of, and incident channels that are closed."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("timeline", sa.Column("source", sa.Text()))
    op.create_index("ix_timeline_source", "timeline", ["source"])
    op.add_column("incident_channels", sa.Column("closed_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("incident_channels", "closed_at")
    op.drop_index("ix_timeline_source", "timeline")
    op.drop_column("timeline", "source")
