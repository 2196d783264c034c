"""Actions over HTTP, for reading: what may be run, and what was asked for.

The API's token, which is no person, reads; so does a personal token. Asking is in
`bot.web.asking_api`.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path

from bot.actions.model import ActionRequest, Approval
from bot.actions.template import ActionTemplate
from bot.uow import UnitOfWork
from bot.web.deps import Front
from bot.web.personal import Reader, require_reader
from bot.web.problem import Problem
from bot.web.read_api import MAX_ID, Limit
from bot.web.views import JSON

router = APIRouter(prefix="/v1/actions", dependencies=[Depends(require_reader)], tags=["actions"])
Number = Annotated[int, Path(ge=1, le=MAX_ID, description="the number in ACT-12")]


@router.get("")
def actions(deps: Front) -> dict[str, Any]:
    """What may be run, by id. What a template starts or calls is not told."""
    templates = deps.actions().templates
    return {"items": [action_view(templates[name]) for name in sorted(templates)]}


@router.get("/requests")
def requests(deps: Front, limit: Limit = 100) -> dict[str, Any]:
    """What was asked for, newest first; not what is about incidents that not everyone may see."""
    with deps.units.read() as uow:
        rows = [one for one in uow.actions.newest(limit) if _may_see(uow, one)]
        items = [request_view(one, uow.actions.approvals(one.id), deps.public_url) for one in rows]
    return {"items": items}


@router.get("/requests/{number}")
def request(number: Number, deps: Front, reader: Reader) -> JSON:
    """One of them; to a person also what exactly runs."""
    with deps.units.read() as uow:
        found = uow.actions.get(number)
        if found is None or not _may_see(uow, found):
            raise Problem(HTTPStatus.NOT_FOUND, f"There is no request ACT-{number}.")
        view = request_view(found, uow.actions.approvals(found.id), deps.public_url)
    return view if reader is None else {**view, "rendered": found.frozen.step.shown}


def action_view(template: ActionTemplate) -> JSON:
    return {
        "id": template.id,
        "version": template.version,
        "title": template.title,
        "description": template.description,
        "risk": template.risk.value,
        "executor": template.executor,
        "parameters": [
            {"name": one.name, "type": one.type, "label": one.label, "choices": list(one.choices)}
            for one in template.parameters
        ],
        "environments": list(template.environments),
        "channels": list(template.channels),
        "approvals": template.approvals,
    }


def request_view(
    request: ActionRequest, approvals: Sequence[Approval], public_url: str = ""
) -> JSON:
    """Without what it printed: that belongs where it was asked for. `link` is its page."""
    return {
        "id": request.id,
        "key": request.key,
        "template": request.frozen.template_id,
        "version": request.frozen.version,
        "title": request.frozen.title,
        "risk": request.frozen.risk.value,
        "parameters": dict(request.frozen.parameters),
        "targets": list(request.frozen.targets),
        "environment": request.frozen.environment,
        "incident": request.frozen.incident_key or None,
        "digest": request.digest,
        "state": request.state.value,
        "note": request.note,
        "requested_by": request.requested_by,
        "via": request.via,
        "link": f"{public_url}/console/actions/{request.id}",
        "approved_by": [one.actor for one in approvals if one.word == "approved"],
        "created_at": request.created_at.isoformat(),
        "expires_at": request.expires_at.isoformat(),
        "started_at": request.started_at.isoformat() if request.started_at else None,
        "ran_at": request.ran_at.isoformat() if request.ran_at else None,
    }


def _may_see(uow: UnitOfWork, request: ActionRequest) -> bool:
    """A request about an incident is as visible as that."""
    if request.incident_id is None:
        return True
    incident = uow.incidents.get(request.incident_id)
    return incident is not None and incident.visibility.is_everyone
