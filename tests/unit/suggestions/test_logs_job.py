"""Lines that are sent to Recall find the open incident of their service, or are not kept."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.alerts.logs import LOGS_JOB, LOGS_TALLY, content_type_for
from bot.alerts.model import Severity
from bot.clock import ManualClock
from bot.engine.work import InboxWork, JobWork
from bot.incidents.model import Incident, IncidentState, TimelineEntry, TimelineKind
from bot.jobs.ports import InboxItem, InboxKind, InboxState
from bot.services.catalogue import Catalogue
from bot.services.model import Service
from bot.store.database import Database
from bot.suggestions.jobs import SUGGEST
from bot.suggestions.logs import KEPT_CHARACTERS, LogsJob, that_matters
from tests.support.databases import sqlite_database

CATALOGUE = Catalogue([Service(name="checkout", aliases=("checkout-api",))])


class NoAlerts:
    def process(self, uow: object, items: object) -> None:
        raise AssertionError("no alert was sent")


class Desk:
    """An engine's inbox and jobs, stepped by hand."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database, self.clock = database, clock
        self._inbox = InboxWork(database, NoAlerts(), clock, lambda: None)
        handlers = {LOGS_JOB: LogsJob(database, CATALOGUE, clock).handle}
        self._jobs = JobWork(database, handlers, clock, lambda: None)

    def opens(self, service: str = "checkout", environment: str | None = "prod") -> Incident:
        with self.database.begin() as uow:
            incident, _ = uow.incidents.open(
                group_key=f"{service}/{environment}",
                title="Errors",
                service=service,
                environment=environment,
                severity=Severity.CRITICAL,
                team_id="",
                now=self.clock.now(),
            )
        return incident

    def receives(
        self, text: str, service: str = "checkout-api", environment: str = "", name: str = "d1"
    ) -> InboxItem:
        delivery = InboxItem(
            id=name,
            kind=InboxKind.LOGS,
            source="logs",
            body=text.encode(),
            content_type=content_type_for("text/plain", service, environment),
            received_at=self.clock.now(),
        )
        with self.database.begin() as uow:
            uow.inbox.add_many([delivery])
        self.works()
        return self.item(name)

    def works(self) -> None:
        self._inbox.step()
        while self._jobs.step():
            pass

    def item(self, name: str = "d1") -> InboxItem:
        with self.database.read() as uow:
            found = uow.inbox.get(name)
        assert found is not None
        return found

    def evidence(self, incident: Incident) -> list[TimelineEntry]:
        with self.database.read() as uow:
            timeline = uow.incidents.timeline(incident.id)
        return [entry for entry in timeline if entry.kind is TimelineKind.EVIDENCE]

    def searches(self) -> list[int]:
        with self.database.begin() as uow:
            waiting = uow.jobs.claim([SUGGEST], self.clock.now(), 10, 9)
        return [int(job.payload["revision"]) for job in waiting]

    def tally(self) -> dict[str, int]:
        with self.database.read() as uow:
            return dict(uow.marks.get(LOGS_TALLY) or {})


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database:
        yield Desk(database, clock)


def test_lines_become_evidence_of_the_open_incident_and_it_is_searched_anew(desk: Desk) -> None:
    incident = desk.opens()
    item = desk.receives("pool exhausted\npassword=hunter22 refused")
    [entry] = desk.evidence(incident)
    assert entry.text == "2 lines sent to /v1/logs"
    assert entry.data["text"] == "pool exhausted\npassword=[redacted secret] refused"
    assert desk.searches() == [incident.revision + 1]
    assert (item.state, item.error) == (InboxState.DONE, "")
    assert desk.tally() == {"attached": 1, "unattached": 0}


def test_without_an_open_incident_nothing_is_kept_and_the_inbox_says_so(desk: Desk) -> None:
    other = desk.opens("orders")
    item = desk.receives("a line", environment="prod")
    assert desk.evidence(other) == []
    assert item.state is InboxState.DONE
    assert item.error == "not kept: there is no open incident of checkout-api in prod"
    assert desk.tally() == {"attached": 0, "unattached": 1}


def test_the_environment_decides_where_both_name_one(desk: Desk) -> None:
    incident = desk.opens(environment="staging")
    desk.receives("a line", environment="prod")
    assert desk.evidence(incident) == []
    desk.receives("a line", environment="staging", name="d2")
    assert len(desk.evidence(incident)) == 1


def test_an_incident_that_is_over_gets_nothing(desk: Desk) -> None:
    incident = desk.opens()
    with desk.database.begin() as uow:
        changed = uow.incidents.get(incident.id)
        assert changed is not None
        uow.incidents.save(replace(changed, state=IncidentState.RESOLVED))
    assert desk.receives("a line").error.startswith("not kept")
    assert desk.evidence(incident) == []


def test_a_job_that_runs_twice_adds_its_lines_once(desk: Desk) -> None:
    incident = desk.opens()
    desk.receives("a line")
    with desk.database.begin() as uow:
        uow.jobs.add("again", LOGS_JOB, {"inbox_id": "d1"}, desk.clock.now())
    desk.works()
    assert len(desk.evidence(incident)) == 1


def test_a_body_that_cannot_be_read_is_kept_as_failed_and_may_be_replayed(desk: Desk) -> None:
    incident = desk.opens()
    item = desk.receives(" ")
    assert item.state is InboxState.FAILED
    assert "no line" in item.error
    with desk.database.begin() as uow:
        assert uow.inbox.replay("d1")
    desk.works()
    assert desk.item().state is InboxState.FAILED
    assert desk.item().attempts > item.attempts
    assert desk.evidence(incident) == []


def test_of_a_long_log_what_matters_is_kept() -> None:
    lines = [f"2026-11-27T10:00:00Z INFO order {n} paid in {n % 90} ms" for n in range(20_000)]
    lines[11_111] = "2026-11-27T10:00:01Z ERROR pool of orders-db exhausted after 30000 ms"
    lines[15_555] = "2026-11-27T10:00:02Z FATAL cannot reach orders-db: connection refused"
    kept = that_matters("\n".join(lines))
    assert len(kept) <= KEPT_CHARACTERS
    assert kept.index("pool of orders-db exhausted") < kept.index("connection refused")
    assert kept.count("\n") < 100
    assert that_matters("short\nlog") == "short\nlog"
