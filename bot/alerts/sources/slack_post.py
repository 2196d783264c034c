"""Alerts that other tools' own apps post in Slack: attachments and blocks of one message.

Read are the shapes of Alertmanager's and Grafana's Slack receivers, of the apps of PagerDuty,
Datadog, Opsgenie and Sentry, and of any tool that says somewhere (a word, a sign, a colour) that
something fires or is over. The body is Slack's message object, with its `channel` in it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.alerts.fingerprint import fingerprint_of_key
from bot.alerts.lenient import labels_of, links_of, moment, text
from bot.alerts.model import FROM_POSTS, Alert, AlertStatus, Severity
from bot.alerts.reading import MAX_ALERTS, kind_of, severity_of, trimmed
from bot.alerts.sources.slack_parts import Part, pairs_in, parts_of
from bot.alerts.sources.slack_words import (
    Headline,
    severity_of_color,
    state_word,
    status_in,
    status_of_color,
)
from bot.errors import BadPayload, NotAnAlert

NAME = FROM_POSTS

_LONGEST_NAME = 200
_SUMMARY = 500
_LINES_LOOKED_AT = 3
_NOT_LABELS = (
    *("status", "state", "footer", "author_name", "service_name", "value", "values", "source"),
    *("silence", "labels", "annotations", "description", "summary", "message", "details"),
    *("http", "https", "runbook", "dashboard", "panel", "title", "alert"),
    "time_(utc)",
)
_SEVERITIES = ("severity", "priority", "urgency", "level", "alert severity")
_RENAMED = {
    **dict.fromkeys(("app", "application", "impacted_service", "services", "project"), "service"),
    **dict.fromkeys(("environment", "env", "stage"), "environment"),
    **dict.fromkeys(("hostname", "server"), "host"),
}

_IDENTITIES: Sequence[tuple[str, re.Pattern[str], bool]] = (
    ("pagerduty", re.compile(r"pagerduty\.com/incidents/([A-Za-z0-9]{4,40})"), False),
    ("opsgenie", re.compile(r"(?:opsgenie\.com|opsg\.in)/\S{0,80}?([0-9a-f-]{30,60})"), False),
    ("sentry", re.compile(r"/issues/(\d{2,20})\b"), False),
    ("datadog", re.compile(r"datadoghq\.\S{2,6}/monitors/(\d{2,20})\b"), True),
    ("datadog", re.compile(r"datadoghq\.\S{2,6}/event/event\?id=(\d{4,30})\b"), False),
)
"""(tool, its own key in its links, whether one key stands for several alerts)."""
_TOOLS = ("alertmanager", "grafana", "pagerduty", "datadog", "opsgenie", "sentry")

_CHANGING = re.compile(
    r"(?<![\w.-])\d+(?:[.,:]\d+)*\s?(?:%|(?:ms|s|m|h|d|[KMGT]i?B|req/s)\b|(?![\w.-]))"
)
_TAIL = re.compile(r"\s*\([^()]{0,400}\)\s*$")
_IDENTIFIER = re.compile(r"(?=[A-Za-z0-9_]*(?:[a-z0-9][A-Z]|[a-z0-9]_))[A-Za-z]\w{3,}", re.ASCII)
_SECTION = re.compile(r"(firing|resolved)", re.IGNORECASE)
_LABEL = re.compile(r"^[\s•\-]{0,4}([A-Za-z_][\w.]{0,100})\s*=\s*(.*)$")
_GRAFANA_LINK = re.compile(r"^(Source|Silence|Dashboard|Panel):\s*(https?://\S{1,2000})$")


def parse(payload: object) -> list[Alert]:
    """The alerts of one post, in its order. Raises NotAnAlert where it tells of none, BadPayload
    where it is no post.

    `starts_at` is when the post was made, and only of what fires: a second post that says that it
    is over does not know when it began.
    """
    if not isinstance(payload, dict):
        raise BadPayload(f"$ is {kind_of(payload)}; a Slack message is expected")
    if not isinstance(payload.get("attachments") or payload.get("blocks"), list):
        raise BadPayload("$ has neither attachments nor blocks; an alert's post has them")
    post = _Post(payload)
    found: dict[str, Alert] = {}
    for part in parts_of(payload):
        for alert in _alerts(part, post):
            found.setdefault(alert.fingerprint, alert)
    if not found:
        raise NotAnAlert("$ is a post that tells of nothing that fires or is over")
    return list(found.values())[:MAX_ALERTS]


def says_it_is_over(payload: Mapping[str, Any]) -> bool:
    """Whether what is left of an edited post says that what it told of is over."""
    lines = [line for part in parts_of(payload) for line in part.lines]
    lines = lines or text(payload, "text").splitlines()
    return any(_status_of(Headline(line), line) is AlertStatus.RESOLVED for line in lines[:6])


@dataclass(frozen=True, slots=True)
class _Origin:
    channel: str
    app: str


class _Post:
    """What all parts of a post have in common."""

    __slots__ = ("at", "origin")

    def __init__(self, payload: Mapping[str, Any]) -> None:
        app = text(payload, "app_id") or text(payload, "bot_id") or text(payload, "username")
        self.origin = _Origin(channel=text(payload, "channel"), app=app)
        self.at: datetime | None = moment(text(payload, "ts"))


def _status_of(headline: Headline, line: str) -> AlertStatus | None:
    return headline.status or status_in(line)


def _alerts(part: Part, post: _Post) -> Iterator[Alert]:
    headline = Headline(part.title)
    sections = list(_grafana_sections(part))
    if sections:
        yield from (_of_section(section, part, headline, post) for section in sections)
        return
    fields = {
        **dict(pairs_in([line for line in part.lines if line != part.title])),
        **part.fields,
    }
    lowered = {name.lower(): value for name, value in fields.items()}
    headline = _own_headline(headline, lowered.get("message", ""))
    tool, key = _identity(part, lowered)
    status = _status(part, headline, lowered) or (AlertStatus.FIRING if key else None)
    if status is None:
        return
    name, rest = _name(headline, lowered)
    if not name:
        return
    labels = _labels(fields, tool)
    if headline.group:
        labels.setdefault("group", trimmed(headline.group))
    yield Alert(
        source=NAME,
        fingerprint=_fingerprint(key, stable(f"{rest} {headline.group}"), labels, post.origin),
        name=name,
        status=status,
        severity=_severity(part, headline, lowered, status),
        starts_at=post.at if status is AlertStatus.FIRING else None,
        summary=_summary(part, headline.rest),
        description=trimmed(part.text if part.text != part.title else "")
        or lowered.get("message", ""),
        labels=labels,
        links=_links(part),
    )


def _own_headline(headline: Headline, message: str) -> Headline:
    """Uptime Kuma's title is the same for every monitor; its message says which and how it is."""
    own = Headline(message.partition("\n")[0]) if message.startswith("[") else headline
    return own if headline.status is None and own.status is not None else headline


