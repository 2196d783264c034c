"""`/recall handover`: what the next shift has to know, and when a channel is told by itself."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from bot.channels.model import ChannelSettings
from bot.chat.messages import Notice
from bot.commands.model import Caller, Refused, Reply, Tools
from bot.people.model import Role
from bot.schedules.handover import handover_board, shift_of
from bot.schedules.plan import Kind, handover_key, occurrences
from bot.uow import UnitOfWork


def handover(tools: Tools, caller: Caller, words: str) -> Reply:
    """The board now, for the caller alone; with a time or `off` a lead sets the channel's."""
    if words:
        return _set(tools, caller, words.lower())
    with tools.units.read() as uow:
        settings = uow.preferences.channel(caller.at.team_id, caller.at.channel)
        shift = shift_of(uow, caller.at, caller.audience, settings, tools.clock.now())
    return Reply(message=handover_board(shift))


def _set(tools: Tools, caller: Caller, wanted: str) -> Reply:
    if not caller.role.includes(Role.LEAD):
        raise Refused(f"Only a lead sets the time of the handover; you are a {caller.role.value}.")
    if not caller.at.channel.startswith(("C", "G")):
        raise Refused("Say this in the channel that is to get the handover.")
    team_id, channel = caller.at.team_id, caller.at.channel
    with tools.units.begin() as uow:
        now = tools.clock.now()
        before = uow.preferences.channel(team_id, channel)
        changed = _with_handover(before, wanted)
        uow.preferences.save_channel(team_id, channel, changed, actor=caller.actor.key, now=now)
        uow.audit.append(
            at=now,
            actor=caller.actor.key,
            action="channel.handover",
            subject=caller.at.channel_key,
            data={"handover": changed.handover, "before": before.handover},
        )
        if changed.handover:
            _skip_today(uow, team_id, channel, changed, now)
    return Reply(message=Notice(text=_told(changed, now)))


def _with_handover(settings: ChannelSettings, wanted: str) -> ChannelSettings:
    # 8:00 is how people write 08:00.
    clock_time = "" if wanted == "off" else wanted.zfill(5)
    try:
        return ChannelSettings.model_validate({**settings.model_dump(), "handover": clock_time})
    except ValidationError:
        raise Refused(
            f"“{wanted}” is no time of day; write one like 08:00, or /recall handover off."
        ) from None


def _skip_today(
    uow: UnitOfWork, team_id: str, channel: str, settings: ChannelSettings, now: datetime
) -> None:
    """A time that has just passed is meant for tomorrow on."""
    zone = settings.quiet.time_zone
    for day, _ in occurrences(settings.handover, zone, now - timedelta(days=1), now):
        key = handover_key(team_id, channel, day, settings.handover)
        if uow.jobs.add(key, Kind.HANDOVER.value, {}, now):
            uow.jobs.finish(key, now)


def _told(settings: ChannelSettings, now: datetime) -> str:
    zone = settings.quiet.time_zone
    if not settings.handover:
        return "No handover is posted here any more; /recall handover shows it to you alone."
    times = occurrences(settings.handover, zone, now, now + timedelta(days=2))
    first = next((at for _, at in times), None)
    when = f", first on {first.astimezone(ZoneInfo(zone)):%A}" if first is not None else ""
    return f"The handover is posted here at {settings.handover} ({zone}){when}."
