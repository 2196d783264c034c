"""Proposed merges and splits, decided on by a lead, and undone in one step."""

from collections.abc import Sequence
from typing import Any

from bot.clock import Clock
from bot.drafts.curation import Editor, may_see_draft, record_on_draft, require_lead
from bot.drafts.model import Draft, DraftKind, DraftState
from bot.incidents.model import Incident
from bot.incidents.regrouping import Regrouping, across
from bot.uow import UnitOfWork, UnitOfWorkFactory
from knowledge.errors import Unpublishable

KINDS = (DraftKind.MERGE, DraftKind.SPLIT)
_MOST = 100


class Regroupings:
    """Each call is one short transaction of its own. `name` is the lead's, for the timeline.

    What is over stays over: then only the word is kept on which alerts belong together.
    """

    def __init__(self, units: UnitOfWorkFactory, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    def done(self, editor: Editor) -> Sequence[Draft]:
        """Accepted merges and splits that may be seen, the newest first."""
        with self._units.read() as uow:
            accepted = [one for kind in KINDS for one in uow.drafts.accepted(kind, limit=_MOST)]
            seen = [one for one in accepted if may_see_draft(uow, editor, one)]
        return sorted(seen, key=lambda one: one.id, reverse=True)

    def accept(self, editor: Editor, draft_id: int, name: str) -> str:
        """Do it, for good; what was done, in words. Raises NotAllowed; Unpublishable when nobody
        waits for this decision any more, or others have moved those alerts."""
        require_lead(editor)
        with self._units.begin() as uow:
            draft = self._draft(uow, editor, draft_id, DraftState.WAITING)
            by = Regrouping(uow, self._clock, editor.key, name)
            act = _merge if draft.kind is DraftKind.MERGE else _split
            done, said = act(by, draft)
            uow.drafts.edit(draft.id, {**draft.content, **done})
            now = self._clock.now()
            if not uow.drafts.decide(draft.id, DraftState.ACCEPTED, actor=editor.key, now=now):
                raise Unpublishable(f"somebody else has just decided on draft {draft.id}")
            self._say(uow, editor, f"{draft.kind.value}.accepted", draft)
            return said

    def undo(self, editor: Editor, draft_id: int, name: str) -> str:
        """Take back what accepting it did, alerts and word; what became of it. Raises NotAllowed;
        Unpublishable when it is not in force."""
        require_lead(editor)
        with self._units.begin() as uow:
            draft = self._draft(uow, editor, draft_id, DraftState.ACCEPTED)
            if not uow.drafts.withdraw(draft.id, actor=editor.key, now=self._clock.now()):
                raise Unpublishable(f"{draft.kind.value} {draft.id} is not in force")
            by = Regrouping(uow, self._clock, editor.key, name)
            undo = _undo_merge if draft.kind is DraftKind.MERGE else _undo_split
            said = undo(by, draft)
            self._say(uow, editor, f"{draft.kind.value}.undone", draft)
            return said

    def _draft(self, uow: UnitOfWork, editor: Editor, draft_id: int, state: DraftState) -> Draft:
        draft = uow.drafts.get(draft_id)
        is_there = draft is not None and draft.kind in KINDS and draft.state is state
        if draft is None or not is_there or not may_see_draft(uow, editor, draft):
            raise Unpublishable(f"no merge or split with the number {draft_id} is {state.value}")
        return draft

    def _say(self, uow: UnitOfWork, editor: Editor, action: str, draft: Draft) -> None:
        record_on_draft(uow, action, draft, actor=editor.key, now=self._clock.now())


Done = tuple[dict[str, Any], str]
"""What undoing it needs, and what is told."""


def _merge(by: Regrouping, draft: Draft) -> Done:
    source, target = _incident(by, draft.subject), _incident(by, draft.content.get("incident"))
    if source.state.is_over or target.state.is_over:
        ties = by.bind(draft.content["kinds"], target, together=True)
        return {"ties": ties, "moved": []}, (
            f"{source.key} and {target.key} stay as they are, since one is over. "
            "Alerts of these kinds go together from now on."
        )
    moving, there = by.uow.alerts.of_incident(source.id), by.uow.alerts.of_incident(target.id)
    if not moving or not there:
        raise Unpublishable(f"{source.key} and {target.key} do not both have alerts any more")
    ties = by.bind(across(moving, there), target, together=True)
    by.merge(source, target)
    return {"ties": ties, "moved": [one.id for one in moving]}, (
        f"{source.key} is now part of {target.key}. Alerts of these kinds go together from now on."
    )


def _split(by: Regrouping, draft: Draft) -> Done:
    incident = _incident(by, draft.subject)
    if incident.state.is_over:
        ties = by.bind(draft.content["kinds"], incident, together=False)
        return {"ties": ties, "opened": ""}, (
            f"{incident.key} stays as it is, since it is over. "
            "Alerts of these kinds stay apart from now on."
        )
    kinds = {tuple(kind) for kind in draft.content["leaving"]}
    alerts = by.uow.alerts.of_incident(incident.id)
    leaving = [one for one in alerts if (one.alert.name, one.service or "") in kinds]
    staying = [one for one in alerts if one not in leaving]
    if not leaving or not staying:
        raise Unpublishable(f"{incident.key} does not have the alerts of both kinds any more")
    ties = by.bind(across(leaving, staying), incident, together=False)
    opened = by.split(incident, leaving, ", ".join(sorted({one.alert.name for one in leaving})))
    return {"ties": ties, "opened": opened.key}, (
        f"{opened.key} was split off from {incident.key}. "
        "Alerts of these kinds stay apart from now on."
    )


def _undo_merge(by: Regrouping, draft: Draft) -> str:
    by.unbind(draft.content["ties"], together=True)
    target = _incident(by, draft.content.get("incident"))
    moved = set(draft.content["moved"])
    alerts = by.uow.alerts.of_incident(target.id)
    back = [one for one in alerts if one.id in moved]
    if target.state.is_over or not back or len(back) == len(alerts):
        return "The word on these kinds of alerts is taken back; no alert was moved."
    opened = by.split(target, back, f"what came from {draft.subject}")
    return f"What came from {draft.subject} is now {opened.key}; the word on it is taken back."


def _undo_split(by: Regrouping, draft: Draft) -> str:
    by.unbind(draft.content["ties"], together=False)
    incident = _incident(by, draft.subject)
    opened = by.uow.incidents.get_by_key(draft.content["opened"])
    if opened is None or opened.state.is_over or incident.state.is_over:
        return "The word on these kinds of alerts is taken back; no alert was moved."
    by.merge(opened, incident)
    return f"{opened.key} is part of {incident.key} again; the word on it is taken back."


def _incident(by: Regrouping, key: object) -> Incident:
    found = by.uow.incidents.get_by_key(key) if isinstance(key, str) else None
    if found is None:
        raise Unpublishable(f"there is no incident {key} any more")
    return found
