"""When a change began, and what was in place before it."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "changes", sa.Column("previous", sa.Text(), nullable=False, server_default=sa.text("''"))
    )
    op.add_column("changes", sa.Column("began_at", sa.DateTime(timezone=True)))
    op.create_index("ix_changes_service_began_at", "changes", ["service", "began_at"])


def downgrade() -> None:
    op.drop_index("ix_changes_service_began_at", table_name="changes")
    op.drop_column("changes", "began_at")
    op.drop_column("changes", "previous")
