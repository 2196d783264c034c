"""Tables of the acting half: inbox, jobs, alerts, incidents, suggestions, outbox, audit."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
    text,
)

from knowledge.store.columns import BigId, Json, SafeText, UtcDateTime
from knowledge.store.tables import NAMING

metadata = MetaData(naming_convention=NAMING)

NOT_OVER = text("state NOT IN ('resolved', 'closed')")
"""Which incidents their group key is reserved for; also the condition of the unique index."""

PENDING = text("state = 'pending'")
REFUSED = text("refused_revision >= desired_revision")
FLAPPING = text("flapping_since IS NOT NULL")
QUIET = text("quiet_since IS NOT NULL")


def reference(target: str) -> ForeignKey:
    """Checked at the commit, so that a unit may write its rows in any order."""
    return ForeignKey(target, deferrable=True, initially="DEFERRED")


inbox = Table(
    "inbox",
    metadata,
    Column("seq", BigId, primary_key=True),
    Column("id", SafeText, nullable=False, unique=True),
    Column("kind", SafeText, nullable=False),
    Column("source", SafeText, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("content_type", SafeText, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("dedupe_key", SafeText, unique=True),
    Column("state", SafeText, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", SafeText, nullable=False),
    Column("not_before", UtcDateTime, nullable=False),
    Column("processed_at", UtcDateTime),
    Index("ix_inbox_pending", "seq", sqlite_where=PENDING, postgresql_where=PENDING),
    Index(None, "state", "processed_at"),
    sqlite_autoincrement=True,
)

jobs = Table(
    "jobs",
    metadata,
    Column("seq", BigId, primary_key=True),
    Column("key", SafeText, nullable=False, unique=True),
    Column("kind", SafeText, nullable=False),
    Column("payload", Json(exact=True), nullable=False),
    Column("state", SafeText, nullable=False),
    Column("run_at", UtcDateTime, nullable=False),
    Column("leased_until", UtcDateTime),
    Column("attempts", Integer, nullable=False),
    Column("error", SafeText, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Index("ix_jobs_pending", "kind", "run_at", sqlite_where=PENDING, postgresql_where=PENDING),
    Index(None, "state", "ended_at"),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("title", SafeText, nullable=False),
    Column("service", SafeText),
    Column("environment", SafeText),
    Column("severity", SafeText, nullable=False),
    Column("state", SafeText, nullable=False),
    Column("group_key", SafeText, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("resolved_at", UtcDateTime),
    Column("revision", Integer, nullable=False),
    Column("team_id", SafeText, nullable=False),
    Column("visibility", Json, nullable=False),
    Column("owner", SafeText),
    Column("snoozed_until", UtcDateTime),
    Column("quiet_since", UtcDateTime),
    Column("quiet_from", SafeText),
    Index("ix_incidents_quiet", "quiet_since", sqlite_where=QUIET, postgresql_where=QUIET),
    Index(None, "opened_at"),
    Index(None, "resolved_at"),
    Index(
        "uq_incidents_group_not_over",
        "group_key",
        unique=True,
        sqlite_where=NOT_OVER,
        postgresql_where=NOT_OVER,
    ),
    sqlite_autoincrement=True,
)
"""The key that people use (RCL-12) is made from the id and is no column of its own."""

timeline = Table(
    "timeline",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("incident_id", BigId, reference("incidents.id"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", SafeText, nullable=False),
    Column("text", SafeText, nullable=False),
    Column("actor", SafeText, nullable=False),
    Column("data", Json, nullable=False),
    Column("source", SafeText),
    Index(None, "incident_id", "at"),
    Index(None, "source"),
)
"""`source` is the message that an entry was made of, so that its edits can be followed."""

alerts = Table(
    "alerts",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("fingerprint", SafeText, nullable=False, unique=True),
    Column("source", SafeText, nullable=False),
    Column("name", SafeText, nullable=False),
    Column("status", SafeText, nullable=False),
    Column("severity", SafeText, nullable=False),
    Column("starts_at", UtcDateTime),
    Column("ends_at", UtcDateTime),
    Column("summary", SafeText, nullable=False),
    Column("description", SafeText, nullable=False),
    Column("labels", Json, nullable=False),
    Column("links", Json, nullable=False),
    Column("group_key", SafeText),
    Column("service", SafeText),
    Column("environment", SafeText),
    Column("incident_id", BigId, reference("incidents.id")),
    Column("first_seen_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("times_seen", Integer, nullable=False),
    Column("turned_at", UtcDateTime),
    Column("ends", Json, nullable=False, server_default=text("'[]'")),
    Column("flapping_since", UtcDateTime),
    Index(None, "incident_id"),
    Index(None, "turned_at"),
    Index("ix_alerts_flapping", "turned_at", sqlite_where=FLAPPING, postgresql_where=FLAPPING),
    sqlite_autoincrement=True,
)

suggestions = Table(
    "suggestions",
    metadata,
    Column("seq", BigId, primary_key=True),
    Column("id", SafeText, nullable=False, unique=True),
    Column("incident_id", BigId, reference("incidents.id")),
    Column("asked_by", SafeText, nullable=False),
    Column("content", Json(exact=True), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "incident_id"),
    Index(None, "created_at"),
)
"""`content` is the whole suggestion, its receipt included, exactly as it was made."""

buttons = Table(
    "buttons",
    metadata,
    Column("token", SafeText, primary_key=True),
    Column("team_id", SafeText, nullable=False),
    Column("action", SafeText, nullable=False),
    Column("suggestion_id", SafeText, reference("suggestions.id"), nullable=False),
    Column("incident_id", BigId, reference("incidents.id")),
    Column("past_incident_id", SafeText),
    Column("message_key", SafeText, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

feedback = Table(
    "feedback",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("team_id", SafeText, nullable=False),
    Column("actor", SafeText, nullable=False),
    Column("suggestion_id", SafeText, reference("suggestions.id"), nullable=False),
    Column("incident_id", BigId, reference("incidents.id")),
    Column("verdict", SafeText, nullable=False),
    Column("past_incident_id", SafeText),
    Column("at", UtcDateTime, nullable=False),
    UniqueConstraint("suggestion_id", "team_id", "actor"),
)

corrections = Table(
    "corrections",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("team_id", SafeText, nullable=False),
    Column("actor", SafeText, nullable=False),
    Column("is_lead", Boolean, nullable=False),
    Column("incident_id", BigId, reference("incidents.id"), nullable=False),
    Column("family", SafeText, nullable=False),
    Column("document_id", SafeText, nullable=False),
    Column("word", SafeText, nullable=False),
    Column("is_constraint", Boolean, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Column("revoked_by", SafeText),
    UniqueConstraint("incident_id", "document_id", "actor", "is_constraint"),
    Index(None, "family"),
    sqlite_autoincrement=True,
)
"""`is_constraint` follows from the word: a weight must not take a constraint's place."""

