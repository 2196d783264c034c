"""How a storm's one message is drawn: counts, its incidents, the services of their alerts."""

from collections.abc import Iterator

from bot.chat.messages import StormIncident, StormMessage
from bot.slack.escape import Safe, join, words
from bot.slack.pieces import context, duration, header, lines_section, moment
from bot.slack.suggestion_blocks import Part

_AFTER = "What is still open is spoken of by itself again."
_MEANWHILE = (
    "Its incidents get no cards of their own while it lasts; critical alerts of other services do."
)


def storm_parts(storm: StormMessage) -> Iterator[Part]:
    """Blocks with their ranks: services are left out before incidents."""
    yield 0, header(storm_text(storm))
    yield 0, context(_when(storm))
    lines = [_incident(one) for one in storm.incidents]
    more = storm.incidents_total - len(storm.incidents)
    if more > 0:
        lines.append(Safe(f"and {more} more"))
    if lines:
        yield 0, lines_section(lines)
    named = [
        Safe(f"{words(one.name, 80) if one.name else Safe('unknown')} ({one.alerts})")
        for one in storm.services
    ]
    more = storm.services_total - len(named)
    if more > 0:
        named.append(Safe(f"and {more} more"))
    if named:
        yield 1, lines_section([Safe(f"*Services:* {join(named, ', ')}")])
    if not storm.is_over:
        yield 0, context(Safe(_MEANWHILE))
    elif storm.open_total:
        yield 0, context(Safe(_AFTER))


def storm_text(storm: StormMessage) -> str:
    """The storm in one sentence."""
    said = "Alert storm is over" if storm.is_over else "Alert storm"
    parts = [
        _counted(storm.alerts, "alert"),
        _counted(storm.incidents_total, "incident"),
        _counted(storm.services_total, "service"),
    ]
    return f"{said}: {', '.join(parts)}"


def _when(storm: StormMessage) -> Safe:
    parts = [Safe(f"since {moment(storm.began_at)}")]
    if storm.ended_at is not None:
        lasted = (storm.ended_at - storm.began_at).total_seconds()
        parts = [Safe(f"{moment(storm.began_at)}, lasted {duration(lasted)}")]
    verb = "fires" if storm.firing == 1 else "fire"
    still = "still " if storm.is_over else ""
    parts.append(Safe(f"{storm.firing} {still}{verb}"))
    parts.append(Safe(f"{_counted(storm.open_total, 'incident')} open"))
    return join(parts, " · ")


def _incident(one: StormIncident) -> Safe:
    mark = "✓" if one.state in ("resolved", "closed") else "•"
    details = [
        Safe(f"*{words(one.severity, 20)}*"),
        words(one.state, 20),
        words(one.service, 80) if one.service else Safe("service unknown"),
        words(one.environment or "", 60),
        Safe(f"{_counted(one.alerts, 'alert')}, {one.firing} firing"),
    ]
    said = join([part for part in details if part], ", ")
    return Safe(f"{mark} {words(one.key, 40)} {words(one.title, 200)} — {said}")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
