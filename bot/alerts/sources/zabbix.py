"""Zabbix: the media type that `docs/sources.md` gives, others like it, and streamed events.

A webhook media type sends whatever its parameters say. Ours sends Zabbix's macros under their own
names in lower case; the shorter names that other media types use are understood as well.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.alerts.fingerprint import fingerprint_of_key, fingerprint_of_labels
from bot.alerts.json_body import parse_json
from bot.alerts.lenient import (
    first,
    is_placeholder,
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

NAME = "zabbix"
TOOL = "Zabbix"

_SEVERITIES: Mapping[str, Severity] = {
    "not classified": Severity.UNKNOWN,
    "information": Severity.INFO,
    "warning": Severity.WARNING,
    "average": Severity.WARNING,
    "high": Severity.HIGH,
    "disaster": Severity.CRITICAL,
    "0": Severity.UNKNOWN,
    "1": Severity.INFO,
    "2": Severity.WARNING,
    "3": Severity.WARNING,
    "4": Severity.HIGH,
    "5": Severity.CRITICAL,
}
_NAMES: Mapping[str, tuple[str, ...]] = {
    "name": (
        "event_name",
        "trigger_name",
        "alert_subject",
        "trigger",
        "problem",
        "name",
        "subject",
    ),
    "event": ("event_id", "eventid", "problem_id", "p_eventid"),
    "trigger": ("trigger_id", "triggerid", "objectid"),
    "value": ("event_value", "trigger_value", "value"),
    "status": ("event_status", "trigger_status", "status", "state", "event_type"),
    "severity": (
        "event_severity",
        "trigger_severity",
        "severity",
        "event_nseverity",
        "trigger_nseverity",
        "nseverity",
        "priority",
    ),
    "host": ("host_name", "host_host", "hostname", "host", "event_host"),
    "ip": ("host_ip", "ip", "hostip"),
    "description": ("trigger_description", "alert_message", "message", "description"),
    "data": ("event_opdata", "opdata", "item", "item_value"),
    "update": ("event_update_status", "update_status"),
    "started": ("event_timestamp", "clock", "timestamp", "event_time_epoch"),
    "date": ("event_date", "date"),
    "time": ("event_time", "time"),
    "ended": ("event_recovery_timestamp", "recovery_timestamp"),
    "end_date": ("event_recovery_date", "recovery_date"),
    "end_time": ("event_recovery_time", "recovery_time"),
    "link": ("event_url", "link", "url", "event_link"),
    "base": ("zabbix_url",),
    "trigger_url": ("trigger_url",),
    "groups": ("host_groups", "trigger_hostgroup_name", "hostgroup", "groups"),
}
_OVER = ("ok", "resolved", "recovery", "recovered", "0", "closed")
_PREFIX = re.compile(r"^\s*(problem|resolved|recovery|ok|updated problem[^:]{0,80})\s*:\s*", re.I)


def parse(payload: object) -> list[Alert]:
    """The one event of a body. Raises BadPayload naming what no key of the body gives."""
    body = table(payload)
    if not body:
        raise no_body_of(TOOL, payload, "an object with $.event_name")
    said = _known(body)
    if not (said["name"] or said["event"]):
        if any(is_placeholder(joined(value)) for value in body.values()):
            raise NotAnAlert(
                "$ has Zabbix's macros as they are written: it is the test of a media type"
            )
        raise BadPayload("$.event_name is missing or empty; the media type sends {EVENT.NAME}")
    name = _PREFIX.sub("", said["name"]) or said["name"]
    name = name or needed(f"Zabbix event {said['event']}", "$.event_name", TOOL)
    status = _status(said)
    resolved = status is AlertStatus.RESOLVED
    host = said["host"]
    labels = labels_of(
        _tags(body),
        {
            "host": host,
            "ip": said["ip"],
            "trigger_id": said["trigger"],
            "host_groups": said["groups"],
            "operational_data": said["data"],
        },
    )
    return [
        Alert(
            source=NAME,
            fingerprint=_identity(said, name),
            name=name,
            status=status,
            severity=_severity(said["severity"]),
            starts_at=_started(body, said, resolved=resolved),
            ends_at=_ended(body, said) if resolved else None,
            summary=_summary(said, name, host),
            description=first(said["description"], said["data"]),
            labels=labels,
            links=_links(said),
        )
    ]


def _summary(said: Mapping[str, str], name: str, host: str) -> str:
    if not said["name"]:
        return ""  # a streamed recovery names its problem alone: what is known of that stays
    return f"{name} on {host}" if host and host not in name else name


def _known(body: Mapping[str, Any]) -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in body.items():
        word = joined(value)
        if word and not is_placeholder(word) and not word.startswith("*UNKNOWN*"):
            flat.setdefault(re.sub(r"[^a-z0-9]+", "_", key[:80].lower()).strip("_"), word)
    hosts = rows(body, "hosts")
    if hosts:
        flat.setdefault(
            "host", first(text(hosts[0], "host"), text(hosts[0], "name"), text(hosts[0]))
        )
    recovers = flat.get("p_eventid", "")
    if recovers:  # a streamed recovery names the problem it ends
        flat["event_id"] = recovers
    return {
        field: next((flat[key] for key in keys if key in flat), "")
        for field, keys in _NAMES.items()
    }


def _status(said: Mapping[str, str]) -> AlertStatus:
    for word in (said["value"], said["status"], (_PREFIX.match(said["name"]) or [""])[0]):
        lowered = word.strip(" :\t").lower()
        if lowered in _OVER:
            return AlertStatus.RESOLVED
        if lowered:
            return AlertStatus.FIRING
    return AlertStatus.FIRING


def _severity(word: str) -> Severity:
    known = _SEVERITIES.get(word.lower())
    return known if known is not None else severity_of(word)


def _identity(said: Mapping[str, str], name: str) -> str:
    """The problem's own event, which its recovery names too."""
    if said["event"]:
        return fingerprint_of_key(NAME, f"event/{said['event']}")
    if said["trigger"]:
        return fingerprint_of_key(NAME, f"trigger/{said['trigger']}/{said['host']}")
    return fingerprint_of_labels(NAME, name, {"host": said["host"]})


def _tags(body: Mapping[str, Any]) -> object:
    """{EVENT.TAGSJSON} as a text or in line, else {EVENT.TAGS}."""
    for key in ("event_tags_json", "event_tagsjson", "tags_json", "event_tags", "tags"):
        value = body.get(key)
        if isinstance(value, str) and value.lstrip().startswith("["):
            try:
                value = parse_json(value.encode("utf-8", "replace"))
            except BadPayload:
                continue
        if value:
            return value
    return {}


def _started(
    body: Mapping[str, Any], said: Mapping[str, str], *, resolved: bool
) -> datetime | None:
    streamed = "clock" in body
    if streamed and resolved:
        return None  # its clock is the recovery's
    return moment(said["started"]) or moment(f"{said['date']} {said['time']}")


def _ended(body: Mapping[str, Any], said: Mapping[str, str]) -> datetime | None:
    if "clock" in body:
        return moment(body["clock"])
    return moment(said["ended"]) or moment(f"{said['end_date']} {said['end_time']}")


def _links(said: Mapping[str, str]) -> dict[str, str]:
    base = said["base"].rstrip("/")
    event = ""
    if base and said["event"].isdigit() and said["trigger"].isdigit():
        event = f"{base}/tr_events.php?triggerid={said['trigger']}&eventid={said['event']}"
    return links_of(
        ("runbook", said["trigger_url"]), ("source", first(said["link"], event)), ("zabbix", base)
    )
