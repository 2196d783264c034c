"""Text cues in incident channels: proposed in one line under the card, kept when a person says so.

Nothing of what people wrote is stored for a proposal but where it stands: the message is read
again when somebody confirms it, so what counts is what it says then.
"""

from dataclasses import dataclass
from datetime import datetime

from bot.channels.finding import incident_of_room
from bot.channels.interrupting import may_interrupt
from bot.channels.model import Mode
from bot.channels.rules import Chosen, is_quiet, mode_of
from bot.chat.budget import A_DAY
from bot.chat.cards import card_key, room_card_key
from bot.chat.messages import Button, TimelineProposal
from bot.chat.ports import Destination
from bot.errors import ChatRefused, ChatUnavailable
from bot.incidents.cue_line import WORDS, CueLine, Proposal
from bot.incidents.cues import cue_in
from bot.incidents.model import Incident, IncidentState, source_key
from bot.incidents.noting import is_in, put_in, take_out_cue
from bot.jobs.ports import Job
from bot.people.model import Role
from bot.slack.payloads import Click
from bot.slack.reading import ReadMessage, Room
from bot.slack.room_payloads import Changed, Cued, moment_of
from bot.slack.taking import Taking
from bot.suggestions.speak import new_token
from bot.uow import UnitOfWork

CUE_JOB = "cue"
"""The kind of the job that shows what is proposed."""
CUE_PREFIX = "cue:"
ATTEMPTS = 60
"""How often it is looked whether the card, under which the line stands, is posted."""
_AGAIN_SECONDS = 2.0
_LEFT_OUT = "Left out of the timeline."
_TAKEN_OUT = "Taken out of the timeline again."
_WITHDRAWN = "Withdrawn: the message was edited or deleted."


@dataclass(frozen=True, slots=True)
class _Names:
    """The author of what is proposed, for reading, and the address of the message."""

    author: str
    url: str


