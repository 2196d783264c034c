"""Flapping alerts, and incidents whose alerts have all ended."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
FLAPPING = sa.text("flapping_since IS NOT NULL")
QUIET = sa.text("quiet_since IS NOT NULL")


def upgrade() -> None:
    op.add_column("alerts", sa.Column("turned_at", MOMENT))
    op.add_column(
        "alerts",
        sa.Column(
            "ends",
            sa.JSON().with_variant(JSONB(), "postgresql"),
            nullable=False,
            server_default=sa.text("'[]'"),
        ),
    )
    op.add_column("alerts", sa.Column("flapping_since", MOMENT))
    op.create_index("ix_alerts_turned_at", "alerts", ["turned_at"])
    op.create_index(
        "ix_alerts_flapping",
        "alerts",
        ["turned_at"],
        sqlite_where=FLAPPING,
        postgresql_where=FLAPPING,
    )
    op.add_column("incidents", sa.Column("quiet_since", MOMENT))
    op.add_column("incidents", sa.Column("quiet_from", sa.Text()))
    op.create_index(
        "ix_incidents_quiet",
        "incidents",
        ["quiet_since"],
        sqlite_where=QUIET,
        postgresql_where=QUIET,
    )


def downgrade() -> None:
    op.drop_index("ix_incidents_quiet", table_name="incidents")
    op.drop_column("incidents", "quiet_from")
    op.drop_column("incidents", "quiet_since")
    op.drop_index("ix_alerts_flapping", table_name="alerts")
    op.drop_index("ix_alerts_turned_at", table_name="alerts")
    for name in ("flapping_since", "ends", "turned_at"):
        op.drop_column("alerts", name)
