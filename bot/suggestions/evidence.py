"""Lines that people paste become part of an incident."""

from datetime import datetime

from bot.chat.ports import Destination
from bot.clock import Clock
from bot.incidents.model import Incident, TimelineEntry, TimelineKind
from bot.suggestions.essence import essence
from bot.suggestions.jobs import search_anew
from bot.uow import UnitOfWork

EVIDENCE_LIMIT = 100_000
"""Characters of one paste that are kept."""


def pasted_entry(
    *,
    team_id: str,
    channel: str,
    ts: str,
    logs: str,
    where: str,
    actor: str,
    at: datetime,
    only: str = "",
) -> TimelineEntry:
    """Pasted lines as evidence; of very many, what matters is kept."""
    lines = logs.count("\n") + 1
    kept = essence(logs, EVIDENCE_LIMIT)
    data = {"text": kept, "team": team_id, "ts": ts, "channel": channel}
    return TimelineEntry(
        at=at,
        kind=TimelineKind.EVIDENCE,
        text=f"{lines} line{'s' if lines > 1 else ''} pasted {where}",
        actor=actor,
        data=data | ({"only": only} if only else {}),
    )


def paste(
    uow: UnitOfWork,
    incident: Incident,
    *,
    team_id: str,
    channel: str,
    ts: str,
    logs: str,
    actor: str,
    where: str,
    clock: Clock,
) -> bool:
    """Make pasted lines part of the incident, once a message; False when they are.

    What was pasted in the incident's own private channel is for that channel alone.
    """
    timeline = uow.incidents.timeline(incident.id)
    if any(
        entry.kind is TimelineKind.EVIDENCE
        and (entry.data.get("ts"), entry.data.get("channel")) == (ts, channel)
        for entry in timeline
    ):
        return False
    is_private = any(
        entry.data.get("room") == channel and entry.data.get("private") for entry in timeline
    )
    entry = pasted_entry(
        team_id=team_id,
        channel=channel,
        ts=ts,
        logs=logs,
        where=where,
        actor=actor,
        at=clock.now(),
        only=Destination(team_id, channel).channel_key if is_private else "",
    )
    uow.incidents.add_timeline(incident.id, [entry])
    search_anew(uow, incident, clock)
    return True
