"""What pressing a button does: one word a person, kept, audited and shown in place."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.actions.offers import Offers, no_offers
from bot.chat.messages import Notice
from bot.chat.ports import Destination
from bot.clock import Clock
from bot.incidents.lifecycle import by_person
from bot.incidents.model import Incident, IncidentState, TimelineEntry, TimelineKind
from bot.incidents.records import end_told
from bot.people.model import Actor, Role, RoleBook
from bot.suggestions.corrections import Correction, Word
from bot.suggestions.explanation import explain
from bot.suggestions.jobs import enqueue, search_anew
from bot.suggestions.linking import family_of_incident
from bot.suggestions.model import Suggestion, SuggestionKind
from bot.suggestions.ports import ButtonToken, Feedback, StoredSuggestion
from bot.suggestions.resolution import past_incident_of
from bot.suggestions.seen import seen_records
from bot.suggestions.speak import refresh
from bot.uow import UnitOfWork, UnitOfWorkFactory
from knowledge.model import Audience, Document, Passage, PastIncident

_STALE = (
    "That button is not known any more, so nothing was recorded. "
    "Use the buttons on the newest message of this incident."
)
_GONE = "That past incident is not on record any more, so nothing was recorded."

_WORDS = {
    "helpful": Word.HELPFUL,
    "not_helpful": Word.NOT_HELPFUL,
    "resolved_like": Word.HELPFUL,
    "not_same": Word.NOT_SAME,
}
"""What a button says of the case that it stands for; a grade says nothing of it. That one
incident ended like another makes no constraint: the next one may have another cause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A button pressed. `actor` is from the verified payload alone; `name` is for reading.

    `reply_to` is the thread of the message with the button; `is_shared`: its channel is shared
    with another organisation.
    """

    actor: Actor
    name: str
    token: str
    reply_to: Destination
    is_shared: bool = False


class Buttons:
    """The use case behind every button. One transaction a press; pressing again changes
    nothing, and every press, refused ones too, is in the audit record."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        clock: Clock,
        passages_of: Callable[[Document], Sequence[Passage]],
        roles: RoleBook,
        offers: Offers = no_offers,
    ) -> None:
        self._offers = offers
        self._roles = roles
        self._units = units
        self._clock = clock
        self._passages_of = passages_of

    def press(self, press: Press) -> None:
        with self._units.begin() as uow:
            now = self._clock.now()
            button = uow.suggestions.button(press.token)
            stored = uow.suggestions.get(button.suggestion_id) if button is not None else None
            if button is None or stored is None:
                self._refuse(uow, press, "unknown button", now)
                self._tell(uow, press, _STALE, now)
            elif button.team_id != press.actor.team_id:
                self._refuse(uow, press, "another team's button", now)
            elif not self._roles.role_of(press.actor).includes(Role.RESPONDER):
                self._refuse(uow, press, "guests hold no role", now)
            elif button.action == "why":
                self._explain(uow, press, button, stored, now)
            elif button.action == "resolved_like":
                self._resolve(uow, press, button, stored, now)
            elif button.action == "not_same":
                self._disown(uow, press, button, stored, now)
            else:
                self._rate(uow, press, button, stored, now)

    def _explain(
        self,
        uow: UnitOfWork,
        press: Press,
        button: ButtonToken,
        stored: StoredSuggestion,
        now: datetime,
    ) -> None:
        """Why, in the thread of the message: once an answer, whoever presses."""
        key = f"why:{stored.suggestion.id}"
        there = uow.outbox.destination(button.message_key)
        if there is None or uow.outbox.destination(key) is not None:
            self._refuse(uow, press, "said before", now)
            return
        place, ref = there
        to = replace(place, thread=place.thread or ref)
        audience = Audience(channel=to.channel_key, sees_nothing=press.is_shared)
        records = seen_records(uow, stored.suggestion, audience)
        incident = _incident_of(uow, button)
        board = explain(
            stored.suggestion,
            records,
            asked_by=press.actor.key,
            incident_key=incident.key if incident is not None else "",
        )
        uow.outbox.put(key, to, board, now)
        self._audit(uow, press, button, now)

    def _rate(
        self,
        uow: UnitOfWork,
        press: Press,
        button: ButtonToken,
        stored: StoredSuggestion,
        now: datetime,
    ) -> None:
        if not self._record(uow, press, button, now):
            self._refuse(uow, press, "said before", now)
            return
        incident = _incident_of(uow, button)
        if incident is not None:
            self._note(uow, incident, press, button, now)
            subject = _subject(stored.suggestion)
            if subject is not None and button.action in _WORDS:
                self._correct(uow, incident, press, button, subject, now)
        self._audit(uow, press, button, now)
        refresh(uow, button, stored, now, self._offers)

    def _disown(
        self,
        uow: UnitOfWork,
        press: Press,
        button: ButtonToken,
        stored: StoredSuggestion,
        now: datetime,
    ) -> None:
        """The case is left out of this incident's answers from now on, and the next best shown."""
        incident, past_id = _incident_of(uow, button), button.past_incident_id
        if incident is None or past_id is None:
            self._refuse(uow, press, "incident is gone", now)
            return
        if not self._correct(uow, incident, press, button, past_id, now):
            self._refuse(uow, press, "said before", now)
            return
        self._record(uow, press, button, now)
        self._note(uow, incident, press, button, now)
        self._audit(uow, press, button, now)
        refresh(uow, button, stored, now, self._offers)
        search_anew(uow, incident, self._clock)

    def _correct(
        self,
        uow: UnitOfWork,
        incident: Incident,
        press: Press,
        button: ButtonToken,
        document_id: str,
        now: datetime,
    ) -> bool:
        return uow.corrections.say(
            Correction(
                team_id=press.actor.team_id,
                actor=press.actor.key,
                is_lead=self._roles.role_of(press.actor).includes(Role.LEAD),
                incident_id=incident.id,
                family=family_of_incident(uow, incident),
                document_id=document_id,
                word=_WORDS[button.action],
                at=now,
            )
        )

    def _note(
        self, uow: UnitOfWork, incident: Incident, press: Press, button: ButtonToken, now: datetime
    ) -> None:
        entry = TimelineEntry(
            at=now,
            kind=TimelineKind.FEEDBACK,
            text=f"{press.name}: {button.action.replace('_', ' ')}",
            actor=press.actor.key,
            data={"suggestion_id": button.suggestion_id, "verdict": button.action},
        )
        uow.incidents.add_timeline(incident.id, [entry])

    def _resolve(
        self,
        uow: UnitOfWork,
        press: Press,
        button: ButtonToken,
        stored: StoredSuggestion,
        now: datetime,
    ) -> None:
        incident, past_id = _incident_of(uow, button), button.past_incident_id
        past = uow.knowledge.get(past_id) if past_id is not None else None
        if incident is None or not isinstance(past, PastIncident):
            self._refuse(uow, press, "past incident is gone", now)
            self._tell(uow, press, _GONE, now)
            return
        timeline = uow.incidents.timeline(incident.id)
        if end_told(timeline) is not None:
            self._refuse(uow, press, "said before", now)
            return
        incident = self._end(uow, incident, past, press, now)
        self._remember(uow, incident, past, press, now)
        self._record(uow, press, button, now)
        self._correct(uow, incident, press, button, past.id, now)
        self._audit(uow, press, button, now)
        refresh(uow, button, stored, now, self._offers)
        enqueue(uow, incident, self._clock)

    def _end(
        self, uow: UnitOfWork, incident: Incident, past: PastIncident, press: Press, now: datetime
    ) -> Incident:
        """Resolved by this person; one that its alerts ended already is only annotated."""
        note = f"Resolved like {past.id} ({past.title}), said {press.name}"
        moved = by_person(
            incident, IncidentState.RESOLVED, actor=press.actor.key, now=now, note=note
        )
        changed = moved.incident
        if not moved.changed:
            changed = replace(incident, revision=incident.revision + 1)
        vouched = TimelineEntry(
            at=now,
            kind=TimelineKind.NOTE,
            text=note,
            actor=press.actor.key,
            data={"resolved_like": past.id, "note": note},
        )
        entries = [entry for entry in (moved.entry, vouched) if entry is not None]
        uow.incidents.save(changed)
        uow.incidents.add_timeline(incident.id, entries)
        return changed

    def _remember(
        self, uow: UnitOfWork, incident: Incident, past: PastIncident, press: Press, now: datetime
    ) -> None:
        document = past_incident_of(
            incident,
            uow.alerts.of_incident(incident.id),
            uow.incidents.timeline(incident.id),
            like=past,
            confirmed_by=f"{press.name} ({press.actor.key})",
            now=now,
        )
        rows = [(document, self._passages_of(document))]
        uow.knowledge.upsert(rows, actor=press.actor.key, now=now)

    def _record(self, uow: UnitOfWork, press: Press, button: ButtonToken, now: datetime) -> bool:
        return uow.suggestions.record_feedback(
            Feedback(
                team_id=press.actor.team_id,
                actor=press.actor.key,
                suggestion_id=button.suggestion_id,
                incident_id=button.incident_id,
                verdict=button.action,
                past_incident_id=button.past_incident_id,
                at=now,
            )
        )

    def _audit(self, uow: UnitOfWork, press: Press, button: ButtonToken, now: datetime) -> None:
        uow.audit.append(
            at=now,
            actor=press.actor.key,
            action=f"button.{button.action}",
            subject=button.message_key,
            data={
                "suggestion_id": button.suggestion_id,
                "incident_id": button.incident_id,
                "past_incident_id": button.past_incident_id,
            },
        )

    def _refuse(self, uow: UnitOfWork, press: Press, reason: str, now: datetime) -> None:
        uow.audit.append(
            at=now,
            actor=press.actor.key,
            action="button.refused",
            subject=press.reply_to.channel_key,
            data={"reason": reason, "thread": press.reply_to.thread or ""},
        )

    def _tell(self, uow: UnitOfWork, press: Press, text: str, now: datetime) -> None:
        """Once a thread, however often a dead button is pressed."""
        key = f"stale:{press.reply_to.channel_key}:{press.reply_to.thread}"
        uow.outbox.put(key, press.reply_to, Notice(text=text), now)


