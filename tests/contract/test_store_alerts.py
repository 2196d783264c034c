"""The AlertRepository port on both databases."""

from dataclasses import replace
from datetime import timedelta

from bot.alerts.model import UNTURNED, Alert, AlertStatus, Severity, Turning
from bot.alerts.ports import AlertWrite
from bot.clock import ManualClock
from bot.incidents.model import IncidentState
from bot.store.database import Database


def alert(fingerprint: str, clock: ManualClock, **changes: object) -> Alert:
    made = Alert(
        source="alertmanager",
        fingerprint=fingerprint,
        name="KubePodCrashLooping",
        status=AlertStatus.FIRING,
        severity=Severity.CRITICAL,
        starts_at=clock.now(),
        summary="pod restarts",
        description="a — long — text",
        labels={"pod": "api-7", "namespace": "shop"},
        links={"runbook": "https://wiki.example/crashloop"},
        group_key="{}:{alertname=...}",
    )
    return replace(made, **changes)


def write(made: Alert, incident_id: int | None = None) -> AlertWrite:
    return AlertWrite(alert=made, service="api", environment="production", incident_id=incident_id)


def an_incident(database: Database, clock: ManualClock) -> int:
    with database.begin() as unit:
        incident, _ = unit.incidents.open(
            group_key="g",
            title="t",
            service="api",
            environment=None,
            severity=Severity.HIGH,
            team_id="T1",
            now=clock.now(),
        )
    return incident.id


def test_an_alert_comes_out_as_it_went_in(database: Database, clock: ManualClock) -> None:
    made = alert("am:1:a", clock)
    with database.begin() as unit:
        unit.alerts.save([write(made)], clock.now())
    with database.read() as unit:
        stored = unit.alerts.by_fingerprint(["am:1:a", "am:1:unknown"])["am:1:a"]
        assert set(unit.alerts.by_fingerprint(["am:1:a", "am:1:unknown"])) == {"am:1:a"}
    assert stored.alert == made
    assert (stored.service, stored.environment, stored.incident_id) == ("api", "production", None)
    assert (stored.first_seen_at, stored.last_seen_at) == (clock.now(), clock.now())
    assert stored.times_seen == 1


def test_the_same_alert_again_updates_and_is_counted(
    database: Database, clock: ManualClock
) -> None:
    incident = an_incident(database, clock)
    first = clock.now()
    with database.begin() as unit:
        unit.alerts.save([write(alert("a", clock))], first)
    clock.advance(60)
    resolved = alert("a", clock, status=AlertStatus.RESOLVED, ends_at=clock.now(), labels={})
    with database.begin() as unit:
        unit.alerts.save([write(resolved, incident)], clock.now())
        (stored,) = unit.alerts.list(10)
    assert stored.alert == resolved
    assert stored.incident_id == incident
    assert (stored.first_seen_at, stored.last_seen_at) == (first, clock.now())
    assert stored.times_seen == 2


def test_repeats_within_one_batch_count_each_and_the_last_one_wins(
    database: Database, clock: ManualClock
) -> None:
    batch = [alert("a", clock, summary=str(n)) for n in range(3)] + [alert("b", clock)]
    with database.begin() as unit:
        unit.alerts.save([write(each) for each in batch], clock.now())
        unit.alerts.save([], clock.now())
        stored = unit.alerts.by_fingerprint(["a", "b"])
    assert (stored["a"].alert.summary, stored["a"].times_seen) == ("2", 3)
    assert stored["b"].times_seen == 1


def test_a_batch_of_thousands_is_saved_and_found(database: Database, clock: ManualClock) -> None:
    names = [f"am:1:{n}" for n in range(3000)]
    with database.begin() as unit:
        unit.alerts.save([write(alert(name, clock)) for name in names], clock.now())
        unit.alerts.save([write(alert(name, clock)) for name in names], clock.now())
    with database.read() as unit:
        stored = unit.alerts.by_fingerprint(names)
    assert set(stored) == set(names)
    assert {each.times_seen for each in stored.values()} == {2}


def test_an_incident_lists_firing_alerts_first_then_the_newest(
    database: Database, clock: ManualClock
) -> None:
    incident = an_incident(database, clock)
    for name, status in (
        ("old firing", AlertStatus.FIRING),
        ("resolved", AlertStatus.RESOLVED),
        ("new firing", AlertStatus.FIRING),
    ):
        with database.begin() as unit:
            unit.alerts.save([write(alert(name, clock, status=status), incident)], clock.now())
        clock.advance(1)
    with database.begin() as unit:
        unit.alerts.save([write(alert("elsewhere", clock))], clock.now())
    with database.read() as unit:
        shown = [each.alert.fingerprint for each in unit.alerts.of_incident(incident)]
    assert shown == ["new firing", "old firing", "resolved"]


def test_pages_go_from_the_newest_to_the_oldest(database: Database, clock: ManualClock) -> None:
    for name in "abc":
        with database.begin() as unit:
            unit.alerts.save([write(alert(name, clock))], clock.now())
    with database.read() as unit:
        first = unit.alerts.list(2)
        second = unit.alerts.list(2, before_id=first[-1].id)
    assert [each.alert.fingerprint for each in [*first, *second]] == ["c", "b", "a"]


