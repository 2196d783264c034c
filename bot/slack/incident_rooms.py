"""Channels that people made for one incident: joined, read, linked, and given the card."""

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.alerts.model import Severity
from bot.channels.about import (
    Fit,
    OpenIncident,
    RoomWords,
    best_fit,
    environment_named,
    keys_in,
    services_named,
    title_of_room,
)
from bot.chat.ports import Destination
from bot.clock import Clock
from bot.errors import ChatRefused
from bot.incidents.grouping import DECLARED_PREFIX
from bot.incidents.model import Incident, TimelineEntry, TimelineKind
from bot.jobs.ports import Job
from bot.people.model import SYSTEM
from bot.services.catalogue import Catalogue
from bot.slack.reading import ReadMessage, Room, SlackReader
from bot.slack.room_payloads import RoomBack, RoomClosed, RoomOpened, moment_of
from bot.suggestions.evidence import pasted_entry
from bot.suggestions.jobs import look_again, search_anew
from bot.uow import UnitOfWork, UnitOfWorkFactory
from knowledge.model import Audience, Visibility

_log = logging.getLogger(__name__)

SECOND_LOOK = "room"
"""The kind of the job that looks into a new channel again."""
SETTLE = timedelta(seconds=10)
"""How long people have to say what a new channel is for, before it gets an incident of its own."""
_TEXT = 4_000
_DECLARED = 5
_KEYS = 5
_EVIDENCE = 100_000


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read in a channel, redacted, and the names of those who spoke, by user id."""

    room: Room
    words: RoomWords
    messages: tuple[ReadMessage, ...]
    names: dict[str, str]


class IncidentRooms:
    """The use cases behind what happens to channels. `pattern` is searched in their names."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        reader: SlackReader,
        catalogue: Catalogue,
        pattern: re.Pattern[str],
        redact: Callable[[str], str],
        clock: Clock,
    ) -> None:
        self._units = units
        self._reader = reader
        self._catalogue = catalogue
        self._pattern = pattern
        self._redact = redact
        self._clock = clock

    def opened(self, event: RoomOpened) -> None:
        """Join, and link what fits. Where nothing does, a channel into which somebody brought
        the bot gets an incident of its own at once, a new one after a second look."""
        if event.name is not None and not self._pattern.search(event.name):
            return
        with self._units.read() as uow:
            was_closed = uow.placements.is_closed(event.team_id, event.channel)
        if was_closed and event.name is None:  # the bot was put out, and is in again
            self.back(RoomBack(team_id=event.team_id, channel=event.channel))
            return
        if self._link(event.team_id, event.channel, may_declare=event.is_invited) is False:
            where = {"team_id": event.team_id, "channel": event.channel}
            with self._units.begin() as uow:
                key = f"{SECOND_LOOK}:{event.team_id}:{event.channel}"
                uow.jobs.add(key, SECOND_LOOK, where, self._clock.now() + SETTLE)

    def handle(self, job: Job) -> None:
        """The second look."""
        self._link(str(job.payload["team_id"]), str(job.payload["channel"]), may_declare=True)

    def closed(self, event: RoomClosed) -> None:
        """Its card stays as it is from now on."""
        with self._units.begin() as uow:
            now = self._clock.now()
            if uow.placements.close(event.team_id, event.channel, now):
                _audit(uow, "channel.close", SYSTEM.key, event.team_id, event.channel, now)

    def back(self, event: RoomBack) -> None:
        """Its card is made true again."""
        with self._units.begin() as uow:
            if not uow.placements.reopen(event.team_id, event.channel):
                return
            now = self._clock.now()
            _audit(uow, "channel.reopen", SYSTEM.key, event.team_id, event.channel, now)
            incident_id = uow.placements.incident_of(event.team_id, event.channel)
            incident = uow.incidents.get(incident_id) if incident_id is not None else None
            if incident is not None:
                look_again(uow, incident, f"back:{event.channel}:{now.isoformat()}", self._clock)

    # -- linking --------------------------------------------------------------------------

    def _link(self, team_id: str, channel: str, *, may_declare: bool) -> bool | None:
        """True when the channel has its incident, False when none fits, None when it is no
        channel for this."""
        with self._units.read() as uow:
            if uow.placements.incident_of(team_id, channel) is not None:
                return True
        read = self._read(channel)
        if read is None:
            return None
        fit = self._fit(team_id, read)
        if fit is None and not may_declare:
            return False
        with self._units.begin() as uow:
            now = self._clock.now()
            incident = (
                uow.incidents.get(fit.incident.id)
                if fit is not None
                else self._declared(uow, team_id, read, now)
            )
            # Looked at again now that the incident is locked: two events tell of one channel.
            if incident is None or uow.placements.incident_of(team_id, channel) is not None:
                return True
            self._dedicate(uow, incident, team_id, read, fit, now)
        return True

    def _read(self, channel: str) -> _Read | None:
        try:
            room = self._reader.room(channel)
            if room.is_shared or room.is_archived or not self._pattern.search(room.name):
                return None
            if not room.is_member and not self._reader.join(channel):
                return None
            messages = self._reader.first_messages(room)
        except ChatRefused as error:
            _log.warning("the channel %s could not be read: %s", channel, error)
            return None
        messages = tuple(
            replace(
                one,
                text=self._redact(one.text)[:_TEXT],
                logs=self._redact(one.logs)[:_EVIDENCE],
            )
            for one in messages
            if not one.is_own
        )
        speakers = dict.fromkeys(one.user for one in _spoken(messages))
        words = RoomWords(
            name=room.name,
            topic=self._redact(room.topic)[:_TEXT],
            purpose=self._redact(room.purpose)[:_TEXT],
            messages=tuple(one.text for one in messages),
        )
        names = {user: self._reader.somebody(user).name for user in speakers}
        return _Read(room, words, messages, names)

    def _fit(self, team_id: str, read: _Read) -> Fit | None:
        readers = Audience(channel=Destination(team_id, read.room.id).channel_key)
        with self._units.read() as uow:
            # One that is over counts only when it is named by its number.
            named = (uow.incidents.get_by_key(key) for key in keys_in(read.words)[:_KEYS])
            found = {one.id: one for one in named if one is not None}
            found |= {one.id: one for one in uow.incidents.active()}
            candidates = [
                OpenIncident(
                    incident,
                    tuple(stored.alert for stored in uow.alerts.of_incident(incident.id)),
                )
                for incident in found.values()
                if readers.may_see(incident.visibility)
            ]
        return best_fit(read.words, candidates, self._catalogue, self._clock.now())

    def _declared(
        self, uow: UnitOfWork, team_id: str, read: _Read, now: datetime
    ) -> Incident | None:
        """An incident that people declared by making the channel; None when it exists."""
        services = services_named(read.words, self._catalogue)
        incident, is_new = uow.incidents.open(
            group_key=f"{DECLARED_PREFIX}{team_id}/{read.room.id}",
            title=title_of_room(read.words, self._pattern),
            service=services[0] if services else None,
            environment=environment_named(read.words, self._catalogue),
            severity=Severity.UNKNOWN,
            team_id=team_id,
            now=now,
        )
        if not is_new:
            return incident
        if read.room.is_private:
            key = Destination(team_id, read.room.id).channel_key
            incident = replace(incident, visibility=Visibility(frozenset({key})))
            uow.incidents.save(incident)
        uow.incidents.add_timeline(incident.id, list(_declaring(team_id, read, now)))
        return incident

    def _dedicate(
        self,
        uow: UnitOfWork,
        incident: Incident,
        team_id: str,
        read: _Read,
        fit: Fit | None,
        now: datetime,
    ) -> None:
        room = read.room
        uow.placements.dedicate(team_id, room.id, incident.id, now)
        why = fit.ground.words if fit is not None else "people declared it there"
        others = ", ".join(one.key for one in fit.others[:_KEYS]) if fit is not None else ""
        data = {"room": room.id, "why": why, "others": others}
        data["private"] = "yes" if room.is_private else ""
        entry = TimelineEntry(
            at=now,
            kind=TimelineKind.NOTE,
            text=f"#{room.name} is this incident's channel: {why}",
            actor=f"{team_id}/{room.creator}" if room.creator else SYSTEM.key,
            data={name: value for name, value in data.items() if value},
        )
        pasted = [
            one
            for one in _evidence(team_id, read, now)
            if not any(
                kept.entry.kind is TimelineKind.EVIDENCE
                for kept in uow.incidents.entries_about(one.source or "")
            )
        ]
        uow.incidents.add_timeline(incident.id, [entry, *pasted])
        action = "channel.link" if fit is not None else "incident.declare"
        _audit(uow, action, entry.actor, team_id, room.id, now, incident=incident.key)
        search_anew(uow, incident, self._clock)


