"""How the bot behaves in each channel, where each incident is spoken of, what waits for a word."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("incidents", sa.Column("owner", sa.Text()))
    op.add_column("incidents", sa.Column("snoozed_until", MOMENT))
    op.create_table(
        "bindings",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("one", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=False),
        sa.Column("together", sa.Boolean(), nullable=False),
        sa.Column("incident_id", BIG_ID, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT),
        sa.Column("revoked_by", sa.Text()),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["incidents.id"],
            name="fk_bindings_incident_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name="pk_bindings"),
        sa.UniqueConstraint("one", "other", name="uq_bindings_one_other"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "preferences",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "team_id", "subject", name="pk_preferences"),
    )
    op.create_table(
        "placements",
        sa.Column("incident_id", BIG_ID, nullable=False),
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["incidents.id"],
            name="fk_placements_incident_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("incident_id", name="pk_placements"),
    )
    op.create_index("ix_placements_team_id_channel_at", "placements", ["team_id", "channel", "at"])
    op.create_table(
        "incident_channels",
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("incident_id", BIG_ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["incidents.id"],
            name="fk_incident_channels_incident_id",
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("team_id", "channel", name="pk_incident_channels"),
    )
    op.create_index("ix_incident_channels_incident_id", "incident_channels", ["incident_id"])
    op.create_table(
        "tool_posts",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("ts", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tool_posts"),
        sa.UniqueConstraint("team_id", "channel", "ts", name="uq_tool_posts_team_id_channel_ts"),
    )
    op.create_index("ix_tool_posts_at", "tool_posts", ["at"])
    op.create_table(
        "drafts",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("decided_by", sa.Text()),
        sa.Column("decided_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_drafts"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_drafts_state_kind", "drafts", ["state", "kind"])
    op.create_index("ix_drafts_subject", "drafts", ["subject"])


def downgrade() -> None:
    for table in (
        "drafts",
        "tool_posts",
        "incident_channels",
        "placements",
        "preferences",
        "bindings",
    ):
        op.drop_table(table)
    op.drop_column("incidents", "snoozed_until")
    op.drop_column("incidents", "owner")
