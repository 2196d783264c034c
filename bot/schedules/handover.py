"""The shift handover: what is open, what ended, what to watch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.channels.model import ChannelSettings
from bot.chat.cards import user_of
from bot.chat.lines import incident_line, spoken_length
from bot.chat.messages import Board, BoardLine, BoardPart
from bot.chat.ports import Destination
from bot.incidents.model import Incident, IncidentState, TimelineEntry, TimelineKind
from bot.schedules.facts import WEEK, Fix, fix_of, open_for, opened_for
from bot.schedules.families import FamilyCount, often_fired
from bot.schedules.plan import occurrences
from bot.schedules.telling import MOST, family_lines, fired_this_week, with_rest
from bot.uow import UnitOfWork
from knowledge.model import Audience

SHIFT = timedelta(hours=24)
"""How far back it looks where no handover was before."""
_SOON = timedelta(hours=12)
_ACKNOWLEDGED_BY = "acknowledged by "


@dataclass(frozen=True, slots=True)
class Open:
    """An open incident, who has it (by name; "" for nobody), and what fixed the like."""

    incident: Incident
    owner: str = ""
    fix: Fix | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    incident: Incident
    note: str = ""


@dataclass(frozen=True, slots=True)
class Shift:
    """What the next shift has to know."""

    now: datetime
    since: datetime
    zone: str = "UTC"
    open: Sequence[Open] = ()
    ended: Sequence[Ended] = ()
    often: Sequence[FamilyCount] = ()


def handover_board(shift: Shift) -> Board:
    """The handover as a page. Pure; it mentions nobody."""
    parts = (
        BoardPart(heading="Open", lines=_open_lines(shift)),
        BoardPart(heading=f"Ended since {_local(shift, shift.since)}", lines=_ended_lines(shift)),
        BoardPart(heading="To watch", lines=_watch_lines(shift)),
    )
    there = tuple(part for part in parts if part.lines)
    number = len(shift.open)
    return Board(
        title=f"Shift handover: {number} open" if number else "Shift handover: nothing is open",
        parts=there,
        note="" if there else f"Nothing ended since {_local(shift, shift.since)} either.",
    )


def _open_lines(shift: Shift) -> tuple[BoardLine, ...]:
    worst_first = sorted(shift.open, key=lambda one: (one.incident.severity.rank, -one.incident.id))
    lines = []
    for one in worst_first[:MOST]:
        line = incident_line(one.incident, shift.now, shift.zone)
        detail = f"{line.detail}, {f'with {one.owner}' if one.owner else 'nobody has it'}"
        if one.fix is not None:
            detail += f"; the like ({one.fix.past_id}): {one.fix.resolution}"
        lines.append(BoardLine(text=line.text, detail=detail))
    return with_rest(lines, len(shift.open))


def _ended_lines(shift: Shift) -> tuple[BoardLine, ...]:
    lines = []
    for one in shift.ended[:MOST]:
        incident = one.incident
        ended = incident.resolved_at or shift.now
        length = spoken_length((ended - incident.opened_at).total_seconds())
        detail = f"{incident.state.value} after {length}" + (f": {one.note}" if one.note else "")
        lines.append(BoardLine(text=f"{incident.key} {incident.title}", detail=detail))
    return with_rest(lines, len(shift.ended))


def _watch_lines(shift: Shift) -> tuple[BoardLine, ...]:
    snoozed = [
        BoardLine(
            text=f"{one.incident.key} {one.incident.title}",
            detail=f"snoozed until {_local(shift, until)}",
        )
        for one in shift.open
        if (until := one.incident.snoozed_until) is not None
        and shift.now < until <= shift.now + _SOON
    ]
    return (*snoozed, *family_lines(shift.often, fired_this_week))


def _local(shift: Shift, at: datetime) -> str:
    return f"{at.astimezone(ZoneInfo(shift.zone)):%a %H:%M} ({shift.zone})"


# -- gathering ---------------------------------------------------------------------------------


def shift_of(
    uow: UnitOfWork,
    at: Destination,
    audience: Audience,
    settings: ChannelSettings,
    now: datetime,
    before: datetime | None = None,
) -> Shift:
    """What the next shift of a channel has to know, as far as all its readers may know it.
    `before` is when this handover was due, where it was; what ended is told since the last.

    It covers incidents that are spoken of there, and those that are spoken of nowhere and whose
    service the channel did not choose against.
    """

    def concerns(incident: Incident) -> bool:
        placement = uow.placements.of(incident.id)
        if placement is not None:
            return (placement.team_id, placement.channel) == (at.team_id, at.channel)
        return not settings.services or incident.service in settings.services

    since = last_handover(settings, before or now)
    open_ones = [one for one in open_for(uow, audience) if concerns(one)]
    ended = [
        one
        for one in uow.incidents.resolved_since(since)
        if one.state.is_over and audience.may_see(one.visibility) and concerns(one)
    ]
    week = [one for one in opened_for(uow, audience, now - WEEK) if concerns(one)]
    firings = uow.incidents.firings([incident.id for incident in week])
    return Shift(
        now=now,
        since=since,
        zone=settings.quiet.time_zone,
        open=[_open(uow, incident, audience) for incident in open_ones],
        ended=[Ended(one, _ending(uow.incidents.timeline(one.id))) for one in ended[:MOST]]
        + [Ended(one) for one in ended[MOST:]],
        often=often_fired(week, firings),
    )


def last_handover(settings: ChannelSettings, before: datetime) -> datetime:
    """When the one before was, or would have been; a day earlier where there is none."""
    if not settings.handover:
        return before - SHIFT
    until = before - timedelta(seconds=1)
    times = occurrences(settings.handover, settings.quiet.time_zone, until - 2 * SHIFT, until)
    return max((at for _, at in times), default=before - SHIFT)


def _open(uow: UnitOfWork, incident: Incident, audience: Audience) -> Open:
    owner = owner_name(incident, uow.incidents.timeline(incident.id))
    return Open(incident, owner, fix_of(uow, incident, audience))


def owner_name(incident: Incident, timeline: Sequence[TimelineEntry]) -> str:
    """What the owner is called: as they were when they took it on, else their user id."""
    if incident.owner is None:
        return ""
    for entry in reversed(timeline):
        note = entry.data.get("note", "")
        if entry.actor == incident.owner and note.startswith(_ACKNOWLEDGED_BY):
            return note.removeprefix(_ACKNOWLEDGED_BY)
    return user_of(incident.owner)


def _ending(timeline: Sequence[TimelineEntry]) -> str:
    over = (IncidentState.RESOLVED.value, IncidentState.CLOSED.value)
    for entry in reversed(timeline):
        if entry.kind is TimelineKind.STATE_CHANGED and entry.data.get("to") in over:
            return entry.data.get("note") or entry.data.get("reason", "")
    return ""
