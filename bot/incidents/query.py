"""What to search for, for an incident: the words of its alerts and what people pasted."""

from collections import Counter
from collections.abc import Iterable, Sequence

from bot.alerts.model import Alert, AlertStatus, StoredAlert
from bot.incidents.model import Incident, TimelineEntry, TimelineKind
from knowledge.model import PUBLIC, Audience, Query

MAX_ALERTS = 20
"""Most alerts whose words are used: a storm's further ones say the same again."""
MAX_CHARACTERS = 6_000
MAX_NEIGHBOUR_CHARACTERS = 300
MAX_EVIDENCE_CHARACTERS = 200_000


def query_of(
    incident: Incident,
    alerts: Sequence[StoredAlert],
    timeline: Sequence[TimelineEntry],
    *,
    changes: Sequence[str] = (),
    audience: Audience = PUBLIC,
) -> Query:
    """The query for `incident`, from its firing alerts; from all of them when none fires.

    The alert that came first leads: it opened the incident, and what joined later is evidence
    beside it. It leads after it has ended, too: else the incident would turn into another one for
    the search while the rest still fires, and lose what was found. `neighbours` are those of other
    names, `changes` what was changed shortly before, a line each. `labels` are those that all these
    alerts share. `logs` are the texts of EVIDENCE entries, newest first until
    MAX_EVIDENCE_CHARACTERS are reached, in the order they were pasted. Without any alert the words
    are those with which people declared the incident. What was said in a private channel is used
    for that alone.
    """
    timeline = [entry for entry in timeline if _may_use(entry, audience)]
    in_order = sorted(alerts, key=lambda stored: (stored.first_seen_at, stored.id))
    names = Counter(stored.alert.name for stored in in_order[:MAX_ALERTS])
    name = names.most_common(1)[0][0] if names else None
    is_over = all(stored.alert.status is not AlertStatus.FIRING for stored in alerts)
    used = [
        stored.alert
        for stored in in_order
        if is_over or stored.alert.status is AlertStatus.FIRING or stored.alert.name == name
    ][:MAX_ALERTS]
    runbooks = Counter(alert.runbook_url for alert in used if alert.runbook_url)
    return Query(
        text=_text(incident, used, timeline),
        alert_name=name,
        service=incident.service,
        environment=incident.environment,
        labels=_in_common(used),
        logs=_evidence(timeline),
        neighbours=neighbours_of(alerts, name),
        changes=tuple(changes),
        runbook_url=runbooks.most_common(1)[0][0] if runbooks else None,
        audience=audience,
    )


def neighbours_of(alerts: Sequence[StoredAlert], name: str | None) -> tuple[str, ...]:
    """The incident's alerts of other names than `name`, in order of appearance, a line each.

    Those that have ended are among them: that they fired tells causes apart all the same.
    """
    in_order = sorted(alerts, key=lambda stored: (stored.first_seen_at, stored.id))
    lines = (
        f"{one.alert.name}: {one.alert.summary}" if one.alert.summary else one.alert.name
        for one in in_order
        if one.alert.name and one.alert.name != name
    )
    distinct = _distinct(" ".join(line.split())[:MAX_NEIGHBOUR_CHARACTERS] for line in lines)
    return tuple(distinct[:MAX_ALERTS])


def uses_private_words(timeline: Sequence[TimelineEntry], audience: Audience) -> bool:
    """Whether the query for these readers has words of their private channel."""
    return any(entry.data.get("only") == audience.channel for entry in timeline) and (
        audience.channel is not None
    )


def _may_use(entry: TimelineEntry, audience: Audience) -> bool:
    only = entry.data.get("only")
    return not only or only == audience.channel


def _text(incident: Incident, alerts: Sequence[Alert], timeline: Sequence[TimelineEntry]) -> str:
    sentences = _distinct(
        part for alert in alerts for part in (alert.name, alert.summary, alert.description) if part
    )
    if not sentences:
        declared = (entry.data.get("words", "") for entry in timeline)
        sentences = _distinct([incident.title, *(words for words in declared if words)])
    return "\n".join(sentences)[:MAX_CHARACTERS]


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _in_common(alerts: Sequence[Alert]) -> dict[str, str]:
    if not alerts:
        return {}
    shared = set(alerts[0].labels.items())
    for alert in alerts[1:]:
        shared &= set(alert.labels.items())
    return dict(sorted(shared))


def _evidence(timeline: Sequence[TimelineEntry]) -> tuple[str, ...]:
    entries = sorted(
        (entry for entry in timeline if entry.kind is TimelineKind.EVIDENCE),
        key=lambda entry: entry.at,
    )
    kept: list[str] = []
    left = MAX_EVIDENCE_CHARACTERS
    for entry in reversed(entries):
        text = entry.data.get("text", "")[:left]
        if text:
            kept.append(text)
            left -= len(text)
    return tuple(reversed(kept))
