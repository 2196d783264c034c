"""From an incident that a person ended "like that one" to a document that can be found again."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.alerts.model import StoredAlert
from bot.incidents.model import Incident, TimelineEntry, TimelineKind, changes_told
from bot.incidents.query import neighbours_of
from knowledge.model import DocumentState, PastIncident, Visibility

_SUMMARIES = 10
_LOGS = 20_000


def past_incident_of(
    incident: Incident,
    alerts: Sequence[StoredAlert],
    timeline: Sequence[TimelineEntry],
    *,
    like: PastIncident,
    confirmed_by: str,
    now: datetime,
) -> PastIncident:
    """The record of `incident`, whose cause and fix are quoted from `like`.

    Quoted, not taken over: what the person vouched for is that it was alike. A field that
    `like` leaves empty stays empty.
    """
    evidence = [
        entry.data.get("text", "")
        for entry in timeline
        if entry.kind is TimelineKind.EVIDENCE and _may_be_kept(incident, entry)
    ]
    names = tuple(names_of(alerts))
    return PastIncident(
        id=incident.key,
        title=incident.title,
        services=(incident.service,) if incident.service else (),
        environments=(incident.environment,) if incident.environment else (),
        alerts=names,
        tags=like.tags,
        visibility=narrower(incident.visibility, like.visibility),
        state=DocumentState.CONFIRMED,
        symptom=symptom_of(incident, alerts),
        cause=quoted(like.id, like.cause),
        resolution=quoted(like.id, like.resolution),
        logs=tuple(_lines(evidence)),
        severity=incident.severity.value,
        started_at=incident.opened_at,
        resolved_at=incident.resolved_at or now,
        labels=common_labels(alerts),
        neighbours=neighbours_of(alerts, names[0] if names else None),
        changes=changes_told(timeline),
        runbook=like.runbook,
        confirmed_by=confirmed_by,
    )


def _may_be_kept(incident: Incident, entry: TimelineEntry) -> bool:
    """What was pasted in a private channel goes into a record of that channel alone."""
    only = entry.data.get("only")
    return not only or incident.visibility.channels == frozenset({only})


def narrower(one: Visibility, other: Visibility) -> Visibility:
    """What both allow: a quotation must not be seen by more people than its source."""
    if one.channels is None:
        return other
    if other.channels is None:
        return one
    return Visibility(one.channels & other.channels)


def quoted(source: str, text: str) -> str:
    """`Like INC-87: ...`; a quotation is passed on as it is, with its first source."""
    if not text or text.startswith("Like "):
        return text
    return f"Like {source}: {text}"


def names_of(alerts: Sequence[StoredAlert]) -> Iterable[str]:
    counted = Counter(stored.alert.name for stored in alerts if stored.alert.name)
    return [name for name, _ in counted.most_common()]


def symptom_of(incident: Incident, alerts: Sequence[StoredAlert]) -> str:
    """What the alerts said, whole: the same alert next time should find itself word for word.

    What people pasted is kept as logs, not here.
    """
    said = [
        "\n".join(text for text in (stored.alert.summary, stored.alert.description) if text)
        for stored in alerts
    ]
    distinct = list(dict.fromkeys(text for text in said if text))[:_SUMMARIES]
    return "\n".join(distinct) or incident.title


def _lines(evidence: Sequence[str]) -> Iterable[str]:
    room = _LOGS
    for text in evidence:
        for line in text.splitlines():
            room -= len(line)
            if room < 0:
                return
            if line.strip():
                yield line


def common_labels(alerts: Sequence[StoredAlert]) -> dict[str, str]:
    if not alerts:
        return {}
    shared = set(alerts[0].alert.labels.items())
    for stored in alerts[1:]:
        shared &= set(stored.alert.labels.items())
    return dict(sorted(shared))
