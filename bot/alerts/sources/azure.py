"""Azure Monitor: the common alert schema, and the schemas that each kind of alert had before it.

`azure_schemas` reads the old ones; here is what all have in common: how a resource id becomes
labels, and the common schema itself.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bot.alerts.fingerprint import fingerprint_of_key
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
from bot.alerts.model import Alert, AlertStatus, Severity
from bot.alerts.reading import severity_of
from bot.alerts.sources import azure_schemas
from bot.alerts.sources.azure_resources import place_of
from bot.errors import BadPayload

NAME = azure_schemas.NAME
TOOL = azure_schemas.TOOL

_CONDITIONS = {"fired": AlertStatus.FIRING, "resolved": AlertStatus.RESOLVED}
_SEVERITIES = {
    "sev0": Severity.CRITICAL,
    "sev1": Severity.HIGH,
    "sev2": Severity.WARNING,
    "sev3": Severity.INFO,
    "sev4": Severity.INFO,
}
_HEALTHY = ("available",)


def parse(payload: object) -> list[Alert]:
    """The one alert of a body. Raises BadPayload naming the JSON path."""
    body = table(payload)
    data = table(body, "data")
    if table(data, "essentials"):
        return [_common(data, "$.data")]
    if table(body, "essentials"):
        return [_common(body, "$")]
    older = azure_schemas.read(body)
    if older is None:
        raise no_body_of(TOOL, payload, "an object with $.data.essentials")
    return [older]


def _common(data: Mapping[str, Any], path: str) -> Alert:
    essentials = table(data, "essentials")
    context = table(data, "alertContext")
    alert_id = text(essentials, "alertId")
    name = needed(
        first(text(essentials, "alertRule"), text(context, "name")),
        f"{path}.essentials.alertRule",
        TOOL,
    )
    service = text(essentials, "monitoringService")
    status = _status(essentials, context, path)
    resolved = status is AlertStatus.RESOLVED
    targets = [text(one) for one in rows(essentials, "alertTargetIDs")]
    items = [text(one) for one in rows(essentials, "configurationItems")]
    place = place_of(first(*targets))
    properties = table(context, "properties")
    prometheus = labels_of(table(context, "labels"))
    fired = moment(essentials.get("firedDateTime"))
    ended = first(text(essentials, "resolvedDateTime"), text(context, "eventTimestamp"))
    labels = labels_of(
        data.get("customProperties"),
        prometheus,
        {
            **place,
            "region": first(place.get("region", ""), text(properties, "region")),
            "configuration_item": joined(items[:5]),
            "signal_type": text(essentials, "signalType"),
            "monitoring_service": service,
            "azure_service": text(properties, "service"),
        },
        _dimensions(context),
        properties if service.lower() not in ("servicehealth", "resource health") else {},
    )
    return Alert(
        source=NAME,
        fingerprint=_identity(essentials, context, name, targets),
        name=name,
        status=status,
        severity=_SEVERITIES.get(text(essentials, "severity").lower(), Severity.UNKNOWN)
        if text(essentials, "severity")
        else severity_of(text(context, "level")),
        starts_at=fired,
        ends_at=moment(ended) if resolved else None,
        summary=first(
            text(essentials, "description"),
            text(properties, "title"),
            text(context, "annotations", "summary"),
            text(context, "DetectionSummary"),
            _condition(context),
            text(context, "operationName"),
            name,
        ),
        description=first(
            text(context, "annotations", "description"),
            text(properties, "communication"),
            text(context, "DetectionSummary"),
            _condition(context),
            text(context, "SearchQuery"),
        ),
        labels=labels,
        links=_links(alert_id, essentials, context),
    )


def _status(essentials: Mapping[str, Any], context: Mapping[str, Any], path: str) -> AlertStatus:
    word = text(essentials, "monitorCondition")
    status = _CONDITIONS.get(word.lower())
    if status is None:
        raise BadPayload(
            f"{path}.essentials.monitorCondition is {shown(word)}; Fired or Resolved is expected"
        )
    # Service Health and Resource Health say Fired whatever happens; their own words tell the end.
    properties = table(context, "properties")
    stages = (text(context, "status"), text(properties, "stage"))
    if text(essentials, "monitoringService").lower() in ("servicehealth", "resource health"):
        if any(stage.lower() in ("resolved", "complete") for stage in stages):
            return AlertStatus.RESOLVED
        if text(properties, "currentHealthStatus").lower() in _HEALTHY:
            return AlertStatus.RESOLVED
    return status


def _identity(
    essentials: Mapping[str, Any], context: Mapping[str, Any], name: str, targets: list[str]
) -> str:
    properties = table(context, "properties")
    service = text(essentials, "monitoringService").lower()
    tracking = text(properties, "trackingId")
    if service == "servicehealth" and tracking:
        return fingerprint_of_key(NAME, f"health/{tracking}")
    if service == "resource health" and targets:
        return fingerprint_of_key(NAME, f"resource/{name}/{targets[0].lower()}")
    key = first(text(essentials, "alertId"), text(essentials, "originAlertId"))
    if not key:
        key = "/".join((name, *sorted(one.lower() for one in targets)))
    return fingerprint_of_key(NAME, key)


def _dimensions(context: Mapping[str, Any]) -> dict[str, str]:
    for one in rows(context, "condition", "allOf"):
        if found := labels_of(at(one, "dimensions")):
            return {key: value for key, value in found.items() if not key.startswith("microsoft.")}
    return {}


def _condition(context: Mapping[str, Any]) -> str:
    return azure_schemas.condition_words(rows(context, "condition", "allOf"))


def _links(
    alert_id: str, essentials: Mapping[str, Any], context: Mapping[str, Any]
) -> dict[str, str]:
    condition = at(context, "condition", "allOf", 0)
    portal = (
        f"https://portal.azure.com/#blade/Microsoft_Azure_Monitoring/AlertDetailsTemplateBlade"
        f"/alertId/{quote(alert_id, safe='')}"
        if alert_id.startswith("/subscriptions/")
        else ""
    )
    return links_of(
        ("runbook", at(context, "annotations", "runbook_url")),
        ("source", first(portal, text(essentials, "investigationLink"))),
        ("investigation", essentials.get("investigationLink")),
        (
            "query",
            first(
                text(condition, "linkToFilteredSearchResultsUI"),
                text(condition, "linkToSearchResultsUI"),
                text(context, "LinkToFilteredSearchResultsUI"),
                text(context, "LinkToSearchResults"),
            ),
        ),
    )
