"""The review queue: what waits for a lead's word, one draft with what it would change, the word."""

from collections import Counter
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from bot.alerts.model import StoredAlert
from bot.drafts.accepted_noise import HOLD_BACK, SILENCE, ends_at, in_force
from bot.drafts.curation import Editor
from bot.drafts.model import Draft, DraftKind, DraftState
from bot.drafts.regrouping import KINDS as REGROUPINGS
from bot.drafts.regrouping import Regroupings
from bot.drafts.reviewing import Reviewing
from bot.incidents.model import Incident
from bot.incidents.records import IncidentRecord
from bot.people.model import Role
from bot.web.console.gate import Fields, Lead, Signed, Visitor, text_in
from bot.web.console.parts import Console, ConsoleParts
from bot.web.console.rendering import ConsoleError, page, person, see_other, when
from bot.web.console.runbooks import (
    LONGEST_PAGE,
    address_of,
    curation_of,
    diff_lines,
    editor_of,
    said_of,
)
from knowledge.curate.model import MergeNeeded, diff_texts
from knowledge.errors import BadDocument, Unpublishable

router = APIRouter()

KINDS = {
    DraftKind.RECORD: "Incident record",
    DraftKind.RUNBOOK_EDIT: "Runbook edit",
    DraftKind.NOISE_RULE: "Noise rule",
    DraftKind.PAGE_GONE: "Gone from its source",
    DraftKind.DUPLICATE: "Duplicate",
    DraftKind.LEARNED_LINK: "Learned link",
    DraftKind.MERGE: "Merge",
    DraftKind.SPLIT: "Split",
}
LENGTHS = {"86400": "for a day", "604800": "for a week", "2419200": "for four weeks", "": "always"}
WHAT = {HOLD_BACK: "hold it back until it is reported again", SILENCE: "open no incident at all"}
_SHOWN = 200
_MOST_UNDONE = 20
_MOST_ALERTS = 20
_LONGEST_REASON = 500


@router.get("/review")
def queue(request: Request, visitor: Signed, parts: Console, kind: str = "") -> Response:
    reviewing, editor = _reviewing(parts), editor_of(visitor)
    waiting = reviewing.waiting(editor)
    counts = Counter(one.kind for one in waiting)
    now = parts.clock.now()
    chosen = kind if kind in {one.value for one in KINDS} else ""
    rules = [one for one in reviewing.noise_rules(editor) if in_force(one, now)]
    return page(
        request,
        "review.html",
        visitor=visitor,
        tab="review",
        drafts=[one for one in waiting if not chosen or one.kind.value == chosen][:_SHOWN],
        total=len(waiting),
        kinds=[(one.value, label, counts[one]) for one, label in KINDS.items()],
        labels={one.value: label for one, label in KINDS.items()},
        kind=chosen,
        uncurated=reviewing.uncurated(editor)[:_SHOWN],
        taken_out=reviewing.taken_out(editor)[:_SHOWN],
        rules=[(one, ends_at(one)) for one in rules[:_SHOWN]],
        what=WHAT,
        regrouped=_regroupings(parts).done(editor)[:_MOST_UNDONE],
        may_decide=visitor.may(Role.LEAD),
    )


@router.post("/review/curate")
def curate(visitor: Lead, parts: Console, form: Fields) -> Response:
    """A lead looked a confirmed past incident over."""
    act = curation_of(parts).curate_incident
    return _on_record(parts, visitor, form, act, "is curated")


@router.post("/review/take-out")
def take_out(visitor: Lead, parts: Console, form: Fields) -> Response:
    """No answer is made of a past incident any more."""
    act = curation_of(parts).take_out_incident
    return _on_record(parts, visitor, form, act, "is taken out: no answer is made of it any more")


@router.post("/review/put-back")
def put_back(visitor: Lead, parts: Console, form: Fields) -> Response:
    act = curation_of(parts).put_back_incident
    return _on_record(parts, visitor, form, act, "is found again")


def _on_record(
    parts: ConsoleParts,
    visitor: Visitor,
    form: FormData,
    act: Callable[[Editor, str], None],
    done: str,
) -> Response:
    key = text_in(form, "incident", 1_000)
    try:
        act(editor_of(visitor), key)
        said = f"{key} {done}."
    except (Unpublishable, LookupError) as error:
        said = _sentence(error)
    parts.wake()
    return see_other("/console/review", said)


@router.get("/review/{number}")
def one_draft(request: Request, number: int, visitor: Signed, parts: Console) -> Response:
    return _draft_page(request, visitor, parts, _found(parts, visitor, number))


