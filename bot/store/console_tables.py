"""Tables of the console: passes, and secrets that were written in it."""

from sqlalchemy import Column, Table

from bot.store.tables import metadata
from knowledge.store.columns import Json, SafeText, UtcDateTime

__all__ = ["console_passes", "metadata", "source_secrets"]

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

source_secrets = Table(
    "source_secrets",
    metadata,
    Column("source", SafeText, primary_key=True),
    Column("sealed", Json, nullable=False),
    Column("changed_by", SafeText, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)
"""`sealed` is a list of [sign, sealed text], the newest first; see bot.secrets."""
