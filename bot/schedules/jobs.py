"""From a tick to what is due, and from a job to what is said.

A tick only adds jobs under keys that name the date and time they are for, so however many
replicas tick, each is done once. Every job looks at how things are when it runs.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from bot.channels.interrupting import may_interrupt, may_mention
from bot.channels.model import ChannelSettings, Mode
from bot.channels.ports import Rooms
from bot.chat.cards import card_key, user_of
from bot.chat.lines import spoken_length
from bot.chat.messages import Board, BoardLine, BoardPart
from bot.chat.ports import Destination
from bot.clock import Clock
from bot.errors import ChatRefused
from bot.incidents.model import Incident
from bot.jobs.ports import Job
from bot.schedules.digest import digest_board, week_of
from bot.schedules.expiry import expire
from bot.schedules.facts import forgotten_by
from bot.schedules.handover import handover_board, shift_of
from bot.schedules.plan import Due, Kind, Lead, Wishes, end_of_quiet, end_of_silence, plan
from bot.schedules.reminders import (
    Forgotten,
    forgotten,
    is_due,
    reminder_entry,
    reminder_key,
)
from bot.schedules.settings import ScheduleSettings
from bot.schedules.telling import counted
from bot.uow import UnitOfWork, UnitOfWorkFactory

_log = logging.getLogger(__name__)

REMIND = "remind"
STALE = timedelta(hours=12)
"""A handover that was held longer than this is not said: the next one tells more."""

NewJob = tuple[str, str, Mapping[str, str], datetime]
"""Key, kind, payload and time of a job to be added."""
Direct = Callable[[str, str], Destination | None]
"""The direct messages with (team id, user id); None where they cannot be opened."""


class Schedule:
    """The use cases behind the schedule. Every handler is safe to repeat."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        rooms: Rooms,
        direct: Direct,
        clock: Clock,
        settings: ScheduleSettings,
    ) -> None:
        self._units = units
        self._rooms = rooms
        self._direct = direct
        self._clock = clock
        self._settings = settings
        self._added: frozenset[str] = frozenset()

    def handlers(self) -> Mapping[str, Callable[[Job], None]]:
        return {
            Kind.HANDOVER.value: self.handover,
            Kind.DIGEST.value: self.digest,
            Kind.EXPIRE.value: self.expire,
            REMIND: self.remind,
        }

    # -- ticks ------------------------------------------------------------------------------

    def tick(self) -> int:
        """Make jobs of all that is due; returns how many there were. May raise Retryable."""
        now = self._clock.now()
        leads_channel = self._leads_channel()
        with self._units.read() as uow:
            wishes = Wishes(
                channels=uow.preferences.everywhere(),
                leads=() if self._settings.leads_channel else self._leads(uow),
                leads_channel=leads_channel,
            )
            jobs = [_job_of(due) for due in plan(wishes, now)]
            jobs += self._reminders(uow, now)
        new = [each for each in jobs if each[0] not in self._added]
        added = 0
        if new:
            with self._units.begin() as uow:
                added = sum(uow.jobs.add(*each) for each in new)
        # Only saves writing what is there: the keys in the database are what counts.
        self._added = frozenset(each[0] for each in jobs)
        return added

    def _leads_channel(self) -> tuple[str, str] | None:
        wanted = self._settings.leads_channel
        if not wanted:
            return None
        try:
            to = self._rooms.of("", wanted).to
        except ChatRefused as error:
            _log.error("no digest: RECALL_LEADS_CHANNEL: %s", error)
            return None
        return to.team_id, to.channel

    def _leads(self, uow: UnitOfWork) -> list[Lead]:
        found = []
        for key in self._settings.leads:
            team_id, _, user_id = key.partition("/")
            found.append(Lead(team_id, user_id, uow.preferences.person(team_id, user_id)))
        return found

    def _reminders(self, uow: UnitOfWork, now: datetime) -> list[NewJob]:
        found: list[NewJob] = []
        for incident, one in forgotten_by(
            uow, uow.incidents.active(), now, self._settings.remind_after
        ):
            if not is_due(one, uow.incidents.timeline(incident.id), now):
                continue
            place = _reminder_place(uow, incident)
            if place is None or end_of_silence(place[1], now) > now:
                continue  # looked at again with the next tick
            # The moment in the key: what happened since makes it another reminder.
            key = f"{reminder_key(incident, one.turn)}:{one.since:%Y%m%dT%H%M%S}"
            found.append((key, REMIND, {"incident_id": str(incident.id), "key": key}, now))
        return found

    # -- handover, digest, expiry -------------------------------------------------------------

    def handover(self, job: Job) -> None:
        """Tell a channel what the next shift has to know."""
        team_id, channel = str(job.payload["team_id"]), str(job.payload["channel"])
        key, at = str(job.payload["key"]), datetime.fromisoformat(str(job.payload["at"]))
        now = self._clock.now()
        if now - at > STALE:
            _log.info("%s is not said: it was held for too long", key)
            return
        room = self._rooms.of(team_id, channel)
        if room.is_shared:
            _log.warning("%s is not said: the channel is shared with others", key)
            return
        with self._units.read() as uow:
            settings = uow.preferences.channel(team_id, channel)
            shift = shift_of(uow, room.to, room.audience, settings, now, before=at)
        with self._units.begin() as uow:
            muted = uow.preferences.channel(team_id, channel).quiet_until or now
            self._say(uow, job, key, room.to, handover_board(shift), muted)

    def digest(self, job: Job) -> None:
        """Tell a lead, or the leads' channel, of the week."""
        to, team_id = self._digest_place(job), str(job.payload["team_id"])
        if to is None:
            return
        key, now = str(job.payload["key"]), self._clock.now()
        with self._units.read() as uow:
            board = digest_board(week_of(uow, now, self._settings.noise_limit))
        with self._units.begin() as uow:
            user_id = job.payload.get("user_id")
            if user_id is not None:
                quiet = uow.preferences.person(team_id, str(user_id)).quiet
                not_before = end_of_quiet(quiet, now)
            else:
                not_before = end_of_silence(uow.preferences.channel(team_id, to.channel), now)
            self._say(uow, job, key, to, board, not_before)

    def _digest_place(self, job: Job) -> Destination | None:
        team_id, user_id = str(job.payload["team_id"]), job.payload.get("user_id")
        if user_id is not None:
            return self._direct(team_id, str(user_id))
        room = self._rooms.of(team_id, str(job.payload["channel"]))
        if room.is_shared:
            _log.warning("no digest: the leads' channel is shared with others")
            return None
        return room.to

    def expire(self, job: Job) -> None:
        """Let go of drafts that nobody decided on."""
        with self._units.begin() as uow:
            expire(uow, self._clock.now())

    def _say(
        self,
        uow: UnitOfWork,
        job: Job,
        key: str,
        to: Destination,
        board: Board,
        not_before: datetime,
    ) -> bool:
        """Put it, if it is not quiet and there is room; else try again then."""
        now = self._clock.now()
        if uow.outbox.destination(key) is not None:
            return False
        a_day = self._settings.noise_limit
        later = not_before if not_before > now else may_interrupt(uow, to, key, now, a_day=a_day)
        if later is not None:
            again = f"{key}:again:{later.isoformat()}"
            uow.jobs.add(again, job.kind, dict(job.payload), later)
            return False
        uow.outbox.put(key, to, board, now)
        return True

    # -- reminders ----------------------------------------------------------------------------

    def remind(self, job: Job) -> None:
        """Remind of an incident that was taken on and forgotten, if it still is."""
        with self._units.begin() as uow:
            now = self._clock.now()
            incident = uow.incidents.get(int(job.payload["incident_id"]))
            if incident is None:
                return
            timeline = uow.incidents.timeline(incident.id)
            alerts = uow.alerts.of_incident(incident.id)
            after = self._settings.remind_after
            found = forgotten(incident, alerts, timeline, now, after) if after else None
            place = _reminder_place(uow, incident)
            if found is None or place is None or not is_due(found, timeline, now):
                return
            to, settings = place
            uow.outbox.speak_in_turn()  # mentions are counted too
            board = reminder_board(incident, found, now, self._people(uow, incident, to, settings))
            key = reminder_key(incident, found.turn)
            if self._say(uow, job, key, to, board, end_of_silence(settings, now)):
                uow.incidents.add_timeline(incident.id, [reminder_entry(found, now)])

    def _people(
        self, uow: UnitOfWork, incident: Incident, to: Destination, settings: ChannelSettings
    ) -> tuple[str, ...]:
        """The owner, if channel and person allow it: a reminder is said once a state."""
        team_id, _, user_id = (incident.owner or "").partition("/")
        if settings.may_ping != "owner" or team_id != to.team_id:
            return ()
        return (user_id,) if may_mention(uow, team_id, user_id, self._clock.now()) else ()


