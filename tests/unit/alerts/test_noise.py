"""What noise rules hold back, what they let through, and what their file may say."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.noise import (
    Held,
    HeldBy,
    Maintenance,
    Matcher,
    Minimum,
    NoiseRules,
    Pass,
    Seen,
    Silence,
    decide,
)
from bot.alerts.noise_file import load_noise_rules, parse_noise_rules
from bot.errors import DataError

NOW = datetime(2026, 11, 19, 3, 12, tzinfo=UTC)  # a Thursday
ALERT = Seen(name="DiskFull", service="orders-db", environment="prod/eu-1", labels={"team": "data"})


def held(rules: NoiseRules, alert: Seen = ALERT, now: datetime = NOW) -> Held | None:
    decision = decide(rules, alert, now)
    assert isinstance(decision, Held | Pass)
    return decision if isinstance(decision, Held) else None


def silenced(**about: object) -> bool:
    matcher = Matcher(**about)  # type: ignore[arg-type]
    return held(NoiseRules(silences=[Silence(about=matcher, reason="known")])) is not None


def test_a_silence_matches_by_patterns_that_all_have_to_fit() -> None:
    assert silenced(name="disk*")
    assert silenced(service="orders-*", environment="prod/*", labels={"team": "data"})
    assert not silenced(service="orders-*", environment="staging*")
    assert not silenced(labels={"zone": "*"}), "a label that is not there fits nothing"


def test_a_silence_ends_by_itself_and_says_until_when() -> None:
    silence = Silence(about=Matcher(name="*"), reason="disk is ordered", until=NOW)
    rules = NoiseRules(silences=[silence])
    before = held(rules, now=NOW - timedelta(seconds=1))
    assert before is not None
    assert before.reason == "disk is ordered until 2026-11-19 03:12 UTC"
    assert before.by is HeldBy.SILENCE
    assert held(rules) is None


def nightly(zone: str = "UTC", **changes: object) -> Maintenance:
    values: dict[str, object] = {
        "about": Matcher(name="*"),
        "reason": "backup",
        "days": frozenset(),
        "start": time(23, 0),
        "length": timedelta(hours=5),
        "zone": ZoneInfo(zone),
    }
    return Maintenance(**(values | changes))  # type: ignore[arg-type]


def test_a_window_past_midnight_belongs_to_the_day_it_began_on() -> None:
    wednesday, thursday = frozenset({2}), frozenset({3})
    assert nightly(days=wednesday).is_on(NOW)
    assert not nightly(days=thursday).is_on(NOW)
    assert not nightly().is_on(NOW + timedelta(hours=1))


def test_a_window_is_in_its_own_time_zone_summer_and_winter() -> None:
    early = nightly("Europe/Berlin", start=time(2, 0), length=timedelta(hours=1))
    assert early.is_on(datetime(2026, 1, 10, 1, 30, tzinfo=UTC))
    assert early.is_on(datetime(2026, 7, 10, 0, 30, tzinfo=UTC))
    assert not early.is_on(datetime(2026, 7, 10, 1, 30, tzinfo=UTC))


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)),
    st.sampled_from(("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata")),
    st.times(),
    st.integers(1, 1439),
)
def test_a_daily_window_of_part_of_a_day_is_on_and_off_within_two_days(
    moment: datetime, zone: str, start: time, minutes: int
) -> None:
    window = nightly(zone, start=start.replace(microsecond=0), length=timedelta(minutes=minutes))
    since = moment.replace(tzinfo=UTC)
    states = {window.is_on(since + timedelta(minutes=one)) for one in range(0, 2 * 1440, 1)}
    assert True in states


def test_a_minimum_holds_until_there_are_enough_and_only_what_is_alone() -> None:
    minimum = Minimum(about=Matcher(name="Disk*"), count=3, within=timedelta(minutes=10))
    rules = NoiseRules(minimums=[minimum])

    def reported(times: int) -> Held | None:
        return held(rules, Seen(name="DiskFull", service=None, environment=None, labels={},
                                reports={0: times}))  # fmt: skip

    first = reported(2)
    assert first is not None
    assert first.only_alone
    assert first.reason == "fewer than 3 reports in 10 min"
    assert reported(3) is None


def test_dependents_of_a_broken_service_are_held_but_never_a_critical_one() -> None:
    rules = NoiseRules(inhibit_dependents=True)

    def blocked(is_critical: bool) -> Held | None:
        return held(rules, Seen(name="A", service="web", environment=None, labels={},
                                is_critical=is_critical, blocked_by="web needs db"))  # fmt: skip

    assert blocked(False) is not None
    assert blocked(True) is None
    assert held(rules) is None


FILE = """
silences:
  - {name: "Disk*", reason: ordered, until: 2026-12-01T08:00:00+01:00}
maintenance:
  - {service: orders-db, reason: backup, days: [wed], start: "02:00", minutes: 90, time_zone: Europe/Berlin}
minimum:
  - {labels: {team: data}, count: 3, within_minutes: 10}
inhibit_dependents: true
"""  # noqa: E501


def test_a_file_is_read_as_it_is_meant() -> None:
    rules = parse_noise_rules(FILE)
    assert rules.silences[0].until == datetime(2026, 12, 1, 7, tzinfo=UTC)
    assert rules.maintenance[0].days == {2}
    assert rules.maintenance[0].length == timedelta(minutes=90)
    assert rules.minimums[0].count == 3
    assert rules.inhibit_dependents
    assert parse_noise_rules("") == load_noise_rules(None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("silences: [{reason: x}]", "silences.0: give at least one of name"),
        ("silences: [{name: a}]", "silences.0.reason"),
        ("silences: [{name: a, reason: b, until: 2026-12-01T08:00:00}]", "say the time zone"),
        (
            "silences: [{name: a, reason: b, until: '9999-12-31T23:59:59-14:00'}]",
            "beyond the last one there is",
        ),
        ("maintenance: [{name: a, reason: b, start: '25:00', minutes: 5}]", "maintenance.0.start"),
        (
            "maintenance: [{name: a, reason: b, start: '02:00', minutes: 5, time_zone: Mars}]",
            "'Mars' is no time zone",
        ),
        ("minimum: [{name: a, count: 1, within_minutes: 5}]", "minimum.0.count"),
        ("sillences: []", "sillences"),
        ("[]", "a mapping"),
        ("a: [", "not YAML"),
    ],
)
def test_a_mistake_is_told_with_file_and_field(text: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "noise.yaml"
    path.write_text(text)
    with pytest.raises(DataError) as told:
        load_noise_rules(path)
    assert str(path) in str(told.value)
    assert reason in str(told.value)