class CueProposals:
    """The use cases behind text cues. `a_day` is how many posts that nobody asked for a channel may
    get within a day."""

    def __init__(self, taking: Taking, a_day: int = A_DAY) -> None:
        self._taking = taking
        self._a_day = a_day

    # -- proposing ------------------------------------------------------------------------

    def heard(self, cued: Cued) -> None:
        """A message in a channel that has a cue. Proposed where the channel was made for an
        incident, the bot speaks there, and nobody wanted quiet."""
        with self._taking.units.begin() as uow:
            now = self._taking.clock.now()
            incident = incident_of_room(uow, cued.team_id, cued.channel)
            if incident is None or incident.state is IncidentState.CLOSED:
                return
            if not _may_speak(uow, cued.team_id, cued.channel, now):
                return
            proposal = Proposal(
                kind=cued.kind,
                team_id=cued.team_id,
                channel=cued.channel,
                ts=cued.ts,
                user=cued.actor.user_id,
            )
            if is_in(uow, incident, _source(proposal)):
                return
            before = _line(uow, incident)
            line = before.with_(proposal, new_token)
            if line == before:
                return
            _keep(uow, incident, line, now)
            _show_soon(uow, incident, cued.ts, now)

    def handle(self, job: Job) -> None:
        """Show the line of an incident as it is now. Raises ChatUnavailable while the card
        under which it stands is not posted."""
        incident_id = int(str(job.payload["incident_id"]))
        with self._taking.units.read() as uow:
            incident = uow.incidents.get(incident_id)
            line = _line(uow, incident) if incident is not None else CueLine()
        shown = line.open
        if incident is None or shown is None:
            return
        names = self._names(shown)
        with self._taking.units.begin() as uow:
            now = self._taking.clock.now()
            incident = uow.incidents.get(incident_id)
            if incident is None or _line(uow, incident).open != shown:
                return  # decided on meanwhile, and told by whoever did
            if not _may_speak(uow, shown.team_id, shown.channel, now):
                return
            to = _under_card(uow, incident, shown)
            if to is None:
                if job.attempts >= ATTEMPTS:
                    return
                raise ChatUnavailable(
                    f"the card of {incident.key} is not posted yet", retry_after=_AGAIN_SECONDS
                )
            key = _key(incident)
            when = may_interrupt(uow, to, key, now, a_day=self._a_day)
            if when is not None:
                _show_soon(uow, incident, f"{shown.ts}:{when.isoformat()}", when)
                return
            uow.outbox.put(key, to, self._message(incident, _line(uow, incident), names), now)

    def changed(self, event: Changed) -> None:
        """An edit that takes the cue out of a message, or its deletion, withdraws the proposal."""
        cue = cue_in(event.text) if event.text is not None else None
        with self._taking.units.begin() as uow:
            incident = incident_of_room(uow, event.team_id, event.channel)
            if incident is None:
                return
            before = _line(uow, incident)
            found = next((one for one in before.waiting if one.ts == event.ts), None)
            if found is None or (cue is not None and cue.kind is found.kind):
                return
            self._decided(uow, incident, before.without(event.ts, new_token), _WITHDRAWN)

    # -- deciding -------------------------------------------------------------------------

    def press(self, click: Click, team_id: str) -> bool:
        """Whether it was a button of such a line. What may not be done, or comes too late, is on
        the audit record and changes nothing."""
        with self._taking.units.read() as uow:
            key = uow.outbox.key_of(team_id, click.channel, click.message_ts)
            incident = (
                uow.incidents.get_by_key(key.removeprefix(CUE_PREFIX))
                if key is not None and key.startswith(CUE_PREFIX)
                else None
            )
            line = _line(uow, incident) if incident is not None else CueLine()
        if key is None or not key.startswith(CUE_PREFIX):
            return False
        shown = line.open
        is_yes = bool(line.yes) and click.token == line.yes
        room, message = self._read(shown) if shown is not None and is_yes else (None, None)
        with self._taking.units.begin() as uow:
            now = self._taking.clock.now()
            # Read again, now that the incident is held: two people may press at once.
            incident = uow.incidents.get(incident.id) if incident is not None else None
            why = self._refusal(click, team_id, incident)
            if incident is None or why:
                _refuse(uow, click, key, why, now)
                return True
            line, actor = _line(uow, incident), click.actor.key
            if is_yes and click.token == line.yes:
                self._confirm(uow, incident, line, room, message, click, now)
            elif line.no and click.token == line.no and line.open is not None:
                _audit(uow, "timeline.left_out", actor, incident, line.open, now)
                after = line.without(line.open.ts, new_token)
                self._decided(uow, incident, after, _LEFT_OUT)
            elif line.undo and click.token == line.undo and line.kept is not None:
                take_out_cue(uow, incident, _source(line.kept), actor=actor, now=now)
                self._decided(uow, incident, line.taken_out(), _TAKEN_OUT)
            else:
                _refuse(uow, click, key, "decided before", now)
        return True

    def _confirm(
        self,
        uow: UnitOfWork,
        incident: Incident,
        line: CueLine,
        room: Room | None,
        message: ReadMessage | None,
        click: Click,
        now: datetime,
    ) -> None:
        shown = line.open
        assert shown is not None
        cue = cue_in(message.text) if message is not None else None
        if room is None or message is None or cue is None or cue.kind is not shown.kind:
            self._decided(uow, incident, line.without(shown.ts, new_token), _WITHDRAWN)
            return
        to = Destination(shown.team_id, shown.channel)
        taken = self._taking.taken(to, message, is_private=room.is_private, cue=shown.kind.value)
        put_in(uow, incident, taken, actor=click.actor.key, now=now)
        name = self._taking.redact(click.name)
        told = f"In the timeline: {WORDS[shown.kind]}, {taken.author}; added by {name}."
        self._decided(uow, incident, line.keeping(new_token), told)

    def _refusal(self, click: Click, team_id: str, incident: Incident | None) -> str:
        if incident is None:
            return "the incident is gone"
        if click.actor.team_id != team_id:
            return "another team's button"
        if not self._taking.role_of(click.actor).includes(Role.RESPONDER):
            return "guests cannot add to a timeline"
        return ""

    def _read(self, shown: Proposal) -> tuple[Room | None, ReadMessage | None]:
        try:
            room = self._taking.reader.room(shown.channel)
            message = self._taking.reader.message(shown.channel, shown.ts)
        except ChatRefused:
            return None, None  # the channel is gone, or the bot was put out of it
        return (None, None) if room.is_shared else (room, message)

    def _decided(self, uow: UnitOfWork, incident: Incident, line: CueLine, told: str) -> None:
        """Keep the line, and say in place what came of it; what waits behind is shown next."""
        now = self._taking.clock.now()
        line = line.model_copy(update={"last": told})
        _keep(uow, incident, line, now)
        message = self._message(incident, line, None)
        uow.outbox.update_if_posted(_key(incident), message, now)
        if line.open is not None:
            _show_soon(uow, incident, f"{line.open.ts}:next", now)

    # -- what it says -----------------------------------------------------------------------

    def _names(self, shown: Proposal) -> _Names:
        return _Names(
            self._taking.name_of(shown.user), self._taking.reader.permalink(shown.channel, shown.ts)
        )

    def _message(self, incident: Incident, line: CueLine, names: _Names | None) -> TimelineProposal:
        """`names` None: what is proposed is not shown, only what came of the one before."""
        shown = line.open if names is not None else None
        buttons = []
        if shown is not None:
            buttons.append(Button(action="cue_yes", token=line.yes, label="Add to timeline"))
            buttons.append(Button(action="cue_no", token=line.no, label="Leave out"))
        if line.kept is not None and line.undo:
            buttons.append(Button(action="cue_undo", token=line.undo, label="Take it out"))
        return TimelineProposal(
            incident_key=incident.key,
            what=WORDS[shown.kind] if shown is not None else "",
            author=names.author if names is not None else "",
            at=moment_of(shown.ts, self._taking.clock.now()) if shown is not None else None,
            url=(names.url or None) if names is not None else None,
            waiting=max(0, len(line.waiting) - 1),
            told=line.last,
            buttons=tuple(buttons),
        )


