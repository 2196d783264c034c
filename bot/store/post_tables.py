"""Tables of what other apps posted, and of the alerts that were read out of it."""

from sqlalchemy import Column, Index, Table, UniqueConstraint

from bot.store.tables import metadata
from knowledge.store.columns import BigId, SafeText, UtcDateTime

__all__ = ["metadata", "post_alerts", "tool_posts"]

tool_posts = Table(
    "tool_posts",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("team_id", SafeText, nullable=False),
    Column("channel", SafeText, nullable=False),
    Column("ts", SafeText, nullable=False),
    Column("text", SafeText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    UniqueConstraint("team_id", "channel", "ts"),
    Index(None, "at"),
)
"""What other apps posted lately: an answer can stand in the thread under such a post."""

post_alerts = Table(
    "post_alerts",
    metadata,
    Column("team_id", SafeText, primary_key=True),
    Column("channel", SafeText, primary_key=True),
    Column("ts", SafeText, primary_key=True),
    Column("fingerprint", SafeText, primary_key=True),
    Column("status", SafeText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "fingerprint"),
    Index(None, "at"),
)
"""Which alerts were read out of which post, and what it said of each last."""