bindings = Table(
    "bindings",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("one", SafeText, nullable=False),
    Column("other", SafeText, nullable=False),
    Column("together", Boolean, nullable=False),
    Column("incident_id", BigId, reference("incidents.id"), nullable=False),
    Column("actor", SafeText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Column("revoked_by", SafeText),
    UniqueConstraint("one", "other"),
    sqlite_autoincrement=True,
)
"""Two alert families that people merged or split; `one` sorts before `other`."""

preferences = Table(
    "preferences",
    metadata,
    Column("scope", SafeText, primary_key=True),
    Column("team_id", SafeText, primary_key=True),
    Column("subject", SafeText, primary_key=True),
    Column("content", Json(exact=True), nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("changed_by", SafeText, nullable=False),
)
"""What a channel (by its id) or a person (by the user id) has chosen."""

placements = Table(
    "placements",
    metadata,
    Column("incident_id", BigId, reference("incidents.id"), primary_key=True, autoincrement=False),
    Column("team_id", SafeText, nullable=False),
    Column("channel", SafeText, nullable=False),
    Column("mode", SafeText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "team_id", "channel", "at"),
)
"""The channel that an incident belongs to, and how far the bot was switched on there."""

incident_channels = Table(
    "incident_channels",
    metadata,
    Column("team_id", SafeText, primary_key=True),
    Column("channel", SafeText, primary_key=True),
    Column("incident_id", BigId, reference("incidents.id"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Index(None, "incident_id"),
)
"""Channels that were made for one incident. One that is archived or gone is closed."""

drafts = Table(
    "drafts",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("kind", SafeText, nullable=False),
    Column("subject", SafeText, nullable=False),
    Column("content", Json(exact=True), nullable=False),
    Column("state", SafeText, nullable=False),
    Column("made_by", SafeText, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("decided_by", SafeText),
    Column("decided_at", UtcDateTime),
    Index(None, "state", "kind"),
    Index(None, "subject"),
    sqlite_autoincrement=True,
)
"""What was proposed and waits for somebody's word: records, runbook edits, noise rules."""

outbox = Table(
    "outbox",
    metadata,
    Column("seq", BigId, primary_key=True),
    Column("key", SafeText, nullable=False, unique=True),
    Column("team_id", SafeText, nullable=False),
    Column("channel", SafeText, nullable=False),
    Column("thread", SafeText),
    Column("message", Json(exact=True), nullable=False),
    Column("message_hash", SafeText, nullable=False),
    Column("desired_revision", Integer, nullable=False),
    Column("claimed_revision", Integer, nullable=False),
    Column("sent_revision", Integer, nullable=False),
    Column("refused_revision", Integer, nullable=False),
    Column("ref", SafeText),
    Column("queued_at", UtcDateTime, nullable=False),
    Column("not_before", UtcDateTime, nullable=False),
    Column("attempted_at", UtcDateTime),
    Column("attempts", Integer, nullable=False),
    Column("leased_until", UtcDateTime),
    Column("error", SafeText, nullable=False),
    Column("sent_at", UtcDateTime),
    Column("refused_at", UtcDateTime),
    Column("first_put_at", UtcDateTime),
    Column("edits", Integer, nullable=False, server_default=text("0")),
    Index(None, "team_id", "channel", "ref"),
    Index(None, "team_id", "channel", "sent_at"),
    Index(
        "ix_outbox_refused",
        "team_id",
        "channel",
        "refused_at",
        sqlite_where=REFUSED,
        postgresql_where=REFUSED,
    ),
    Index(None, "first_put_at"),
    Index(
        "ix_outbox_unsent",
        "team_id",
        "channel",
        "queued_at",
        "seq",
        sqlite_where=text(
            "desired_revision > sent_revision AND desired_revision > refused_revision"
        ),
        postgresql_where=text(
            "desired_revision > sent_revision AND desired_revision > refused_revision"
        ),
    ),
)

marks = Table(
    "marks",
    metadata,
    Column("key", SafeText, primary_key=True),
    Column("value", Json(exact=True), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

changes = Table(
    "changes",
    metadata,
    Column("key", SafeText, primary_key=True),
    Column("source", SafeText, nullable=False),
    Column("service", SafeText, nullable=False),
    Column("environment", SafeText, nullable=False),
    Column("version", SafeText, nullable=False),
    Column("status", SafeText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", SafeText, nullable=False),
    Column("summary", SafeText, nullable=False),
    Column("links", Json(), nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("previous", SafeText, nullable=False, server_default=text("''")),
    Column("began_at", UtcDateTime),
    Index(None, "at"),
    Index(None, "service", "began_at"),
)
"""`at` is when the change came into its state, or was seen where its source told no time;
`began_at` the earliest of those, null (as `at`) in rows from before it was kept."""

held_alerts = Table(
    "held_alerts",
    metadata,
    Column("fingerprint", SafeText, primary_key=True),
    Column("rule", SafeText, primary_key=True),
    Column("minute", UtcDateTime, primary_key=True),
    Column("name", SafeText, nullable=False),
    Column("service", SafeText),
    Column("environment", SafeText),
    Column("held_by", SafeText, nullable=False),
    Column("reason", SafeText, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("times", Integer, nullable=False),
    Index(None, "at"),
)
"""What noise rules held back: a row for each alert, rule and minute, counted in `times`."""

audit = Table(
    "audit",
    metadata,
    Column("seq", BigId, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", SafeText, nullable=False),
    Column("action", SafeText, nullable=False),
    Column("subject", SafeText, nullable=False),
    Column("data", Json(exact=True), nullable=False),
    Column("previous_hash", SafeText, nullable=False, unique=True),
    Column("hash", SafeText, nullable=False, unique=True),
    Index(None, "action", "at"),
)
"""`previous_hash` is unique as well: even two writers that both slip by cannot fork the chain."""
