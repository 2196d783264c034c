"""Prometheus Alertmanager, webhook format version 4.

Format: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config. Version 3
bodies, and senders that leave out what Alertmanager always writes (times, a fingerprint, the
status of single alerts), are understood as well.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.alerts.fingerprint import fingerprint_of_key, fingerprint_of_labels
from bot.alerts.json_body import shown
from bot.alerts.model import Alert, AlertStatus
from bot.alerts.reading import (
    MAX_ALERTS,
    kind_of,
    list_at,
    object_at,
    severity_of,
    text_at,
    texts_at,
    time_at,
    trimmed,
    web_link,
)
from bot.errors import BadPayload

NAME = "alertmanager"

_LINK_ANNOTATIONS: Mapping[str, tuple[str, ...]] = {
    "runbook": ("runbook_url", "runbook"),
    "dashboard": ("dashboard_url", "dashboard"),
}
_STATUSES = {status.value: status for status in AlertStatus}


def parse(payload: object) -> list[Alert]:
    """The alerts of one notification, in its order. Raises BadPayload naming the JSON path.

    A single alert, or an array of them, as Prometheus itself and Alertmanager's own API write
    them, is understood as well: what gives no status fires. An alert that was pushed
    to Alertmanager need not have a name; it goes by its summary then, and one without labels by
    those that all of the notification share.
    """
    if isinstance(payload, list) and payload:
        _counted(payload, "$")
        return [_alone(item, f"$[{index}]") for index, item in enumerate(payload)]
    body = object_at(payload, "$")
    if "alerts" not in body:
        if isinstance(body.get("labels"), dict) and body["labels"]:
            return [_alone(body, "$")]
        raise BadPayload("$.alerts is missing; an Alertmanager notification has it")
    reported = list_at(body["alerts"], "$.alerts")
    if not reported:
        raise BadPayload("$.alerts is empty; a notification has at least one alert")
    _counted(reported, "$.alerts")
    shared = _Shared(body)
    return [_alert(item, f"$.alerts[{index}]", shared) for index, item in enumerate(reported)]


def _counted(reported: Sequence[object], path: str) -> None:
    if len(reported) > MAX_ALERTS:
        raise BadPayload(f"{path} has {len(reported)} entries; {MAX_ALERTS} is the most")


def _alone(item: object, path: str) -> Alert:
    """An alert outside of a notification. The API gives an object as its status: it is held, or
    silenced, but it fires."""
    one = dict(object_at(item, path))
    if not one.get("status") or isinstance(one["status"], dict):
        one["status"] = "firing"
    return _alert(one, path, _Shared(one), alone=True)


class _Shared:
    """What all alerts of one notification have in common."""

    __slots__ = ("annotations", "group_key", "labels", "link", "status")

    def __init__(self, body: Mapping[str, Any]) -> None:
        self.status = text_at(body, "status", "$")
        self.link = web_link(text_at(body, "externalURL", "$"))
        grouped_by = texts_at(body, "groupLabels", "$")
        self.labels = {**texts_at(body, "commonLabels", "$"), **grouped_by}
        self.annotations = texts_at(body, "commonAnnotations", "$")
        key = _group_key(body)
        # Without group_by all alerts there are share one key, which then says nothing.
        self.group_key = key if grouped_by else None


def _group_key(body: Mapping[str, Any]) -> str | None:
    key = body.get("groupKey")
    if key is None:
        return None
    if isinstance(key, int) and not isinstance(key, bool):
        return str(key)  # version 3 wrote a number
    if isinstance(key, str):
        return trimmed(key) or None
    raise BadPayload(f"$.groupKey is {kind_of(key)}; a text is expected")


def _alert(item: object, path: str, shared: _Shared, *, alone: bool = False) -> Alert:
    reported = object_at(item, path)
    labels = texts_at(reported, "labels", path) or shared.labels
    if not labels and reported.get("labels") is None:
        raise BadPayload(f"{path}.labels is missing")
    annotations = texts_at(reported, "annotations", path) or shared.annotations
    name = rule = labels.get("alertname") or shared.labels.get("alertname") or ""
    if not name:
        own = text_at(reported, "summary", path) if alone else ""
        name = own or annotations.get("summary") or annotations.get("title") or ""
    if not name:
        raise BadPayload(f"{path}.labels.alertname is missing or empty")
    status = _status(reported, path, shared)
    own_key = text_at(reported, "fingerprint", path)
    return Alert(
        source=NAME,
        fingerprint=(
            fingerprint_of_key(NAME, own_key)
            if own_key
            # A summary has values that change; the labels tell such an alert from others.
            else fingerprint_of_labels(NAME, rule or (name if alone else ""), labels)
        ),
        name=name,
        status=status,
        severity=severity_of(labels.get("severity") or annotations.get("severity")),
        starts_at=time_at(reported, "startsAt", path),
        # While it fires, endsAt is only when the sender would give up on hearing more.
        ends_at=time_at(reported, "endsAt", path) if status is AlertStatus.RESOLVED else None,
        summary=annotations.get("summary")
        or annotations.get("title")
        or (text_at(reported, "summary", path) if alone else ""),
        description=annotations.get("description") or annotations.get("message") or "",
        labels=labels,
        links=_links(reported, annotations, path, shared),
        group_key=shared.group_key,
    )


def _status(reported: Mapping[str, Any], path: str, shared: _Shared) -> AlertStatus:
    word = text_at(reported, "status", path) or shared.status
    if not word:
        raise BadPayload(f"{path}.status is missing, and so is $.status")
    status = _STATUSES.get(word.lower())
    if status is None:
        raise BadPayload(f"{path}.status is {shown(word)}; firing or resolved is expected")
    return status


def _links(
    reported: Mapping[str, Any], annotations: Mapping[str, str], path: str, shared: _Shared
) -> dict[str, str]:
    links: dict[str, str] = {}
    for title, names in _LINK_ANNOTATIONS.items():
        found = next(
            (link for name in names if (link := web_link(annotations.get(name, "")))), None
        )
        if found:
            links[title] = found
    source = web_link(text_at(reported, "generatorURL", path))
    if source:
        links["source"] = source
    if shared.link:
        links["alertmanager"] = shared.link
    return links
