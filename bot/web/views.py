"""The JSON of the read API: stored values as plain data. What is not here is not shown."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.alerts.changes import KnownChange
from bot.alerts.model import StoredAlert
from bot.alerts.noise import HeldAlert
from bot.incidents.model import Incident, TimelineEntry
from bot.jobs.ports import InboxItem
from bot.suggestions.ports import StoredSuggestion

JSON = Mapping[str, Any]


def alert_view(stored: StoredAlert) -> JSON:
    alert = stored.alert
    return {
        "id": stored.id,
        "source": alert.source,
        "fingerprint": alert.fingerprint,
        "name": alert.name,
        "severity": alert.severity.value,
        "status": alert.status.value,
        "starts_at": _time(alert.starts_at),
        "ends_at": _time(alert.ends_at),
        "summary": alert.summary,
        "description": alert.description,
        "labels": dict(alert.labels),
        "links": dict(alert.links),
        "service": stored.service,
        "environment": stored.environment,
        "incident_id": stored.incident_id,
        "first_seen_at": _time(stored.first_seen_at),
        "last_seen_at": _time(stored.last_seen_at),
        "times_seen": stored.times_seen,
        "flapping": stored.turning.is_flapping,
        "flapping_since": _time(stored.turning.flapping_since),
    }


def change_view(known: KnownChange) -> JSON:
    change = known.change
    return {
        "key": change.key,
        "source": change.source,
        "service": change.service,
        "environment": change.environment,
        "version": change.version,
        "previous": known.previous,
        "status": change.status.value,
        "at": _time(known.at),
        "began_at": _time(known.began_at),
        "actor": change.actor,
        "summary": change.summary,
        "links": dict(change.links),
    }


def held_view(held: HeldAlert) -> JSON:
    return {
        "fingerprint": held.fingerprint,
        "name": held.name,
        "service": held.service,
        "environment": held.environment,
        "by": held.by,
        "reason": held.reason,
        "rule": held.rule,
        "at": _time(held.at),
        "times": held.times,
    }


def incident_view(incident: Incident, fingerprints: list[str]) -> JSON:
    return {
        "id": incident.id,
        "key": incident.key,
        "title": incident.title,
        "service": incident.service,
        "environment": incident.environment,
        "severity": incident.severity.value,
        "state": incident.state.value,
        "opened_at": _time(incident.opened_at),
        "resolved_at": _time(incident.resolved_at),
        "revision": incident.revision,
        "fingerprints": fingerprints,
        "absorbed_into": incident.absorbed_into,
    }


def timeline_view(entry: TimelineEntry) -> JSON:
    return {
        "at": _time(entry.at),
        "kind": entry.kind.value,
        "text": entry.text,
        "actor": entry.actor,
        "data": dict(entry.data),
    }


def suggestion_view(stored: StoredSuggestion) -> JSON:
    return {
        "incident_id": stored.incident_id,
        "asked_by": stored.asked_by,
        "created_at": _time(stored.created_at),
        "suggestion": stored.suggestion.model_dump(mode="json"),
    }


def receipt_view(stored: StoredSuggestion) -> JSON:
    return {
        "suggestion_id": stored.suggestion.id,
        "incident_id": stored.incident_id,
        "created_at": _time(stored.created_at),
        "receipt": stored.suggestion.receipt,
    }


def inbox_view(item: InboxItem) -> JSON:
    """Without the body: raw bodies are never shown."""
    return {
        "id": item.id,
        "kind": item.kind.value,
        "source": item.source,
        "content_type": item.content_type,
        "received_at": _time(item.received_at),
        "state": item.state.value,
        "attempts": item.attempts,
        "error": item.error,
        "processed_at": _time(item.processed_at),
    }


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
