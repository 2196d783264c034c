"""Azure Monitor's older schemas: classic and newer metric alerts, log alerts, the activity log."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.alerts.fingerprint import fingerprint_of_key
from bot.alerts.json_body import shown
from bot.alerts.lenient import at, first, labels_of, links_of, moment, needed, rows, table, text
from bot.alerts.model import Alert, AlertStatus, Severity
from bot.alerts.reading import severity_of
from bot.alerts.sources.azure_resources import place_of
from bot.errors import BadPayload

NAME = "azure"
TOOL = "Azure Monitor"

_STATES = {
    "activated": AlertStatus.FIRING,
    "deactivated": AlertStatus.RESOLVED,
    "resolved": AlertStatus.RESOLVED,
    "fired": AlertStatus.FIRING,
}
_NUMBERS = {
    "0": Severity.CRITICAL,
    "1": Severity.HIGH,
    "2": Severity.WARNING,
    "3": Severity.INFO,
    "4": Severity.INFO,
}


def read(body: Mapping[str, Any]) -> Alert | None:
    """The alert of a body in one of the older schemas, or None if it is none of them."""
    data = table(body, "data")
    if table(data, "context", "activityLog"):
        return _activity(data, "$.data")
    if table(data, "context"):
        return _metric(data, "$.data")
    if table(body, "context"):
        return _metric(body, "$")
    if "BudgetName" in data:
        return _budget(data, "$.data")
    if "AlertRuleName" in data:
        return _log(data, "$.data")
    if "AlertRuleName" in body:
        return _log(body, "$")
    return None


def condition_words(conditions: Sequence[Any]) -> str:
    """Conditions as people say them: "Percentage CPU GreaterThan 80 (is 85)"."""
    said = []
    for one in conditions[:5]:
        metric = first(text(one, "metricName"), text(one, "searchQuery")[:200])
        if metric:
            value = first(text(one, "metricValue"))
            limit = f"{text(one, 'operator')} {text(one, 'threshold')}".strip()
            said.append(f"{metric} {limit}" + (f" (is {value})" if value else ""))
    return "; ".join(said)


def _status(word: str, path: str) -> AlertStatus:
    status = _STATES.get(word.lower())
    if status is None:
        raise BadPayload(f"{path}.status is {shown(word)}; Activated or Deactivated is expected")
    return status


def _metric(data: Mapping[str, Any], path: str) -> Alert:
    context = table(data, "context")
    name = needed(text(context, "name"), f"{path}.context.name", TOOL)
    status = _status(text(data, "status"), path)
    resource = text(context, "resourceId")
    condition = table(context, "condition")
    conditions = rows(condition, "allOf") or ([condition] if condition else [])
    dimensions = labels_of(*(at(one, "dimensions") for one in conditions))
    time = moment(context.get("timestamp"))
    firing = status is AlertStatus.FIRING
    rule = text(context, "id").lower()
    place = place_of(resource)
    said = ",".join(f"{key}={value}" for key, value in sorted(dimensions.items()))
    return Alert(
        source=NAME,
        fingerprint=fingerprint_of_key(NAME, f"rule/{rule or name}/{resource.lower()}/{said}"),
        name=name,
        status=status,
        severity=_NUMBERS.get(text(context, "severity"), severity_of(text(context, "severity"))),
        starts_at=time if firing else None,
        ends_at=None if firing else time,
        summary=first(text(context, "description"), condition_words(conditions), name),
        description=condition_words(conditions),
        labels=labels_of(
            table(data, "properties"),
            {
                **place,
                "resource": first(text(context, "resourceName"), place.get("resource", "")),
                "resource_group": text(context, "resourceGroupName"),
                "region": text(context, "resourceRegion"),
                "subscription": text(context, "subscriptionId"),
                "metric": text(conditions[0], "metricName") if conditions else "",
            },
            {key: value for key, value in dimensions.items() if not key.startswith("microsoft.")},
        ),
        links=links_of(("source", context.get("portalLink"))),
    )


def _log(data: Mapping[str, Any], path: str) -> Alert:
    name = needed(text(data, "AlertRuleName"), f"{path}.AlertRuleName", TOOL)
    resolved = text(data, "MonitorCondition").lower() == "resolved"
    dimensions = labels_of(
        *(at(one, "Dimensions") for one in rows(data, "AffectedConfigurationItems"))
    )
    items = ",".join(sorted(text(one) for one in rows(data, "AffectedConfigurationItems")))
    subscription = text(data, "SubscriptionId")
    severity = text(data, "Severity")
    return Alert(
        source=NAME,
        fingerprint=fingerprint_of_key(NAME, f"log/{subscription}/{name}/{items}"),
        name=name,
        status=AlertStatus.RESOLVED if resolved else AlertStatus.FIRING,
        severity=_NUMBERS.get(severity, severity_of(severity)),
        starts_at=moment(
            first(text(data, "SearchIntervalEndtimeUtc"), text(data, "SearchIntervalEndTimeUtc"))
        ),
        summary=first(text(data, "Description"), name),
        description=text(data, "SearchQuery"),
        labels=labels_of(
            {
                "subscription": subscription,
                "alert_type": text(data, "AlertType"),
                "workspace": text(data, "WorkspaceId"),
                "application_id": text(data, "ApplicationId"),
                "host": text(data, "AffectedConfigurationItems", 0),
                "results": text(data, "ResultCount"),
            },
            dimensions,
        ),
        links=links_of(
            (
                "source",
                first(text(data, "LinkToSearchResults"), text(data, "LinkToSearchResultsUI")),
            )
        ),
    )


def _activity(data: Mapping[str, Any], path: str) -> Alert:
    log = table(data, "context", "activityLog")
    properties = table(log, "properties")
    operation = text(log, "operationName")
    name = needed(
        first(text(properties, "title"), operation, text(log, "eventSource")),
        f"{path}.context.activityLog.operationName",
        TOOL,
    )
    stages = (text(data, "status"), text(log, "status"), text(properties, "stage"))
    over = any(word.lower() in ("deactivated", "resolved", "complete") for word in stages)
    over = over or text(properties, "currentHealthStatus").lower() == "available"
    resource = text(log, "resourceId")
    tracking = text(properties, "trackingId")
    time = moment(log.get("eventTimestamp")) or moment(log.get("submissionTimestamp"))
    key = f"health/{tracking}" if tracking else f"activity/{resource.lower()}/{operation}"
    return Alert(
        source=NAME,
        fingerprint=fingerprint_of_key(NAME, key),
        name=name,
        status=AlertStatus.RESOLVED if over else AlertStatus.FIRING,
        severity=severity_of(text(log, "level")),
        starts_at=moment(properties.get("impactStartTime")) or (None if over else time),
        ends_at=time if over else None,
        summary=first(text(log, "description"), text(properties, "title"), name),
        description=first(text(properties, "communication"), text(log, "description")),
        labels=labels_of(
            {
                **place_of(resource),
                "resource_group": text(log, "resourceGroupName"),
                "subscription": text(log, "subscriptionId"),
                "region": text(properties, "region"),
                "azure_service": text(properties, "service"),
                "operation": operation,
                "caller": text(log, "caller"),
                "activity_status": text(log, "status"),
            }
        ),
    )


def _budget(data: Mapping[str, Any], path: str) -> Alert:
    """Spending that passed a threshold of a budget; it has no end before the period's."""
    name = needed(text(data, "BudgetName"), f"{path}.BudgetName", TOOL)
    subscription = text(data, "SubscriptionId")
    group = text(data, "ResourceGroup")
    unit = text(data, "Unit")
    spent = f"{text(data, 'SpendingAmount')} of {text(data, 'Budget')} {unit}".strip()
    key = f"budget/{subscription}/{group}/{name}/{text(data, 'BudgetStartDate')}"
    return Alert(
        source=NAME,
        fingerprint=fingerprint_of_key(NAME, key),
        name=name,
        status=AlertStatus.FIRING,
        severity=Severity.WARNING,
        summary=f"{name}: {spent} spent",
        labels=labels_of(
            {
                "subscription": first(text(data, "SubscriptionName"), subscription),
                "resource_group": group,
                "threshold": text(data, "NotificationThresholdAmount"),
                "budget_type": text(data, "BudgetType"),
            }
        ),
    )
