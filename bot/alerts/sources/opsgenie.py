"""Opsgenie and Jira Service Management: webhooks of alert activity, and alerts sent to its API.

Every activity carries the alert but not its state: what was done tells it. A note can be added to
an alert that was closed long ago, so that it tells nothing.
"""

from collections.abc import Mapping
from typing import Any

from bot.alerts.fingerprint import fingerprint_of_key, fingerprint_of_labels
from bot.alerts.json_body import shown
from bot.alerts.lenient import (
    at,
    first,
    joined,
    labels_of,
    links_of,
    moment,
    needed,
    no_body_of,
    rows,
    table,
    text,
)
from bot.alerts.model import Alert, AlertStatus
from bot.alerts.reading import severity_of
from bot.errors import NotAnAlert

NAME = "opsgenie"
TOOL = "Opsgenie"

_OVER = ("close", "delete", "resolve")
_TELL_NOTHING = ("addnote", "removenote")


def parse(payload: object) -> list[Alert]:
    """The one alert of a body. Raises BadPayload, NotAnAlert for a note."""
    body = table(payload)
    if isinstance(body.get("alert"), dict):
        action = text(body, "action")
        if action.lower() in _TELL_NOTHING:
            raise NotAnAlert(f"$.action is {shown(action)}: a note tells no state of the alert")
        return [_alert(body["alert"], "$.alert", action.lower(), body)]
    if "message" in body or "alias" in body:
        return [_alert(body, "$", text(body, "action").lower() or "create", {})]
    raise no_body_of(TOOL, payload, "an object with $.action and $.alert")


def _alert(alert: Mapping[str, Any], path: str, action: str, body: Mapping[str, Any]) -> Alert:
    name = needed(first(text(alert, "message"), text(alert, "alias")), f"{path}.message", TOOL)
    resolved = action in _OVER or text(alert, "status").lower() in ("closed", "resolved")
    details = at(alert, "details") if table(alert, "details") else at(alert, "extraProperties")
    entity = text(alert, "entity")
    teams = [
        first(text(one, "name"), text(one))
        for one in (*rows(alert, "teams"), *rows(alert, "responders"))
        if text(one, "type") in ("", "team")
    ]
    labels = labels_of(
        details,
        list(rows(alert, "tags")),
        {
            "entity": entity,
            "host": entity if entity and not any(mark in entity for mark in " :/") else "",
            "team": first(joined([one for one in teams if one]), text(alert, "team")),
            "priority": text(alert, "priority"),
            "alert_source": text(alert, "source"),
            "integration": text(body, "integrationName"),
            "tags": joined([one for one in rows(alert, "tags") if ":" not in text(one)]),
        },
    )
    key = first(text(alert, "alias"), text(alert, "alertId"), text(alert, "id"))
    changed = moment(alert.get("updatedAt"))
    return Alert(
        source=NAME,
        fingerprint=(
            fingerprint_of_key(NAME, key) if key else fingerprint_of_labels(NAME, name, labels)
        ),
        name=name,
        status=AlertStatus.RESOLVED if resolved else AlertStatus.FIRING,
        severity=severity_of(
            first(text(alert, "priority"), labels.get("severity", ""), labels.get("Severity", ""))
        ),
        starts_at=moment(alert.get("createdAt")),
        ends_at=changed if resolved else None,
        summary=name,
        description=text(alert, "description"),
        labels=labels,
        links=links_of(
            ("runbook", labels.get("runbook_url") or labels.get("runbook")),
            ("dashboard", labels.get("dashboard_url") or labels.get("dashboard")),
            ("source", first(text(body, "alertUrl"), text(alert, "url"), text(alert, "source"))),
        ),
    )
