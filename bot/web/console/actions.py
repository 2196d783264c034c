"""Actions: what was asked for, who approved it, what ran, and the catalogue, for reading."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from bot.actions.model import ActionRequest
from bot.actions.template import ActionTemplate
from bot.uow import UnitOfWork
from bot.web.console.gate import Signed
from bot.web.console.parts import Console, ConsoleParts
from bot.web.console.rendering import ConsoleError, page

router = APIRouter()

_MOST = 200


@router.get("/actions")
def actions(request: Request, visitor: Signed, parts: Console) -> Response:
    with parts.units.read() as uow:
        rows = [one for one in uow.actions.newest(_MOST) if _may_see(uow, one)]
    return page(
        request,
        "actions.html",
        visitor=visitor,
        tab="actions",
        requests=rows,
        may_run=_catalogue(parts),
    )


@router.get("/actions/{number}")
def action(request: Request, number: int, visitor: Signed, parts: Console) -> Response:
    with parts.units.read() as uow:
        found = uow.actions.get(number) if 0 < number < 2**63 else None
        if found is None or not _may_see(uow, found):
            raise ConsoleError(HTTPStatus.NOT_FOUND, f"There is no request ACT-{number}.")
        incident = None if found.incident_id is None else uow.incidents.get(found.incident_id)
        approvals = uow.actions.approvals(found.id)
        runs = uow.actions.executions(found.id)
    return page(
        request,
        "action.html",
        visitor=visitor,
        tab="actions",
        wanted=found,
        incident=incident,
        approvals=approvals,
        runs=runs,
    )


def _catalogue(parts: ConsoleParts) -> list[ActionTemplate]:
    templates = parts.actions().templates
    return [templates[name] for name in sorted(templates)]


def _may_see(uow: UnitOfWork, request: ActionRequest) -> bool:
    """A request about an incident is as visible as that."""
    if request.incident_id is None:
        return True
    incident = uow.incidents.get(request.incident_id)
    return incident is not None and incident.visibility.is_everyone
