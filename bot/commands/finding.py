"""Which incident somebody means."""

from bot.chat.cards import CARD_PREFIX, card_key
from bot.chat.ports import Destination
from bot.commands.model import Caller, Refused
from bot.commands.parsing import split_key
from bot.incidents.model import Incident
from bot.uow import UnitOfWork

RECENT = 50
"""Newest incidents whose cards are looked for in a thread."""


def seen_by(caller: Caller, incident: Incident) -> bool:
    """Whether every reader of the place where it is asked may know of the incident."""
    return caller.audience.may_see(incident.visibility)


def incident_and_rest(uow: UnitOfWork, caller: Caller, words: str) -> tuple[Incident, str]:
    """(the incident that `words` begin with, the rest). Where they name none: the incident of
    this channel, else the only one that is open here. Raises Refused."""
    key, rest = split_key(words)
    if key is not None:
        return incident_called(uow, caller, key), rest
    own = uow.placements.incident_of(caller.at.team_id, caller.at.channel)
    there = uow.incidents.get(own) if own is not None else None
    if there is not None:
        return there, rest
    placed = [
        incident
        for incident in uow.incidents.active()
        if seen_by(caller, incident) and _is_here(uow, caller, incident)
    ]
    if len(placed) == 1:
        return placed[0], rest
    if placed:
        names = ", ".join(incident.key for incident in placed[:5])
        raise Refused(f"Several incidents are open here ({names}); say which one.")
    raise Refused("Say which incident, such as RCL-12; /recall status lists the open ones.")


def incident_here(uow: UnitOfWork, caller: Caller) -> Incident | None:
    """The incident of the thread or the channel in which something was said, over or not; None
    where it cannot be told."""
    at = caller.at
    own = uow.placements.incident_of(at.team_id, at.channel)
    found = uow.incidents.get(own) if own is not None else None
    if found is None and at.thread is not None:
        found = _of_thread(uow, at)
    if found is None:
        here = [one for one in uow.incidents.active() if _is_here(uow, caller, one)]
        found = here[0] if len(here) == 1 else None
    return found if found is not None and seen_by(caller, found) else None


def _of_thread(uow: UnitOfWork, at: Destination) -> Incident | None:
    """The incident whose card begins the thread, or stands in it."""
    key = uow.outbox.key_of(at.team_id, at.channel, at.thread or "")
    if key is not None and key.startswith(CARD_PREFIX):
        return uow.incidents.get_by_key(key.removeprefix(CARD_PREFIX))
    for incident in uow.incidents.list(RECENT):
        there = uow.outbox.destination(card_key(incident))
        if there is not None and there[0] == at:
            return incident
    return None


def incident_called(uow: UnitOfWork, caller: Caller, key: str) -> Incident:
    """The incident of that key, if it may be known of here. Raises Refused."""
    incident = uow.incidents.get_by_key(key)
    # One that may not be seen here behaves as if it did not exist.
    if incident is None or not seen_by(caller, incident):
        raise Refused(f"There is no incident {key}; /recall status lists the open ones.")
    return incident


def _is_here(uow: UnitOfWork, caller: Caller, incident: Incident) -> bool:
    placement = uow.placements.of(incident.id)
    return placement is not None and (placement.team_id, placement.channel) == (
        caller.at.team_id,
        caller.at.channel,
    )
