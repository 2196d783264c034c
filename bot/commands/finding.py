"""Which incident somebody means."""

from collections.abc import Sequence

from bot.channels.finding import incident_of_room, incident_of_thread
from bot.commands.model import Caller, Refused
from bot.commands.parsing import split_key
from bot.incidents.model import Incident
from bot.uow import UnitOfWork


def seen_by(caller: Caller, incident: Incident) -> bool:
    """Whether every reader of the place where it is asked may know of the incident."""
    return caller.audience.may_see(incident.visibility)


def incident_and_rest(uow: UnitOfWork, caller: Caller, words: str) -> tuple[Incident, str]:
    """(the incident that `words` begin with, the rest). Where they name none: the one of this
    thread or channel, else the only one that is open here. Raises Refused."""
    key, rest = split_key(words)
    if key is not None:
        return incident_called(uow, caller, key), rest
    there = _of_this_place(uow, caller)
    if there is not None:
        return there, rest
    placed = _open_here(uow, caller)
    if len(placed) == 1:
        return placed[0], rest
    if placed:
        names = ", ".join(incident.key for incident in placed[:5])
        raise Refused(f"Several incidents are open here ({names}); say which one.")
    raise Refused("Say which incident, such as RCL-12; /recall status lists the open ones.")


def incident_here(uow: UnitOfWork, caller: Caller) -> Incident | None:
    """The incident of the thread or the channel in which something was said, over or not; None
    where it cannot be told."""
    there = _of_this_place(uow, caller)
    if there is not None:
        return there
    placed = _open_here(uow, caller)
    return placed[0] if len(placed) == 1 else None


def incident_called(uow: UnitOfWork, caller: Caller, key: str) -> Incident:
    """The incident of that key, if it may be known of here. Raises Refused."""
    incident = uow.incidents.get_by_key(key)
    # One that may not be seen here behaves as if it did not exist.
    if incident is None or not seen_by(caller, incident):
        raise Refused(f"There is no incident {key}; /recall status lists the open ones.")
    return incident


def _of_this_place(uow: UnitOfWork, caller: Caller) -> Incident | None:
    """The incident whose card the thread stands under, else that of the channel."""
    at = caller.at
    found = incident_of_thread(uow, at.team_id, at.channel, at.thread)
    found = found or incident_of_room(uow, at.team_id, at.channel)
    return found if found is not None and seen_by(caller, found) else None


def _open_here(uow: UnitOfWork, caller: Caller) -> Sequence[Incident]:
    """The open incidents that were placed in this channel."""
    here = (caller.at.team_id, caller.at.channel)
    found = []
    for incident in uow.incidents.active():
        placement = uow.placements.of(incident.id)
        if placement is not None and (placement.team_id, placement.channel) == here:
            found.append(incident)
    return [incident for incident in found if seen_by(caller, incident)]