@router.post("/review/{number}/approve")
def approve(request: Request, number: int, visitor: Lead, parts: Console, form: Fields) -> Response:
    """Put it in force, as the form has it."""
    draft = _found(parts, visitor, number)
    try:
        target, said = _approve(parts, visitor, draft, form)
    except _Merge as merge:
        return _draft_page(request, visitor, parts, draft, merge=merge.needed)
    except (BadDocument, Unpublishable) as error:
        now = _found(parts, visitor, number)
        if now.state is not DraftState.WAITING:
            return see_other(f"/console/review/{number}", _faster(now))
        typed = text_in(form, "text", LONGEST_PAGE)
        return _draft_page(request, visitor, parts, now, problem=_sentence(error), typed=typed)
    parts.wake()
    return see_other(target, said)


@router.post("/review/{number}/reject")
def reject(request: Request, number: int, visitor: Lead, parts: Console, form: Fields) -> Response:
    draft = _found(parts, visitor, number)
    if draft.kind is DraftKind.PAGE_GONE:
        return _keep_gone(parts, visitor, number)
    reason = " ".join(text_in(form, "reason", _LONGEST_REASON).split())
    if not reason:
        problem = "Say why: whoever proposed it learns by that."
        return _draft_page(request, visitor, parts, draft, problem=problem)
    try:
        curation_of(parts).reject(editor_of(visitor), number, reason)
    except Unpublishable:
        return see_other(f"/console/review/{number}", _faster(_found(parts, visitor, number)))
    return see_other("/console/review", f"Draft {number} is rejected.")


def _keep_gone(parts: ConsoleParts, visitor: Visitor, number: int) -> Response:
    try:
        kept = _reviewing(parts).keep_gone(editor_of(visitor), number)
    except Unpublishable:
        return see_other(f"/console/review/{number}", _faster(_found(parts, visitor, number)))
    return see_other("/console/review", f"{kept} stays; it belongs to no source any more.")


@router.post("/review/{number}/withdraw")
def withdraw(number: int, visitor: Lead, parts: Console, form: Fields) -> Response:
    """Put an accepted noise rule out of force, or undo an accepted merge or split."""
    draft = _found(parts, visitor, number)
    try:
        if draft.kind in REGROUPINGS:
            said = _regroupings(parts).undo(editor_of(visitor), number, visitor.name)
            parts.wake()
        else:
            _reviewing(parts).withdraw_noise(editor_of(visitor), number)
            said = f"Noise rule {number} is out of force."
    except Unpublishable as error:
        said = _sentence(error)
    return see_other("/console/review", said)


class _Merge(Exception):
    """Others changed the same lines since."""

    def __init__(self, needed: MergeNeeded) -> None:
        super().__init__(needed.reason)
        self.needed = needed


def _approve(
    parts: ConsoleParts, visitor: Visitor, draft: Draft, form: FormData
) -> tuple[str, str]:
    """(where to go, what to say)."""
    return _APPROVING[draft.kind](parts, visitor, draft, form)


def _approve_edit(
    parts: ConsoleParts, visitor: Visitor, draft: Draft, form: FormData
) -> tuple[str, str]:
    text = text_in(form, "text", LONGEST_PAGE)
    base = text_in(form, "base_version", 9)
    base_version = int(base) if base.isascii() and base.isdigit() else None
    done = curation_of(parts).accept(
        editor_of(visitor), draft.id, f"{text}\n" if text else None, base_version
    )
    if isinstance(done, MergeNeeded):
        raise _Merge(done)
    visible = curation_of(parts).page(editor_of(visitor), done.document_id) is not None
    return (address_of(done.document_id) if visible else "/console/review", said_of(done))


def _approve_record(
    parts: ConsoleParts, visitor: Visitor, draft: Draft, form: FormData
) -> tuple[str, str]:
    _reviewing(parts).confirm_record(editor_of(visitor), draft.id, visitor.name)
    return "/console/review", f"The record of {draft.subject} is kept, confirmed by you."


def _approve_noise(
    parts: ConsoleParts, visitor: Visitor, draft: Draft, form: FormData
) -> tuple[str, str]:
    what, length = text_in(form, "what", 20), text_in(form, "length", 20)
    if what not in WHAT or length not in LENGTHS:
        raise Unpublishable("choose what is to happen, and for how long")
    seconds = int(length) if length else None
    _reviewing(parts).accept_noise(editor_of(visitor), draft.id, what, seconds)
    return "/console/review", f"Noise rule {draft.id} is in force."


