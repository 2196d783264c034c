"""Tables of the knowledge: documents and their versions, passages, vectors, the index log."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
)

from knowledge.store.columns import BigId, Json, SafeText, UtcDateTime

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
"""Every constraint has a name, so that a later migration can change it on either database."""

metadata = MetaData(naming_convention=NAMING)

documents = Table(
    "documents",
    metadata,
    Column("id", SafeText, primary_key=True),
    Column("kind", SafeText, nullable=False),
    Column("title", SafeText, nullable=False),
    Column("state", SafeText, nullable=False),
    Column("origin", SafeText, nullable=False),
    Column("visibility", Json, nullable=False),
    Column("version", Integer, nullable=False),
    Column("url", SafeText),
    Column("meta", Json, nullable=False),
    Column("fields", Json(exact=True), nullable=False),
    Column("content_hash", SafeText, nullable=False),
    Column("passages_hash", SafeText, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("updated_by", SafeText, nullable=False),
    Index(None, "state", "kind"),
    Index(None, "kind", "state", "origin"),
)
"""`meta` has what ranking needs (services, environments, alerts, tags), `fields` the rest."""

document_versions = Table(
    "document_versions",
    metadata,
    Column(
        "document_id",
        SafeText,
        ForeignKey("documents.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("version", Integer, nullable=False),
    Column("content", Json(exact=True), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("by", SafeText, nullable=False),
    PrimaryKeyConstraint("document_id", "version"),
)

passages = Table(
    "passages",
    metadata,
    Column("id", BigId, primary_key=True),
    Column(
        "document_id",
        SafeText,
        ForeignKey("documents.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("document_version", Integer, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("kind", SafeText, nullable=False),
    Column("role", SafeText, nullable=False),
    Column("title_path", Json, nullable=False),
    Column("text", SafeText, nullable=False),
    Column("masked", SafeText, nullable=False),
    Column("hash", SafeText, nullable=False),
    UniqueConstraint("document_id", "ordinal"),
    Index(None, "hash"),
    sqlite_autoincrement=True,
)
"""Ids are never used twice: an index that lags behind must not take one passage for another."""

imported_pages = Table(
    "imported_pages",
    metadata,
    Column(
        "document_id",
        SafeText,
        ForeignKey("documents.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("source", SafeText, nullable=False),
    Column("page", SafeText, nullable=False),
    Column("digest", SafeText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "source"),
)
"""What the file of a page said when it was imported last, and where that came from."""

vector_spaces = Table(
    "vector_spaces",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("model_digest", SafeText, nullable=False),
    Column("pooling", SafeText, nullable=False),
    Column("max_length", Integer, nullable=False),
    Column("dimension", Integer, nullable=False),
    Column("text_version", Integer, nullable=False),
    UniqueConstraint(
        "model_digest",
        "pooling",
        "max_length",
        "dimension",
        "text_version",
        name="uq_vector_spaces_identity",
    ),
)
"""What makes vectors comparable. The index build is no part of it: it changes no vector."""

vectors = Table(
    "vectors",
    metadata,
    Column("space_id", BigId, ForeignKey("vector_spaces.id", ondelete="CASCADE"), nullable=False),
    Column("passage_hash", SafeText, nullable=False),
    Column("fp16", LargeBinary, nullable=False),
    PrimaryKeyConstraint("space_id", "passage_hash"),
)
"""`fp16` holds `dimension` little-endian half floats."""

index_log = Table(
    "index_log",
    metadata,
    Column("seq", BigId, primary_key=True),
    Column("passage_id", BigId, nullable=False),
    Column("added", Boolean, nullable=False),
    Column("document_id", SafeText),
    Column("document_version", Integer),
    sqlite_autoincrement=True,
)
"""No foreign key: a passage that is gone is exactly what an entry may have to tell.

`document_id` and `document_version` say what was served from then on (`added`) or no more; they
are empty in entries from before they were kept whose passages are gone."""
