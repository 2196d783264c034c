"""Whether the bot may speak up now, or mention somebody: asked before anything unasked is put."""

from datetime import datetime

from bot.channels.rules import in_quiet_hours
from bot.chat.budget import A_DAY, DAY, HOUR, PINGS_AN_HOUR, is_unasked, next_token, tokens
from bot.chat.ports import Destination
from bot.people.model import SYSTEM
from bot.uow import UnitOfWork

HELD_BACK = "held_back"
"""The audit action of a message that had to wait for room; its data name the message's key."""


def may_interrupt(
    uow: UnitOfWork,
    to: Destination,
    key: str,
    now: datetime,
    *,
    is_urgent: bool = False,
    a_day: int = A_DAY,
) -> datetime | None:
    """None when the message `key` may be put now; else when to ask again, an hour later at most.
    `a_day` is how many a channel may get within 24 hours; how many an hour, it chooses itself.

    A message that was put before may always be changed. One that is urgent is never held, but
    takes its token. What is held is on record, once a message. To be asked in the unit that
    puts the message: until its end nobody else is let through.
    """
    if uow.outbox.destination(key) is not None or is_urgent:
        return None
    uow.outbox.speak_in_turn()
    said = uow.outbox.said_since(now - DAY, to.team_id, to.channel)
    spent = [message.at for message in said if is_unasked(message.key)]
    an_hour = uow.preferences.channel(to.team_id, to.channel).posts_per_hour
    if tokens(spent, an_hour, now) > 0 and tokens(spent, a_day, now, DAY) > 0:
        return None
    line = _line(uow, to, now)
    if key not in line:
        uow.audit.append(
            at=now, actor=SYSTEM.key, action=HELD_BACK, subject=to.channel_key, data={"key": key}
        )
        line.append(key)
    before = line.index(key)
    by_day = next_token(spent, a_day, now, before, DAY)
    # Until then others may have ended, and a limit may have been raised: asked again in an hour.
    return max(next_token(spent, an_hour, now, before), min(by_day, now + HOUR))


def _line(uow: UnitOfWork, to: Destination, now: datetime) -> list[str]:
    """The keys that wait for room in a channel, the first to wait first."""
    events = reversed(uow.audit.since(HELD_BACK, now - DAY))
    held = [str(event.data.get("key")) for event in events if event.subject == to.channel_key]
    return [key for key in dict.fromkeys(held) if uow.outbox.destination(key) is None]


def held_back_since(uow: UnitOfWork, at: datetime, channel_key: str | None = None) -> int:
    """How many messages had to wait, in that channel or in all."""
    events = uow.audit.since(HELD_BACK, at)
    return sum(channel_key in (None, event.subject) for event in events)


def may_mention(uow: UnitOfWork, team_id: str, user_id: str, now: datetime) -> bool:
    """Whether a person may be mentioned now: they allow it, it is not in their quiet hours,
    and they were not mentioned too often within the last hour."""
    settings = uow.preferences.person(team_id, user_id)
    if not settings.may_be_pinged or in_quiet_hours(settings.quiet, now):
        return False
    said = uow.outbox.said_since(now - HOUR, team_id)
    return sum(user_id in message.people for message in said) < PINGS_AN_HOUR
