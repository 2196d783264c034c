"""Chat messages that people put into an incident's timeline, and what becomes of them there.

Every function works inside the caller's transaction and is safe to be run twice.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.incidents.model import (
    Incident,
    KeptEntry,
    TimelineEntry,
    TimelineKind,
    source_key,
)
from bot.uow import UnitOfWork

NOTE_LIMIT = 1_000
"""Characters of a message that a timeline shows."""
DELETED = "deleted by its author"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A chat message, its texts redacted. `author` is a name for reading, `only` the channel
    key of the private channel that it stands in, "" for a public one; `cue` the kind of what it
    was found to say, where a person confirmed that."""

    team_id: str
    channel: str
    ts: str
    author: str
    text: str
    at: datetime
    link: str = ""
    only: str = ""
    cue: str = ""

    @property
    def source(self) -> str:
        return source_key(self.team_id, self.channel, self.ts)

    @property
    def data(self) -> dict[str, str]:
        data = {"team": self.team_id, "channel": self.channel, "ts": self.ts}
        more = {"author": self.author, "link": self.link, "only": self.only}
        more["cue"] = self.cue
        return data | {name: value for name, value in more.items() if value}


def put_in(
    uow: UnitOfWork, incident: Incident, message: Message, *, actor: str, now: datetime
) -> bool:
    """Put the message into the timeline, at the time when it was said; False when it is there.
    `actor` is who put it there."""
    if is_in(uow, incident, message.source):
        return False
    entry = TimelineEntry(
        at=message.at,
        kind=TimelineKind.NOTE,
        text=_said(message.author, message.text),
        actor=actor,
        data=message.data | {"pinned": "yes"},
    )
    uow.incidents.add_timeline(incident.id, [entry])
    _audit(uow, "timeline.add", actor, incident.key, message.source, now)
    return True


def is_in(uow: UnitOfWork, incident: Incident, source: str) -> bool:
    """Whether the message stands in the incident's timeline as words, not as evidence alone."""
    return any(
        kept.entry.kind is TimelineKind.NOTE and kept.incident_id == incident.id
        for kept in uow.incidents.entries_about(source)
    )


def take_out_cue(
    uow: UnitOfWork, incident: Incident, source: str, *, actor: str, now: datetime
) -> bool:
    """Take out what a confirmed cue put in, whoever confirmed it; False when it is not there."""
    done = False
    for kept in uow.incidents.entries_about(source):
        if kept.entry.data.get("cue") and kept.incident_id == incident.id:
            done = uow.incidents.remove_entry(kept.id)
            _audit(uow, "timeline.remove", actor, incident.key, source, now)
    return done


def take_out(uow: UnitOfWork, source: str, *, actor: str, now: datetime) -> bool:
    """Take out what `actor` put in; False when that is nothing."""
    done = False
    for kept in uow.incidents.entries_about(source):
        if kept.entry.data.get("pinned") and kept.entry.actor == actor:
            done = uow.incidents.remove_entry(kept.id)
            _audit(uow, "timeline.remove", actor, _key(uow, kept), source, now)
    return done


def follow_edit(
    uow: UnitOfWork,
    source: str,
    *,
    text: str,
    logs: str,
    actor: str,
    now: datetime,
) -> frozenset[int]:
    """Make what was made of a message say what the message says now: `text` in timelines,
    `logs` as evidence. The ids of the incidents that may be answered otherwise now."""

    def changed(entry: TimelineEntry) -> tuple[str, Mapping[str, str]]:
        if entry.kind is TimelineKind.EVIDENCE:
            return entry.text, {**entry.data, "text": logs}
        data = {**entry.data, "words": text} if "words" in entry.data else entry.data
        return _said(entry.data.get("author", ""), text), data

    return _change(uow, source, changed, "timeline.edit", actor, now)


def follow_deletion(uow: UnitOfWork, source: str, *, actor: str, now: datetime) -> frozenset[int]:
    """Blank what was made of a message; as `follow_edit`."""

    def changed(entry: TimelineEntry) -> tuple[str, Mapping[str, str]]:
        emptied = {name: "" for name in ("text", "words") if name in entry.data}
        author = entry.data.get("author", "")
        return _said(author, DELETED), {**entry.data, **emptied, "deleted": "yes"}

    return _change(uow, source, changed, "timeline.blank", actor, now)


def _change(
    uow: UnitOfWork,
    source: str,
    changed: Callable[[TimelineEntry], tuple[str, Mapping[str, str]]],
    action: str,
    actor: str,
    now: datetime,
) -> frozenset[int]:
    searched: set[int] = set()
    for kept in uow.incidents.entries_about(source):
        text, data = changed(kept.entry)
        if (text, data) == (kept.entry.text, kept.entry.data):
            continue
        uow.incidents.change_entry(kept.id, text=text, data=data)
        _audit(uow, action, actor, _key(uow, kept), source, now)
        if kept.entry.kind is TimelineKind.EVIDENCE or "words" in kept.entry.data:
            searched.add(kept.incident_id)
    return frozenset(searched)


def _said(author: str, text: str) -> str:
    shown = " ".join(text.split())[:NOTE_LIMIT]
    return f"{author}: {shown}" if author else shown


def _key(uow: UnitOfWork, kept: KeptEntry) -> str:
    incident = uow.incidents.get(kept.incident_id)
    return incident.key if incident is not None else str(kept.incident_id)


def _audit(
    uow: UnitOfWork, action: str, actor: str, subject: str, source: str, now: datetime
) -> None:
    uow.audit.append(at=now, actor=actor, action=action, subject=subject, data={"message": source})