def _status(part: Part, headline: Headline, fields: Mapping[str, str]) -> AlertStatus | None:
    """Its own word first, then its status field, its first lines, and last its colour."""
    if headline.status is not None:
        return headline.status
    for name in ("status", "state", "alert status"):
        told = state_word(fields.get(name, ""))
        if told is not None:
            return told
    for line in (part.title, *part.lines[:_LINES_LOOKED_AT]):
        told = _status_of(Headline(line), line)
        if told is not None:
            return told
    return status_of_color(part.color)


def _severity(
    part: Part, headline: Headline, fields: Mapping[str, str], status: AlertStatus
) -> Severity:
    for name in _SEVERITIES:
        told = severity_of(fields.get(name, "").split(" ")[0])
        if told is not Severity.UNKNOWN:
            return told
    for line in (headline, *map(Headline, part.lines[:1])):
        if line.severity is not Severity.UNKNOWN:
            return line.severity
    told = next(
        (worth for word in reversed(headline.rest.strip(" )").split()[-3:])
         if (worth := severity_of(word.strip("(),[]"))) is not Severity.UNKNOWN
         and word.strip("(),[]").isalpha()),
        Severity.UNKNOWN,
    )  # fmt: skip
    if told is not Severity.UNKNOWN and _TAIL.search(headline.rest):
        return told
    return severity_of_color(part.color) if status is AlertStatus.FIRING else Severity.UNKNOWN


def _name(headline: Headline, fields: Mapping[str, str]) -> tuple[str, str]:
    """(name, the whole title without its state). Alertmanager's title begins with the rule's
    name and ends with what the group's alerts share, which comes and goes with its members."""
    rest = headline.rest
    if headline.is_group:
        rest = _TAIL.sub("", rest) or rest
    name = next((fields[key] for key in ("alertname", "alert name", "rule") if fields.get(key)), "")
    first = rest.split(" ")[0]
    if not name:
        name = first if _IDENTIFIER.fullmatch(first) else rest
    return name[:_LONGEST_NAME], rest


