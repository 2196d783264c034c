"""The index log also names the document and its version, so that old states can be read again."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("index_log", sa.Column("document_id", sa.Text(), nullable=True))
    op.add_column("index_log", sa.Column("document_version", sa.Integer(), nullable=True))
    # What is there now is known; of passages that went away before, nothing is left to tell.
    op.execute(
        "UPDATE index_log SET "
        "document_id = (SELECT p.document_id FROM passages p WHERE p.id = index_log.passage_id), "
        "document_version = "
        "(SELECT p.document_version FROM passages p WHERE p.id = index_log.passage_id)"
    )


def downgrade() -> None:
    with op.batch_alter_table("index_log") as table:
        table.drop_column("document_version")
        table.drop_column("document_id")
