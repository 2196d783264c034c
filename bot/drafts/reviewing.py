"""The review queue beside runbook edits: records and noise rules, decided on by a lead."""

from collections.abc import Sequence

from bot.clock import Clock
from bot.drafts.curation import Editor, may_see_draft, record_on_draft, require_lead
from bot.drafts.model import Draft, DraftKind, DraftState
from bot.errors import DataError
from bot.incidents.keeping import confirm
from bot.incidents.records import IncidentRecord
from bot.suggestions.corrections import Word
from bot.suggestions.linking import Links
from bot.uow import UnitOfWork, UnitOfWorkFactory
from knowledge.curate.curator import Curator
from knowledge.errors import BadDocument, Unpublishable
from knowledge.model import DocumentState, PastIncident

_MOST = 1_000


class Reviewing:
    """Each call is one short transaction of its own."""

    def __init__(self, units: UnitOfWorkFactory, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    def waiting(self, editor: Editor) -> tuple[Draft, ...]:
        """All that waits for a word and may be seen, oldest first."""
        with self._units.read() as uow:
            return tuple(
                one for one in uow.drafts.waiting(limit=_MOST) if _may_see(uow, editor, one)
            )

    def draft(self, editor: Editor, draft_id: int) -> Draft | None:
        """In any state; None where there is none to see."""
        with self._units.read() as uow:
            found = uow.drafts.get(draft_id)
            return found if found is not None and _may_see(uow, editor, found) else None

    def uncurated(self, editor: Editor) -> tuple[PastIncident, ...]:
        """Past incidents that somebody confirmed and no lead has looked over, newest first."""
        return self._records(editor, DocumentState.CONFIRMED)

    def taken_out(self, editor: Editor) -> tuple[PastIncident, ...]:
        """Past incidents that a lead took out of answers, newest first."""
        return self._records(editor, DocumentState.RETIRED)

    def _records(self, editor: Editor, state: DocumentState) -> tuple[PastIncident, ...]:
        with self._units.read() as uow:
            accepted = uow.drafts.accepted(DraftKind.RECORD, limit=_MOST)
            found = (
                uow.knowledge.get(key) for key in dict.fromkeys(one.subject for one in accepted)
            )
            return tuple(
                one
                for one in found
                if isinstance(one, PastIncident)
                and one.state is state
                and editor.may_see(one.visibility)
            )

    def noise_rules(self, editor: Editor) -> Sequence[Draft]:
        """Accepted noise rules, the newest first."""
        with self._units.read() as uow:
            accepted = uow.drafts.accepted(DraftKind.NOISE_RULE, limit=_MOST)
            return [one for one in accepted if _may_see(uow, editor, one)]

    def confirm_record(self, editor: Editor, draft_id: int, name: str) -> None:
        """The waiting record becomes knowledge, and counts as looked over. Raises NotAllowed;
        Unpublishable for a record that does not wait or says neither cause nor fix."""
        require_lead(editor)
        now = self._clock.now()
        with self._units.begin() as uow:
            draft = self._waiting(uow, editor, draft_id, DraftKind.RECORD)
            incident = uow.incidents.get_by_key(draft.subject)
            words = IncidentRecord.model_validate(draft.content).words
            if incident is None:
                raise Unpublishable(f"{draft.subject} is on record no more")
            if not words.cause and not words.fix:
                raise Unpublishable("say what fixed it, or its cause, before it is kept")
            try:
                document = confirm(uow, incident, name=name, actor=editor.key, now=now)
            except BadDocument as error:
                raise Unpublishable(f"the record cannot be kept: it {error}") from error
            if document is None:
                raise Unpublishable(f"somebody else has just decided on draft {draft_id}")
            uow.knowledge.set_state(document.id, DocumentState.REVIEWED, actor=editor.key, now=now)
            self._say(uow, editor, "record.confirmed", draft)

    def accept_noise(self, editor: Editor, draft_id: int, what: str, seconds: int | None) -> None:
        """Put a proposed noise rule in force, as the lead has it. Raises NotAllowed,
        Unpublishable."""
        require_lead(editor)
        with self._units.begin() as uow:
            draft = self._waiting(uow, editor, draft_id, DraftKind.NOISE_RULE)
            content = {**draft.content, "what": what, "seconds": seconds}
            now = self._clock.now()
            uow.drafts.edit(draft_id, content)
            if not uow.drafts.decide(draft_id, DraftState.ACCEPTED, actor=editor.key, now=now):
                raise Unpublishable(f"somebody else has just decided on draft {draft_id}")
            self._say(uow, editor, "noise_rule.accepted", draft)

    def withdraw_noise(self, editor: Editor, draft_id: int) -> None:
        """Put an accepted noise rule out of force. Raises NotAllowed, Unpublishable."""
        require_lead(editor)
        with self._units.begin() as uow:
            draft = uow.drafts.get(draft_id)
            is_rule = draft is not None and draft.kind is DraftKind.NOISE_RULE
            if draft is None or not is_rule or not _may_see(uow, editor, draft):
                raise Unpublishable(f"there is no noise rule {draft_id}")
            if not uow.drafts.withdraw(draft_id, actor=editor.key, now=self._clock.now()):
                raise Unpublishable(f"noise rule {draft_id} is not in force")
            self._say(uow, editor, "noise_rule.withdrawn", draft)

    def agree(self, editor: Editor, draft_id: int) -> str:
        """Say the word that one person said as well, so that it holds for every alert of the
        kind; the incident's key. Raises NotAllowed, Unpublishable."""
        require_lead(editor)
        with self._units.read() as uow:
            draft = self._waiting(uow, editor, draft_id, DraftKind.LEARNED_LINK)
        key, word = str(draft.content["incident"]), Word(draft.content["word"])
        try:
            Links(self._units, self._clock, editor.key).say(key, draft.subject, word)
        except DataError as error:
            raise Unpublishable(str(error)) from error
        with self._units.begin() as uow:
            now = self._clock.now()
            if not uow.drafts.decide(draft_id, DraftState.ACCEPTED, actor=editor.key, now=now):
                raise Unpublishable(f"somebody else has just decided on draft {draft_id}")
            self._say(uow, editor, "learned_link.accepted", draft)
        return key

    def retire_page(self, editor: Editor, draft_id: int, kind: DraftKind) -> str:
        """Retire the page that a draft is about: gone from its source, or said by another page as
        well; its id. Raises NotAllowed, Unpublishable."""
        require_lead(editor)
        with self._units.begin() as uow:
            draft = self._waiting(uow, editor, draft_id, kind)
            now = self._clock.now()
            if not uow.drafts.decide(draft_id, DraftState.ACCEPTED, actor=editor.key, now=now):
                raise Unpublishable(f"somebody else has just decided on draft {draft_id}")
            found = uow.knowledge.get(draft.subject)
            if found is not None and found.state.is_served:
                Curator(uow.knowledge, actor=editor.key, now=now).retire(draft.subject)
            self._say(uow, editor, "runbook.retired", draft)
            return draft.subject

    def keep_gone(self, editor: Editor, draft_id: int) -> str:
        """Keep the page, which belongs to no source from now on; its id. Raises NotAllowed,
        Unpublishable."""
        require_lead(editor)
        with self._units.begin() as uow:
            draft = self._waiting(uow, editor, draft_id, DraftKind.PAGE_GONE)
            now = self._clock.now()
            if not uow.drafts.decide(draft_id, DraftState.REJECTED, actor=editor.key, now=now):
                raise Unpublishable(f"somebody else has just decided on draft {draft_id}")
            uow.knowledge.forget_imported([draft.subject])
            self._say(uow, editor, "page_gone.kept", draft)
            return draft.subject

    def _waiting(self, uow: UnitOfWork, editor: Editor, draft_id: int, kind: DraftKind) -> Draft:
        draft = uow.drafts.get(draft_id)
        is_there = draft is not None and draft.kind is kind and draft.state is DraftState.WAITING
        if draft is None or not is_there or not _may_see(uow, editor, draft):
            raise Unpublishable(f"no draft with the number {draft_id} is waiting")
        return draft

    def _say(self, uow: UnitOfWork, editor: Editor, action: str, draft: Draft) -> None:
        record_on_draft(uow, action, draft, actor=editor.key, now=self._clock.now())


def _may_see(uow: UnitOfWork, editor: Editor, draft: Draft) -> bool:
    """A record that quotes what only some may see is as visible as that."""
    is_narrowed = draft.kind is DraftKind.RECORD and draft.content.get("visibility") is not None
    if is_narrowed and editor.channels is not None:
        return False
    return may_see_draft(uow, editor, draft)
