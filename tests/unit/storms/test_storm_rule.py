"""When it storms, over what, and when it is over."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.model import Severity
from bot.alerts.ports import Begun
from bot.incidents.model import Incident, IncidentState
from bot.storms.model import (
    BUILDING_UP,
    MINUTE,
    Channel,
    Storm,
    StormRule,
    look,
    over,
    waits_for_storm,
)
from knowledge.model import Visibility

NOW = datetime(2026, 11, 19, 3, 12, tzinfo=UTC)
RULE = StormRule(alerts=30)
ROOM = Channel("T1", "C1", None, ())
WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL


def begun(
    alerts: int,
    service: str | None = "edge",
    incident: int = 1,
    severity: Severity = WARNING,
    environment: str | None = "prod",
) -> Begun:
    return Begun(
        incident_id=incident,
        service=service,
        environment=environment,
        severity=severity,
        alerts=alerts,
    )


def an_incident(number: int = 1, service: str | None = "edge", **changes: object) -> Incident:
    made = Incident(
        id=number,
        key=f"RCL-{number}",
        title="t",
        service=service,
        environment="prod",
        severity=CRITICAL,
        state=IncidentState.OPEN,
        group_key="g",
        opened_at=NOW,
    )
    return replace(made, **changes)


def a_storm(*begun_now: Begun) -> Storm:
    storm = look(None, begun_now or (begun(31),), RULE, NOW)
    assert storm is not None
    return storm


def test_as_many_as_the_limit_are_no_storm_and_one_more_is() -> None:
    assert look(None, [begun(30)], RULE, NOW) is None
    storm = look(None, [begun(31)], RULE, NOW)
    assert storm is not None
    assert (storm.began_at, storm.places) == (NOW, {("edge", "prod")})


def test_alerts_of_several_services_count_together() -> None:
    storm = a_storm(begun(20, "edge"), begun(11, "cart", incident=2))
    assert storm.incidents == {1, 2}
    assert storm.covers(an_incident(2, "cart"))


def test_switched_off_it_never_storms() -> None:
    assert look(None, [begun(10_000)], StormRule(alerts=0), NOW) is None
    assert waits_for_storm(an_incident(), [begun(10_000)], StormRule(alerts=0), NOW) is None


def test_a_lone_critical_alert_elsewhere_is_outside_it() -> None:
    storm = a_storm(begun(40), begun(1, "payments-api", 2, CRITICAL))
    assert not storm.covers(an_incident(2, "payments-api"))
    assert storm.covers(an_incident(1))


def test_a_lone_warning_elsewhere_waits_in_the_storms_message() -> None:
    storm = a_storm(begun(40), begun(1, "payments-api", 2, WARNING))
    assert storm.covers(an_incident(2, "payments-api"))


def test_a_critical_alert_of_the_storms_own_incident_is_in_it() -> None:
    storm = a_storm(begun(40), begun(1, "payments-api", 1, CRITICAL))
    assert ("payments-api", "prod") in storm.places


def test_a_critical_service_with_many_alerts_is_in_it() -> None:
    storm = a_storm(begun(40), begun(3, "payments-api", 2, CRITICAL))
    assert storm.covers(an_incident(2, "payments-api"))


def test_the_same_service_in_another_environment_is_outside_it() -> None:
    assert not a_storm().covers(an_incident(9, environment="staging"))


def test_alerts_of_unknown_services_have_nothing_in_common() -> None:
    lone = [begun(1, None, number, CRITICAL) for number in range(2, 9)]
    storm = a_storm(begun(40), *lone)
    assert not any(storm.covers(an_incident(number, None)) for number in range(2, 9))


def test_what_only_some_may_see_is_never_in_it() -> None:
    hidden = an_incident(visibility=Visibility(channels=frozenset({"T1/C9"})))
    assert not a_storm().covers(hidden)


def test_it_goes_on_at_half_the_rate_and_ends_a_minute_after_that() -> None:
    storm: Storm | None = a_storm()
    later = NOW + timedelta(seconds=50)
    storm = look(storm, [begun(16)], RULE, later)
    assert storm is not None
    assert storm.last_at == later
    calm = look(storm, [begun(15)], RULE, later + timedelta(seconds=59))
    assert calm is not None
    assert calm.over_at is None
    calm = look(calm, [begun(15)], RULE, later + MINUTE)
    assert calm is not None
    assert calm.over_at == later + MINUTE
    assert not calm.covers(an_incident())


def test_it_is_over_once_all_of_its_incidents_are() -> None:
    storm = a_storm().with_incident(1, ROOM).with_incident(2, ROOM)
    first, second = an_incident(1, state=IncidentState.RESOLVED), an_incident(2)
    assert over(storm, [first, second], NOW).over_at is None
    assert over(storm, [first], NOW).over_at is None
    ended = replace(second, state=IncidentState.CLOSED)
    assert over(storm, [first, ended], NOW).over_at == NOW
    assert over(a_storm(), [], NOW).over_at is None


def test_one_that_comes_back_before_its_end_was_told_goes_on() -> None:
    told = replace(ROOM, told_at=NOW, is_told_of_end=True)
    ended = replace(a_storm().with_incident(1, told), over_at=NOW)
    storm = look(ended, [begun(31)], RULE, NOW + timedelta(seconds=5))
    assert storm is not None
    assert (storm.key, storm.over_at) == (ended.key, None)
    assert not storm.channels[0].is_told_of_end


def test_an_incident_is_in_its_channel_once() -> None:
    told = replace(ROOM, told_at=NOW)
    storm = a_storm().with_incident(1, told).with_incident(2, ROOM).with_incident(2, ROOM)
    storm = storm.with_incident(3, Channel("T1", "C2", "1.0", ()))
    assert [one.incidents for one in storm.channels] in ([(1, 2), (3,)], [(3,), (1, 2)])
    assert {one.told_at for one in storm.channels if one.channel == "C1"} == {NOW}
    assert len({storm.message_key(one) for one in storm.channels}) == 2


def test_a_first_card_waits_a_moment_while_many_alerts_begin() -> None:
    incident = an_incident()
    assert waits_for_storm(incident, [begun(11)], RULE, NOW) == NOW + BUILDING_UP
    assert waits_for_storm(incident, [begun(10)], RULE, NOW) is None
    assert waits_for_storm(incident, [begun(11)], RULE, NOW + BUILDING_UP) is None
    assert waits_for_storm(incident, [begun(2), begun(20, incident=2)], RULE, NOW) is None


ROWS = st.lists(
    st.builds(
        begun,
        alerts=st.integers(1, 40),
        service=st.sampled_from(["a", "b", "c", None]),
        incident=st.integers(1, 5),
        severity=st.sampled_from(list(Severity)),
        environment=st.sampled_from(["prod", "staging", None]),
    ),
    max_size=12,
)


@given(st.lists(st.tuples(ROWS, st.integers(0, 90)), max_size=12))
def test_a_storm_only_grows_while_it_lasts_and_never_ends_in_the_middle(
    looks: list[tuple[list[Begun], int]],
) -> None:
    storm: Storm | None = None
    now = NOW
    for rows, seconds in looks:
        now += timedelta(seconds=seconds)
        before, storm = storm, look(storm, rows, RULE, now)
        total = sum(row.alerts for row in rows)
        if storm is None:
            assert before is None
            assert total <= RULE.alerts
            continue
        assert storm.last_at <= now
        if total > RULE.alerts:
            assert storm.over_at is None
        if before is not None:
            assert storm.began_at == before.began_at
            assert storm.places >= before.places
            assert storm.incidents >= before.incidents
            if storm.over_at is not None and before.over_at is None:
                assert now - before.last_at >= MINUTE


@given(ROWS)
def test_a_critical_alert_that_shares_nothing_with_others_is_never_in_a_storm(
    rows: list[Begun],
) -> None:
    lone = begun(1, "payments-api", 99, CRITICAL, "prod")
    storm = look(None, [*rows, lone], RULE, NOW)
    assert storm is None or not storm.covers(an_incident(99, "payments-api"))


@pytest.mark.parametrize("total", [16, 30])
def test_what_keeps_a_storm_going_does_not_begin_one(total: int) -> None:
    assert not RULE.is_storm(total, goes_on=False)
    assert RULE.is_storm(total, goes_on=True)
