"""Grafana: unified alerting (since version 8) and the legacy alerting before it.

Unified bodies are Alertmanager's with more on top; legacy ones tell of one rule at a time, and
of the series that matched only while it alerts, so that the rule is the instance.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from bot.alerts.fingerprint import fingerprint_of_key, fingerprint_of_labels
from bot.alerts.json_body import shown
from bot.alerts.lenient import (
    at,
    first,
    labels_of,
    links_of,
    moment,
    needed,
    no_body_of,
    rows,
    shared,
    table,
    text,
)
from bot.alerts.model import Alert, AlertStatus, Severity
from bot.alerts.reading import MAX_ALERTS, list_at, severity_of
from bot.errors import BadPayload

NAME = "grafana"

_LEGACY_STATES = {
    "alerting": AlertStatus.FIRING,
    "no_data": AlertStatus.FIRING,
    "nodata": AlertStatus.FIRING,
    "pending": AlertStatus.FIRING,
    "unknown": AlertStatus.FIRING,
    "error": AlertStatus.FIRING,
    "ok": AlertStatus.RESOLVED,
    "paused": AlertStatus.RESOLVED,
}
_UNIFIED_STATES = {
    "firing": AlertStatus.FIRING,
    "alerting": AlertStatus.FIRING,
    "resolved": AlertStatus.RESOLVED,
    "ok": AlertStatus.RESOLVED,
    "normal": AlertStatus.RESOLVED,
}


def parse(payload: object) -> list[Alert]:
    """The alerts of one notification, in its order. Raises BadPayload naming the JSON path."""
    body = table(payload)
    if "alerts" in body:
        return _unified(body)
    if "ruleName" in body or "ruleId" in body or "evalMatches" in body or "alert_uid" in body:
        return [_legacy(body)]
    if "state" in body and "title" in body:
        return [_legacy(body)]
    raise no_body_of("Grafana", payload, "an object with $.alerts, or with $.ruleName and $.state")


# -- unified -----------------------------------------------------------------------------------


def _unified(body: Mapping[str, Any]) -> list[Alert]:
    reported = list_at(body["alerts"], "$.alerts")
    if not reported:
        raise BadPayload("$.alerts is empty; a notification has at least one alert")
    if len(reported) > MAX_ALERTS:
        raise BadPayload(f"$.alerts has {len(reported)} entries; {MAX_ALERTS} is the most")
    return [_instance(one, f"$.alerts[{index}]", body) for index, one in enumerate(reported)]


def _instance(one: object, path: str, body: Mapping[str, Any]) -> Alert:
    if not isinstance(one, dict):
        raise BadPayload(f"{path} is not an object")
    labels = labels_of(one.get("labels"))
    annotations = labels_of(one.get("annotations"), body.get("commonAnnotations"))
    common = table(body, "commonLabels")
    name = needed(
        first(
            labels.get("alertname", ""),
            text(common, "alertname"),
            labels.get("rulename", ""),
            annotations.get("summary", ""),
            text(body, "title"),
        ),
        f"{path}.labels.alertname",
        "Grafana",
    )
    word = first(text(one, "status"), text(body, "status"), text(body, "state"))
    status = _UNIFIED_STATES.get(word.lower())
    if status is None:
        raise BadPayload(f"{path}.status is {shown(word)}; firing or resolved is expected")
    own_key = text(one, "fingerprint")
    group_key = first(text(body, "groupKey"))
    return Alert(
        source=NAME,
        fingerprint=(
            fingerprint_of_key(NAME, f"{text(body, 'orgId')}/{own_key}")
            if own_key
            else fingerprint_of_labels(NAME, name, labels)
        ),
        name=name,
        status=status,
        severity=severity_of(
            labels.get("severity") or labels.get("priority") or annotations.get("severity")
        ),
        starts_at=moment(one.get("startsAt")),
        ends_at=moment(one.get("endsAt")) if status is AlertStatus.RESOLVED else None,
        summary=first(
            annotations.get("summary", ""), annotations.get("title", ""), text(one, "valueString")
        ),
        description=first(annotations.get("description", ""), annotations.get("message", "")),
        labels=labels,
        links=links_of(
            ("runbook", annotations.get("runbook_url") or annotations.get("runbook")),
            ("dashboard", one.get("dashboardURL")),
            ("panel", one.get("panelURL")),
            ("source", one.get("generatorURL")),
            ("silence", one.get("silenceURL")),
            ("image", one.get("imageURL")),
            ("grafana", body.get("externalURL")),
        ),
        group_key=group_key if group_key and table(body, "groupLabels") else None,
    )


# -- legacy ------------------------------------------------------------------------------------


def _legacy(body: Mapping[str, Any]) -> Alert:
    name = needed(first(text(body, "ruleName"), text(body, "title")), "$.ruleName", "Grafana")
    word = first(text(body, "state"), text(body, "status")).lower()
    status = _LEGACY_STATES.get(word)
    if status is None:
        raise BadPayload(
            f"$.state is {shown(word)}; one of {', '.join(_LEGACY_STATES)} is expected"
        )
    tags = body.get("tags")
    series = shared(table(one, "tags") for one in rows(body, "evalMatches"))
    labels = labels_of(tags, series, _place(body))
    alert = Alert(
        source=NAME,
        fingerprint=fingerprint_of_key(NAME, _rule_key(body, name)),
        name=name,
        status=status,
        severity=severity_of(first(text(tags, "severity"), text(tags, "priority"))),
        starts_at=moment(body.get("startsAt")),
        summary=first(text(body, "message"), text(body, "title")),
        description=_matches(body),
        labels=labels,
        links=links_of(
            ("runbook", text(tags, "runbook_url") or text(tags, "runbook")),
            ("dashboard", body.get("ruleUrl")),
            ("source", body.get("link_to_upstream_details")),
            ("image", body.get("imageUrl") or body.get("image_url")),
        ),
    )
    if word in ("no_data", "nodata", "pending") and alert.severity is Severity.UNKNOWN:
        return replace(alert, severity=Severity.WARNING)
    return alert


def _place(body: Mapping[str, Any]) -> dict[str, str]:
    return {
        "grafana_org": text(body, "orgId"),
        "grafana_dashboard": text(body, "dashboardId"),
        "grafana_panel": text(body, "panelId"),
    }


def _rule_key(body: Mapping[str, Any], name: str) -> str:
    """Which rule of which Grafana. Test notifications all have the rule id 0."""
    own = first(text(body, "alert_uid"))
    if own:
        return f"uid/{own}"
    address = text(body, "ruleUrl")
    try:
        host = urlsplit(address).netloc
    except ValueError:
        host = ""
    rule = text(body, "ruleId")
    return "/".join(("rule", host, text(body, "orgId"), rule if rule not in ("", "0") else name))


def _matches(body: Mapping[str, Any]) -> str:
    """The values of the first series that matched, one a line."""
    lines = [
        f"{text(one, 'metric')} = {text(one, 'value')}"
        for one in rows(body, "evalMatches")[:10]
        if at(one, "metric") is not None
    ]
    return "\n".join(lines)
