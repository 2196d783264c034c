"""Keeping runbooks: what the console and the command line do, with rights and audit.

Reading gives only what the editor may see; the rest behaves as if it did not exist. Changing
needs a lead. Every change and its audit event are one transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.clock import Clock
from bot.drafts.model import Draft, DraftKind, DraftState
from bot.drafts.proposals import Proposal, proposal_of
from bot.errors import NotAllowed
from bot.people.model import Role
from bot.uow import UnitOfWork, UnitOfWorkFactory
from knowledge.curate.curator import Curator
from knowledge.curate.model import (
    Branch,
    MergeNeeded,
    Published,
    RunbookLine,
    ShelfLine,
    Version,
    VersionLine,
    diff,
    tree,
)
from knowledge.errors import Unpublishable
from knowledge.model import DocumentState, PastIncident, Runbook, Visibility

_MOST_DRAFTS = 1_000


@dataclass(frozen=True, slots=True)
class Editor:
    """Who reads or edits. `key` goes into versions and the audit record; `channels` are the
    channel keys (`team/channel`) whose restricted pages they see, None for all: whoever runs the
    command line reads the database anyway."""

    key: str
    role: Role
    channels: frozenset[str] | None = field(default_factory=frozenset)

    def may_see(self, visibility: Visibility) -> bool:
        if visibility.channels is None or self.channels is None:
            return True
        return bool(self.channels & visibility.channels)


class Curation:
    """The use cases of keeping runbooks. Each call is one short transaction of its own."""

    def __init__(self, units: UnitOfWorkFactory, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    # --- reading ------------------------------------------------------------------------------

    def runbooks(self, editor: Editor) -> tuple[RunbookLine, ...]:
        """Every page in any state, by id, without bodies."""
        with self._units.read() as uow:
            lines = uow.knowledge.runbooks()
        return tuple(line for line in lines if editor.may_see(line.visibility))

    def tree(
        self, editor: Editor, words: str = "", *, retired: bool = False
    ) -> tuple[Branch[ShelfLine], ...]:
        """Pages by service; those that are retired, or all others. `words` must all stand in a
        page's id, title, owner, services or alerts."""
        needed = words.casefold().split()
        with self._units.read() as uow:
            lines = uow.knowledge.shelf(retired=retired, whole=bool(needed))
        return tree(
            line for line in lines if editor.may_see(line.visibility) and _fits(line, needed)
        )

    def lines(self, editor: Editor, ids: Sequence[str]) -> tuple[RunbookLine, ...]:
        """The pages of `ids` that the editor may see, in any state, by id, without bodies."""
        with self._units.read() as uow:
            lines = uow.knowledge.runbooks(ids)
        return tuple(line for line in lines if editor.may_see(line.visibility))

    def page(self, editor: Editor, document_id: str) -> Version | None:
        """The newest version of a page (its `text` is what an editor starts from, its `version`
        the base of the edit), in any state; None where there is none to see."""
        with self._units.read() as uow:
            current = _seen(uow, editor, document_id)
            return uow.knowledge.version(document_id, current.version) if current else None

    def history(self, editor: Editor, document_id: str) -> tuple[VersionLine, ...]:
        """All versions, the newest first; () where there is no page to see."""
        with self._units.read() as uow:
            if _seen(uow, editor, document_id) is None:
                return ()
            return tuple(uow.knowledge.versions(document_id))

    def version(self, editor: Editor, document_id: str, number: int) -> Version | None:
        """What a page said as of a version; None too where that version was for others only."""
        with self._units.read() as uow:
            if _seen(uow, editor, document_id) is None:
                return None
            found = uow.knowledge.version(document_id, number)
        return found if found is not None and editor.may_see(found.runbook.visibility) else None

    def diff(self, editor: Editor, document_id: str, old: int, new: int) -> tuple[str, ...]:
        """Unified diff lines. Raises Unpublishable when one of the versions is not there."""
        before = self.version(editor, document_id, old)
        after = self.version(editor, document_id, new)
        if before is None or after is None:
            raise Unpublishable(f"there are no versions {old} and {new} of {document_id!r}")
        return diff(before, after)

    # --- changing -----------------------------------------------------------------------------

    def publish(
        self, editor: Editor, document_id: str, text: str, base_version: int
    ) -> Published | MergeNeeded:
        """See `knowledge.curate.curator.Curator.publish`, which says what is raised; NotAllowed
        for whoever is no lead."""
        require_lead(editor)
        with self._units.begin() as uow:
            return self._publish(uow, editor, document_id, text, base_version, {})

    def revert(self, editor: Editor, document_id: str, to_version: int) -> Published:
        """What an earlier version said becomes the newest. Raises NotAllowed, Unpublishable."""
        require_lead(editor)
        with self._units.begin() as uow:
            self._require_seen(uow, editor, document_id)
            earlier = uow.knowledge.version(document_id, to_version)
            if earlier is not None and not editor.may_see(earlier.runbook.visibility):
                raise Unpublishable(f"there is no version {to_version} of a page {document_id!r}")
            done = self._curator(uow, editor).revert(document_id, to_version)
            self._audit(uow, editor, "runbook.reverted", done, {"to": to_version})
            return done

    def retire(self, editor: Editor, document_id: str) -> None:
        """Serve a page no more. Raises NotAllowed, Unpublishable."""
        require_lead(editor)
        with self._units.begin() as uow:
            self._require_seen(uow, editor, document_id)
            self._curator(uow, editor).retire(document_id)
            self._say(uow, editor, "runbook.retired", document_id, {})

    def bring_back(self, editor: Editor, document_id: str) -> None:
        """Serve a retired page, or a draft, as it is. Raises NotAllowed, Unpublishable."""
        require_lead(editor)
        with self._units.begin() as uow:
            self._require_seen(uow, editor, document_id)
            self._curator(uow, editor).bring_back(document_id)
            self._say(uow, editor, "runbook.brought_back", document_id, {})

    def curate_incident(self, editor: Editor, document_id: str) -> None:
        """A lead has looked a confirmed past incident over: it counts as reviewed. Raises
        NotAllowed; Unpublishable for what is no past incident, or none that may be reviewed."""
        require_lead(editor)
        with self._units.begin() as uow:
            found = uow.knowledge.get(document_id)
            if not isinstance(found, PastIncident) or not editor.may_see(found.visibility):
                raise Unpublishable(f"there is no past incident {document_id!r}")
            try:
                uow.knowledge.set_state(
                    document_id, DocumentState.REVIEWED, actor=editor.key, now=self._clock.now()
                )
            except ValueError as error:
                raise Unpublishable(str(error)) from error
            self._say(uow, editor, "incident.curated", document_id, {})

    def take_out_incident(self, editor: Editor, document_id: str) -> None:
        """No answer is made of a past incident any more; it can be put back as it is. Raises
        NotAllowed; Unpublishable for what is no past incident, or is out already."""
        self._move_incident(editor, document_id, "incident.taken_out", (DocumentState.RETIRED,))

    def put_back_incident(self, editor: Editor, document_id: str) -> None:
        """A past incident that was taken out counts again, as looked over by whoever says so.
        Raises NotAllowed; Unpublishable for one that is not out."""
        states = (DocumentState.DRAFT, DocumentState.REVIEWED)
        self._move_incident(editor, document_id, "incident.put_back", states)

    def _move_incident(
        self, editor: Editor, document_id: str, action: str, states: Sequence[DocumentState]
    ) -> None:
        require_lead(editor)
        with self._units.begin() as uow:
            found = uow.knowledge.get(document_id)
            if not isinstance(found, PastIncident) or not editor.may_see(found.visibility):
                raise Unpublishable(f"there is no past incident {document_id!r}")
            is_out = found.state is DocumentState.RETIRED
            if is_out is (DocumentState.RETIRED in states):
                raise Unpublishable(f"{document_id} is {'out' if is_out else 'in use'} already")
            for state in states:
                uow.knowledge.set_state(document_id, state, actor=editor.key, now=self._clock.now())
            self._say(uow, editor, action, document_id, {})

    # --- drafts -------------------------------------------------------------------------------

    def drafts(self, editor: Editor, kind: DraftKind | None = None) -> tuple[Draft, ...]:
        """What waits for a word and may be seen, oldest first."""
        with self._units.read() as uow:
            waiting = uow.drafts.waiting(kind, limit=_MOST_DRAFTS)
            return tuple(draft for draft in waiting if may_see_draft(uow, editor, draft))

    def proposal(self, editor: Editor, draft_id: int) -> Proposal | None:
        """A waiting runbook edit as the text that accepting it would publish."""
        with self._units.read() as uow:
            draft = _waiting(uow, editor, draft_id)
            if draft is None or draft.kind is not DraftKind.RUNBOOK_EDIT:
                return None
            return _proposal(uow, draft)

    def accept(
        self,
        editor: Editor,
        draft_id: int,
        text: str | None = None,
        base_version: int | None = None,
    ) -> Published | MergeNeeded:
        """Publish a proposed runbook edit: `text` as the lead has changed it, made of
        `base_version`; without it, the text of `proposal`. On MergeNeeded the draft goes on
        waiting. Raises NotAllowed; Unpublishable when nobody waits for this decision any more,
        when the proposal names no text and none is given; and what `publish` raises."""
        require_lead(editor)
        with self._units.begin() as uow:
            draft = _waiting(uow, editor, draft_id)
            if draft is None or draft.kind is not DraftKind.RUNBOOK_EDIT:
                raise Unpublishable(f"no runbook edit with the number {draft_id} is waiting")
            proposal = _proposal(uow, draft)
            if text is None and not proposal.has_text:
                raise Unpublishable("the proposal says what is wrong, but not what to write")
            done = self._publish(
                uow,
                editor,
                proposal.document_id,
                proposal.text if text is None else text,
                proposal.base_version if base_version is None else base_version,
                {"draft": draft_id, "proposed_by": draft.made_by},
            )
            if isinstance(done, Published):
                self._decide(uow, editor, draft, DraftState.ACCEPTED)
            return done

    def reject(self, editor: Editor, draft_id: int, reason: str = "") -> None:
        """Turn a waiting draft of any kind down, for a reason. Raises NotAllowed, Unpublishable."""
        require_lead(editor)
        with self._units.begin() as uow:
            draft = _waiting(uow, editor, draft_id)
            if draft is None:
                raise Unpublishable(f"no draft with the number {draft_id} is waiting")
            self._decide(uow, editor, draft, DraftState.REJECTED, reason)

    # --- within one transaction ---------------------------------------------------------------

    def _publish(
        self,
        uow: UnitOfWork,
        editor: Editor,
        document_id: str,
        text: str,
        base_version: int,
        data: dict[str, Any],
    ) -> Published | MergeNeeded:
        if uow.knowledge.get(document_id) is not None:
            self._require_seen(uow, editor, document_id)
        done = self._curator(uow, editor).publish(document_id, text, base_version)
        if isinstance(done, Published):
            data = {**data, "base": base_version, "merged": done.merged}
            self._audit(uow, editor, "runbook.published", done, data)
        return done

    def _curator(self, uow: UnitOfWork, editor: Editor) -> Curator:
        return Curator(uow.knowledge, actor=editor.key, now=self._clock.now())

    def _require_seen(self, uow: UnitOfWork, editor: Editor, document_id: str) -> None:
        if _seen(uow, editor, document_id) is None:
            raise Unpublishable(f"{document_id!r} is no page that you could change")

    def _decide(
        self, uow: UnitOfWork, editor: Editor, draft: Draft, state: DraftState, reason: str = ""
    ) -> None:
        if not uow.drafts.decide(draft.id, state, actor=editor.key, now=self._clock.now()):
            raise Unpublishable(f"somebody else has just decided on draft {draft.id}")
        action = f"{draft.kind.value}.{state.value}"
        data = {"draft": draft.id, **({"reason": reason} if reason else {})}
        self._say(uow, editor, action, draft.subject, data)

    def _audit(
        self, uow: UnitOfWork, editor: Editor, action: str, done: Published, data: dict[str, Any]
    ) -> None:
        if done.changed:
            self._say(uow, editor, action, done.document_id, {**data, "version": done.version})

    def _say(
        self, uow: UnitOfWork, editor: Editor, action: str, subject: str, data: dict[str, Any]
    ) -> None:
        uow.audit.append(
            at=self._clock.now(), actor=editor.key, action=action, subject=subject, data=data
        )


