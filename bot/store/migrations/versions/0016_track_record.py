"""What a card offers to run, and finding what ran in an incident."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0012"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
REFERENCE = "fk_action_buttons_incident_id"


def upgrade() -> None:
    with op.batch_alter_table("action_buttons") as table:
        table.add_column(sa.Column("incident_id", BIG_ID))
        table.create_foreign_key(
            REFERENCE, "incidents", ["incident_id"], ["id"], deferrable=True, initially="DEFERRED"
        )
    op.create_index("ix_action_buttons_incident_id", "action_buttons", ["incident_id"])
    op.create_index("ix_action_requests_incident_id", "action_requests", ["incident_id"])


def downgrade() -> None:
    op.drop_index("ix_action_requests_incident_id", "action_requests")
    op.drop_index("ix_action_buttons_incident_id", "action_buttons")
    with op.batch_alter_table("action_buttons") as table:
        table.drop_constraint(REFERENCE, type_="foreignkey")
        table.drop_column("incident_id")