def _spoken(messages: Sequence[ReadMessage]) -> list[ReadMessage]:
    """What people said at the beginning, pasted logs and words alike."""
    return [one for one in messages if one.user and one.text][:_DECLARED]


def _declaring(team_id: str, read: _Read, now: datetime) -> Iterator[TimelineEntry]:
    """The words with which people declared the incident: it has no alert to be known by."""
    only = _only(team_id, read.room)
    told = "\n".join(text for text in (read.words.topic, read.words.purpose) if text)
    if told:
        yield TimelineEntry(
            at=now, kind=TimelineKind.NOTE, text=told, actor=SYSTEM.key, data={"words": told} | only
        )
    for one in _spoken(read.messages):
        author = read.names.get(one.user, one.user)
        yield TimelineEntry(
            at=moment_of(one.ts, now),
            kind=TimelineKind.NOTE,
            text=f"{author}: {' '.join(one.text.split())}"[:1_000],
            actor=f"{team_id}/{one.user}",
            data={
                "team": team_id,
                "channel": read.room.id,
                "ts": one.ts,
                "author": author,
                "words": one.text,
            }
            | only,
        )


def _evidence(team_id: str, read: _Read, now: datetime) -> Iterator[TimelineEntry]:
    for one in read.messages:
        if one.logs and one.user:
            yield pasted_entry(
                team_id=team_id,
                channel=read.room.id,
                ts=one.ts,
                logs=one.logs,
                where="in the channel",
                actor=f"{team_id}/{one.user}",
                at=moment_of(one.ts, now),
                only=_only(team_id, read.room).get("only", ""),
            )


def _only(team_id: str, room: Room) -> dict[str, str]:
    return {"only": Destination(team_id, room.id).channel_key} if room.is_private else {}


def _audit(
    uow: UnitOfWork,
    action: str,
    actor: str,
    team_id: str,
    channel: str,
    now: datetime,
    **more: str,
) -> None:
    subject = Destination(team_id, channel).channel_key
    uow.audit.append(at=now, actor=actor, action=action, subject=subject, data=more)
