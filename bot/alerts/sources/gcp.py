"""Google Cloud Monitoring: incidents of its webhook channel (schemas 1.0 to 1.2), as such or
wrapped by a Pub/Sub push subscription."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from bot.alerts.fingerprint import fingerprint_of_key
from bot.alerts.json_body import parse_json, shown
from bot.alerts.lenient import (
    at,
    first,
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

NAME = "gcp"
TOOL = "Google Cloud Monitoring"

_STATES = {
    "open": AlertStatus.FIRING,
    "acknowledged": AlertStatus.FIRING,
    "closed": AlertStatus.RESOLVED,
    "resolved": AlertStatus.RESOLVED,
}
_COMMON_NAMES = {
    "cluster_name": "cluster",
    "namespace_name": "namespace",
    "pod_name": "pod",
    "container_name": "container",
    "module_id": "service",
    "service_name": "service",
}


def parse(payload: object) -> list[Alert]:
    """The one incident of a body. Raises BadPayload naming the JSON path."""
    body = table(payload)
    data = at(body, "message", "data")
    if isinstance(data, str):
        body = _pushed(data)
    if not table(body, "incident"):
        raise no_body_of(TOOL, payload, "an object with $.incident")
    return [_incident(table(body, "incident"))]


def _pushed(data: str) -> Mapping[str, Any]:
    try:
        return table(parse_json(base64.b64decode(data, validate=True)))
    except (binascii.Error, ValueError) as error:
        raise BadPayload(f"$.message.data is not base64: {error}") from None


def _incident(incident: Mapping[str, Any]) -> Alert:
    word = text(incident, "state")
    status = _STATES.get(word.lower())
    if status is None:
        raise BadPayload(f"$.incident.state is {shown(word)}; open or closed is expected")
    policy = text(incident, "policy_name")
    condition = first(text(incident, "condition_name"), text(incident, "condition", "displayName"))
    # Some senders put the policy's resource name there, which says nothing to people.
    name = needed(
        first(policy if "/alertPolicies/" not in policy else "", condition, policy),
        "$.incident.policy_name",
        TOOL,
    )
    resource = table(incident, "resource")
    place = labels_of(table(resource, "labels"))
    documentation = incident.get("documentation")
    user = table(incident, "metadata", "user_labels")
    system = table(incident, "metadata", "system_labels")
    policy_labels = table(incident, "policy_user_labels")
    resource_name = first(text(incident, "resource_display_name"), text(incident, "resource_name"))
    common = {
        new: value for old, new in _COMMON_NAMES.items() if (value := place.get(old)) is not None
    }
    kind = first(text(resource, "type"), text(incident, "resource_type_display_name"))
    host = first(
        place.get("node_name", ""),
        text(system, "name"),
        place.get("instance_id", ""),
        resource_name if kind in ("", "gce_instance", "aws_ec2_instance") else "",
    )
    ended = moment(incident.get("ended_at"))
    identity = first(
        text(incident, "incident_id"),
        "/".join((text(incident, "scoping_project_id"), policy, condition, resource_name)),
    )
    return Alert(
        source=NAME,
        fingerprint=fingerprint_of_key(NAME, identity),
        name=name,
        status=status,
        severity=severity_of(
            first(
                text(incident, "severity"),
                text(policy_labels, "severity"),
                text(user, "severity"),
                text(system, "severity"),
            )
        ),
        starts_at=moment(incident.get("started_at")),
        ends_at=ended if status is AlertStatus.RESOLVED else None,
        summary=first(
            text(incident, "summary"),
            text(documentation, "subject"),
            condition,
        ),
        description=first(text(documentation, "content"), text(documentation)),
        labels=labels_of(
            policy_labels,
            user,
            common,
            {
                "project": first(text(incident, "scoping_project_id"), place.get("project_id", "")),
                "host": host,
                "resource": resource_name,
                "resource_type": kind,
                "metric": text(incident, "metric", "type"),
                "condition": condition,
            },
            place,
            table(incident, "metric", "labels"),
            system,
        ),
        links=links_of(
            *(_documented(one) for one in rows(documentation, "links")),
            ("source", incident.get("url")),
        ),
    )


def _documented(link: object) -> tuple[str, object]:
    title = first(text(link, "displayName"), text(link, "display_name"), "documentation")
    known = next((word for word in ("runbook", "dashboard") if word in title.lower()), title)
    return known, at(link, "url")
