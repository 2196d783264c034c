"""When a message was first put and how often it was edited; looking back over days and weeks."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
_INDEXES = (
    ("ix_outbox_first_put_at", "outbox", ["first_put_at"]),
    ("ix_incidents_opened_at", "incidents", ["opened_at"]),
    ("ix_incidents_resolved_at", "incidents", ["resolved_at"]),
    ("ix_suggestions_created_at", "suggestions", ["created_at"]),
    ("ix_audit_action_at", "audit", ["action", "at"]),
)


def upgrade() -> None:
    op.add_column("outbox", sa.Column("first_put_at", MOMENT))
    op.add_column(
        "outbox", sa.Column("edits", sa.Integer(), nullable=False, server_default=sa.text("0"))
    )
    # Of what is there only the last change is known; that is never too early.
    op.execute("UPDATE outbox SET first_put_at = queued_at")
    for name, table, columns in _INDEXES:
        op.create_index(name, table, columns)


def downgrade() -> None:
    for name, table, _ in _INDEXES:
        op.drop_index(name, table_name=table)
    op.drop_column("outbox", "edits")
    op.drop_column("outbox", "first_put_at")
