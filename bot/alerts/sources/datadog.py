"""Datadog webhooks: the payload it proposes, and the ones that teams write with its variables.

A payload's keys are the team's own, so each variable is looked for under the names that are
customary for it, in the body and one level below. Where nothing names the state or the monitor,
the event's title does: "[Triggered on {host:web-1}] High load" and the like.
"""

import re
from collections.abc import Mapping
from typing import Any

from bot.alerts.fingerprint import fingerprint_of_key, fingerprint_of_labels
from bot.alerts.lenient import (
    first,
    is_placeholder,
    joined,
    labels_of,
    links_of,
    moment,
    needed,
    no_body_of,
    table,
)
from bot.alerts.model import Alert, AlertStatus, Severity
from bot.alerts.reading import severity_of
from bot.errors import BadPayload

NAME = "datadog"
TOOL = "Datadog"

_NAMES: Mapping[str, tuple[str, ...]] = {
    "title": ("alert_title", "event_title", "title", "alert_name", "name"),
    "transition": (
        "alert_transition",
        "transition",
        "status",
        "alert_state",
        "state",
        "overall_state",
    ),
    "type": ("alert_type", "type", "level"),
    "severity": ("alert_priority", "priority", "severity"),
    "monitor": ("monitor_id", "alert_id", "alertid"),
    "aggregate": ("aggreg_key", "aggregation_key", "aggregate_key", "deduplication_key"),
    "cycle": ("alert_cycle_key", "cycle_key"),
    "scope": ("alert_scope", "scope", "scopes"),
    "host": ("hostname", "host", "host_name"),
    "tags": ("tags", "alert_tags", "monitor_tags"),
    "query": ("alert_query", "query"),
    "metric": ("alert_metric", "metric"),
    "status_text": ("alert_status",),
    "body": ("text_only_msg", "event_msg", "alert_body", "body", "message", "msg", "description"),
    "date": (
        "date_posix",
        "date",
        "date_happened",
        "occurred_at",
        "fire_time",
        "alert_time",
        "timestamp",
    ),
    "updated": ("last_updated", "resolve_time"),
    "link": ("link", "url", "alert_url", "event_url", "source_url"),
    "snapshot": ("snapshot", "snapshot_url"),
    "org": ("org_name", "org_id"),
    "event_type": ("event_type",),
    "service": ("service",),
    "environment": ("environment", "env"),
    "team": ("team",),
}
_RESOLVED = ("recovered", "resolved", "success", "ok", "warn recovered", "recovery", "closed")
_HEAD = re.compile(r"^\s*\[([^\]\[]{1,300})\]\s*")
_STATE = re.compile(
    r"^(Re-|Monitor )?(Triggered|Recovered|Warn|No Data|Resolved|Alert|Renotify|Test|Missing)\b"
    r"(?:[^{]{0,60}\bon\s*)?(?:\s*\{(.*)\})?",
    re.IGNORECASE,
)
_PRIORITY = re.compile(r"^P([1-5])$", re.IGNORECASE)


def parse(payload: object) -> list[Alert]:
    """The one alert of a body. Raises BadPayload naming what no key of the body gives."""
    body = table(payload)
    if not body:
        raise no_body_of(TOOL, payload, "an object with $.title")
    said = _known(body)
    if not (said.get("title") or said.get("status_text")):
        raise BadPayload("$.title is missing or empty; put $EVENT_TITLE or $ALERT_TITLE there")
    title = _Title(said.get("title", ""))
    name = needed(first(title.name, said.get("title", ""), said["status_text"]), "$.title", TOOL)
    status = _status(said, title)
    scope = said.get("scope") or title.scope
    host = said.get("host", "")
    labels = labels_of(
        *_tags(body),
        scope,
        {
            "host": host,
            "service": said["service"],
            "environment": said["environment"],
            "team": said["team"],
            "monitor_id": said.get("monitor", ""),
            "metric": said.get("metric", ""),
            "org": said.get("org", ""),
        },
    )
    changed = moment(said.get("date", "")) or moment(said.get("updated", ""))
    updated = moment(said.get("updated", "")) or changed
    return [
        Alert(
            source=NAME,
            fingerprint=_identity(said, name, scope or host),
            name=name,
            status=status,
            severity=_severity(said, title),
            starts_at=changed if status is AlertStatus.FIRING else None,
            ends_at=updated if status is AlertStatus.RESOLVED else None,
            summary=first(
                said["status_text"] if " " in said["status_text"] else "",
                _plain(said.get("body", "")).partition("\n")[0][:300],
                name,
            ),
            description=_plain(said.get("body", "")),
            labels=labels,
            links=links_of(("source", said.get("link")), ("snapshot", said.get("snapshot"))),
        )
    ]


