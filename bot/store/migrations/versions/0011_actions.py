"""Actions: what was asked for, who agreed, what became of it, and the buttons of its messages."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
ANY_JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def _reference(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column],
        [f"{target}.id"],
        name=f"fk_{table}_{column}",
        initially="DEFERRED",
        deferrable=True,
    )


def upgrade() -> None:
    op.create_table(
        "action_requests",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text()),
        sa.Column("incident_id", BIG_ID),
        sa.Column("template_id", sa.Text(), nullable=False),
        sa.Column("targets", ANY_JSON, nullable=False),
        sa.Column("frozen", sa.JSON(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requester_role", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text()),
        sa.Column("leased_until", MOMENT),
        sa.Column("cancel_asked", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT),
        sa.Column("ran_at", MOMENT),
        sa.Column("holds_since", MOMENT),
        sa.Column("rollback_of", BIG_ID),
        _reference("action_requests", "incident_id", "incidents"),
        _reference("action_requests", "rollback_of", "action_requests"),
        sa.PrimaryKeyConstraint("id", name="pk_action_requests"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_action_requests_state_id", "action_requests", ["state", "id"])
    op.create_index(
        "ix_action_requests_template_id_started_at",
        "action_requests",
        ["template_id", "started_at"],
    )
    op.create_table(
        "approvals",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("request_id", BIG_ID, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        _reference("approvals", "request_id", "action_requests"),
        sa.PrimaryKeyConstraint("id", name="pk_approvals"),
        sa.UniqueConstraint("request_id", "person", name="uq_approvals_request_id_person"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "executions",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("request_id", BIG_ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("runner", sa.Text(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("exit_code", sa.Integer()),
        sa.Column("output", sa.Text(), nullable=False),
        sa.Column("output_digest", sa.Text(), nullable=False),
        _reference("executions", "request_id", "action_requests"),
        sa.PrimaryKeyConstraint("id", name="pk_executions"),
        sa.UniqueConstraint(
            "request_id", "kind", "attempt", name="uq_executions_request_id_kind_attempt"
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "action_buttons",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("request_id", BIG_ID),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        _reference("action_buttons", "request_id", "action_requests"),
        sa.PrimaryKeyConstraint("token", name="pk_action_buttons"),
    )


def downgrade() -> None:
    for table in ("action_buttons", "executions", "approvals", "action_requests"):
        op.drop_table(table)
