"""Which incident somebody means."""

from bot.commands.model import Caller, Refused
from bot.commands.parsing import split_key
from bot.incidents.model import Incident
from bot.uow import UnitOfWork


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
