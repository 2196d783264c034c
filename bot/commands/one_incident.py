"""`/recall status RCL-12`: one incident, its alerts, and why each of them is in it."""

from collections.abc import Sequence
from datetime import datetime

from bot.alerts.model import StoredAlert
from bot.chat.messages import Board, BoardLine, BoardPart
from bot.commands.finding import incident_called
from bot.commands.model import Caller, Reply, Tools
from bot.incidents.model import Incident, TimelineEntry, TimelineKind

MOST_ALERTS = 20
OPENED_IT = "opened it"


def one_incident(tools: Tools, caller: Caller, key: str) -> Reply:
    """The incident of that key. Raises Refused where it may not be known of here."""
    with tools.units.read() as uow:
        incident = incident_called(uow, caller, key)
        alerts = uow.alerts.of_incident(incident.id)
        timeline = uow.incidents.timeline(incident.id)
    return Reply(message=page_of(incident, alerts, timeline, tools.clock.now()))


def page_of(
    incident: Incident,
    alerts: Sequence[StoredAlert],
    timeline: Sequence[TimelineEntry],
    now: datetime,
) -> Board:
    """State, owner and alerts as a page; at most MOST_ALERTS of them."""
    why = reasons(timeline)
    where = ", ".join(part for part in (incident.service, incident.environment) if part)
    owner = incident.owner.rpartition("/")[2] if incident.owner else ""
    opened = f"opened {incident.opened_at:%Y-%m-%d %H:%M} UTC"
    state = [
        BoardLine(text=f"{incident.state.value}, {incident.severity.value}", detail=opened),
        BoardLine(text=where or "service unknown"),
        BoardLine(text="nobody has it" if not owner else f"<@{owner}> has it"),
    ]
    lines = tuple(
        BoardLine(
            text=f"{stored.alert.name} ({stored.alert.status.value})",
            detail=why.get(stored.alert.fingerprint, ""),
        )
        for stored in alerts[:MOST_ALERTS]
    )
    more = len(alerts) - len(lines)
    return Board(
        title=f"{incident.key} {incident.title}",
        parts=(
            BoardPart(lines=tuple(state)),
            BoardPart(heading=f"Alerts ({len(alerts)})", lines=lines),
        ),
        note=f"and {more} more alerts" if more > 0 else "",
    )


def reasons(timeline: Sequence[TimelineEntry]) -> dict[str, str]:
    """Why each alert (by fingerprint) is in the incident, as it was when it came in first."""
    found: dict[str, str] = {}
    for entry in timeline:
        fingerprint = entry.data.get("fingerprint")
        if entry.kind is TimelineKind.ALERT_FIRED and fingerprint:
            because = entry.data.get("joined_because")
            found.setdefault(fingerprint, f"joined because: {because}" if because else OPENED_IT)
    return found
