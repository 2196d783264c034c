"""PagerDuty: webhooks of versions 3, 2 and 1, and events (versions 2 and 1) sent to it.

A webhook tells of an incident, an event of an alert; either comes through one door, since teams
point both at the bot. What only adds to an incident (a note, a responder) tells of no state.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.alerts.fingerprint import fingerprint_of_key, fingerprint_of_labels
from bot.alerts.json_body import shown
from bot.alerts.lenient import (
    at,
    counted,
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
from bot.alerts.model import Alert, AlertStatus, Severity
from bot.alerts.reading import severity_of
from bot.errors import BadPayload, NotAnAlert

NAME = "pagerduty"
TOOL = "PagerDuty"

_STATES = {
    "triggered": AlertStatus.FIRING,
    "acknowledged": AlertStatus.FIRING,
    "resolved": AlertStatus.RESOLVED,
}
_EVENTS = {
    "trigger": AlertStatus.FIRING,
    "acknowledge": AlertStatus.FIRING,
    "resolve": AlertStatus.RESOLVED,
}


def parse(payload: object) -> list[Alert]:
    """The incidents or alerts of one body. Raises BadPayload, NotAnAlert for what is neither."""
    body = table(payload)
    if "messages" in body:
        messages = counted(rows(body, "messages"), "$.messages")
        return [_old(one, f"$.messages[{index}]") for index, one in enumerate(messages)]
    if isinstance(body.get("event"), dict):
        return [_event(body["event"])]
    if "event_action" in body or "routing_key" in body:
        return [_sent(body)]
    if "service_key" in body or text(body, "event_type") in _EVENTS:
        return [_sent_v1(body)]
    kind = text(body, "type")
    if kind == "incident" or ("incident_key" in body and "status" in body):
        return [_incident(body, "$", "", None)]
    if kind.startswith(("incident_", "service", "ping")) and ("incident" in body or "id" in body):
        raise NotAnAlert(f"$.type is {shown(kind)}: it tells of no change of an incident's state")
    raise no_body_of(TOOL, payload, "an object with $.event, $.messages or $.event_action")


# -- webhooks ----------------------------------------------------------------------------------


def _event(event: Mapping[str, Any]) -> Alert:
    kind = text(event, "event_type")
    data = table(event, "data")
    if text(data, "type") not in ("incident", "") or not kind.startswith("incident."):
        raise NotAnAlert(
            f"$.event.event_type is {shown(kind)}: it tells of no change of an incident's state"
        )
    return _incident(data, "$.event.data", kind, moment(event.get("occurred_at")))


def _old(message: object, path: str) -> Alert:
    """Versions 2 (`event` and `incident` side by side) and 1 (`type`, and `data` around it)."""
    kind = first(text(message, "event"), text(message, "type"))
    incident = table(message, "incident") or table(message, "data", "incident")
    if not incident:
        raise BadPayload(f"{path}.incident is missing; a {TOOL} message has it")
    path += ".incident" if at(message, "incident") else ".data.incident"
    return _incident(incident, path, kind, moment(at(message, "created_on")))


def _incident(incident: Mapping[str, Any], path: str, kind: str, at_: datetime | None) -> Alert:
    summary = table(incident, "trigger_summary_data")
    name = needed(
        first(
            text(incident, "title"),
            text(summary, "subject"),
            text(summary, "description"),
            text(incident, "description"),
            text(incident, "summary"),
            text(incident, "incident_key"),
        ),
        f"{path}.title",
        TOOL,
    )
    status = _state(incident, path, kind)
    identity = needed(
        first(text(incident, "id"), text(incident, "incident_key")), f"{path}.id", TOOL
    )
    priority = first(text(incident, "priority", "summary"), text(incident, "priority", "name"))
    severity = severity_of(priority)
    if severity is Severity.UNKNOWN:
        severity = severity_of(text(incident, "urgency"))
    fields = rows(incident, "custom_fields")
    labels = labels_of(
        {
            "service": _called(incident.get("service")),
            "team": joined([_called(one) for one in rows(incident, "teams")]),
            "priority": priority,
            "urgency": text(incident, "urgency"),
            "escalation_policy": _called(incident.get("escalation_policy")),
            "incident_type": text(incident, "incident_type", "name"),
            "pager_id": text(incident, "id"),
            "pager_status": text(incident, "status"),
            "incident_number": first(text(incident, "number"), text(incident, "incident_number")),
        },
        list(fields),
        incident.get("custom_fields") if isinstance(incident.get("custom_fields"), dict) else {},
    )
    ended = first(text(incident, "resolved_at"), text(incident, "last_status_change_at"))
    ended = first(ended, text(incident, "last_status_change_on"))
    return Alert(
        source=NAME,
        fingerprint=fingerprint_of_key(NAME, f"incident/{identity}"),
        name=name,
        status=status,
        severity=severity,
        starts_at=_started(incident, kind),
        ends_at=(moment(ended) or at_) if status is AlertStatus.RESOLVED else None,
        summary=name,
        description=first(
            text(incident, "body", "details"),
            text(incident, "description"),
            text(summary, "description"),
        ),
        labels=labels,
        links=links_of(
            ("source", incident.get("html_url")),
            ("service", at(incident, "service", "html_url")),
            ("conference", at(incident, "conference_bridge", "conference_url")),
            ("details", incident.get("trigger_details_html_url")),
        ),
    )


def _state(incident: Mapping[str, Any], path: str, kind: str) -> AlertStatus:
    # What happened is newer than the state beside it, which old versions wrote with a delay.
    if kind in ("incident.resolve", "incident.resolved"):
        return AlertStatus.RESOLVED
    if kind in ("incident.trigger", "incident.triggered", "incident.reopened"):
        return AlertStatus.FIRING
    word = text(incident, "status").lower()
    if not word and kind:
        return AlertStatus.FIRING
    status = _STATES.get(word)
    if status is None:
        raise BadPayload(f"{path}.status is {shown(word)}; {', '.join(_STATES)} are expected")
    return status


def _started(incident: Mapping[str, Any], kind: str) -> datetime | None:
    """When this bout of the incident began: one that was reopened began anew then."""
    reopened = moment(incident.get("reopened_at"))
    if reopened or kind == "incident.reopened":
        return reopened
    return moment(first(text(incident, "created_at"), text(incident, "created_on")))


def _called(reference: object) -> str:
    return first(text(reference, "summary"), text(reference, "name"))


# -- events ------------------------------------------------------------------------------------


def _sent(body: Mapping[str, Any]) -> Alert:
    """Events API version 2. Acknowledging and resolving, it needs no more than the key."""
    action = text(body, "event_action").lower()
    payload = table(body, "payload")
    if not action and payload and "severity" not in payload:
        raise NotAnAlert("$.event_action is missing: this is a change event")
    status = _EVENTS.get(action or "trigger")
    if status is None:
        raise BadPayload(f"$.event_action is {shown(action)}; {', '.join(_EVENTS)} are expected")
    key = first(text(body, "dedup_key"))
    name = needed(first(text(payload, "summary"), key), "$.payload.summary", TOOL)
    origin = text(payload, "source")
    labels = labels_of(
        {
            "source": origin,
            "host": origin if " " not in origin and "/" not in origin else "",
            "component": text(payload, "component"),
            "group": text(payload, "group"),
            "class": text(payload, "class"),
            "client": text(body, "client"),
        },
        payload.get("custom_details"),
    )
    happened = moment(payload.get("timestamp"))
    return Alert(
        source=NAME,
        fingerprint=_event_identity(text(body, "routing_key"), key, name, labels),
        name=name,
        status=status,
        severity=_event_severity(text(payload, "severity")),
        starts_at=happened if status is AlertStatus.FIRING else None,
        ends_at=happened if status is AlertStatus.RESOLVED else None,
        summary=first(text(payload, "summary")),
        description=text(payload, "custom_details"),
        labels=labels,
        links=links_of(
            *(_titled(one, index) for index, one in enumerate(rows(body, "links"))),
            ("source", body.get("client_url")),
            *(("image", at(one, "src")) for one in rows(body, "images")[:1]),
        ),
    )


def _sent_v1(body: Mapping[str, Any]) -> Alert:
    kind = text(body, "event_type").lower()
    status = _EVENTS.get(kind)
    if status is None:
        raise BadPayload(f"$.event_type is {shown(kind)}; {', '.join(_EVENTS)} are expected")
    key = first(text(body, "incident_key"))
    name = needed(first(text(body, "description"), key), "$.description", TOOL)
    details = body.get("details")
    labels = labels_of({"client": text(body, "client")}, details if table(details) else {})
    contexts = [one for one in rows(body, "contexts") if text(one, "type") == "link"]
    return Alert(
        source=NAME,
        fingerprint=_event_identity(text(body, "service_key"), key, name, labels),
        name=name,
        status=status,
        severity=_event_severity(text(details, "severity")),
        summary=first(text(body, "description")),
        description=text(details),
        labels=labels,
        links=links_of(
            ("source", body.get("client_url")),
            *(_titled(one, index) for index, one in enumerate(contexts)),
        ),
    )


def _event_severity(word: str) -> Severity:
    """Of an event "error" is below "critical" and above "warning"."""
    return severity_of(word)


def _event_identity(integration: str, key: str, name: str, labels: Mapping[str, str]) -> str:
    """A key is unique within one integration."""
    if key:
        return fingerprint_of_key(NAME, f"event/{integration}/{key}")
    return fingerprint_of_labels(NAME, name, labels)


def _titled(link: object, index: int) -> tuple[str, object]:
    words = text(link, "text")
    return ("runbook" if "runbook" in words.lower() else words or f"link {index + 1}"), at(
        link, "href"
    )
