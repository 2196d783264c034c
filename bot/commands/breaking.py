"""`/recall actions break-glass`: for an emergency in which nobody is there to approve."""

import logging
import re

from bot.actions.glass import Blow, Glass
from bot.chat.ports import Destination
from bot.commands.finding import seen_by
from bot.commands.model import Caller, Refused, Tools
from bot.errors import ChatRefused, ChatUnavailable

_log = logging.getLogger(__name__)

_SAYS = re.compile(r"(?:act-)?([0-9]{1,18})\s+([0-9a-f]{1,64})(?:\s+(.*))?", re.ASCII | re.I | re.S)
_USAGE = (
    "Say /recall actions break-glass ACT-7 HASH WHY: the request, the 12 characters of its sha256 "
    "that its message shows, and the reason."
)
_LONGEST_REASON = 400


def break_glass(tools: Tools, caller: Caller, words: str) -> str:
    """What is told to whoever said it. Raises Refused."""
    if tools.actions is None:
        raise Refused("No actions are set up here.")
    match = _SAYS.fullmatch(words.strip())
    if match is None:
        raise Refused(_USAGE)
    number, reason = int(match[1]), " ".join((match[3] or "").split())
    with tools.units.read() as uow:
        request = uow.actions.get(number)
        about = request.incident_id if request is not None else None
        incident = uow.incidents.get(about) if about is not None else None
    if request is None or (incident is not None and not seen_by(caller, incident)):
        raise Refused(f"There is no request ACT-{number}.")
    blow = Blow(
        actor=caller.actor,
        number=number,
        seen=match[2],
        reason=tools.redact(reason)[:_LONGEST_REASON],
        is_shared=caller.is_shared,
    )
    glass = Glass(tools.units, tools.actions.book, tools.clock)
    if why := glass.break_(blow, _leads_room(tools, request.team_id)):
        raise Refused(f"{request.key} stays as it is, because {why}.")
    return f"The glass is broken: {request.key} runs. It is said in its channel and to the leads."


def _leads_room(tools: Tools, team_id: str) -> Destination | None:
    """The leads' channel, else the one for cards. That it cannot be found stops nobody: it is
    said where it was asked for in any case."""
    wanted = tools.settings.leads_channel
    try:
        room = tools.rooms.of(team_id, wanted) if wanted else tools.rooms.default()
    except (ChatRefused, ChatUnavailable) as error:
        _log.error("that the glass was broken is not said in the leads' channel: %s", error)
        return None
    return None if room is None or room.is_shared else room.to
