"""From deliveries in the inbox to alerts, incidents and jobs, on a real database."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.alerts.intake import AlertIntake
from bot.alerts.model import AlertStatus, Severity
from bot.alerts.sources import Source, shipped_sources
from bot.clock import ManualClock
from bot.incidents.lifecycle import by_person
from bot.incidents.model import Incident, IncidentState, TimelineKind
from bot.jobs.ports import InboxItem, InboxKind, InboxState, Job
from bot.services.catalogue import Catalogue
from bot.services.model import Service
from bot.store.database import Database
from knowledge.model import EVERYONE, Visibility
from tests.support.databases import postgresql_database

CATALOGUE = Catalogue(
    [
        Service(name="checkout", tier=1, depends_on=("orders-db",)),
        Service(name="orders-db", aliases=("orders-postgres",)),
        Service(name="report-worker"),
    ],
    ["prod/eu-1", "staging"],
)


class Shop:
    """The intake at work on one database; what tests do and what they look at."""

    def __init__(
        self, database: Database, clock: ManualClock, catalogue: Catalogue = CATALOGUE
    ) -> None:
        self.database = database
        self.clock = clock
        self.intake = AlertIntake(catalogue, clock, group_window_seconds=300, team_id="T1")
        self._count = 0

    def receive(self, *bodies: Any, source: str = "generic") -> list[str]:
        """Put bodies into the inbox and have all of them processed as one batch."""
        items = []
        for body in bodies:
            self._count += 1
            items.append(
                InboxItem(
                    id=f"d{self._count}",
                    kind=InboxKind.ALERT,
                    source=source,
                    body=body if isinstance(body, bytes) else json.dumps(body).encode(),
                    content_type="application/json",
                    received_at=self.clock.now(),
                )
            )
        with self.database.begin() as uow:
            uow.inbox.add_many(items)
        with self.database.begin() as uow:
            self.intake.process(uow, uow.inbox.claim(1000, self.clock.now()))
        return [item.id for item in items]

    def incidents(self) -> Sequence[Incident]:
        with self.database.read() as uow:
            return sorted(uow.incidents.list(100), key=lambda incident: incident.id)

    def only_incident(self) -> Incident:
        [incident] = self.incidents()
        return incident

    def timeline(self, incident: Incident) -> list[str]:
        with self.database.read() as uow:
            return [entry.text for entry in uow.incidents.timeline(incident.id)]

    def inbox(self) -> Mapping[str, InboxItem]:
        with self.database.read() as uow:
            return {item.id: item for item in uow.inbox.list(None, 1000)}

    def jobs(self) -> list[Job]:
        """Take and finish all waiting jobs."""
        with self.database.begin() as uow:
            jobs = list(uow.jobs.claim(["suggest"], self.clock.now(), 60, 1000))
            for job in jobs:
                uow.jobs.finish(job.key, self.clock.now())
        return jobs

    def end(self, incident: Incident) -> None:
        with self.database.begin() as uow:
            change = by_person(
                incident, IncidentState.RESOLVED, actor="T1/U1", now=self.clock.now()
            )
            uow.incidents.save(change.incident)


@pytest.fixture
def shop(database: Database, clock: ManualClock) -> Shop:
    return Shop(database, clock)


@pytest.fixture
def shop_on_postgresql(clock: ManualClock) -> Iterator[Shop]:
    with postgresql_database(clock) as database:
        yield Shop(database, clock)


def an_alert(name: str = "CheckoutHighErrorRate", **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "severity": "high",
        "summary": "Checkout answers with errors",
        "labels": {"service": "checkout", "env": "production", "cluster": "eu-1"},
        **changes,
    }


def about(service: str, **labels: str) -> dict[str, str]:
    return {"service": service, "env": "prod", "cluster": "eu-1", **labels}


def test_a_first_alert_opens_an_incident_and_asks_for_a_suggestion(shop: Shop) -> None:
    [delivery] = shop.receive(an_alert())
    incident = shop.only_incident()
    assert incident.title == "CheckoutHighErrorRate: Checkout answers with errors"
    assert (incident.service, incident.environment) == ("checkout", "prod/eu-1")
    assert incident.severity is Severity.HIGH
    assert incident.team_id == "T1"
    assert shop.timeline(incident) == ["CheckoutHighErrorRate: first seen"]
    [job] = shop.jobs()
    assert job.key == f"suggest:{incident.id}:1"
    assert dict(job.payload) == {"incident_id": incident.id, "revision": 1}
    assert shop.inbox()[delivery].state is InboxState.DONE
    with shop.database.read() as uow:
        [stored] = uow.alerts.of_incident(incident.id)
    assert stored.alert.status is AlertStatus.FIRING


def test_the_same_again_changes_no_incident_and_makes_no_job(shop: Shop) -> None:
    shop.receive(an_alert())
    before = shop.only_incident()
    shop.jobs()
    shop.clock.advance(60)
    shop.receive(an_alert(), an_alert())
    assert shop.only_incident() == before
    assert shop.jobs() == []
    with shop.database.read() as uow:
        [stored] = uow.alerts.list(10)
    assert stored.times_seen == 3
    assert stored.last_seen_at == shop.clock.now()


def test_a_batch_that_concerns_one_incident_raises_its_revision_once(shop: Shop) -> None:
    shop.receive(an_alert())
    shop.jobs()
    shop.receive(
        *(an_alert(severity="critical", labels=about("checkout", pod=f"p{i}")) for i in range(50))
    )
    incident = shop.only_incident()
    assert incident.revision == 2
    assert incident.severity is Severity.CRITICAL
    assert [job.key for job in shop.jobs()] == [f"suggest:{incident.id}:2"]


def test_it_is_resolved_when_the_last_alert_is_and_keeps_what_was_said(shop: Shop) -> None:
    shop.receive(an_alert(key="a"), an_alert(key="b"))
    shop.receive(an_alert(key="a", status="resolved", summary="all well"))
    assert shop.only_incident().state is IncidentState.OPEN
    shop.clock.advance(30)
    shop.receive(an_alert(key="b", status="resolved"))
    incident = shop.only_incident()
    assert incident.state is IncidentState.RESOLVED
    assert incident.resolved_at == shop.clock.now()
    with shop.database.read() as uow:
        timeline = uow.incidents.timeline(incident.id)
    fired = [entry for entry in timeline if entry.kind is TimelineKind.ALERT_FIRED]
    assert fired[0].data["summary"] == "Checkout answers with errors"
    assert "open → resolved: all alerts resolved" in shop.timeline(incident)


def test_firing_and_resolved_in_one_batch_is_one_incident_that_is_over(shop: Shop) -> None:
    shop.receive(an_alert(), an_alert(status="resolved"))
    assert shop.only_incident().state is IncidentState.RESOLVED


def test_what_fires_again_opens_a_new_incident_that_names_the_old_one(shop: Shop) -> None:
    shop.receive(an_alert())
    shop.receive(an_alert(status="resolved"))
    shop.clock.advance(600)
    shop.receive(an_alert())
    old, new = shop.incidents()
    assert old.state is IncidentState.RESOLVED
    assert new.state is IncidentState.OPEN
    assert f"The same alert was in {old.key}, which is resolved" in shop.timeline(new)


def test_a_resolve_of_something_never_seen_opens_nothing(shop: Shop) -> None:
    shop.receive(an_alert(status="resolved"))
    assert shop.incidents() == []
    shop.receive(an_alert())
    assert len(shop.incidents()) == 1


def test_a_late_report_changes_nothing(shop: Shop) -> None:
    shop.receive(an_alert(starts_at="2026-11-19T03:10:00Z"))
    before = shop.only_incident()
    shop.receive(an_alert(status="resolved", starts_at="2026-11-19T02:00:00Z"))
    assert shop.only_incident() == before


def test_a_dependency_joins_within_the_window_and_says_why(shop: Shop) -> None:
    shop.receive(an_alert())
    shop.clock.advance(20)
    shop.receive(an_alert("OrdersDbConnectionsNearLimit", labels=about("orders-postgres")))
    incident = shop.only_incident()
    assert shop.timeline(incident)[-1] == (
        "OrdersDbConnectionsNearLimit: first seen "
        "(joined because: checkout depends on orders-db, 20 s apart)"
    )


def test_other_services_and_other_environments_are_other_incidents(shop: Shop) -> None:
    shop.receive(an_alert())
    shop.receive(an_alert(labels=about("report-worker")))
    shop.receive(an_alert(labels={"service": "checkout", "env": "staging"}))
    assert len({incident.group_key for incident in shop.incidents()}) == 3


def test_an_echo_after_a_person_ended_it_opens_nothing_but_going_on_does(shop: Shop) -> None:
    shop.receive(an_alert())
    shop.end(shop.only_incident())
    shop.clock.advance(60)
    shop.receive(an_alert())
    assert len(shop.incidents()) == 1
    shop.clock.advance(3600)
    shop.receive(an_alert())
    assert [incident.state.is_over for incident in shop.incidents()] == [True, False]
    assert shop.timeline(shop.incidents()[1])[-1] == (
        "CheckoutHighErrorRate: still fires, though its incident was ended"
    )


def test_what_begins_anew_after_a_person_ended_it_is_a_new_incident_at_once(shop: Shop) -> None:
    shop.receive(an_alert(starts_at="2026-11-19T03:12:00Z"))
    shop.clock.advance(60)
    shop.end(shop.only_incident())
    shop.clock.advance(10)
    shop.receive(an_alert(starts_at="2026-11-19T03:13:09Z"))
    old, new = shop.incidents()
    assert shop.timeline(new) == [
        f"The same alert was in {old.key}, which is resolved",
        "CheckoutHighErrorRate: fires again",
    ]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "not JSON"),
        ({"alerts": [{"status": "firing"}]}, r"$.alerts[0].labels is missing"),
        ({"alerts": [{"status": "firing", "labels": {"alertname": 5}}]}, "'alertname'"),
        ({"alerts": [{"status": "odd", "labels": {"alertname": "A"}}]}, "'odd'"),
        ({"receiver": "x"}, "$.alerts is missing"),
    ],
)
def test_one_bad_delivery_is_kept_as_failed_and_harms_no_other(
    shop: Shop, body: Any, reason: str
) -> None:
    good = {"alerts": [{"status": "firing", "labels": {"alertname": "Good"}}]}
    first, bad, last = shop.receive(good, body, good, source="alertmanager")
    inbox = shop.inbox()
    assert inbox[first].state is inbox[last].state is InboxState.DONE
    assert inbox[bad].state is InboxState.FAILED
    assert reason in inbox[bad].error
    assert len(shop.incidents()) == 1


def test_a_bug_in_a_parser_fails_its_own_delivery_only_and_tells_no_secret(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def buggy(payload: object) -> list[Any]:
        raise ZeroDivisionError("password=hunter22")

    monkeypatch.setitem(shipped_sources(), "buggy", Source("buggy", buggy, "Has a bug"))  # type: ignore[arg-type]
    [bad] = shop.receive({"a": 1}, source="buggy")
    item = shop.inbox()[bad]
    assert item.state is InboxState.FAILED
    assert "ZeroDivisionError" in item.error
    assert "hunter22" not in item.error
    assert "a bug while reading buggy" in caplog.text
    shop.receive(an_alert())
    assert len(shop.incidents()) == 1


def test_a_failed_delivery_can_be_replayed_after_the_fix(shop: Shop) -> None:
    [delivery] = shop.receive(an_alert(), source="not-yet-there")
    assert shop.inbox()[delivery].state is InboxState.FAILED
    with shop.database.begin() as uow:
        assert uow.inbox.replay(delivery)
    with shop.database.read() as uow:
        assert uow.inbox.counts().get("pending") == 1


def test_secrets_do_not_leave_the_inbox(shop: Shop) -> None:
    token = "ghp_" + "a1B2" * 9
    shop.receive(
        an_alert(
            summary=f"push failed with {token}",
            description="postgres://app:s3cr3t@orders-db/shop",
            labels={**about("checkout"), "api_key": "abc", "note": f"x {token}"},
            links={"source": f"https://user:{token}@git.example/x"},
        )
    )
    incident = shop.only_incident()
    with shop.database.read() as uow:
        [stored] = uow.alerts.of_incident(incident.id)
        timeline = uow.incidents.timeline(incident.id)
    everything = repr((stored, incident, timeline))
    assert token not in everything
    assert "s3cr3t" not in everything
    assert "'api_key': '[redacted secret]'" in everything


def test_many_alerts_of_one_delivery_are_taken_in(shop: Shop) -> None:
    alerts = [an_alert(key=f"k{i}", labels=about(f"service-{i % 20}")) for i in range(1000)]
    shop.receive({"alerts": alerts})
    assert len(shop.incidents()) == 20
    assert len(shop.jobs()) == 20


def test_the_same_story_plays_on_postgresql(shop_on_postgresql: Shop) -> None:
    shop = shop_on_postgresql
    shop.receive(an_alert(), b"{")
    shop.clock.advance(20)
    shop.receive(an_alert("OrdersDbConnectionsNearLimit", labels=about("orders-postgres")))
    shop.receive(an_alert(status="resolved"))
    assert shop.only_incident().state is IncidentState.OPEN
    shop.receive(
        an_alert("OrdersDbConnectionsNearLimit", status="resolved", labels=about("orders-postgres"))
    )
    assert shop.only_incident().state is IncidentState.RESOLVED


class Interrupted:
    """A unit of work during which something else happens, right after incidents were listed."""

    def __init__(self, inner: Any, happens: Callable[[], None]) -> None:
        self._inner = inner
        self._happens = happens

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    @property
    def incidents(self) -> Any:
        return Interrupted(self._inner.incidents, self._happens)

    def active(self) -> Sequence[Incident]:
        found: Sequence[Incident] = self._inner.active()
        self._happens()
        return found


def test_what_a_person_ended_meanwhile_takes_in_nothing_new(shop_on_postgresql: Shop) -> None:
    shop = shop_on_postgresql
    shop.receive(an_alert())
    incident = shop.only_incident()
    other = InboxItem(
        id="late",
        kind=InboxKind.ALERT,
        source="generic",
        body=json.dumps(an_alert("CheckoutLatencyHigh")).encode(),
        content_type="application/json",
        received_at=shop.clock.now(),
    )
    with shop.database.begin() as uow:
        uow.inbox.add_many([other])
    with shop.database.begin() as uow:
        interrupted: Any = Interrupted(uow, lambda: shop.end(incident))
        shop.intake.process(interrupted, uow.inbox.claim(10, shop.clock.now()))
    ended, fresh = shop.incidents()
    assert ended.state is IncidentState.RESOLVED
    assert fresh.title.startswith("CheckoutLatencyHigh")
    assert len(shop.timeline(ended)) == 1


def test_what_a_private_channel_declared_swallows_no_alert(
    shop: Shop, database: Database, clock: ManualClock
) -> None:
    for channel, visibility in (("C1", Visibility(frozenset({"T1/C1"}))), ("C2", EVERYONE)):
        with database.begin() as uow:
            declared, _ = uow.incidents.open(
                group_key=f"channel:T1/{channel}",
                title="cart is slow",
                service="checkout",
                environment=None,
                severity=Severity.UNKNOWN,
                team_id="T1",
                now=clock.now(),
            )
            uow.incidents.save(replace(declared, visibility=visibility))
    shop.receive(an_alert(labels=about("checkout")))
    with database.read() as uow:
        members = {one.group_key: uow.alerts.of_incident(one.id) for one in uow.incidents.active()}
    assert members["channel:T1/C1"] == []
    assert len(members["channel:T1/C2"]) == 1


def golden(source: str, case: str) -> Any:
    file = Path(__file__).parents[2] / "data" / "sources" / source / f"{case}.json"
    return json.loads(file.read_text(encoding="utf-8"))["body"]


def test_a_body_that_tells_of_no_alert_is_done_and_not_failed(shop: Shop) -> None:
    [note] = shop.receive({"action": "AddNote", "alert": {"message": "x"}}, source="opsgenie")
    assert shop.inbox()[note].state is InboxState.DONE
    assert list(shop.incidents()) == []


def test_a_deployment_is_kept_as_a_change_and_opens_no_incident(shop: Shop) -> None:
    bodies = [golden("github", case) for case in ("success", "in_progress")]
    [first, second] = shop.receive(*bodies, source="github")
    assert {shop.inbox()[one].state for one in (first, second)} == {InboxState.DONE}
    assert list(shop.incidents()) == []
    with shop.database.read() as uow:
        [change] = uow.changes.recent(datetime(2026, 1, 1, tzinfo=UTC), 10)
    assert (change.service, change.environment) == ("checkout", "production")


def test_a_change_is_kept_redacted_under_the_catalogues_name_for_its_service(shop: Shop) -> None:
    password = "hunter2-hunter2"
    body = {
        "service": "checkout-web",
        "version": "2.1.5",
        "summary": f"deploy with password={password}",
        "actor": f"token password={password}",
    }
    [one] = shop.receive(body, source="change")
    assert shop.inbox()[one].state is InboxState.DONE
    with shop.database.read() as uow:
        [change] = uow.changes.recent(datetime(2026, 1, 1, tzinfo=UTC), 10)
    assert password not in str(change)
    assert change.version == "2.1.5"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"version": "1"}, "$.service"),
        ({"service": "  "}, "$.service"),
        ({"service": "web", "status": "done"}, "$.status"),
        ({"service": "web", "at": "yesterday"}, "$.at"),
        ({"service": "web", "links": {"log": 5}}, "$.links.log"),
        ({"service": "web", "unheard": 1}, "$.unheard"),
        ({"changes": []}, "$.changes"),
        ({"changes": [{"service": "web"}, {}]}, "$.changes[1].service"),
    ],
)
def test_a_change_that_cannot_be_read_is_kept_as_failed_with_its_path(
    shop: Shop, body: dict[str, Any], path: str
) -> None:
    [one] = shop.receive(body, source="change")
    item = shop.inbox()[one]
    assert item.state is InboxState.FAILED
    assert path in item.error


def test_a_mapped_tool_opens_an_incident_and_ends_it(shop: Shop) -> None:
    shop.receive(golden("checkly", "failure"), source="checkly")
    assert shop.only_incident().service == "checkout"
    shop.receive(golden("checkly", "recovery"), source="checkly")
    assert "resolved" in " ".join(shop.timeline(shop.only_incident()))


def test_a_resolve_that_names_its_key_alone_leaves_what_is_known(shop: Shop) -> None:
    shop.receive(golden("pagerduty", "event_trigger"), source="pagerduty")
    shop.receive(golden("pagerduty", "event_resolve"), source="pagerduty")
    incident = shop.only_incident()
    with shop.database.read() as uow:
        [stored] = uow.alerts.of_incident(incident.id)
    assert stored.alert.status is AlertStatus.RESOLVED
    assert stored.alert.name == "Disk of orders-db-1 is 93 % full"
    assert stored.service == incident.service == "orders-db"


def test_an_issue_is_over_though_it_began_before_its_alert(shop: Shop) -> None:
    """Sentry's issue webhook tells the issue's first day, its alert the last event's time."""
    shop.receive(golden("sentry", "issue_alert"), source="sentry")
    shop.receive(golden("sentry", "issue_resolved"), source="sentry")
    with shop.database.read() as uow:
        [stored] = uow.alerts.of_incident(shop.only_incident().id)
    assert stored.alert.status is AlertStatus.RESOLVED


