"""Where an incident is spoken of, and when a channel wants quiet. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from bot.alerts.model import Alert, Severity
from bot.channels.model import ChannelSettings, Mode, QuietHours, ToolPost
from bot.incidents.model import Incident


@dataclass(frozen=True, slots=True)
class Chosen:
    """The channel that an incident belongs to. `is_own`: it was made for this incident."""

    team_id: str
    channel: str
    settings: ChannelSettings
    is_own: bool = False


def choose(
    incident: Incident,
    channels: Mapping[str, ChannelSettings],
    default: tuple[str, str] | None,
    own: tuple[str, str] | None,
    heard_in: Sequence[tuple[str, str]] = (),
) -> Chosen | None:
    """Its own channel first; then the first channel that asks for its service; then the one
    where a tool's post told of it (`heard_in`), if a mode was chosen there and it asks for no
    other services; then the default one (team id, channel), unless that asks for other services
    only.

    A channel that wants worse incidents only is passed over. None: nobody is to hear of it.
    """
    if own is not None:
        return Chosen(*own, channels.get(own[1], ChannelSettings()), is_own=True)
    if default is None:
        return None
    team_id = default[0]
    for channel, settings in sorted(channels.items()):
        if incident.service in settings.services and wants(settings, incident.severity):
            return Chosen(team_id, channel, settings)
    for team, channel in heard_in:
        there = channels.get(channel, ChannelSettings())
        is_asked = team == team_id and there.mode is not None and not there.services
        if is_asked and wants(there, incident.severity):
            return Chosen(team, channel, there)
    settings = channels.get(default[1], ChannelSettings())
    if settings.services and incident.service not in settings.services:
        return None
    return Chosen(team_id, default[1], settings) if wants(settings, incident.severity) else None


def wants(settings: ChannelSettings, severity: Severity) -> bool:
    """Whether a channel wants incidents this bad. One of unknown severity always counts: it
    may be the worst of all."""
    if settings.least_severity is None or severity is Severity.UNKNOWN:
        return True
    return severity.rank <= settings.least_severity.rank


def mode_of(chosen: Chosen, default: Mode) -> Mode:
    """How far the bot is switched on there; people asked for it in an incident's own channel
    by making it, so there a card is the default."""
    if chosen.settings.mode is not None:
        return chosen.settings.mode
    return Mode.CARD if chosen.is_own else default


def is_quiet(settings: ChannelSettings, now: datetime) -> bool:
    """Whether nothing new may be posted in the channel now."""
    if settings.quiet_until is not None and now < settings.quiet_until:
        return True
    return in_quiet_hours(settings.quiet, now)


def in_quiet_hours(quiet: QuietHours, now: datetime) -> bool:
    """Whether `now` is within the hours, the start included and the end not."""
    if not quiet.start or not quiet.end or quiet.start == quiet.end:
        return False
    local = now.astimezone(ZoneInfo(quiet.time_zone)).time()
    start, end = time.fromisoformat(quiet.start), time.fromisoformat(quiet.end)
    if start < end:
        return start <= local < end
    return local >= start or local < end


def post_about(posts: Sequence[ToolPost], alerts: Sequence[Alert]) -> ToolPost | None:
    """The alerting tool's own post of these alerts: the oldest that names one of them.

    `posts` are newest first, as the repository gives them. An alert is named by its name as a
    word of its own, or by the address that it leads to.
    """
    for post in reversed(posts):
        text = post.text.lower()
        if any(named_at(text, alert) or source_at(text, alert) for alert in alerts):
            return post
    return None


def named_at(text: str, alert: Alert) -> bool:
    """Whether lower-case `text` has the alert's name as a word of its own."""
    name = alert.name.lower()
    start = text.find(name) if name else -1
    while start >= 0:
        before, after = text[start - 1 : start], text[start + len(name) : start + len(name) + 1]
        if not (before.isalnum() or after.isalnum() or before == "_" or after == "_"):
            return True
        start = text.find(name, start + 1)
    return False


def source_at(text: str, alert: Alert) -> bool:
    """Whether lower-case `text` has the address that the alert leads to."""
    source = alert.links.get("source", "").lower()
    return len(source) > 12 and source in text