def _summary(part: Part, rest: str) -> str:
    """What its own summary says, else the title where the name is only its beginning."""
    told = next((value for name, value in part.fields.items() if name.lower() == "summary"), "")
    paired = dict(pairs_in(part.lines))
    return (told or paired.get("summary") or paired.get("Summary") or rest)[:_SUMMARY]


def _labels(fields: Mapping[str, str], tool: str) -> dict[str, str]:
    named: dict[str, str] = {}
    for name, value in fields.items():
        label = re.sub(r"[\s/-]+", "_", name.strip().lower())
        if label in _NOT_LABELS or len(value) > _SUMMARY or not value:
            continue
        named.setdefault(_RENAMED.get(label, label), value)
    tags = named.get("tags", "")
    return labels_of(named, tags if ":" in tags else "", {"tool": tool} if tool else {})


def _links(part: Part) -> dict[str, str]:
    source = [("source", part.link)] if part.link else []
    for label, address in part.links:
        lowered = label.lower()
        title = next((one for one in ("runbook", "dashboard", "silence") if one in lowered), "")
        if title:
            source.append((title, address))
        elif not part.link:
            source.append(("source", address))
    return links_of(*source)


def _identity(part: Part, fields: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """(the tool where it shows, its own key for the alert; empty where it gives none)."""
    for address in (part.link, *(one for _, one in part.links)):
        for tool, pattern, is_shared in _IDENTITIES:
            match = pattern.search(address)
            if match is not None:
                shared = (stable(Headline(part.title).rest),) if is_shared else ()
                return tool, (tool, match[1], *shared, Headline(part.title).group)
    said = " ".join((fields.get("footer", ""), fields.get("author_name", ""), part.link)).lower()
    return next((tool for tool in _TOOLS if tool in said), ""), ()


def stable(title: str) -> str:
    """What a title says whatever the values in it are just now."""
    return " ".join(_CHANGING.sub("#", title).lower().split())


def _fingerprint(
    key: tuple[str, ...], title: str, labels: Mapping[str, str], origin: _Origin
) -> str:
    """From the tool's own key; else from where it was said, by which app, about what."""
    if key:
        return fingerprint_of_key(NAME, "\n".join(("own", *key)))
    where = labels.get("host") or labels.get("instance") or ""
    return fingerprint_of_key(NAME, "\n".join(("title", origin.channel, origin.app, title, where)))


# -- Grafana's default message: every alert of the group, with all of its labels ----------------


@dataclass(slots=True)
class _Section:
    status: AlertStatus
    labels: dict[str, str]
    annotations: dict[str, str]
    links: dict[str, str]


def _grafana_sections(part: Part) -> Iterator[_Section]:
    """One for each `Labels:` list in the text, under the heading that says its state."""
    status = AlertStatus.FIRING
    section: _Section | None = None
    target: dict[str, str] = {}
    for line in part.lines:
        heading = _SECTION.fullmatch(line.strip("* :"))
        if heading is not None:
            status = AlertStatus(heading[1].lower())
        elif line == "Labels:":
            if section is not None and section.labels.get("alertname"):
                yield section
            section = _Section(status, {}, {}, {})
            target = section.labels
        elif section is None:
            continue
        elif line == "Annotations:":
            target = section.annotations
        elif link := _GRAFANA_LINK.match(line):
            section.links[link[1].lower()] = link[2]
        elif pair := _LABEL.match(line):
            target[pair[1]] = pair[2].strip()
    if section is not None and section.labels.get("alertname"):
        yield section


def _of_section(section: _Section, part: Part, headline: Headline, post: _Post) -> Alert:
    labels = labels_of(section.labels)
    told = section.annotations
    stable_labels = "\n".join(f"{name}={value}" for name, value in sorted(labels.items()))
    where = "\n".join(("labels", post.origin.channel, post.origin.app, stable_labels))
    severity = severity_of(labels.get("severity"))
    if severity is Severity.UNKNOWN and section.status is AlertStatus.FIRING:
        severity = headline.severity
    return Alert(
        source=NAME,
        fingerprint=fingerprint_of_key(NAME, where),
        name=trimmed(section.labels["alertname"])[:_LONGEST_NAME],
        status=section.status,
        severity=severity,
        starts_at=post.at if section.status is AlertStatus.FIRING else None,
        summary=trimmed(told.get("summary", "")),
        description=trimmed(told.get("description", "")),
        labels=labels,
        links=links_of(
            ("runbook", told.get("runbook_url")),
            ("dashboard", section.links.get("dashboard")),
            ("source", section.links.get("source") or part.link),
        ),
    )
