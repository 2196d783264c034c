"""Breaking the glass, for an emergency in which nobody is there to approve: by a line
(`/recall actions break-glass`), or by the form behind the button of the request."""

import logging
import re

from bot.actions.book import note
from bot.actions.glass import Blow, Glass
from bot.actions.model import ActionRequest, RequestState
from bot.actions.policy import SHORTEST_REASON, Deed, Why
from bot.chat.forms import Answers, Field, Form, Option, text_of
from bot.chat.messages import Notice
from bot.chat.ports import Destination
from bot.commands.actions import requests_of
from bot.commands.deciding import as_it_is, pressed
from bot.commands.finding import seen_by
from bot.commands.model import Caller, FieldErrors, FormHandler, Refused, Reply, Tools
from bot.errors import ChatRefused, ChatUnavailable

_log = logging.getLogger(__name__)

_SAYS = re.compile(r"(?:act-)?([0-9]{1,18})\s+([0-9a-f]{1,64})(?:\s+(.*))?", re.ASCII | re.I | re.S)
_USAGE = (
    "Say /recall actions break-glass ACT-7 HASH WHY: the request, the 12 characters of its sha256 "
    "that its message shows, and the reason. Or press “Break the glass…” on that message."
)
_LONGEST_REASON = 400
_DONE = "The glass is broken: {key} runs. It is said in its channel and to the leads."


def may_break(tools: Tools, caller: Caller) -> bool:
    """Whether the caller holds the right, whatever there is to be broken."""
    return tools.actions is not None and caller.actor.key in tools.actions.book.break_glass


def break_glass(tools: Tools, caller: Caller, words: str) -> str:
    """What is told to whoever said it. Raises Refused."""
    if tools.actions is None:
        raise Refused("No actions are set up here.")
    match = _SAYS.fullmatch(words.strip())
    if match is None:
        raise Refused(_USAGE)
    number, reason = int(match[1]), match[3] or ""
    with tools.units.read() as uow:
        request = uow.actions.get(number)
        about = request.incident_id if request is not None else None
        incident = uow.incidents.get(about) if about is not None else None
    if request is None or (incident is not None and not seen_by(caller, incident)):
        raise Refused(f"There is no request ACT-{number}.")
    return _break(tools, caller, request, match[2], reason)


def _break(tools: Tools, caller: Caller, request: ActionRequest, seen: str, reason: str) -> str:
    requests = requests_of(tools)
    blow = Blow(
        actor=caller.actor,
        number=request.id,
        seen=seen,
        reason=tools.redact(" ".join(reason.split()))[:_LONGEST_REASON],
        is_shared=caller.is_shared,
    )
    glass = Glass(tools.units, requests.book, tools.clock)
    leads, later = _leads_now(tools, request.team_id)
    if why := glass.break_(blow, leads, later=later):
        raise Refused(f"{request.key} stays as it is, because {why}.")
    return _DONE.format(key=request.key)


def open_glass(tools: Tools, caller: Caller, about: str) -> Form:
    """What exactly would run, and the reason for it. Raises Refused, on the record, for whoever
    does not hold the right."""
    book = requests_of(tools).book
    with tools.units.read() as uow:
        _, request = pressed(uow, caller, about, "action_glass")
    if request.state is not RequestState.AWAITING_APPROVAL:
        raise Refused(as_it_is(request))
    if caller.actor.key not in book.break_glass:
        with tools.units.begin() as uow:
            note(
                uow,
                request,
                actor=caller.actor.key,
                action="action.denied",
                now=tools.clock.now(),
                data={"deed": Deed.BREAK_GLASS.value, "reason": Why.NO_RIGHT.said},
            )
        raise Refused(f"{request.key} stays as it is, because {Why.NO_RIGHT.said}.")
    frozen = request.frozen
    return Form(
        name="act_glass",
        title="Break the glass",
        about=about,
        intro=(
            f"{request.key} then runs at once, without the approvals that it lacks, on "
            f"{', '.join(frozen.targets) or 'nothing by name'}, {frozen.risk.value} risk, sha256 "
            f"{request.digest[:12]}: {frozen.step.shown}   It is said in its channel and to the "
            "leads, who are mentioned, and stays on the record."
        ),
        fields=(
            Field(
                name="reason",
                label="Why can nobody approve it?",
                kind="long_text",
                hint=f"At least {SHORTEST_REASON} characters. Everybody reads it.",
            ),
            Field(
                name="sure",
                label="Is that what should run, now?",
                kind="choice",
                options=(
                    Option(value="no", label="No, leave it"),
                    Option(value="yes", label="Yes, break the glass"),
                ),
                initial="no",
            ),
        ),
        submit="Break the glass",
    )


def submit_glass(tools: Tools, caller: Caller, about: str, answers: Answers) -> Reply:
    """Broken over the hash that the message with the button showed."""
    with tools.units.read() as uow:
        button, request = pressed(uow, caller, about, "action_glass")
    reason = " ".join(text_of(answers, "reason").split())
    if len(reason) < SHORTEST_REASON:
        raise FieldErrors({"reason": f"Say why, in at least {SHORTEST_REASON} characters."})
    if text_of(answers, "sure") != "yes":
        return Reply(message=Notice(text=f"{request.key} was left as it is."))
    return Reply(message=Notice(text=_break(tools, caller, request, button.digest, reason)))


GLASS_FORM = FormHandler(open=open_glass, submit=submit_glass)


def _leads_now(tools: Tools, team_id: str) -> tuple[Destination | None, bool]:
    """(the leads' channel, whether it is to be looked for later). That it cannot be found now
    stops nobody."""
    try:
        return leads_room(tools, team_id), False
    except ChatUnavailable as error:
        _log.warning("the leads are told that the glass was broken later: %s", error)
        return None, True


def leads_room(tools: Tools, team_id: str) -> Destination | None:
    """The leads' channel, else the one for cards; None where there is none, or where others read.
    May raise ChatUnavailable."""
    wanted = tools.settings.leads_channel
    try:
        room = tools.rooms.of(team_id, wanted) if wanted else tools.rooms.default()
    except ChatRefused as error:
        _log.error("that the glass was broken is not said in the leads' channel: %s", error)
        return None
    return None if room is None or room.is_shared else room.to
