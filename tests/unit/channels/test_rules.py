"""Where an incident is spoken of, and when a channel wants quiet."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.model import Alert, AlertStatus, Severity
from bot.channels.model import ChannelSettings, Mode, QuietHours, ToolPost
from bot.channels.rules import choose, in_quiet_hours, is_quiet, mode_of, post_about, wants
from bot.incidents.model import Incident, IncidentState

NOW = datetime(2026, 11, 19, 3, 12, tzinfo=UTC)
DEFAULT = ("T1", "C0DEFAULT")


def incident(service: str | None = "checkout", severity: Severity = Severity.HIGH) -> Incident:
    return Incident(
        id=1,
        key="RCL-1",
        title="t",
        service=service,
        environment="prod",
        severity=severity,
        state=IncidentState.OPEN,
        group_key="g",
        opened_at=NOW,
    )


def channel_for(one: Incident, channels=None, default=DEFAULT, own=None) -> str | None:
    chosen = choose(one, channels or {}, default, own)
    return chosen.channel if chosen is not None else None


def test_its_own_channel_comes_first_then_the_services_then_the_default() -> None:
    channels = {"C0SHOP": ChannelSettings(services=("checkout",))}
    assert channel_for(incident(), channels, own=("T1", "C0INC")) == "C0INC"
    assert channel_for(incident(), channels) == "C0SHOP"
    assert channel_for(incident("vault"), channels) == "C0DEFAULT"
    assert channel_for(incident(None), channels) == "C0DEFAULT"
    assert channel_for(incident(), default=None) is None


def test_a_default_channel_that_asks_for_some_services_gets_no_others() -> None:
    channels = {"C0DEFAULT": ChannelSettings(services=("vault",))}
    assert channel_for(incident("vault"), channels) == "C0DEFAULT"
    assert channel_for(incident("checkout"), channels) is None


def test_a_channel_for_the_worst_passes_the_lesser_on_to_the_default() -> None:
    channels = {"C0SHOP": ChannelSettings(services=("checkout",), least_severity=Severity.CRITICAL)}
    assert channel_for(incident(severity=Severity.CRITICAL), channels) == "C0SHOP"
    assert channel_for(incident(severity=Severity.WARNING), channels) == "C0DEFAULT"


def test_what_is_of_unknown_severity_is_wanted_everywhere() -> None:
    assert wants(ChannelSettings(least_severity=Severity.CRITICAL), Severity.UNKNOWN)


def test_an_incidents_own_channel_has_a_card_unless_it_chose_otherwise() -> None:
    own = choose(incident(), {}, DEFAULT, ("T1", "C0INC"))
    assert own is not None
    assert mode_of(own, Mode.SHADOW) is Mode.CARD
    off = choose(incident(), {"C0INC": ChannelSettings(mode=Mode.OFF)}, DEFAULT, ("T1", "C0INC"))
    assert off is not None
    assert mode_of(off, Mode.CARD) is Mode.OFF


def test_a_mute_ends_by_itself() -> None:
    muted = ChannelSettings(quiet_until=NOW + timedelta(hours=1))
    assert is_quiet(muted, NOW)
    assert not is_quiet(muted, NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    ("hour", "quiet"), [(21, False), (22, True), (23, True), (3, True), (6, True), (7, False)]
)
def test_quiet_hours_go_over_midnight(hour: int, quiet: bool) -> None:
    hours = QuietHours(start="22:00", end="07:00")
    assert in_quiet_hours(hours, NOW.replace(hour=hour, minute=0)) is quiet


def test_quiet_hours_are_in_the_channels_time_zone() -> None:
    hours = QuietHours(start="22:00", end="07:00", time_zone="Asia/Tokyo")
    assert in_quiet_hours(hours, NOW.replace(hour=13))  # 22:12 there
    assert not in_quiet_hours(hours, NOW)  # 12:12 there


@given(
    st.times().map(lambda t: t.strftime("%H:%M")),
    st.times().map(lambda t: t.strftime("%H:%M")),
    st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)),
)
def test_at_any_moment_either_the_hours_or_the_others_are_quiet(
    start: str, end: str, moment: datetime
) -> None:
    at = moment.replace(tzinfo=UTC)
    one = in_quiet_hours(QuietHours(start=start, end=end), at)
    other = in_quiet_hours(QuietHours(start=end, end=start), at)
    assert one != other or (start == end and not one)


def post(text: str, minutes: int = 0, ts: str = "1") -> ToolPost:
    at = NOW + timedelta(minutes=minutes)
    return ToolPost(team_id="T1", channel="C1", ts=ts, text=text, at=at)


def alert(name: str = "HighErrorRate", link: str = "") -> Alert:
    links = {"source": link} if link else {}
    return Alert(
        source="alertmanager", fingerprint="f", name=name, status=AlertStatus.FIRING, links=links
    )


@pytest.mark.parametrize(
    "text", ["[FIRING:1] HighErrorRate for checkout", "higherrorrate", "(HighErrorRate)"]
)
def test_a_post_that_names_the_alert_is_about_it(text: str) -> None:
    assert post_about([post(text)], [alert()]) is not None


@pytest.mark.parametrize(
    "text", ["VeryHighErrorRate", "HighErrorRateCritical", "HighErrorRate_v2", "", "deploy done"]
)
def test_a_post_that_names_another_is_not(text: str) -> None:
    assert post_about([post(text)], [alert()]) is None


def test_an_address_names_it_as_well_and_the_oldest_post_is_taken() -> None:
    link = "https://prometheus.example/graph?g0.expr=up"
    posts = [post("again HighErrorRate", 5, "2"), post(f"see {link}", 0, "1")]
    found = post_about(posts, [alert("Other", link), alert()])
    assert found is not None
    assert found.ts == "1"
