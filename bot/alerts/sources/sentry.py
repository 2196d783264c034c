"""Sentry: webhooks of its integration platform (issue alerts, metric alerts, issues, errors) and
those of the older plugin.

All but metric alerts tell of an issue, which is the instance: whichever webhook speaks of it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

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
    table,
    text,
)
from bot.alerts.model import Alert, AlertStatus, Severity
from bot.alerts.reading import severity_of
from bot.errors import NotAnAlert

NAME = "sentry"
TOOL = "Sentry"

_OVER = ("resolved", "ignored", "archived")
_TAGS_WITH_A_BETTER_NAME = {"server_name": "host"}


def parse(payload: object) -> list[Alert]:
    """The one alert of a body. Raises BadPayload, NotAnAlert for what tells of no problem."""
    body = table(payload)
    data = table(body, "data")
    action = text(body, "action").lower()
    if isinstance(data.get("metric_alert"), dict):
        return [_metric(data, action)]
    if isinstance(data.get("issue"), dict):
        return [_issue(data["issue"], action)]
    event = data.get("event") or data.get("error")
    if isinstance(event, dict):
        return [_event(event, data, "$.data.event" if data.get("event") else "$.data.error")]
    if "event" in body or "project_slug" in body or "culprit" in body:
        return [_plugin(body)]
    if "installation" in body or "comment" in data or "comment_id" in data:
        raise NotAnAlert(f"$.action is {shown(action)}: it tells of no issue and no metric")
    raise no_body_of(TOOL, payload, "an object with $.data.event, .issue or .metric_alert")


def _metric(data: Mapping[str, Any], action: str) -> Alert:
    incident = data["metric_alert"]
    rule = table(incident, "alert_rule")
    path = "$.data.metric_alert"
    title = text(data, "description_title")
    name = needed(
        first(text(rule, "name"), text(incident, "title"), title), f"{path}.alert_rule.name", TOOL
    )
    resolved = action == "resolved" or title.lower().startswith("resolved")
    projects = joined(incident.get("projects")) or joined(rule.get("projects"))
    identity = first(text(rule, "id"), text(incident, "identifier"), text(incident, "id"), name)
    organization = text(incident, "organization_id")
    return Alert(
        source=NAME,
        fingerprint=fingerprint_of_key(NAME, f"rule/{organization}/{identity}"),
        name=name,
        status=AlertStatus.RESOLVED if resolved else AlertStatus.FIRING,
        severity=severity_of(action) if action in ("critical", "warning") else Severity.UNKNOWN,
        starts_at=moment(incident.get("date_started")) or moment(incident.get("date_detected")),
        ends_at=moment(incident.get("date_closed")) if resolved else None,
        summary=first(text(data, "description_text"), title, name),
        description=first(title),
        labels=labels_of(
            {
                "service": projects if "," not in projects else "",
                "project": projects,
                "environment": text(rule, "environment"),
                "aggregate": text(rule, "aggregate"),
                "query": text(rule, "query"),
            }
        ),
        links=links_of(("source", data.get("web_url"))),
    )


def _issue(issue: Mapping[str, Any], action: str) -> Alert:
    path = "$.data.issue"
    identity = needed(text(issue, "id"), f"{path}.id", TOOL)
    word = first(action if action in (*_OVER, "unresolved", "created") else "")
    word = word or text(issue, "status").lower()
    resolved = word in _OVER
    return _built(
        identity,
        first(text(issue, "title"), text(issue, "metadata", "title")),
        f"{path}.title",
        resolved=resolved,
        level=text(issue, "level"),
        starts_at=_issue_start(issue, word),
        ends_at=moment(issue.get("lastSeen")) if resolved else None,
        culprit=first(text(issue, "culprit"), text(issue, "metadata", "value")),
        project=first(
            text(issue, "project", "slug"),
            text(issue, "project", "name"),
            text(issue, "project"),
        ),
        more={
            "short_id": text(issue, "shortId"),
            "platform": text(issue, "platform"),
            "environment": text(issue, "environment"),
        },
        tags=issue.get("tags"),
        link=first(text(issue, "permalink"), text(issue, "web_url")),
    )


def _issue_start(issue: Mapping[str, Any], word: str) -> datetime | None:
    """When this bout of the issue began; an end tells nothing of that.

    An issue that comes back keeps its first day, which would make it look like old news.
    """
    if word in _OVER:
        return None
    return moment(issue.get("lastSeen" if word == "unresolved" else "firstSeen"))


def _event(event: Mapping[str, Any], data: Mapping[str, Any], path: str) -> Alert:
    identity = needed(
        first(
            text(event, "issue_id"),
            text(event, "groupid"),
            text(event, "issue_url").rstrip("/").rpartition("/")[2],
            text(event, "event_id"),
        ),
        f"{path}.issue_id",
        TOOL,
    )
    return _built(
        identity,
        first(text(event, "title"), text(event, "metadata", "title"), text(event, "message")),
        f"{path}.title",
        resolved=False,
        level=text(event, "level"),
        starts_at=_time_of(event),
        ends_at=None,
        culprit=first(text(event, "culprit"), text(event, "metadata", "value")),
        project=first(
            text(event, "project_slug"),
            text(event, "project_name"),
            _project_of(text(event, "url")),
            text(event, "project"),
        ),
        more={
            "rule": text(data, "triggered_rule"),
            "platform": text(event, "platform"),
            "environment": text(event, "environment"),
            "release": text(event, "release"),
        },
        tags=event.get("tags"),
        link=first(text(event, "web_url"), text(data, "web_url")),
    )


def _plugin(body: Mapping[str, Any]) -> Alert:
    event = table(body, "event")
    identity = needed(
        first(text(body, "id"), text(event, "groupid"), text(event, "event_id")), "$.id", TOOL
    )
    return _built(
        identity,
        first(
            text(event, "title"),
            text(event, "metadata", "title"),
            text(body, "message"),
            text(event, "message"),
            text(body, "culprit"),
        ),
        "$.message",
        resolved=False,
        level=first(text(body, "level"), text(event, "level")),
        starts_at=_time_of(event),
        ends_at=None,
        culprit=first(text(body, "culprit"), text(event, "culprit")),
        project=first(
            text(body, "project_slug"), text(body, "project"), text(body, "project_name")
        ),
        more={
            "rule": joined(body.get("triggering_rules")),
            "environment": text(event, "environment"),
            "release": text(event, "release"),
            "platform": text(event, "platform"),
        },
        tags=event.get("tags"),
        link=text(body, "url"),
    )


def _built(
    identity: str,
    title: str,
    title_path: str,
    *,
    resolved: bool,
    level: str,
    starts_at: datetime | None,
    ends_at: datetime | None,
    culprit: str,
    project: str,
    more: Mapping[str, str],
    tags: object,
    link: str,
) -> Alert:
    name = needed(title, title_path, TOOL)
    tagged = labels_of(tags)
    better = {new: tagged.get(old, "") for old, new in _TAGS_WITH_A_BETTER_NAME.items()}
    level = first(level, tagged.get("level", ""))
    return Alert(
        source=NAME,
        fingerprint=fingerprint_of_key(NAME, f"issue/{identity}"),
        name=name,
        status=AlertStatus.RESOLVED if resolved else AlertStatus.FIRING,
        severity=severity_of(level),
        starts_at=starts_at,
        ends_at=ends_at,
        summary=name,
        description=culprit,
        labels=labels_of(
            {
                # Some webhooks give only the project's number, which is no name of anything.
                "service": first(tagged.get("service", ""), "" if project.isdigit() else project),
                "project": project,
                "environment": first(more.get("environment", ""), tagged.get("environment", "")),
                **better,
            },
            more,
            {"culprit": culprit, "level": level},
            tagged,
        ),
        links=links_of(("source", link)),
    )


def _time_of(event: Mapping[str, Any]) -> datetime | None:
    for key in ("datetime", "timestamp", "dateCreated", "received"):
        if found := moment(at(event, key)):
            return found
    return None


def _project_of(address: str) -> str:
    """The project in `.../projects/<organisation>/<project>/events/...`."""
    parts = address.split("/")
    if "projects" in parts and len(parts) > parts.index("projects") + 2:
        return parts[parts.index("projects") + 2]
    return ""
