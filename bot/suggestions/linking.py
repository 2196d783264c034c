"""Saying by name which case an incident is, or is not, and taking a word back."""

from datetime import datetime

from bot.clock import Clock
from bot.drafts.model import DraftKind, DraftState
from bot.errors import DataError
from bot.incidents.model import Incident, TimelineEntry, TimelineKind
from bot.incidents.query import query_of
from bot.suggestions.corrections import Correction, Word, family_key, named_family
from bot.suggestions.jobs import search_anew
from bot.uow import UnitOfWork, UnitOfWorkFactory


def family_of_incident(uow: UnitOfWork, incident: Incident) -> str:
    """The key of the family of an incident's alert, "" when it had none with a name.

    An alert that fires again later belongs to the incident that it opened then; of what it was
    before, the answer's receipt tells.
    """
    query = query_of(incident, uow.alerts.of_incident(incident.id), ())
    if query.alert_name:
        return family_key(query)
    latest = uow.suggestions.latest_of(incident.id)
    asked = latest.suggestion.receipt.get("query", {}) if latest is not None else {}
    return named_family(asked.get("alert_name"), asked.get("service"), asked.get("environment"))


def incident_called(uow: UnitOfWork, key: str) -> Incident:
    """The incident of that key (RCL-12). DataError when there is none."""
    incident = uow.incidents.get_by_key(key)
    if incident is None:
        raise DataError(f"there is no incident {key}; keys look like RCL-12")
    return incident


def withdraw_proposal(uow: UnitOfWork, word: Correction, actor: str, now: datetime) -> None:
    """Turn down what was proposed with a word on a step that is taken back, if it still waits."""
    incident = uow.incidents.get(word.incident_id)
    if not word.word.is_of_a_step or incident is None:
        return
    for draft in uow.drafts.waiting(DraftKind.RUNBOOK_EDIT, word.document_id):
        said = (draft.made_by, draft.content.get("word"), draft.content.get("incident"))
        if said == (word.actor, word.word.value, incident.key):
            uow.drafts.decide(draft.id, DraftState.REJECTED, actor=actor, now=now)


class Links:
    """The use case behind `recall links`. `actor` is whoever runs it; who may use the
    installation's own command line has a lead's say."""

    def __init__(self, units: UnitOfWorkFactory, clock: Clock, actor: str) -> None:
        self._units = units
        self._clock = clock
        self._actor = actor

    def say(self, incident_key: str, document_id: str, word: Word) -> bool:
        """Keep the word and search for the incident anew; False when it was said before.

        Raises DataError when there is no such incident or document.
        """
        with self._units.begin() as uow:
            incident = incident_called(uow, incident_key)
            if uow.knowledge.get(document_id) is None:
                raise DataError(f"nothing with the id {document_id} is on record")
            now = self._clock.now()
            kept = uow.corrections.say(
                Correction(
                    team_id=incident.team_id,
                    actor=self._actor,
                    is_lead=True,
                    incident_id=incident.id,
                    family=family_of_incident(uow, incident),
                    document_id=document_id,
                    word=word,
                    at=now,
                )
            )
            if kept:
                self._follow(uow, incident, f"link.{word.value}", document_id, now)
            return kept

    def revoke(self, correction_id: int) -> Correction:
        """Take a word back and search for its incident anew. DataError when none is in force."""
        with self._units.begin() as uow:
            now = self._clock.now()
            revoked = uow.corrections.revoke(correction_id, actor=self._actor, now=now)
            if revoked is None:
                raise DataError(
                    f"no word of number {correction_id} is in force; see `recall links list`"
                )
            withdraw_proposal(uow, revoked, self._actor, now)
            incident = uow.incidents.get(revoked.incident_id)
            assert incident is not None  # the row refers to it
            self._follow(uow, incident, "link.revoked", revoked.document_id, now)
            return revoked

    def _follow(
        self, uow: UnitOfWork, incident: Incident, action: str, document_id: str, now: datetime
    ) -> None:
        said = action.removeprefix("link.").replace("_", " ")
        entry = TimelineEntry(
            at=now, kind=TimelineKind.FEEDBACK, text=f"{self._actor}: {said}", actor=self._actor
        )
        uow.incidents.add_timeline(incident.id, [entry])
        uow.audit.append(
            at=now,
            actor=self._actor,
            action=action,
            subject=incident.key,
            data={"document_id": document_id},
        )
        search_anew(uow, incident, self._clock)
