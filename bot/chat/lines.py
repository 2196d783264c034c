"""Lines that several boards share. Pure."""

from datetime import datetime
from zoneinfo import ZoneInfo

from bot.chat.messages import BoardLine
from bot.incidents.model import Incident


def incident_line(incident: Incident, now: datetime, zone: str = "UTC") -> BoardLine:
    """One incident in one line; times by the clocks of `zone`."""
    where = ", ".join(part for part in (incident.service, incident.environment) if part)
    parts = [
        incident.severity.value,
        incident.state.value,
        where or "service unknown",
        f"for {spoken_length((now - incident.opened_at).total_seconds())}",
    ]
    if incident.snoozed_until is not None and incident.snoozed_until > now:
        parts.append(f"snoozed until {told_time(incident.snoozed_until, zone)}")
    return BoardLine(text=f"{incident.key} {incident.title}", detail=", ".join(parts))


def told_time(at: datetime, zone: str) -> str:
    """A moment by the clocks of a time zone: `Sat 28 Nov 09:00 (Europe/Berlin)`."""
    return f"{at.astimezone(ZoneInfo(zone)):%a %d %b %H:%M} ({zone})"


def spoken_length(seconds: float) -> str:
    """A length of time as it is said: `40 s`, `12 min`, `3 h`, `2 days`."""
    if seconds < 90:
        return f"{max(0, round(seconds))} s"
    if seconds < 5_400:
        return f"{round(seconds / 60)} min"
    if seconds < 172_800:
        return f"{round(seconds / 3_600)} h"
    return f"{round(seconds / 86_400)} days"
