"""Tables of what lets people in (passes, personal tokens), and secrets written in the console."""

from sqlalchemy import Column, Index, Table

from bot.store.tables import metadata
from knowledge.store.columns import BigId, Json, SafeText, UtcDateTime

__all__ = ["console_passes", "metadata", "personal_tokens", "source_secrets"]

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

personal_tokens = Table(
    "personal_tokens",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("digest", SafeText, nullable=False, unique=True),
    Column("team_id", SafeText, nullable=False),
    Column("user_id", SafeText, nullable=False),
    Column("name", SafeText, nullable=False),
    Column("label", SafeText, nullable=False),
    Column("made_by", SafeText, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("last_used_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Column("revoked_by", SafeText, nullable=False),
    Index(None, "team_id", "user_id"),
    sqlite_autoincrement=True,
)
"""Personal tokens by the hash of their secret. Rows stay: what was revoked is told as revoked."""

source_secrets = Table(
    "source_secrets",
    metadata,
    Column("source", SafeText, primary_key=True),
    Column("sealed", Json, nullable=False),
    Column("changed_by", SafeText, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
)
"""`sealed` is a list of [sign, sealed text], the newest first; see bot.secrets."""
