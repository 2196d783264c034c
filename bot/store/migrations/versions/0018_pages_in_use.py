"""Which answers cited which page, and indexes for what the console's pages ask."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
_ROWS = 1_000
_REFUSED = sa.text("refused_revision >= desired_revision")


def upgrade() -> None:
    op.create_table(
        "cited_pages",
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("suggestion_id", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite")),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("document_id", "suggestion_id", name="pk_cited_pages"),
        sa.ForeignKeyConstraint(
            ["suggestion_id"],
            ["suggestions.id"],
            name="fk_cited_pages_suggestion_id_suggestions",
            ondelete="CASCADE",
            deferrable=True,
            initially="DEFERRED",
        ),
    )
    op.create_index("ix_cited_pages_document_id_at", "cited_pages", ["document_id", "at"])
    op.create_index("ix_cited_pages_suggestion_id", "cited_pages", ["suggestion_id"])
    op.create_index(
        "ix_outbox_refused",
        "outbox",
        ["team_id", "channel", "refused_at"],
        sqlite_where=_REFUSED,
        postgresql_where=_REFUSED,
    )
    op.create_index(
        "ix_outbox_team_id_channel_sent_at", "outbox", ["team_id", "channel", "sent_at"]
    )
    op.create_index("ix_documents_kind_state_origin", "documents", ["kind", "state", "origin"])
    _tell_what_was_cited()


def _tell_what_was_cited() -> None:
    connection = op.get_bind()
    suggestions = sa.table(
        "suggestions",
        sa.column("seq", sa.BigInteger()),
        sa.column("id", sa.Text()),
        sa.column("incident_id", sa.BigInteger()),
        sa.column("content", sa.JSON()),
        sa.column("created_at", MOMENT),
    )
    cited = sa.table(
        "cited_pages",
        sa.column("document_id", sa.Text()),
        sa.column("suggestion_id", sa.Text()),
        sa.column("incident_id", sa.BigInteger()),
        sa.column("at", MOMENT),
    )
    passages = suggestions.c.content["passages"]
    after = 0
    while True:
        rows = connection.execute(
            sa.select(
                suggestions.c.seq,
                suggestions.c.id,
                suggestions.c.incident_id,
                suggestions.c.created_at,
                passages.label("passages"),
            )
            .where(suggestions.c.seq > after)
            .order_by(suggestions.c.seq)
            .limit(_ROWS)
        ).all()
        if not rows:
            return
        found = [
            {"document_id": page, "suggestion_id": row[1], "incident_id": row[2], "at": row[3]}
            for row in rows
            for page in _own_pages(row[4])
        ]
        if found:
            connection.execute(sa.insert(cited), found)
        after = rows[-1][0]


def _own_pages(passages: Any) -> list[str]:
    told = json.loads(passages) if isinstance(passages, str) else passages
    return list(dict.fromkeys(one["document_id"] for one in told or () if not one["generic"]))


def downgrade() -> None:
    op.drop_index("ix_documents_kind_state_origin", "documents")
    op.drop_index("ix_outbox_team_id_channel_sent_at", "outbox")
    op.drop_index("ix_outbox_refused", "outbox")
    op.drop_table("cited_pages")
