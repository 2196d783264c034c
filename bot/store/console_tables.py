"""The table of the console's passes."""

from sqlalchemy import Column, Table

from bot.store.tables import metadata
from knowledge.store.columns import Json, SafeText, UtcDateTime

__all__ = ["console_passes", "metadata"]

console_passes = Table(
    "console_passes",
    metadata,
    Column("digest", SafeText, primary_key=True),
    Column("kind", SafeText, nullable=False),
    Column("team_id", SafeText, nullable=False),
    Column("user_id", SafeText, nullable=False),
    Column("name", SafeText, nullable=False),
    Column("role", SafeText, nullable=False),
    Column("guard", SafeText, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("data", Json, nullable=False),
)
"""One-time links, sessions and started sign-ins of the console, by the hash of their secret."""