def waits_for(*callees: str) -> dict[str, Any]:
    key = "-".join(callees)
    summary = f"calls from mailer-2 to {' and '.join(callees)} time out"
    return an_alert("UpstreamTimeouts", key=key, summary=summary, labels=about("mailer-2"))


def told_calls(shop: Shop) -> frozenset[tuple[str, str]]:
    with shop.database.read() as uow:
        return uow.alerts.told_calls(["mailer-2"])


def test_a_text_that_names_a_service_twice_tells_of_a_call(shop: Shop) -> None:
    shop.receive(waits_for("orders-db"))
    assert told_calls(shop) == frozenset()
    shop.receive(waits_for("orders-db"))
    assert told_calls(shop) == frozenset()  # a repeat tells nothing new
    shop.receive({**waits_for("orders-db"), "key": "another"})
    assert told_calls(shop) == {("mailer-2", "orders-db")}


def test_a_text_that_lists_many_services_tells_of_no_call(database: Database, clock: ManualClock):
    names = [f"store-{number}" for number in range(3)]
    shop = Shop(database, clock, Catalogue([Service(name=name) for name in names]))
    for number in range(3):
        shop.receive({**waits_for(*names), "key": f"k{number}"})
    assert told_calls(shop) == frozenset()
    for number in range(2):
        shop.receive({**waits_for(*names[:2]), "key": f"m{number}"})
    assert told_calls(shop) == {("mailer-2", "store-0"), ("mailer-2", "store-1")}


def test_what_came_alone_and_comes_again_is_not_drawn_into_a_neighbours_problem(shop: Shop) -> None:
    old = an_alert("BackupOld", key="backup", labels=about("orders-postgres"))
    shop.receive(old)
    shop.receive({**old, "status": "resolved"})
    shop.clock.advance(400)
    shop.receive(an_alert())
    shop.clock.advance(20)
    shop.receive(old)
    assert len(shop.incidents()) == 3
    first, checkout, again = shop.incidents()
    assert (first.service, checkout.service, again.service) == (
        *("orders-db", "checkout"),
        "orders-db",
    )
    assert any(first.key in line for line in shop.timeline(again))
