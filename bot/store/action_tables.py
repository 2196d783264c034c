"""Tables of actions: requests, approvals, executions, buttons of messages, keys of askings."""

from sqlalchemy import Boolean, Column, Index, Integer, Table, UniqueConstraint

from bot.store.tables import metadata, reference
from knowledge.store.columns import BigId, Json, SafeText, UtcDateTime

__all__ = ["action_buttons", "action_requests", "approvals", "asked_keys", "executions", "metadata"]

action_requests = Table(
    "action_requests",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("team_id", SafeText, nullable=False),
    Column("channel", SafeText, nullable=False),
    Column("thread", SafeText),
    Column("incident_id", BigId, reference("incidents.id")),
    Column("template_id", SafeText, nullable=False),
    Column("targets", Json, nullable=False),
    Column("frozen", Json(exact=True), nullable=False),
    Column("digest", SafeText, nullable=False),
    Column("requested_by", SafeText, nullable=False),
    Column("requester_role", SafeText, nullable=False),
    Column("reason", SafeText, nullable=False),
    Column("state", SafeText, nullable=False),
    Column("phase", SafeText, nullable=False),
    Column("note", SafeText, nullable=False),
    Column("holder", SafeText),
    Column("leased_until", UtcDateTime),
    Column("cancel_asked", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("started_at", UtcDateTime),
    Column("ran_at", UtcDateTime),
    Column("holds_since", UtcDateTime),
    Column("rollback_of", BigId, reference("action_requests.id")),
    Column("broken_by", SafeText, nullable=False, server_default=""),
    Column("broken_digest", SafeText, nullable=False, server_default=""),
    Column("via", SafeText, nullable=False, server_default="chat"),
    Index(None, "state", "id"),
    Index(None, "template_id", "started_at"),
    Index(None, "incident_id"),
    sqlite_autoincrement=True,
)
"""`frozen` is exactly what will run; `digest` the hash over it that approvers saw."""

approvals = Table(
    "approvals",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("request_id", BigId, reference("action_requests.id"), nullable=False),
    Column("actor", SafeText, nullable=False),
    Column("person", SafeText, nullable=False),
    Column("role", SafeText, nullable=False),
    Column("word", SafeText, nullable=False),
    Column("digest", SafeText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("via", SafeText, nullable=False, server_default="chat"),
    UniqueConstraint("request_id", "person"),
    sqlite_autoincrement=True,
)

executions = Table(
    "executions",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("request_id", BigId, reference("action_requests.id"), nullable=False),
    Column("kind", SafeText, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("runner", SafeText, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("outcome", SafeText, nullable=False),
    Column("exit_code", Integer),
    Column("output", SafeText, nullable=False),
    Column("output_digest", SafeText, nullable=False),
    UniqueConstraint("request_id", "kind", "attempt"),
    sqlite_autoincrement=True,
)
"""The unique key is the last guard against running anything twice."""

action_buttons = Table(
    "action_buttons",
    metadata,
    Column("token", SafeText, primary_key=True),
    Column("team_id", SafeText, nullable=False),
    Column("action", SafeText, nullable=False),
    Column("request_id", BigId, reference("action_requests.id")),
    Column("digest", SafeText, nullable=False),
    Column("content", Json(exact=True), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

asked_keys = Table(
    "asked_keys",
    metadata,
    Column("actor", SafeText, primary_key=True),
    Column("key", SafeText, primary_key=True),
    Column("fingerprint", SafeText, nullable=False),
    Column("request_id", BigId, reference("action_requests.id")),
    Column("at", UtcDateTime, nullable=False, index=True),
)
"""The Idempotency-Keys under which programs asked: one request a person and key."""
