"""The table of what the texts of alerts have told about services."""

from sqlalchemy import Column, Index, Integer, Table

from bot.store.tables import metadata
from knowledge.store.columns import SafeText, UtcDateTime

__all__ = ["metadata", "told_calls"]

told_calls = Table(
    "told_calls",
    metadata,
    Column("service", SafeText, primary_key=True),
    Column("callee", SafeText, primary_key=True),
    Column("times", Integer, nullable=False),
    Column("told_at", UtcDateTime, nullable=False),
    Index(None, "callee"),
)
"""Alerts of `service` named `callee`, in how many batches, and when last."""
