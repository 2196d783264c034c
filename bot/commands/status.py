"""`/recall status` and `/recall ack`: what is open, and who has it."""

from dataclasses import replace
from datetime import datetime

from bot.channels.interrupting import held_back_since
from bot.chat.budget import HOUR
from bot.chat.cards import card_key
from bot.chat.lines import incident_line
from bot.chat.messages import Board, BoardPart, Notice
from bot.commands.finding import incident_and_rest, seen_by
from bot.commands.model import Caller, Pager, Refused, Reply, Tools
from bot.commands.one_incident import one_incident
from bot.commands.parsing import split_key
from bot.errors import DatabaseBusy, PagerUnavailable
from bot.incidents.lifecycle import Reason, by_person
from bot.incidents.model import Incident, IncidentState
from bot.pager.jobs import tell_later
from bot.suggestions.jobs import enqueue
from bot.uow import UnitOfWork

MOST_SHOWN = 15


def status(tools: Tools, caller: Caller, words: str) -> Reply:
    """Every open incident that may be known of here, newest first; or the one that is named."""
    key, _ = split_key(words)
    if key is not None:
        return one_incident(tools, caller, key)
    now = tools.clock.now()
    with tools.units.read() as uow:
        active = [one for one in uow.incidents.active() if seen_by(caller, one)]
        held = held_back_since(uow, now - HOUR, caller.at.channel_key)
        own = uow.preferences.person(caller.actor.team_id, caller.actor.user_id)
    board = board_of(active, now, own.quiet.time_zone)
    return Reply(message=board.model_copy(update={"note": with_held_back(board.note, held)}))


def with_held_back(note: str, held: int) -> str:
    """The note, with how many messages had to wait for room in this channel."""
    waited = f"{held} held back in the last hour" if held else ""
    return "; ".join(part for part in (note.rstrip("."), waited) if part) if waited else note


def board_of(active: list[Incident], now: datetime, zone: str = "UTC") -> Board:
    """The open incidents as a page; times by the clocks of `zone`."""
    lines = tuple(incident_line(incident, now, zone) for incident in active[:MOST_SHOWN])
    more = len(active) - len(lines)
    if not active:
        return Board(title="Nothing is open", note="No incident that you may see is open.")
    return Board(
        title=f"{len(active)} open incident{'s' if len(active) > 1 else ''}",
        parts=(BoardPart(lines=lines),),
        note=f"and {more} more" if more > 0 else "",
    )


def acknowledge(tools: Tools, caller: Caller, words: str) -> Reply:
    """The caller takes the incident on; the pager is told where one is configured."""
    with tools.units.begin() as uow:
        incident, _ = incident_and_rest(uow, caller, words)
        now = tools.clock.now()
        moved = by_person(
            incident,
            IncidentState.ACKNOWLEDGED,
            actor=caller.actor.key,
            now=now,
            note=f"acknowledged by {caller.name}",
        )
        if moved.reason is Reason.NOT_ALLOWED:
            raise Refused(f"{incident.key} is {incident.state.value} already.")
        if moved.reason is Reason.ALREADY and incident.owner == caller.actor.key:
            return Reply(message=Notice(text=f"{incident.key} is yours already."))
        changed = replace(moved.incident, owner=caller.actor.key)
        if not moved.changed:  # acknowledged by somebody else: it changes hands
            changed = replace(changed, revision=incident.revision + 1)
        save_and_follow(uow, tools, caller, changed, "incident.acknowledged", now)
        if moved.entry is not None:
            uow.incidents.add_timeline(incident.id, [moved.entry])
        shown = told_by_card(uow, incident)
    paged = tell_pager(tools, caller, incident, "acknowledge")
    return Reply(message=Notice(text=f"{incident.key} is yours{shown}. {paged}"))


def told_by_card(uow: UnitOfWork, incident: Incident) -> str:
    """`; its card says so`, where a card was ever said: what nobody has seen before has none."""
    there = uow.outbox.destination(card_key(incident)) is not None
    return "; its card says so" if there else ""


def save_and_follow(
    uow: UnitOfWork, tools: Tools, caller: Caller, changed: Incident, action: str, now: datetime
) -> None:
    """Keep the changed incident, put it on the audit record, and have its card follow."""
    uow.incidents.save(changed)
    uow.audit.append(
        at=now,
        actor=caller.actor.key,
        action=action,
        subject=changed.key,
        data={"state": changed.state.value},
    )
    enqueue(uow, changed, tools.clock)


def tell_pager(tools: Tools, caller: Caller, incident: Incident, what: str) -> str:
    """What became of the page, in a sentence; to be called once the change itself is kept."""
    if tools.pager is None:
        return "This does not stop the page: no pager is connected."
    try:
        return _tell(tools, tools.pager, caller, incident, what)
    except DatabaseBusy as error:
        # What was asked for is done and stays so; only of the page nothing is known.
        return f"This may not have stopped the page, so look at {tools.pager.name}: {error}"


def _tell(tools: Tools, pager: Pager, caller: Caller, incident: Incident, what: str) -> str:
    with tools.units.read() as uow:
        alerts = uow.alerts.of_incident(incident.id)
    references = pager.references(alerts)
    if not references:
        return f"This does not stop the page: {pager.name} sent none of its alerts."
    call = pager.acknowledge if what == "acknowledge" else pager.resolve
    try:
        problem = call(references, caller.actor.key)
    except PagerUnavailable as error:
        with tools.units.begin() as uow:
            now = tools.clock.now()
            key = caller.actor.key
            tell_later(uow, incident.id, incident.revision, what, references, key, now)
        return f"This has not stopped the page yet: {error}. It is tried again for 15 minutes."
    if problem is not None:
        return f"This did not stop the page: {problem}"
    return f"{pager.name} was told to {what} as well."
