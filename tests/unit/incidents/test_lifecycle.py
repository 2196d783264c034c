"""How an incident changes state."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.alerts.model import AlertStatus, Severity
from bot.incidents.lifecycle import (
    ALLOWED,
    Reason,
    acknowledge_in_pager,
    by_person,
    resolve_by_alerts,
    snooze,
    wake,
    worsen,
)
from bot.incidents.model import Incident, IncidentState, TimelineKind

NOW = datetime(2026, 11, 19, 3, 12, tzinfo=UTC)
FIRING, RESOLVED = AlertStatus.FIRING, AlertStatus.RESOLVED


def an_incident(state: IncidentState = IncidentState.OPEN) -> Incident:
    return Incident(
        id=1,
        key="RCL-1",
        title="t",
        service="checkout",
        environment="prod",
        severity=Severity.WARNING,
        state=state,
        group_key="auto:1:x",
        opened_at=NOW - timedelta(minutes=5),
        resolved_at=NOW if state.is_over else None,
    )


def test_it_is_resolved_once_all_alerts_are() -> None:
    change = resolve_by_alerts(an_incident(), [RESOLVED, RESOLVED], NOW)
    assert change.incident.state is IncidentState.RESOLVED
    assert change.incident.resolved_at == NOW
    assert change.incident.revision == 2
    assert change.reason is Reason.ALL_RESOLVED
    assert change.entry is not None
    assert change.entry.kind is TimelineKind.STATE_CHANGED


@pytest.mark.parametrize(
    ("statuses", "reason"),
    [([RESOLVED, FIRING], Reason.SOME_STILL_FIRE), ([], Reason.NO_ALERTS)],
)
def test_it_stays_as_it_is_while_something_fires_or_nothing_is_known(
    statuses: list[AlertStatus], reason: Reason
) -> None:
    before = an_incident()
    change = resolve_by_alerts(before, statuses, NOW)
    assert change.incident is before
    assert change.reason is reason
    assert not change.changed


def test_alerts_do_not_resolve_what_is_over() -> None:
    closed = an_incident(IncidentState.CLOSED)
    assert resolve_by_alerts(closed, [RESOLVED], NOW).reason is Reason.ALREADY


def test_a_person_moves_it_and_is_named_with_the_note() -> None:
    change = by_person(
        an_incident(), IncidentState.RESOLVED, actor="T1/U1", now=NOW, note="like INC-87"
    )
    assert change.incident.state is IncidentState.RESOLVED
    assert change.entry is not None
    assert change.entry.actor == "T1/U1"
    assert "like INC-87" in change.entry.text


@pytest.mark.parametrize("state", list(IncidentState))
@pytest.mark.parametrize("to", list(IncidentState))
def test_a_person_can_go_exactly_where_the_table_says(
    state: IncidentState, to: IncidentState
) -> None:
    change = by_person(an_incident(state), to, actor="T1/U1", now=NOW)
    assert change.changed == (to in ALLOWED[state])
    if not change.changed:
        assert change.reason in (Reason.ALREADY, Reason.NOT_ALLOWED)


def test_nothing_that_is_over_becomes_open_again() -> None:
    for state in IncidentState:
        if state.is_over:
            assert all(to.is_over for to in ALLOWED[state])


def test_closing_a_resolved_one_keeps_when_it_was_resolved() -> None:
    resolved = an_incident(IncidentState.RESOLVED)
    later = NOW + timedelta(days=1)
    change = by_person(resolved, IncidentState.CLOSED, actor="T1/U1", now=later)
    assert change.incident.resolved_at == NOW


def test_a_worse_alert_makes_the_incident_worse_and_a_milder_one_does_not_mend_it() -> None:
    worse = worsen(an_incident(), Severity.CRITICAL, NOW)
    assert worse.incident.severity is Severity.CRITICAL
    assert worse.changed
    milder = worsen(worse.incident, Severity.INFO, NOW)
    assert milder.incident is worse.incident
    assert milder.reason is Reason.NO_WORSE


def test_a_snooze_lasts_until_something_wakes_it() -> None:
    until = NOW + timedelta(hours=2)
    asleep = snooze(an_incident(), until, actor="T1/U1", now=NOW, note="Snoozed by alice")
    assert asleep.incident.snoozed_until == until
    assert asleep.incident.state is IncidentState.OPEN
    woken = wake(asleep.incident, "a worse alert joined", NOW)
    assert woken.incident.snoozed_until is None
    assert woken.entry is not None
    assert woken.entry.text == "The snooze is over: a worse alert joined"


def test_what_ran_out_by_itself_or_never_was_is_not_woken() -> None:
    until = NOW + timedelta(hours=2)
    asleep = snooze(an_incident(), until, actor="T1/U1", now=NOW, note="x").incident
    assert wake(asleep, "why", until).reason is Reason.ALREADY
    assert wake(an_incident(), "why", NOW).reason is Reason.ALREADY


def test_nothing_is_snoozed_into_the_past_or_once_it_is_over() -> None:
    past = snooze(an_incident(), NOW, actor="T1/U1", now=NOW, note="x")
    over = snooze(
        an_incident(IncidentState.RESOLVED), NOW + timedelta(1), actor="a", now=NOW, note="x"
    )
    assert past.reason is over.reason is Reason.NOT_ALLOWED


def test_what_is_resolved_is_not_snoozed_any_more() -> None:
    asleep = snooze(an_incident(), NOW + timedelta(1), actor="a", now=NOW, note="x").incident
    assert resolve_by_alerts(asleep, [RESOLVED], NOW).incident.snoozed_until is None


@pytest.mark.parametrize("state", list(IncidentState))
def test_the_pagers_word_moves_only_what_is_open(state: IncidentState) -> None:
    change = acknowledge_in_pager(an_incident(state), "PagerDuty", NOW)
    assert change.changed is (state is IncidentState.OPEN)
    if change.entry is not None:
        assert change.incident.state is IncidentState.ACKNOWLEDGED
        assert change.entry.text == "open → acknowledged: acknowledged in PagerDuty"
        assert change.entry.actor == "recall/system"
