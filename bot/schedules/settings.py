"""What an installation sets of the schedule."""

from dataclasses import dataclass
from datetime import timedelta

from bot.chat.budget import A_DAY
from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class ScheduleSettings:
    """`leads` are actor keys; `leads_channel` a channel's id or name, "" for direct messages;
    `remind_after` zero: no reminders; `noise_limit` is in posts a day and channel."""

    leads: tuple[str, ...] = ()
    leads_channel: str = ""
    remind_after: timedelta = timedelta(hours=1)
    noise_limit: int = A_DAY


def schedule_settings(settings: Settings) -> ScheduleSettings:
    return ScheduleSettings(
        leads=settings.leads,
        leads_channel=settings.leads_channel,
        remind_after=timedelta(minutes=settings.remind_minutes),
        noise_limit=settings.noise_limit,
    )
