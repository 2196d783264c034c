"""New Relic: issues as workflows send them, and incidents of the channels before them.

A workflow's template is the team's own: the proposed one is read, and the customary mixtures of it
with the old keys.
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
from bot.errors import BadPayload

NAME = "newrelic"
TOOL = "New Relic"

_STATES = {
    "created": AlertStatus.FIRING,
    "activated": AlertStatus.FIRING,
    "active": AlertStatus.FIRING,
    "acknowledged": AlertStatus.FIRING,
    "open": AlertStatus.FIRING,
    "opened": AlertStatus.FIRING,
    "test": AlertStatus.FIRING,
    "deactivated": AlertStatus.FIRING,  # muted or merged, and not over before it is closed
    "closed": AlertStatus.RESOLVED,
    "resolved": AlertStatus.RESOLVED,
}
_KEYS = ("issueUrl", "issueId", "condition_name", "incident_id", "current_state", "state")


def parse(payload: object) -> list[Alert]:
    """The one issue or incident of a body. Raises BadPayload naming the JSON path."""
    body = table(payload)
    if not any(key in body for key in _KEYS):
        raise no_body_of(TOOL, payload, "an object with $.state or $.current_state")
    return [_alert(body)]


def _alert(body: Mapping[str, Any]) -> Alert:
    conditions = _listed(body, "alertConditionNames")
    title = first(text(body, "title"), text(body, "issueTitle"), text(body, "annotations", "title"))
    title = title or first(joined(at(body, "annotations", "title")))
    name = needed(
        first(
            text(body, "condition_name"),
            text(body, "conditionName"),
            text(conditions, 0) if len(conditions) == 1 else "",
            title,
            text(conditions, 0),
            text(body, "policy_name"),
        ),
        "$.title",
        TOOL,
    )
    status = _status(body)
    targets = rows(body, "targets")
    entities = [text(one) for one in _listed(body, "impactedEntities")]
    entities = entities or [text(one, "name") for one in targets]
    labels = labels_of(
        body.get("labels"),
        body.get("tags"),
        *(table(one, "labels") for one in targets[:1]),
        {
            "service": entities[0] if len(entities) == 1 else "",
            "entities": joined(entities),
            "policy": first(
                text(body, "policy_name"), joined(list(_listed(body, "alertPolicyNames")))
            ),
            "condition": first(text(body, "condition_name"), joined(list(conditions))),
            "account": first(text(body, "account_name"), text(body, "accountName")),
            "account_id": first(text(body, "account_id"), text(body, "accountId")),
            "workflow": text(body, "workflowName"),
            "entity_type": text(targets, 0, "type"),
        },
    )
    resolved = status is AlertStatus.RESOLVED
    started = first(
        text(body, "createdAt"), text(body, "issueCreatedAt"), text(body, "activatedAt")
    )
    stamp = first(text(body, "timestamp"), text(body, "timestamp_utc_string"))
    ended = first(
        text(body, "closedAt"), text(body, "issueClosedAt"), text(body, "updatedAt"), stamp
    )
    return Alert(
        source=NAME,
        fingerprint=_identity(body, name, labels),
        name=name,
        status=status,
        severity=severity_of(
            first(text(body, "priority"), text(body, "severity"), text(body, "issuePriority"))
        ),
        starts_at=moment(started) or (None if resolved else moment(stamp)),
        ends_at=moment(ended) if resolved else None,
        summary=first(title, text(body, "details"), name),
        description=first(text(body, "details"), joined(at(body, "annotations", "description"))),
        labels=labels,
        links=links_of(
            ("runbook", first(text(body, "runbook_url"), text(body, "runbookUrl"))),
            ("source", first(text(body, "issueUrl"), text(body, "incident_url"))),
            ("chart", first(text(body, "violation_chart_url"), text(body, "chartLink"))),
            ("policy", body.get("policy_url")),
            ("acknowledge", body.get("incident_acknowledge_url")),
        ),
    )


def _listed(body: Mapping[str, Any], key: str) -> list[Any]:
    """Templates write a list as one, or as a text of one."""
    value = body.get(key)
    if isinstance(value, str) and value.strip():
        return [part.strip(" \"'") for part in value.strip("[] ").split(",")][:100]
    return list(rows(value))


def _status(body: Mapping[str, Any]) -> AlertStatus:
    for key in ("state", "current_state", "issueState", "status"):
        word = first(text(body, key)).lower()
        if word:
            status = _STATES.get(word)
            if status is None:
                raise BadPayload(f"$.{key} is {shown(word)}; {', '.join(_STATES)} are expected")
            return status
    kind = text(body, "event_type").upper()
    return AlertStatus.RESOLVED if kind.endswith(("RESOLVED", "CLOSED")) else AlertStatus.FIRING


def _identity(body: Mapping[str, Any], name: str, labels: Mapping[str, str]) -> str:
    issue = first(text(body, "id"), text(body, "issueId"))
    if issue:
        return fingerprint_of_key(NAME, f"issue/{issue}")
    incident = text(body, "incident_id")
    if incident:
        condition = text(body, "condition_id") if incident == "0" else ""
        account = text(body, "account_id")
        return fingerprint_of_key(NAME, f"incident/{account}/{incident}/{condition}")
    address = text(body, "issueUrl")
    if address:
        return fingerprint_of_key(NAME, f"url/{address.partition('?')[0]}")
    return fingerprint_of_labels(NAME, name, labels)
