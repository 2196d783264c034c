"""What is due, from what channels and people chose and the time that it is. Pure.

A time of day is meant in a zone of its own and comes once a date there, whatever clocks do: one
that is skipped when clocks go forward happens as long after midnight as it would have, one that
comes twice happens the first time. The key of what is due names that date and time, so that
several replicas that plan side by side do it once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.channels.model import ChannelSettings, PersonSettings, QuietHours
from bot.channels.rules import in_quiet_hours

DIGEST_AT = "09:00"
MONDAY = 0
EXPIRE_AT = "03:00"
LATEST: Mapping[str, timedelta] = {
    "handover": timedelta(hours=2),
    "digest": timedelta(hours=24),
    "expire": timedelta(hours=24),
}
"""How much too late each is still worth doing, for a Recall that was away at its time."""

_DAY = timedelta(days=1)
_SKIPPED_DAY = timedelta(hours=20)
"""Where clocks go forward by more than this, a date was left out and nothing of it happens."""


class Kind(StrEnum):
    """What can be due; the value is also the kind of its job."""

    HANDOVER = "handover"
    DIGEST = "digest"
    EXPIRE = "expire"


@dataclass(frozen=True, slots=True)
class Lead:
    """A team lead, by user id, and what they chose."""

    team_id: str
    user_id: str
    settings: PersonSettings = field(default_factory=PersonSettings)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What everybody chose. `leads_channel` (team id, channel id) gets the digest instead of
    each lead; `channels` are by (team id, channel id)."""

    channels: Mapping[tuple[str, str], ChannelSettings] = field(default_factory=dict)
    leads: Sequence[Lead] = ()
    leads_channel: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """Something to do once, at `run_at` or soon after it. `at` is the time it was meant for."""

    key: str
    kind: Kind
    payload: Mapping[str, str]
    at: datetime
    run_at: datetime


def plan(wishes: Wishes, now: datetime) -> list[Due]:
    """All that is due at `now`; what was due shortly before is told again, under the same key."""
    found = [due for due in _all(wishes, now) if due.at <= now]
    return sorted(found, key=lambda due: (due.at, due.key))


def _all(wishes: Wishes, now: datetime) -> Iterator[Due]:
    for (team_id, channel), settings in wishes.channels.items():
        if settings.handover:
            yield from _handovers(team_id, channel, settings, now)
    yield from _digests(wishes, now)
    for day, at in occurrences(EXPIRE_AT, "UTC", now - LATEST[Kind.EXPIRE], now):
        yield Due(f"expire:{day}", Kind.EXPIRE, {}, at, at)


def _handovers(
    team_id: str, channel: str, settings: ChannelSettings, now: datetime
) -> Iterator[Due]:
    """A lead chose this very time, so quiet hours do not hold it; a mute does."""
    clock_time, zone = settings.handover, settings.quiet.time_zone
    for day, at in occurrences(clock_time, zone, now - LATEST[Kind.HANDOVER], now):
        run_at = max(at, settings.quiet_until or at)
        payload = {"team_id": team_id, "channel": channel, "at": at.isoformat()}
        yield Due(
            handover_key(team_id, channel, day, clock_time), Kind.HANDOVER, payload, at, run_at
        )


def handover_key(team_id: str, channel: str, day: date, clock_time: str) -> str:
    """The key of one handover, of its job and of its message."""
    return f"handover:{team_id}/{channel}:{day}T{clock_time}"


def _digests(wishes: Wishes, now: datetime) -> Iterator[Due]:
    since = now - LATEST[Kind.DIGEST]
    if wishes.leads_channel is not None:
        team_id, channel = wishes.leads_channel
        settings = wishes.channels.get(wishes.leads_channel, ChannelSettings())
        for day, at in _mondays(settings.quiet.time_zone, since, now):
            payload = {"team_id": team_id, "channel": channel}
            run_at = end_of_silence(settings, at)
            yield Due(f"digest:{team_id}/{channel}:{day}", Kind.DIGEST, payload, at, run_at)
        return
    for lead in wishes.leads:
        quiet = lead.settings.quiet
        for day, at in _mondays(quiet.time_zone, since, now):
            payload = {"team_id": lead.team_id, "user_id": lead.user_id}
            key = f"digest:{lead.team_id}/{lead.user_id}:{day}"
            yield Due(key, Kind.DIGEST, payload, at, end_of_quiet(quiet, at))


def _mondays(zone: str, since: datetime, until: datetime) -> Iterator[tuple[date, datetime]]:
    for day, at in occurrences(DIGEST_AT, zone, since, until):
        if day.weekday() == MONDAY:
            yield day, at


# -- times of day ------------------------------------------------------------------------------


def moment(day: date, clock_time: str, zone: str) -> datetime | None:
    """When it is `clock_time` (HH:MM) on that date in that zone, in UTC.

    None for a date that a zone left out, as islands do that change sides of the date line.
    """
    wanted = datetime.combine(day, time.fromisoformat(clock_time))
    at = wanted.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    shown = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return None if shown - wanted >= _SKIPPED_DAY else at


def occurrences(
    clock_time: str, zone: str, since: datetime, until: datetime
) -> Iterator[tuple[date, datetime]]:
    """(date there, moment) each time it is `clock_time` after `since` and until `until`."""
    day = since.astimezone(ZoneInfo(zone)).date() - _DAY
    last = until.astimezone(ZoneInfo(zone)).date() + _DAY
    while day <= last:
        at = moment(day, clock_time, zone)
        if at is not None and since < at <= until:
            yield day, at
        day += _DAY


def end_of_quiet(quiet: QuietHours, now: datetime) -> datetime:
    """When it is not quiet: `now`, or the end of the hours that it is in."""
    if not in_quiet_hours(quiet, now):
        return now
    zone = ZoneInfo(quiet.time_zone)
    end = time.fromisoformat(quiet.end)
    today = now.astimezone(zone).date()
    ends = [
        # Where clocks go back the end may come twice; the first one after now counts.
        datetime.combine(today + days * _DAY, end, zone).replace(fold=fold).astimezone(UTC)
        for days in (-1, 0, 1, 2)
        for fold in (0, 1)
    ]
    return min(at for at in ends if at > now and not in_quiet_hours(quiet, at))


def end_of_silence(settings: ChannelSettings, now: datetime) -> datetime:
    """When something new may be posted in a channel: after its mute and its quiet hours."""
    return end_of_quiet(settings.quiet, max(now, settings.quiet_until or now))
