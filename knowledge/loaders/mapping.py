"""Which of their columns is which of our fields: by common names, then by explicit choice."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from knowledge.errors import BadDocument

_ALIASES: Mapping[str, tuple[str, ...]] = {
    "id": ("incident_id", "key", "issue_key", "number", "incident_number", "reference", "ref"),
    "title": ("name", "summary", "short_description", "subject", "headline", "incident_title"),
    "symptom": ("symptoms", "description", "details", "impact", "what_happened", "text", "body"),
    "cause": ("root_cause", "causes", "rca", "root_cause_analysis"),
    "resolution": ("fix", "remediation", "solution", "mitigation", "resolution_notes"),
    "logs": ("log", "log_excerpt", "logs_excerpt", "evidence"),
    "severity": ("sev", "priority", "severity_level", "urgency"),
    "started_at": (
        "start",
        "started",
        "start_time",
        "started_on",
        "created_at",
        "created_on",
        "created",
        "opened_at",
        "opened",
        "date",
        "detected_at",
    ),
    "resolved_at": (
        "end",
        "ended",
        "end_time",
        "ended_at",
        "resolved",
        "resolved_on",
        "closed_at",
        "closed",
    ),
    "service": ("service_name", "component"),
    "services": ("affected_services", "components"),
    "environment": ("env", "environments", "stage"),
    "alert_names": ("alerts", "alert", "alertname", "alert_name", "monitor"),
    "tags": ("tag", "labels_list", "keywords"),
    "labels": ("label",),
    "neighbours": ("neighbors", "related_alerts"),
    "changes": ("recent_changes", "deploys"),
    "url": ("link", "html_url", "permalink", "postmortem", "postmortem_url"),
    "runbook": ("runbook_id", "runbook_url"),
    "confirmed_by": (),
    "visibility": (),
    "state": (),
}

FIELDS = tuple(_ALIASES)
"""Every field of an incident record, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """`chosen` maps our field to their column; `unused` are columns that nothing takes."""

    chosen: Mapping[str, str]
    unused: tuple[str, ...]

    def apply(self, row: Mapping[str, object]) -> dict[str, object]:
        """A record in our field names; columns that the row does not have are left out."""
        return {ours: row[theirs] for ours, theirs in self.chosen.items() if theirs in row}


def map_columns(columns: Sequence[str], explicit: Mapping[str, str] | None = None) -> ColumnMapping:
    """Choose a column for each field: `explicit` first, then exact names, then aliases.

    Raises BadDocument for an explicit choice of a field or column that does not exist.
    """
    explicit = explicit or {}
    by_form = {_form(column): column for column in reversed(columns)}
    chosen: dict[str, str] = {}
    for ours, theirs in explicit.items():
        if ours not in _ALIASES:
            raise BadDocument(f"{ours!r} is no field; the fields are {', '.join(FIELDS)}")
        column = theirs if theirs in columns else by_form.get(_form(theirs))
        if column is None:
            raise BadDocument(f"there is no column {theirs!r}; there are {', '.join(columns)}")
        chosen[ours] = column
    for pick in (_own_name, _alias):
        for ours in FIELDS:
            if ours not in chosen:
                column = pick(ours, by_form)
                if column is not None and column not in chosen.values():
                    chosen[ours] = column
    ordered = {ours: chosen[ours] for ours in FIELDS if ours in chosen}
    taken = set(ordered.values())
    return ColumnMapping(ordered, tuple(name for name in columns if name not in taken))


def _own_name(ours: str, by_form: Mapping[str, str]) -> str | None:
    return by_form.get(ours)


def _alias(ours: str, by_form: Mapping[str, str]) -> str | None:
    return next((by_form[name] for name in _ALIASES[ours] if name in by_form), None)


def _form(column: str) -> str:
    """`Root Cause` and `rootCause` are both `root_cause`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column.strip())
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")
