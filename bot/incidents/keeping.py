"""Keeping incident records: a draft once an incident is resolved, knowledge once confirmed.

Every function works inside the caller's transaction, which has read the incident for writing.
"""

from collections.abc import Sequence
from datetime import datetime

from bot.drafts.model import Draft, DraftKind, DraftState
from bot.incidents.model import Incident, IncidentState, TimelineEntry, TimelineKind
from bot.incidents.records import (
    CONFIRMED,
    RECORD,
    IncidentRecord,
    Words,
    assemble,
    document_of,
    is_confirmed,
    narrowed,
    words_told,
)
from bot.people.model import SYSTEM
from bot.uow import UnitOfWork
from knowledge.model import PastIncident
from knowledge.text.passages import passages_of

RECORD_FILE = "record_file"
"""The kind of the job that writes a confirmed record's file; its key names the draft."""


def follow_record(
    uow: UnitOfWork, incident: Incident, now: datetime, words: Words | None = None
) -> IncidentRecord | None:
    """Have the waiting draft follow the incident, with `words` over what it says; one is made
    when a resolved incident has none.

    None while it is not resolved, and where its record is confirmed and there are no new words.
    """
    waiting = waiting_record(uow, incident) if incident.state.is_over else None
    if waiting is None and incident.state is not IncidentState.RESOLVED:
        return None
    timeline = uow.incidents.timeline(incident.id)
    if waiting is None and words is None and is_confirmed(timeline):
        return None
    record = record_now(uow, incident, timeline, waiting)
    if words is not None:
        record = _with(uow, incident, timeline, words.over(record.words))
    content = record.model_dump(mode="json")
    if waiting is None:
        uow.drafts.add(
            Draft(
                kind=DraftKind.RECORD,
                subject=incident.key,
                content=content,
                made_by=SYSTEM.key,
                made_at=now,
            )
        )
    elif waiting.content != content:
        uow.drafts.edit(waiting.id, content)
    return record


def waiting_record(uow: UnitOfWork, incident: Incident) -> Draft | None:
    """The draft of the incident's record that waits for a word."""
    return next(iter(uow.drafts.waiting(DraftKind.RECORD, incident.key, limit=1)), None)


def latest_confirmed(uow: UnitOfWork, key: str) -> Draft | None:
    """The record of an incident that somebody vouched for last."""
    return next(iter(uow.drafts.accepted(DraftKind.RECORD, key, limit=1)), None)


def record_now(
    uow: UnitOfWork, incident: Incident, timeline: Sequence[TimelineEntry], waiting: Draft | None
) -> IncidentRecord:
    """The record with today's facts and the words that are known: the draft's, else those of
    the record that was confirmed before, else what was said when it ended."""
    draft = waiting or latest_confirmed(uow, incident.key)
    words = words_told(timeline)
    if draft is not None:
        words = IncidentRecord.model_validate(draft.content).words
    elif not words.fix:
        words = words.over(_words_known(uow, incident))
    return _with(uow, incident, timeline, words)


def rewrite(
    uow: UnitOfWork, incident: Incident, words: Words, now: datetime
) -> IncidentRecord | None:
    """Put these very words, empty ones too, in the place of the waiting draft's."""
    if follow_record(uow, incident, now, Words()) is None:
        return None
    waiting = waiting_record(uow, incident)
    if waiting is None:
        return None
    like = IncidentRecord.model_validate(waiting.content).words.like
    words = words.model_copy(update={"like": tuple(dict.fromkeys((*like, *words.like)))})
    record = _with(uow, incident, uow.incidents.timeline(incident.id), words)
    uow.drafts.edit(waiting.id, record.model_dump(mode="json"))
    return record


def confirm(
    uow: UnitOfWork, incident: Incident, *, name: str, actor: str, now: datetime
) -> PastIncident | None:
    """The waiting record becomes knowledge, vouched for by this person, and a file is written
    by a job. None when there is nothing to confirm. Raises BadDocument for what the memory
    cannot take."""
    waiting = waiting_record(uow, incident)
    if waiting is None:
        return None
    timeline = uow.incidents.timeline(incident.id)
    record = record_now(uow, incident, timeline, waiting)
    uow.drafts.edit(waiting.id, record.model_dump(mode="json"))
    if not uow.drafts.decide(waiting.id, DraftState.ACCEPTED, actor=actor, now=now):
        return None
    document = remember(uow, incident, record, confirmed_by=f"{name} ({actor})", now=now)
    entry = TimelineEntry(
        at=now,
        kind=TimelineKind.NOTE,
        text=f"{name} confirmed the record",
        actor=actor,
        data={RECORD: CONFIRMED, "draft": str(waiting.id)},
    )
    uow.incidents.add_timeline(incident.id, [entry])
    payload = {"incident_id": incident.id, "draft_id": waiting.id}
    uow.jobs.add(f"{RECORD_FILE}:{waiting.id}", RECORD_FILE, payload, now)
    return document


def remember(
    uow: UnitOfWork, incident: Incident, record: IncidentRecord, *, confirmed_by: str, now: datetime
) -> PastIncident:
    """Put the record into the memory, in the place of an earlier one of the same incident."""
    before = uow.knowledge.get(incident.key)
    known = before if isinstance(before, PastIncident) else None
    document = document_of(record, confirmed_by=confirmed_by, before=known)
    uow.knowledge.upsert([(document, passages_of(document))], actor=confirmed_by, now=now)
    return document


def _words_known(uow: UnitOfWork, incident: Incident) -> Words:
    """What the memory says of it, where it ended like another case at one tap."""
    known = uow.knowledge.get(incident.key)
    if not isinstance(known, PastIncident):
        return Words()
    return Words(cause=known.cause, fix=known.resolution)


def _with(
    uow: UnitOfWork, incident: Incident, timeline: Sequence[TimelineEntry], words: Words
) -> IncidentRecord:
    """A quotation must not be seen by more people than its source."""
    record = assemble(incident, uow.alerts.of_incident(incident.id), timeline, words)
    for past_id in _quoted(words, timeline):
        past = uow.knowledge.get(past_id)
        if past is not None:
            record = narrowed(record, past.visibility)
    return record


def _quoted(words: Words, timeline: Sequence[TimelineEntry]) -> tuple[str, ...]:
    liked = [entry.data.get("resolved_like", "") for entry in timeline]
    return tuple(dict.fromkeys(filter(None, (*words.like, *liked))))
