"""`/recall status` and `/recall ack`: what is open, and who has it."""

from dataclasses import replace
from datetime import datetime

from bot.chat.messages import Board, BoardLine, BoardPart, Notice
from bot.commands.finding import incident_and_rest, seen_by
from bot.commands.model import Caller, Refused, Reply, Tools
from bot.commands.one_incident import one_incident
from bot.commands.parsing import split_key
from bot.incidents.lifecycle import Reason, by_person
from bot.incidents.model import Incident, IncidentState
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
    return Reply(message=board_of(active, now))


def board_of(active: list[Incident], now: datetime) -> Board:
    """The open incidents as a page."""
    lines = tuple(incident_line(incident, now) for incident in active[:MOST_SHOWN])
    more = len(active) - len(lines)
    if not active:
        return Board(title="Nothing is open", note="No incident that you may see is open.")
    return Board(
        title=f"{len(active)} open incident{'s' if len(active) > 1 else ''}",
        parts=(BoardPart(lines=lines),),
        note=f"and {more} more" if more > 0 else "",
    )


def incident_line(incident: Incident, now: datetime) -> BoardLine:
    """One incident in one line."""
    where = ", ".join(part for part in (incident.service, incident.environment) if part)
    parts = [
        incident.severity.value,
        incident.state.value,
        where or "service unknown",
        f"for {spoken_length((now - incident.opened_at).total_seconds())}",
    ]
    if incident.snoozed_until is not None and incident.snoozed_until > now:
        parts.append(f"snoozed until {incident.snoozed_until:%H:%M} UTC")
    return BoardLine(text=f"{incident.key} {incident.title}", detail=", ".join(parts))


def spoken_length(seconds: float) -> str:
    """A length of time as it is said: `40 s`, `12 min`, `3 h`, `2 days`."""
    if seconds < 90:
        return f"{max(0, round(seconds))} s"
    if seconds < 5_400:
        return f"{round(seconds / 60)} min"
    if seconds < 172_800:
        return f"{round(seconds / 3_600)} h"
    return f"{round(seconds / 86_400)} days"


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
    paged = tell_pager(tools, caller, incident, "acknowledge")
    return Reply(message=Notice(text=f"{incident.key} is yours; its card says so. {paged}"))


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
    """What became of the page, in a sentence."""
    if tools.pager is None:
        return "This does not stop the page: no pager is connected."
    with tools.units.read() as uow:
        alerts = uow.alerts.of_incident(incident.id)
    references = tuple(
        dict.fromkeys(
            reference for stored in alerts if (reference := stored.alert.labels.get("pager_id"))
        )
    )
    if not references:
        return f"This does not stop the page: {tools.pager.name} sent none of its alerts."
    call = tools.pager.acknowledge if what == "acknowledge" else tools.pager.resolve
    problem = call(references, caller.actor.key)
    if problem is not None:
        return f"This did not stop the page: {problem}"
    return f"{tools.pager.name} was told to {what} as well."