def test_characters_that_no_database_can_keep_do_not_stop_an_alert(
    database: Database, clock: ManualClock
) -> None:
    hostile = alert("a", clock, summary="x\x00y", labels={"k\x00": "\ud800z"}, name="ok \U0001f525")
    with database.begin() as unit:
        unit.alerts.save([write(hostile)], clock.now())
        (stored,) = unit.alerts.list(1)
    assert stored.alert.summary == "x\ufffdy"
    assert stored.alert.labels == {"k\ufffd": "\ufffdz"}
    assert stored.alert.name == "ok \U0001f525"


def test_how_it_turned_comes_out_as_it_went_in_and_is_found_at_rest(
    database: Database, clock: ManualClock
) -> None:
    now = clock.now()
    flapping = Turning(turned_at=now, ends=(now - timedelta(minutes=2), now), flapping_since=now)
    with database.begin() as unit:
        flaps = replace(write(alert("a", clock)), turning=flapping)
        unit.alerts.save([flaps, write(alert("b", clock))], now)
        assert unit.alerts.resting(now - timedelta(seconds=1), 10) == []
        [found] = unit.alerts.resting(now, 10)
        assert (found.alert.fingerprint, found.turning) == ("a", flapping)
        unit.alerts.turn(found.id, Turning(turned_at=now))
        assert unit.alerts.resting(now, 10) == []
        assert unit.alerts.by_fingerprint(["b"])["b"].turning == UNTURNED


def test_what_has_just_begun_is_counted_by_incident_service_and_severity(
    database: Database, clock: ManualClock
) -> None:
    number, now = an_incident(database, clock), clock.now()
    begun = Turning(turned_at=now)
    with database.begin() as unit:
        unit.alerts.save(
            [
                *(replace(write(alert(f"a{n}", clock), number), turning=begun) for n in range(3)),
                replace(write(alert("nowhere", clock)), turning=begun),
                replace(
                    write(alert("over", clock, status=AlertStatus.RESOLVED), number), turning=begun
                ),
                replace(
                    write(alert("old", clock), number),
                    turning=Turning(turned_at=now - timedelta(seconds=61)),
                ),
            ],
            now,
        )
        [found] = unit.alerts.begun_since(now - timedelta(seconds=60))
        assert (found.incident_id, found.service, found.alerts) == (number, "api", 3)
        assert found.severity is Severity.CRITICAL
        [tally] = unit.alerts.tally([number, number + 1])
        assert (tally.incident_id, tally.alerts, tally.firing) == (number, 5, 4)
        incident = unit.incidents.get(number)
        assert incident is not None
        unit.incidents.save(replace(incident, state=IncidentState.CLOSED))
        assert unit.alerts.begun_since(now - timedelta(seconds=60)) == []


def test_what_texts_tell_of_calls_counts_from_the_second_batch_on(
    database: Database, clock: ManualClock
) -> None:
    def told(*services: str) -> frozenset[tuple[str, str]]:
        with database.read() as unit:
            return unit.alerts.told_calls(services)

    with database.begin() as unit:
        unit.alerts.tell_calls([], clock.now())
        unit.alerts.tell_calls([("api", "db"), ("api", "db"), ("web", "api")], clock.now())
    assert told("api", "db", "web") == frozenset()
    with database.begin() as unit:
        unit.alerts.tell_calls(iter([("web", "api"), ("api", "db"), ("mail", "db")]), clock.now())
    both = {("api", "db"), ("web", "api")}
    assert told("api") == both
    assert told("db") == {("api", "db")}
    assert told("web", "db") == both
    assert told("mail") == told() == frozenset()


def test_what_flaps_is_no_trace_of_a_problem(database: Database, clock: ManualClock) -> None:
    incident = an_incident(database, clock)
    flapping = replace(
        write(alert("a", clock, name="Comes"), incident),
        turning=Turning(turned_at=clock.now(), flapping_since=clock.now()),
    )
    steady = write(alert("b", clock, name="Stays"), incident)
    with database.begin() as unit:
        unit.alerts.save([flapping, steady], clock.now())
    with database.read() as unit:
        [(number, trace)] = unit.alerts.traces([incident], clock.now() - timedelta(minutes=1))
    assert (number, trace.name) == (incident, "Stays")


def test_what_began_lately_is_told_once_a_kind_as_it_was_first(
    database: Database, clock: ManualClock
) -> None:
    incident = an_incident(database, clock)
    old, since = clock.now(), clock.now() + timedelta(seconds=1)
    resolved = AlertStatus.RESOLVED

    def saved(name: str, at: float, turned: float | None = None, **changes: object) -> None:
        clock.advance(at - (clock.now() - old).total_seconds())
        turning = Turning(turned_at=old + timedelta(seconds=turned)) if turned else UNTURNED
        made = alert(f"f-{name}", clock, **{"name": name, **changes})
        with database.begin() as unit:
            unit.alerts.save([replace(write(made, incident), turning=turning)], clock.now())

    saved("long ago", 0)
    saved("came back", 0)
    saved("ended", 0)
    saved("new", 10, summary="the first")
    saved("came back", 20, turned=15)
    saved("ended", 20, turned=15, status=resolved)
    saved("new and over", 30)
    saved("new and over", 40, status=resolved)
    with database.begin() as unit:
        late = alert("f-new-2", clock, name="new", summary="a later one")
        unit.alerts.save([write(late, incident)], clock.now())
    with database.read() as unit:
        found = {
            trace.name: ((trace.at - old).total_seconds(), "later" in trace.words)
            for number, trace in unit.alerts.beginnings([incident], since)
            if number == incident
        }
        assert unit.alerts.beginnings([], since) == []
    assert found == {"new": (10, False), "came back": (15, False), "new and over": (30, False)}
