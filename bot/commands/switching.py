"""`/recall actions`: what waits and runs, and the switch that stops all of it."""

from bot.actions.cards import headline
from bot.actions.model import BEFORE_RUN, RequestState
from bot.actions.switch import StopSwitch
from bot.chat.messages import Board, BoardLine, BoardPart, Notice
from bot.commands.breaking import break_glass
from bot.commands.finding import seen_by
from bot.commands.model import Caller, Refused, Reply, Tools
from bot.commands.parsing import meant_of
from bot.people.model import Role
from bot.uow import UnitOfWork

_WORDS = ("stop", "resume", "break-glass", "status")


def actions(tools: Tools, caller: Caller, words: str) -> Reply:
    """`actions` tells what waits and runs; `actions stop [why]`, `actions resume`, and
    `actions break-glass ACT-7 HASH WHY`."""
    wanted, _, reason = words.strip().partition(" ")
    switch = StopSwitch(tools.units, tools.clock)
    match wanted.lower():
        case "stop":
            running = switch.stop(caller.actor.key, reason.strip())
            told = f"All actions are stopped; {running} that run are told to end."
            return Reply(message=Notice(text=f"{told} An admin resumes: /recall actions resume."))
        case "resume":
            if not caller.role.includes(Role.ADMIN):
                raise Refused("Only an admin lets actions run again (RECALL_ADMINS names them).")
            was_stopped = switch.resume(caller.actor.key)
            told = "Actions may run again." if was_stopped else "Nothing was stopped."
            return Reply(message=Notice(text=told))
        case "break-glass":
            return Reply(message=Notice(text=break_glass(tools, caller, reason)))
        case "" | "status":
            return Reply(message=_status(tools, caller))
        case _:
            meant = meant_of(wanted, _WORDS, "/recall actions ")
            raise Refused(
                f"I know no “{wanted}” here.{meant} Say /recall actions, /recall actions stop, "
                "/recall actions resume, or /recall actions break-glass."
            )


def _status(tools: Tools, caller: Caller) -> Board:
    with tools.units.read() as uow:
        switch = uow.actions.switch()
        open_ = (*BEFORE_RUN, RequestState.RUNNING, RequestState.UNKNOWN)
        there = [
            one
            for one in uow.actions.in_states(open_)
            if one.team_id == caller.at.team_id and _may_see(uow, caller, one.incident_id)
        ]
    lines = tuple(
        BoardLine(text=f"{one.key} {one.frozen.title}", detail=headline(one)) for one in there[:20]
    )
    return Board(
        title="All actions are stopped" if switch.stopped else "Actions may run",
        parts=(BoardPart(lines=lines),) if lines else (),
        note=f"Stopped by {switch.by}: {switch.reason}" if switch.stopped else "",
    )


def _may_see(uow: UnitOfWork, caller: Caller, incident_id: int | None) -> bool:
    incident = uow.incidents.get(incident_id) if incident_id is not None else None
    return incident is None or seen_by(caller, incident)
