"""What a channel and a person have chosen."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, AwareDatetime, Field

from bot.alerts.model import Severity
from bot.suggestions.model import Value

DEFAULT_POSTS_PER_HOUR = 20
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)


class Mode(StrEnum):
    """How far the bot is switched on in a channel, from not at all to speaking up by itself."""

    OFF = "off"
    SHADOW = "shadow"
    THREAD = "thread"
    CARD = "card"

    @property
    def meaning(self) -> str:
        return _MEANINGS[self]


_MEANINGS = {
    Mode.OFF: "says nothing by itself",
    Mode.SHADOW: "answers only in the shadow channel, to be graded",
    Mode.THREAD: "answers in the thread under the alerting tool's own post",
    Mode.CARD: "posts one card an incident, edited in place",
}


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone; write one like Europe/Berlin or UTC") from None
    return name


def _clock_time(text: str) -> str:
    if text and not _TIME.fullmatch(text):
        raise ValueError(f"{text!r} is no time of day; write one like 22:00")
    return text


TimeZone = Annotated[str, AfterValidator(_known_zone)]
ClockTime = Annotated[str, AfterValidator(_clock_time)]


class QuietHours(Value):
    """From `start` to `end` (HH:MM in `time_zone`), over midnight too; empty: never quiet."""

    start: ClockTime = ""
    end: ClockTime = ""
    time_zone: TimeZone = "UTC"


class ChannelSettings(Value):
    """One channel. `mode` None is the default of the deployment; no `services`: all of them.

    `quiet_until` is the mute that `/recall quiet` sets. `handover` is the time of day of the
    shift handover, empty for none. `cues`: whether what people write in an incident's channel may
    be proposed for its timeline.
    """

    mode: Mode | None = None
    shadow_channel: str = ""
    services: tuple[str, ...] = ()
    least_severity: Severity | None = None
    quiet_until: AwareDatetime | None = None
    quiet: QuietHours = QuietHours()
    may_ping: Literal["nobody", "owner"] = "nobody"
    posts_per_hour: Annotated[int, Field(ge=1, le=1_000)] = DEFAULT_POSTS_PER_HOUR
    handover: ClockTime = ""
    cues: bool = True


class PersonSettings(Value):
    """One person. `may_be_pinged` False: never mentioned, whatever a channel allows."""

    may_be_pinged: bool = True
    reminders: bool = True
    quiet: QuietHours = QuietHours()


class Placement(Value):
    """The channel that an incident belongs to, and the mode it was placed under."""

    incident_id: int
    team_id: str
    channel: str
    mode: Mode
    at: datetime


class ToolPost(Value):
    """A post of another app. `text` is plain, redacted and cut."""

    team_id: str
    channel: str
    ts: str
    text: str
    at: datetime
