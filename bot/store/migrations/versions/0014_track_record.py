"""Finding what ran in an incident."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_action_requests_incident_id", "action_requests", ["incident_id"])


def downgrade() -> None:
    op.drop_index("ix_action_requests_incident_id", "action_requests")
