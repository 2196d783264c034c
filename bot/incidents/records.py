"""IncidentRecord: what is known of an incident once it is over. Pure.

The facts are taken from its alerts and its timeline, again whenever it is assembled; impact,
cause and the rest of the words are what people filled in, and stay empty until they do.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.alerts.model import StoredAlert
from bot.incidents.model import Incident, TimelineEntry, TimelineKind, changes_told
from bot.incidents.query import neighbours_of
from bot.suggestions.model import Value
from bot.suggestions.resolution import common_labels, names_of, symptom_of
from knowledge.loaders.records import incident_of
from knowledge.model import DocumentState, PastIncident, Visibility
from knowledge.text.incident_page import page_of, with_impact

NOT_FILLED_IN = "not filled in yet"
BY_ITSELF = "Nothing was done; it went by itself."
RESOLVED_LIKE, RESOLUTION, RECORD = "resolved_like", "resolution", "record"
"""Keys of a timeline entry's data: the past case that it ended like, what fixed it, and what
became of the record."""
CONFIRMED = "confirmed"

_TOLD = (
    TimelineKind.ALERT_FIRED,
    TimelineKind.ALERT_RESOLVED,
    TimelineKind.STATE_CHANGED,
    TimelineKind.EVIDENCE,
    TimelineKind.NOTE,
)
_MOST_MOMENTS = 200
_LOGS = 20_000
_MOMENT = 400
_ITEM = 500
_MOST = 100


class Words(Value):
    """What people filled in; "" where nobody has. `like` are the past incidents that it was
    filled in from, `by` is the actor key of whoever said it last."""

    title: str = ""
    impact: str = ""
    cause: str = ""
    fix: str = ""
    lessons: str = ""
    like: tuple[str, ...] = ()
    by: str = ""

    def over(self, earlier: "Words") -> "Words":
        """These words where there are any, else the earlier ones."""
        kept = {
            name: getattr(self, name) or getattr(earlier, name)
            for name in ("title", "impact", "cause", "fix", "lessons", "by")
        }
        return Words(**kept, like=tuple(dict.fromkeys((*earlier.like, *self.like))))


class Moment(Value):
    """One thing that happened, in words."""

    at: datetime
    text: str


class IncidentRecord(Value):
    """One incident as it is written up. `visibility` are channel keys, None for everyone."""

    key: str
    title: str
    service: str
    environment: str
    severity: str
    opened_at: datetime
    resolved_at: datetime | None
    visibility: tuple[str, ...] | None
    alerts: tuple[str, ...]
    symptom: str
    labels: dict[str, str]
    neighbours: tuple[str, ...]
    changes: tuple[str, ...] = ()
    logs: tuple[str, ...]
    timeline: tuple[Moment, ...]
    words: Words

    @property
    def missing(self) -> tuple[str, ...]:
        """What nobody has filled in, as it is said to people."""
        named = {"impact": self.words.impact, "cause": self.words.cause, "fix": self.words.fix}
        return tuple(name for name, text in named.items() if not text)


def assemble(
    incident: Incident,
    alerts: Sequence[StoredAlert],
    timeline: Sequence[TimelineEntry],
    words: Words,
) -> IncidentRecord:
    """The record as things are now. The text of a message that was deleted is in none of it."""
    in_order = sorted(alerts, key=lambda stored: (stored.first_seen_at, stored.id))
    names = tuple(name[:_ITEM] for name in names_of(in_order))
    channels = incident.visibility.channels
    return IncidentRecord(
        key=incident.key,
        title=words.title or incident.title,
        service=incident.service or "",
        environment=incident.environment or "",
        severity=incident.severity.value,
        opened_at=incident.opened_at,
        resolved_at=incident.resolved_at,
        visibility=None if channels is None else tuple(sorted(channels)),
        alerts=names[:_MOST],
        symptom=symptom_of(incident, in_order),
        labels=dict(list(common_labels(in_order).items())[:_MOST]),
        neighbours=neighbours_of(in_order, names[0] if names else None),
        changes=changes_told(timeline)[:_MOST],
        logs=_logs(timeline),
        timeline=_moments(timeline),
        words=words,
    )


def words_told(timeline: Sequence[TimelineEntry]) -> Words:
    """What people said of how it ended, later words over earlier ones."""
    told = Words()
    for entry in timeline:
        if entry.data.get(RESOLUTION) is not None:
            said = Words(
                impact=entry.data.get("impact", ""),
                cause=entry.data.get("cause", ""),
                fix=entry.data[RESOLUTION],
                like=tuple(filter(None, (entry.data.get("like", ""),))),
                by=entry.actor,
            )
            told = said.over(told)
    return told


def end_told(timeline: Sequence[TimelineEntry]) -> TimelineEntry | None:
    """The first word of a person on what ended it, by whatever way it was said."""
    return next(
        (
            entry
            for entry in timeline
            if entry.data.get(RESOLVED_LIKE) or entry.data.get(RESOLUTION) is not None
        ),
        None,
    )


def is_confirmed(timeline: Sequence[TimelineEntry]) -> bool:
    """Whether somebody has vouched for the record of this incident."""
    return any(entry.data.get(RECORD) == CONFIRMED for entry in timeline)


def document_of(
    record: IncidentRecord, *, confirmed_by: str, before: PastIncident | None = None
) -> PastIncident:
    """The record as knowledge; `before` is what was known of this incident, whose tags and
    runbook are kept. Raises BadDocument for what the memory cannot take."""
    return incident_of(with_impact(fields_of_record(record, confirmed_by, before)))


def markdown_of(
    record: IncidentRecord, *, confirmed_by: str, before: PastIncident | None = None
) -> str:
    """The record as a page that `recall import incidents` reads back into `document_of`."""
    lines = [f"{moment.at:%Y-%m-%d %H:%M:%S} UTC: {moment.text}" for moment in record.timeline]
    return page_of(fields_of_record(record, confirmed_by, before), lines)


def fields_of_record(
    record: IncidentRecord, confirmed_by: str, before: PastIncident | None
) -> Mapping[str, object]:
    """The record in the names of RECORD_SCHEMA, with `impact` and `lessons` beside them."""
    resolved = record.resolved_at
    return {
        "id": record.key,
        "title": record.title,
        "service": [record.service] if record.service else [],
        "environment": [record.environment] if record.environment else [],
        "severity": record.severity,
        "started_at": record.opened_at.isoformat(),
        "resolved_at": resolved.isoformat() if resolved is not None else None,
        "alert_names": list(record.alerts),
        "labels": dict(record.labels),
        "neighbours": list(record.neighbours),
        "changes": list(record.changes),
        "tags": list(before.tags) if before is not None else [],
        "runbook": before.runbook if before is not None else None,
        "confirmed_by": confirmed_by,
        "visibility": list(record.visibility) if record.visibility is not None else "everyone",
        "state": DocumentState.CONFIRMED.value,
        "symptom": record.symptom,
        "impact": record.words.impact,
        "cause": record.words.cause,
        "resolution": record.words.fix,
        "lessons": record.words.lessons,
        "logs": list(record.logs),
    }


def narrowed(record: IncidentRecord, visibility: Visibility) -> IncidentRecord:
    """The record, to be seen only by those who may see that as well."""
    if visibility.channels is None:
        return record
    own = visibility.channels
    if record.visibility is not None:
        own = own & frozenset(record.visibility)
    return record.model_copy(update={"visibility": tuple(sorted(own))})


def _logs(timeline: Sequence[TimelineEntry]) -> tuple[str, ...]:
    kept: list[str] = []
    room = _LOGS
    for entry in timeline:
        if entry.kind is not TimelineKind.EVIDENCE or _is_deleted(entry):
            continue
        text = entry.data.get("text", "").strip()
        if text and len(text) <= room and len(kept) < _MOST:
            kept.append(text)
            room -= len(text)
    return tuple(kept)


def _moments(timeline: Sequence[TimelineEntry]) -> tuple[Moment, ...]:
    told = [entry for entry in timeline if entry.kind in _TOLD and not entry.data.get(RECORD)]
    return tuple(Moment(at=entry.at, text=_told(entry)) for entry in told[:_MOST_MOMENTS])


def _told(entry: TimelineEntry) -> str:
    if _is_deleted(entry):
        return "a message that was deleted later"
    text = entry.text
    if entry.kind in (TimelineKind.ALERT_FIRED, TimelineKind.ALERT_RESOLVED):
        text = ", ".join(part for part in (text, entry.data.get("summary", "")) if part)
    elif entry.kind is TimelineKind.NOTE and entry.data.get("text"):
        text = f"{text}: {entry.data['text']}" if entry.data["text"] not in text else text
    return " ".join(text.split())[:_MOMENT]


def _is_deleted(entry: TimelineEntry) -> bool:
    return entry.data.get("deleted") == "yes"
