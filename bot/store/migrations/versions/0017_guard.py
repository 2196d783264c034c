"""By which way an approval was given, and who broke the glass over a request."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("approvals", sa.Column("via", sa.Text(), nullable=False, server_default="chat"))
    for name in ("broken_by", "broken_digest"):
        op.add_column(
            "action_requests", sa.Column(name, sa.Text(), nullable=False, server_default="")
        )


def downgrade() -> None:
    for name in ("broken_digest", "broken_by"):
        op.drop_column("action_requests", name)
    op.drop_column("approvals", "via")