def _may_speak(uow: UnitOfWork, team_id: str, channel: str, now: datetime) -> bool:
    settings = uow.preferences.channel(team_id, channel)
    mode = mode_of(Chosen(team_id, channel, settings, is_own=True), Mode.CARD)
    speaks = mode in (Mode.CARD, Mode.THREAD)
    return speaks and settings.cues and not is_quiet(settings, now)


def _under_card(uow: UnitOfWork, incident: Incident, shown: Proposal) -> Destination | None:
    """The thread of the incident's card in the channel; None while it is not posted."""
    for key in (room_card_key(incident, shown.channel), card_key(incident)):
        found = uow.outbox.destination(key)
        if found is None or found[0].channel != shown.channel:
            continue
        to, ref = found
        thread = to.thread or ref
        return Destination(to.team_id, to.channel, thread) if thread is not None else None
    return None


def _key(incident: Incident) -> str:
    return f"{CUE_PREFIX}{incident.key}"


def _source(one: Proposal) -> str:
    return source_key(one.team_id, one.channel, one.ts)


def _line(uow: UnitOfWork, incident: Incident) -> CueLine:
    kept = uow.marks.get(_key(incident))
    return CueLine.model_validate(dict(kept)) if kept is not None else CueLine()


def _keep(uow: UnitOfWork, incident: Incident, line: CueLine, now: datetime) -> None:
    uow.marks.put(_key(incident), line.model_dump(mode="json"), now)


def _show_soon(uow: UnitOfWork, incident: Incident, why: str, at: datetime) -> None:
    uow.jobs.add(f"{CUE_JOB}:{incident.key}:{why}", CUE_JOB, {"incident_id": incident.id}, at)


def _audit(
    uow: UnitOfWork, action: str, actor: str, incident: Incident, one: Proposal, now: datetime
) -> None:
    data = {"message": _source(one), "cue": one.kind.value}
    uow.audit.append(at=now, actor=actor, action=action, subject=incident.key, data=data)


def _refuse(uow: UnitOfWork, click: Click, key: str, why: str, now: datetime) -> None:
    uow.audit.append(
        at=now,
        actor=click.actor.key,
        action="button.refused",
        subject=key,
        data={"reason": why},
    )
