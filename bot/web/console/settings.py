"""Settings: channels and their rollout, deliveries that failed, sessions' facts, health."""

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from bot.channels.model import Mode
from bot.channels.report import WEEK, report
from bot.errors import DataError
from bot.jobs.ports import InboxState
from bot.uow import UnitOfWork
from bot.web.console.gate import Admin, Fields, Lead, Signed, Visitor, text_in
from bot.web.console.parts import Console, ConsoleParts, Models
from bot.web.console.rendering import ConsoleError, page, see_other
from bot.web.upkeep import canary_part, upkeep

router = APIRouter()

_CHANNEL = re.compile(r"([A-Z0-9]+)/([CGD][A-Z0-9]+)", re.ASCII)
_FAILED = 50


@router.get("/settings")
def settings(request: Request, visitor: Signed, parts: Console) -> Response:
    status = parts.engine.status() or {}
    with parts.units.read() as uow:
        channels = _channels(uow, parts)
        failed = uow.inbox.list(InboxState.FAILED, _FAILED)
        counts = dict(uow.inbox.counts())
        known = upkeep(uow)
        knowledge = dict(uow.knowledge.counts())
    return page(
        request,
        "settings.html",
        visitor=visitor,
        tab="settings",
        engine=dict(status),
        channels=channels,
        modes=list(Mode),
        failed=failed,
        counts=counts,
        canary=canary_part(known.canary),
        troubles=known.troubles,
        knowledge=knowledge,
        facts=parts.facts(),
        secrets=parts.secrets.shown() if parts.secrets is not None else None,
        sources=parts.secrets.choices() if parts.secrets is not None else [],
        **_models(parts),
    )


@router.post("/settings/channels")
def set_channel(visitor: Lead, parts: Console, form: Fields) -> Response:
    """How far the bot is switched on in a channel, as `/recall settings` does."""
    match = _CHANNEL.fullmatch(text_in(form, "channel", 100))
    mode = text_in(form, "mode", 20)
    if match is None or mode not in {one.value for one in Mode}:
        raise ConsoleError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "Name the channel as TEAM_ID/CHANNEL_ID, such as T1/C2, and one of the four modes.",
        )
    now = parts.clock.now()
    with parts.units.begin() as uow:
        before = uow.preferences.channel(match[1], match[2])
        changed = before.model_copy(update={"mode": Mode(mode)})
        uow.preferences.save_channel(match[1], match[2], changed, actor=visitor.key, now=now)
        uow.audit.append(
            at=now,
            actor=visitor.key,
            action="channel.settings",
            subject=match[0],
            data=changed.model_dump(mode="json"),
        )
    return see_other("/console/settings", f"{match[0]} is on {mode} from now on.")


@router.post("/settings/models/promote")
def promote(visitor: Admin, parts: Console, form: Fields) -> Response:
    """Put a model that beat the present one in force, from the engine's next start on."""
    name = text_in(form, "name", 100)
    return _moved(parts, visitor, "model.promoted", lambda room: room.promote(name))


@router.post("/settings/models/roll-back")
def roll_back(visitor: Admin, parts: Console, form: Fields) -> Response:
    """Go back to the model before, from the engine's next start on."""
    return _moved(parts, visitor, "model.rolled_back", lambda room: room.rollback())


def _moved(
    parts: ConsoleParts, visitor: Visitor, action: str, move: Callable[[Models], str]
) -> Response:
    """Move the pointer, which is a file, and audit that it was moved."""
    if parts.models is None:
        raise ConsoleError(HTTPStatus.NOT_FOUND, "There are no models here.")
    try:
        name = move(parts.models)
    except DataError as error:
        return see_other("/console/settings", f"Nothing was changed: {error}.")
    with parts.units.begin() as uow:
        uow.audit.append(
            at=parts.clock.now(), actor=visitor.key, action=action, subject=name, data={}
        )
    return see_other(
        "/console/settings",
        f"{name} is in force from the next start of recall serve on, which builds its index first "
        f"unless recall index build did.",
    )


def _models(parts: ConsoleParts) -> dict[str, Any]:
    room = parts.models
    if room is None:
        return {"models": [], "indexes": [], "pinned": "", "models_problem": ""}
    problem, models = "", []
    try:
        models = list(room.models())
    except DataError as error:
        problem = str(error)
    return {
        "models": models,
        "indexes": list(room.indexes()),
        "pinned": room.pinned,
        "models_problem": problem,
    }


@router.post("/settings/inbox/{item_id}/replay")
def replay(item_id: str, visitor: Admin, parts: Console, form: Fields) -> Response:
    """Make a failed delivery pending again."""
    now = parts.clock.now()
    with parts.units.begin() as uow:
        found = uow.inbox.replay(item_id[:200])
        if found:
            uow.audit.append(
                at=now, actor=visitor.key, action="inbox.replayed", subject=item_id[:200], data={}
            )
    parts.wake()
    said = "It is pending again." if found else "It is gone, or was replayed before."
    return see_other("/console/settings", said)


def _channels(uow: UnitOfWork, parts: ConsoleParts) -> list[dict[str, Any]]:
    """Each channel that chose something or had an incident within a week, with its report."""
    now = parts.clock.now()
    placements = uow.placements.everywhere_since(now - WEEK)
    chosen = uow.preferences.everywhere()
    there = {(one.team_id, one.channel) for one in placements} | set(chosen)
    rows = []
    for team_id, channel in sorted(there):
        own = [one for one in placements if (one.team_id, one.channel) == (team_id, channel)]
        grades = uow.suggestions.feedback_on_incidents([one.incident_id for one in own])
        own_settings = chosen.get((team_id, channel))
        mode = own_settings.mode if own_settings is not None else None
        rows.append(
            {
                "key": f"{team_id}/{channel}",
                "mode": mode.value if mode is not None else parts.rollout.default,
                "is_chosen": mode is not None,
                "week": report(own, grades, since=now - WEEK, now=now),
            }
        )
    return rows