def _known(body: Mapping[str, Any]) -> dict[str, str]:
    """Variable to text, from the body and what is one level below it."""
    flat: dict[str, str] = {}
    for level in (body, *(value for value in body.values() if isinstance(value, dict))):
        for key, value in level.items():
            word = joined(value)
            if word and not is_placeholder(word):
                flat.setdefault(_squashed(key), word)
    own = flat.pop("id", "")  # the event's: another one with each delivery
    if own and "overall_state" in flat:
        flat.setdefault("monitor_id", own)  # a monitor as the API gives it
    org = table(body, "org")
    if org:
        flat["org_name"] = first(joined(org.get("name")), joined(org.get("id")))
    said = {
        variable: next((flat[key] for key in keys if key in flat), "")
        for variable, keys in _NAMES.items()
    }
    if said["title"] and said["title"] == flat.get("name") and flat["name"] == said["org"]:
        said["title"] = ""
    return said


def _tags(body: Mapping[str, Any]) -> list[object]:
    """Tags as they are: a text, an array or an object, in the body or one level below it."""
    levels = (body, *(value for value in body.values() if isinstance(value, dict)))
    wanted = (*_NAMES["tags"], "tags_list", "custom_tags")
    return [value for level in levels for key, value in level.items() if _squashed(key) in wanted]


def _squashed(key: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key[:80]).lower()).strip(
        "_"
    )


class _Title:
    """What an event's title says: "[P2] [Triggered on {host:a,env:b}] Name"."""

    __slots__ = ("name", "priority", "scope", "state")

    def __init__(self, title: str) -> None:
        self.priority = self.state = self.scope = ""
        rest = title
        while (head := _HEAD.match(rest)) is not None:
            inside = head[1].strip()
            if priority := _PRIORITY.match(inside):
                self.priority = f"P{priority[1]}"
            elif state := _STATE.match(inside):
                self.state = state[2].lower()
                self.scope = (state[3] or "").strip()
            else:
                break
            rest = rest[head.end() :]
        self.name = rest.strip()
        # Before there were scopes in titles: "[Monitor Alert] Triggered: Name".
        word, mark, name = self.name.partition(": ")
        if mark and name and (named := _STATE.fullmatch(word)):
            self.state = named[2].lower()
            self.name = name.strip()


def _status(said: Mapping[str, str], title: _Title) -> AlertStatus:
    for word in (said["transition"], title.state, said["type"]):
        lowered = word.strip().lower()
        if lowered:
            over = lowered in _RESOLVED or lowered.endswith(" recovered")
            return AlertStatus.RESOLVED if over else AlertStatus.FIRING
    return AlertStatus.FIRING


def _severity(said: Mapping[str, str], title: _Title) -> Severity:
    priority = said["severity"]
    for word in (priority if priority.lower() != "normal" else "", title.priority):
        found = severity_of(f"p{word}" if word in ("4", "5") else word)
        if found is not Severity.UNKNOWN and word.lower() not in ("success", "low", "info"):
            return found
    state = f"{said['transition']} {title.state}".lower()
    if "warn" in state or "no data" in state:
        return Severity.WARNING
    kind = said["type"].lower()
    if "triggered" in state and not kind:
        return Severity.HIGH  # Datadog's own type for it is "error"
    return severity_of(kind if kind in ("error", "warning", "info") else priority)


def _identity(said: Mapping[str, str], name: str, scope: str) -> str:
    parts = sorted(part.strip() for part in scope.split(",") if part.strip())
    if said["monitor"]:
        return fingerprint_of_key(NAME, f"monitor/{said['monitor']}/{','.join(parts)}")
    if said["aggregate"]:
        return fingerprint_of_key(NAME, f"aggregate/{said['aggregate']}")
    if said["cycle"]:
        return fingerprint_of_key(NAME, f"cycle/{said['cycle']}")
    return fingerprint_of_labels(NAME, name, {"scope": ",".join(parts), "org": said["org"]})


def _plain(message: str) -> str:
    """A message without the marks of its markup around it."""
    return message.removeprefix("%%%").removesuffix("%%%").strip()
