"""The table of which answer cited which of the team's own pages."""

from sqlalchemy import Column, ForeignKey, Index, Table

from bot.store.tables import metadata
from knowledge.store.columns import BigId, SafeText, UtcDateTime

__all__ = ["cited_pages", "metadata"]

cited_pages = Table(
    "cited_pages",
    metadata,
    Column("document_id", SafeText, primary_key=True),
    Column(
        "suggestion_id",
        SafeText,
        ForeignKey("suggestions.id", ondelete="CASCADE", deferrable=True, initially="DEFERRED"),
        primary_key=True,
    ),
    Column("incident_id", BigId),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "document_id", "at"),
    Index(None, "suggestion_id"),
)
"""Made of the suggestions, so that nobody has to read all of them to know who used a page."""