def _fits(line: ShelfLine, needed: Sequence[str]) -> bool:
    if not needed:
        return True
    told = " ".join((line.id, line.title, line.owner, *line.services, *line.alerts)).casefold()
    return all(word in told for word in needed)


def require_lead(editor: Editor) -> None:
    if not editor.role.includes(Role.LEAD):
        raise NotAllowed("The text of runbooks is decided on by a team lead.")


def _seen(uow: UnitOfWork, editor: Editor, document_id: str) -> Runbook | None:
    found = uow.knowledge.get(document_id)
    is_seen = isinstance(found, Runbook) and editor.may_see(found.visibility)
    return found if is_seen and isinstance(found, Runbook) else None


def _waiting(uow: UnitOfWork, editor: Editor, draft_id: int) -> Draft | None:
    draft = uow.drafts.get(draft_id)
    if draft is None or draft.state is not DraftState.WAITING:
        return None
    return draft if may_see_draft(uow, editor, draft) else None


def record_on_draft(
    uow: UnitOfWork, action: str, draft: Draft, *, actor: str, now: datetime
) -> None:
    """What was done about a draft, on the audit record."""
    uow.audit.append(
        at=now, actor=actor, action=action, subject=draft.subject, data={"draft": draft.id}
    )


def may_see_draft(uow: UnitOfWork, editor: Editor, draft: Draft) -> bool:
    """Whoever may see the page or incident it is about, and the incident that it came from."""
    for document_id in (draft.subject, draft.content.get("other")):
        document = uow.knowledge.get(document_id) if isinstance(document_id, str) else None
        if document is not None and not editor.may_see(document.visibility):
            return False
    keys: Sequence[object] = (draft.subject, draft.content.get("incident"))
    for key in keys:
        incident = uow.incidents.get_by_key(key) if isinstance(key, str) and key else None
        if incident is not None and not editor.may_see(incident.visibility):
            return False
    return True


def _proposal(uow: UnitOfWork, draft: Draft) -> Proposal:
    current = uow.knowledge.get(draft.subject)
    return proposal_of(draft, current if isinstance(current, Runbook) else None)
