"""Personal tokens, the keys under which they asked, and by which way a request came."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column(
        "action_requests",
        sa.Column("via", sa.Text(), nullable=False, server_default="chat"),
    )
    op.create_table(
        "personal_tokens",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT),
        sa.Column("revoked_at", MOMENT),
        sa.Column("revoked_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_personal_tokens"),
        sa.UniqueConstraint("digest", name="uq_personal_tokens_digest"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_personal_tokens_team_id_user_id", "personal_tokens", ["team_id", "user_id"])
    op.create_table(
        "asked_keys",
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("request_id", NUMBER),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("actor", "key", name="pk_asked_keys"),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["action_requests.id"],
            name="fk_asked_keys_request_id",
            initially="DEFERRED",
            deferrable=True,
        ),
    )
    op.create_index("ix_asked_keys_at", "asked_keys", ["at"])


def downgrade() -> None:
    op.drop_table("asked_keys")
    op.drop_table("personal_tokens")
    op.drop_column("action_requests", "via")
