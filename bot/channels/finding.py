"""Which incident a place belongs to."""

from bot.chat.cards import incident_key_of
from bot.incidents.model import Incident
from bot.uow import UnitOfWork


def incident_of_thread(
    uow: UnitOfWork, team_id: str, channel: str, thread_ts: str | None
) -> Incident | None:
    """The incident whose card the thread stands under, or whose card stands in the thread (as
    in thread mode)."""
    if thread_ts is None:
        return None
    first = uow.outbox.key_of(team_id, channel, thread_ts)
    keys = [first] if first is not None else []
    keys += uow.outbox.keys_in_thread(team_id, channel, thread_ts)
    for key in keys:
        incident_key = incident_key_of(key)
        incident = uow.incidents.get_by_key(incident_key) if incident_key is not None else None
        if incident is not None:
            return incident
    return None


def incident_of_room(uow: UnitOfWork, team_id: str, channel: str) -> Incident | None:
    """The incident that the channel was made for."""
    incident_id = uow.placements.incident_of(team_id, channel)
    return uow.incidents.get(incident_id) if incident_id is not None else None
