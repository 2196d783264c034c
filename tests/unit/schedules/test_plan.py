"""What is due when: once a date in its zone, whatever clocks do, and never in quiet hours."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.model import ChannelSettings, PersonSettings, QuietHours
from bot.channels.rules import in_quiet_hours
from bot.schedules.plan import (
    LATEST,
    Due,
    Kind,
    Lead,
    Wishes,
    end_of_quiet,
    end_of_silence,
    moment,
    plan,
)

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/Sao_Paulo",
    "America/Havana",
    "America/St_Johns",
    "Pacific/Apia",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Antarctica/Troll",
)
zones = st.sampled_from(ZONES)
times = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
days = st.dates(date(2005, 1, 1), date(2040, 1, 1))
moments = st.datetimes(datetime(2005, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))
HERE = ("T1", "C1")


def handover_at(clock_time: str, zone: str, **more: object) -> Wishes:
    quiet = QuietHours(time_zone=zone)
    settings = ChannelSettings(handover=clock_time, quiet=quiet).model_copy(update=more)
    return Wishes(channels={HERE: settings})


def of(kind: Kind, due: list[Due]) -> list[Due]:
    return [one for one in due if one.kind is kind]


@given(day=days, clock_time=times, zone=zones, minutes=st.integers(15, 90))
def test_a_handover_comes_once_a_date_however_often_it_is_looked_for(
    day: date, clock_time: str, zone: str, minutes: int
) -> None:
    wishes = handover_at(clock_time, zone)
    start = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    done: dict[str, datetime] = {}
    now = start - timedelta(hours=3)
    while now < start + timedelta(hours=30):
        for due in of(Kind.HANDOVER, plan(wishes, now)):
            assert due.at <= now < due.at + LATEST[Kind.HANDOVER]
            assert done.setdefault(due.key, due.at) == due.at
        now += timedelta(minutes=minutes)
    expected = moment(day, clock_time, zone)
    assert (f"handover:T1/C1:{day}T{clock_time}" in done) == (expected is not None)
    assert len(set(done.values())) == len(done)


@given(day=days, clock_time=times, zone=zones)
def test_a_time_of_day_is_shown_by_the_clocks_there_unless_they_skip_it(
    day: date, clock_time: str, zone: str
) -> None:
    at = moment(day, clock_time, zone)
    if at is None:
        assert (zone, day) == ("Pacific/Apia", date(2011, 12, 30))
        return
    shown = at.astimezone(ZoneInfo(zone))
    wanted = datetime.combine(day, datetime.strptime(clock_time, "%H:%M").time())
    late = shown.replace(tzinfo=None) - wanted
    assert timedelta(0) <= late <= timedelta(hours=2)
    before = (at - timedelta(hours=2)).astimezone(ZoneInfo(zone))
    if late:
        assert before.utcoffset() != shown.utcoffset()


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2026, 3, 29), "2026-03-29T01:30:00+00:00"),  # 02:30 is skipped in Berlin
        (date(2026, 10, 25), "2026-10-25T00:30:00+00:00"),  # and comes twice in autumn
        (date(2026, 7, 1), "2026-07-01T00:30:00+00:00"),
    ],
)
def test_a_night_on_which_clocks_change(day: date, said: str) -> None:
    at = moment(day, "02:30", "Europe/Berlin")
    assert at is not None
    assert at.isoformat() == said


@given(now=moments, start=times, end=times, zone=zones)
def test_quiet_hours_end_and_what_they_held_comes_then(
    now: datetime, start: str, end: str, zone: str
) -> None:
    quiet = QuietHours(start=start, end=end, time_zone=zone)
    free = end_of_quiet(quiet, now)
    assert not in_quiet_hours(quiet, free)
    assert now <= free <= now + timedelta(hours=50)
    if not in_quiet_hours(quiet, now):
        assert free == now


@given(now=moments, muted=st.integers(-600, 6_000), zone=zones)
def test_a_mute_and_quiet_hours_are_both_waited_for(now: datetime, muted: int, zone: str) -> None:
    settings = ChannelSettings(
        quiet_until=now + timedelta(minutes=muted),
        quiet=QuietHours(start="22:00", end="07:00", time_zone=zone),
    )
    free = end_of_silence(settings, now)
    assert free >= now
    assert free >= now + timedelta(minutes=muted)
    assert not in_quiet_hours(settings.quiet, free)


MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def test_each_lead_gets_the_digest_on_monday_at_nine_where_they_are() -> None:
    berlin = PersonSettings(quiet=QuietHours(time_zone="Europe/Berlin"))
    wishes = Wishes(leads=(Lead("T1", "U1", berlin), Lead("T1", "U2")))
    eight = of(Kind.DIGEST, plan(wishes, MONDAY - timedelta(hours=1)))
    nine = of(Kind.DIGEST, plan(wishes, MONDAY))
    assert [due.payload["user_id"] for due in eight] == ["U1"]
    assert [due.payload["user_id"] for due in nine] == ["U1", "U2"]
    assert of(Kind.DIGEST, plan(wishes, MONDAY + timedelta(days=1, minutes=1))) == []


def test_a_leads_channel_gets_the_digest_instead_of_each_lead() -> None:
    wishes = Wishes(leads=(Lead("T1", "U1"),), leads_channel=("T1", "C9"))
    [due] = of(Kind.DIGEST, plan(wishes, MONDAY))
    assert due.key == "digest:T1/C9:2026-11-23"
    assert "user_id" not in due.payload


def test_the_digest_waits_for_the_end_of_quiet_hours() -> None:
    sleeper = PersonSettings(quiet=QuietHours(start="23:00", end="11:00"))
    [due] = of(Kind.DIGEST, plan(Wishes(leads=(Lead("T1", "U1", sleeper),)), MONDAY))
    assert due.run_at == MONDAY + timedelta(hours=2)


def test_a_handover_ignores_quiet_hours_and_waits_for_the_end_of_a_mute() -> None:
    night = QuietHours(start="22:00", end="11:00")
    [due] = of(Kind.HANDOVER, plan(handover_at("09:00", "UTC", quiet=night), MONDAY))
    assert due.run_at == MONDAY
    until = MONDAY + timedelta(minutes=30)
    [held] = of(Kind.HANDOVER, plan(handover_at("09:00", "UTC", quiet_until=until), MONDAY))
    assert held.run_at == until


def test_another_time_on_the_same_day_is_another_handover() -> None:
    keys = [
        of(Kind.HANDOVER, plan(handover_at(at, "UTC"), MONDAY))[0].key for at in ("08:30", "09:00")
    ]
    assert len(set(keys)) == 2


def test_nothing_is_due_for_those_who_chose_nothing() -> None:
    assert plan(Wishes(channels={HERE: ChannelSettings()}), MONDAY.replace(hour=2)) == [
        Due(
            "expire:2026-11-22",
            Kind.EXPIRE,
            {},
            datetime(2026, 11, 22, 3, tzinfo=UTC),
            datetime(2026, 11, 22, 3, tzinfo=UTC),
        )
    ]