def reminder_board(
    incident: Incident, found: Forgotten, now: datetime, people: tuple[str, ...]
) -> Board:
    """The reminder as it stands in the card's thread. Pure."""
    quiet = spoken_length((now - found.since).total_seconds())
    verb = "fires" if found.firing == 1 else "fire"
    line = BoardLine(
        text=f"{counted(found.firing, 'alert')} still {verb}",
        detail=f"{incident.key} is acknowledged, and nothing was said or done for {quiet}",
    )
    return Board(
        title=f"Still firing: {incident.title}",
        parts=(BoardPart(lines=(line,)),),
        note="Said once until the incident changes its state.",
        people=people,
    )


def _reminder_place(
    uow: UnitOfWork, incident: Incident
) -> tuple[Destination, ChannelSettings] | None:
    """The thread of the incident's card, and what its channel chose. None where there is no
    card yet, in the shadow channel, where the bot is off, or for an owner who wants none."""
    there = uow.outbox.destination(card_key(incident))
    if there is None or there[1] is None:
        return None
    placement = uow.placements.of(incident.id)
    if placement is not None and placement.mode is Mode.SHADOW:
        return None
    to = Destination(there[0].team_id, there[0].channel, there[0].thread or there[1])
    settings = uow.preferences.channel(to.team_id, to.channel)
    if settings.mode is Mode.OFF or settings.mode is Mode.SHADOW:
        return None
    if incident.owner is not None:
        team_id = incident.owner.partition("/")[0]
        if not uow.preferences.person(team_id, user_of(incident.owner)).reminders:
            return None
    return to, settings


def _job_of(due: Due) -> NewJob:
    return due.key, due.kind.value, {**due.payload, "key": due.key}, due.run_at
