"""Actions: what was asked for, who approved it, what ran; approving and rejecting, signed on."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from bot.actions.cards import PROGRAMS, headline, verified_by
from bot.actions.frozen import Frozen
from bot.actions.model import ActionRequest, RequestState
from bot.actions.template import ActionTemplate
from bot.uow import UnitOfWork
from bot.web.console.gate import Fields, Signed, Visitor, text_in
from bot.web.console.parts import Console, ConsoleParts
from bot.web.console.rendering import ConsoleError, page, see_other

router = APIRouter()

_MOST = 200
_DEEDS = {
    "approve": ("action_approve", "Your approval is on record"),
    "reject": ("action_reject", "It is rejected"),
}
"""What can be done with a request here: the button that does it in the chat, and what is said."""
_MOVING = (RequestState.PROPOSED, RequestState.APPROVED, RequestState.RUNNING)
"""States that change by themselves: the page looks again. Not while somebody is about to press."""


@router.get("/actions")
def actions(request: Request, visitor: Signed, parts: Console) -> Response:
    with parts.units.read() as uow:
        rows = [one for one in uow.actions.newest(_MOST) if _may_see(uow, one)]
    return page(
        request,
        "actions.html",
        visitor=visitor,
        tab="actions",
        requests=[(one, headline(one)) for one in rows],
        may_run=_catalogue(parts),
    )


@router.get("/actions/{number}")
def action(request: Request, number: int, visitor: Signed, parts: Console) -> Response:
    with parts.units.read() as uow:
        found = _seen(uow, number)
        incident = None if found.incident_id is None else uow.incidents.get(found.incident_id)
        approvals = uow.actions.approvals(found.id)
        runs = uow.actions.executions(found.id)
        record = _record(uow, found, parts)
    frozen = found.frozen
    return page(
        request,
        "action.html",
        visitor=visitor,
        tab="actions",
        wanted=found,
        incident=incident,
        approvals=approvals,
        runs=[one for one in runs if one.kind == "run"],
        dry_runs=[one for one in runs if one.kind == "dry_run"][-1:],
        headline=headline(found),
        verified=_verified(frozen),
        record=record,
        is_program=frozen.executor in PROGRAMS,
        moves=found.state in _MOVING,
        waits=found.state is RequestState.AWAITING_APPROVAL,
        may_decide=_why_not_decide(visitor, parts) == "",
        why_not=_why_not_decide(visitor, parts),
    )


@router.post("/actions/{number}/{deed}")
def decide(number: int, deed: str, visitor: Signed, parts: Console, form: Fields) -> Response:
    """Approve or reject what was shown, under its hash. By sign-on alone: of a one-time link it is
    not known who opens it."""
    if deed not in _DEEDS:
        raise ConsoleError(HTTPStatus.NOT_FOUND, "There is no such thing to do.")
    with parts.units.read() as uow:
        _seen(uow, number)
    if why_not := _why_not_decide(visitor, parts):
        raise ConsoleError(HTTPStatus.FORBIDDEN, why_not)
    assert parts.deciding is not None
    seen = text_in(form, "digest", 100)
    actor = visitor.session.actor
    name, word = _DEEDS[deed]
    refused = parts.deciding.decide_signed_on(number, name, seen, actor, visitor.name)
    parts.wake()
    said = f"ACT-{number} stays as it is, because {refused}." if refused else f"{word}."
    return see_other(f"/console/actions/{number}", said)


def _verified(frozen: Frozen) -> str:
    """How it will be known that it helped, beside that very word."""
    if frozen.verification is None:
        return ""
    return verified_by(frozen.verification).removeprefix("verified ")


def _record(uow: UnitOfWork, request: ActionRequest, parts: ConsoleParts) -> str:
    """How it did before, for whoever decides; nothing once it is decided."""
    waits = request.state is RequestState.AWAITING_APPROVAL
    return parts.deciding.record_of(uow, request) if waits and parts.deciding else ""


def _why_not_decide(visitor: Visitor, parts: ConsoleParts) -> str:
    if parts.deciding is None:
        return "No action may be run here: RECALL_ACTIONS_DIR names no folder."
    if not visitor.signed_on:
        return "Approving and rejecting here takes single sign-on; you came in by a one-time link."
    return ""


def _seen(uow: UnitOfWork, number: int) -> ActionRequest:
    found = uow.actions.get(number) if 0 < number < 2**63 else None
    if found is None or not _may_see(uow, found):
        raise ConsoleError(HTTPStatus.NOT_FOUND, f"There is no request ACT-{number}.")
    return found


def _catalogue(parts: ConsoleParts) -> list[ActionTemplate]:
    found = parts.actions()
    return [] if found is None else [found.templates[name] for name in sorted(found.templates)]


def _may_see(uow: UnitOfWork, request: ActionRequest) -> bool:
    """A request about an incident is as visible as that."""
    if request.incident_id is None:
        return True
    incident = uow.incidents.get(request.incident_id)
    return incident is not None and incident.visibility.is_everyone