def said_of_case(
    uow: UnitOfWork,
    incident: Incident,
    suggestion: Suggestion,
    *,
    actor: Actor,
    role: Role,
    verdict: str,
    word: Word,
    past_id: str | None,
    now: datetime,
) -> None:
    """A person's word on an incident's answer, kept as the press of a button would be."""
    uow.suggestions.record_feedback(
        Feedback(
            team_id=actor.team_id,
            actor=actor.key,
            suggestion_id=suggestion.id,
            incident_id=incident.id,
            verdict=verdict,
            past_incident_id=past_id,
            at=now,
        )
    )
    document_id = past_id or _subject(suggestion)
    if document_id is None:
        return
    uow.corrections.say(
        Correction(
            team_id=actor.team_id,
            actor=actor.key,
            is_lead=role.includes(Role.LEAD),
            incident_id=incident.id,
            family=family_of_incident(uow, incident),
            document_id=document_id,
            word=word,
            at=now,
        )
    )


def _incident_of(uow: UnitOfWork, button: ButtonToken) -> Incident | None:
    return uow.incidents.get(button.incident_id) if button.incident_id is not None else None


def _subject(suggestion: Suggestion) -> str | None:
    """The document that an answer stands or falls with; None where it names several, or none."""
    if suggestion.kind is SuggestionKind.ONE_CAUSE and suggestion.incidents:
        return suggestion.incidents[0].id
    if suggestion.kind is SuggestionKind.RUNBOOK_ONLY and suggestion.passages:
        return suggestion.passages[0].document_id
    return None