def _retire_page(
    parts: ConsoleParts, visitor: Visitor, draft: Draft, form: FormData
) -> tuple[str, str]:
    retired = _reviewing(parts).retire_page(editor_of(visitor), draft.id, draft.kind)
    return "/console/review", f"{retired} is retired. Its versions stay."


def _agree(parts: ConsoleParts, visitor: Visitor, draft: Draft, form: FormData) -> tuple[str, str]:
    key = _reviewing(parts).agree(editor_of(visitor), draft.id)
    return "/console/review", f"It holds for every alert of this kind, as it does for {key}."


def _regroup(
    parts: ConsoleParts, visitor: Visitor, draft: Draft, form: FormData
) -> tuple[str, str]:
    said = _regroupings(parts).accept(editor_of(visitor), draft.id, visitor.name)
    return f"/console/review/{draft.id}", said


_Approve = Callable[[ConsoleParts, Visitor, Draft, FormData], tuple[str, str]]
_APPROVING: dict[DraftKind, _Approve] = {
    DraftKind.RUNBOOK_EDIT: _approve_edit,
    DraftKind.RECORD: _approve_record,
    DraftKind.NOISE_RULE: _approve_noise,
    DraftKind.PAGE_GONE: _retire_page,
    DraftKind.DUPLICATE: _retire_page,
    DraftKind.LEARNED_LINK: _agree,
    DraftKind.MERGE: _regroup,
    DraftKind.SPLIT: _regroup,
}


def _draft_page(
    request: Request,
    visitor: Visitor,
    parts: ConsoleParts,
    draft: Draft,
    *,
    problem: str = "",
    typed: str = "",
    merge: MergeNeeded | None = None,
) -> Response:
    values: dict[str, Any] = {"proposal": None, "lines": [], "record": None, "sides": []}
    values["may_undo"] = False
    if draft.kind is DraftKind.RUNBOOK_EDIT:
        found = curation_of(parts).proposal(editor_of(visitor), draft.id)
        if found is not None:
            values["proposal"] = found
            values["lines"] = diff_lines(diff_texts(found.before, found.published))
            values["text"] = merge.text if merge else typed or found.text
            values["base_version"] = merge.base_version if merge else found.base_version
    elif draft.kind in REGROUPINGS:
        values["sides"] = _sides(parts, visitor, draft)
        values["may_undo"] = visitor.may(Role.LEAD) and draft.state is DraftState.ACCEPTED
    elif draft.kind is DraftKind.RECORD:
        values["record"] = IncidentRecord.model_validate(draft.content)
    if merge is not None:
        problem = f"{merge.reason}. Nothing is lost: both sides stand below."
    return page(
        request,
        "review_draft.html",
        visitor=visitor,
        tab="review",
        draft=draft,
        label=KINDS[draft.kind],
        content=draft.content,
        problem=problem,
        what=WHAT,
        lengths=LENGTHS,
        may_decide=visitor.may(Role.LEAD) and draft.state is DraftState.WAITING,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problem and not merge else HTTPStatus.OK,
        **values,
    )


def _sides(
    parts: ConsoleParts, visitor: Visitor, draft: Draft
) -> list[tuple[Incident, list[StoredAlert]]]:
    """The incidents of a merge or a split as they are now, each with its alerts."""
    keys = [draft.content.get("incident"), draft.subject, draft.content.get("opened")]
    found = []
    with parts.units.read() as uow:
        for key in dict.fromkeys(key for key in keys if isinstance(key, str) and key):
            incident = uow.incidents.get_by_key(key)
            if incident is not None and editor_of(visitor).may_see(incident.visibility):
                found.append((incident, list(uow.alerts.of_incident(incident.id, _MOST_ALERTS))))
    return found


def _reviewing(parts: ConsoleParts) -> Reviewing:
    return Reviewing(parts.units, parts.clock)


def _regroupings(parts: ConsoleParts) -> Regroupings:
    return Regroupings(parts.units, parts.clock)


def _found(parts: ConsoleParts, visitor: Visitor, number: int) -> Draft:
    is_id = 0 < number < 2**63
    found = _reviewing(parts).draft(editor_of(visitor), number) if is_id else None
    if found is None:
        raise ConsoleError(HTTPStatus.NOT_FOUND, f"There is no draft {str(number)[:20]}.")
    return found


def _faster(draft: Draft) -> str:
    who = person(draft.decided_by) or "Somebody"
    return f"{who} was faster: it was {draft.state.value} at {when(draft.decided_at)}."


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
