"""Changes over HTTP: told by a team's own script, listed, and shown with an incident."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from bot.alerts.intake import AlertIntake
from bot.clock import ManualClock
from bot.services.catalogue import Catalogue
from bot.settings import Settings
from bot.store.database import Database
from knowledge.model import Visibility
from tests.support.console import console, sign_in
from tests.support.front_fakes import AUTHORIZED, JSON, FakeEngine
from tests.unit.web.test_read_api import get, take_in


def tell(client: TestClient, database: Database, clock: ManualClock, *changes: Any) -> None:
    """Post changes, and have the engine's part done."""
    answer = client.post("/v1/changes", content=json.dumps({"changes": changes}), headers=JSON)
    assert answer.status_code == 202, answer.text
    assert set(answer.json()) == {"id"}
    with database.begin() as uow:
        AlertIntake(Catalogue(), clock).process(uow, uow.inbox.claim(1000, clock.now()))


def a_change(clock: ManualClock, minutes: float = 12, **changes: Any) -> dict[str, Any]:
    at = clock.now() - timedelta(minutes=minutes)
    return {"service": "checkout", "version": "2", "at": at.isoformat(), **changes}


def test_what_a_script_tells_is_listed_newest_first(
    client: TestClient, database: Database, clock: ManualClock
) -> None:
    tell(client, database, clock, a_change(clock, 90, version="1"), a_change(clock))
    newest, oldest = get(client, "/v1/changes")["items"]
    assert (newest["version"], newest["previous"]) == ("2", "1")
    assert (oldest["version"], oldest["previous"]) == ("1", "")
    assert newest["source"] == "change"


def test_they_are_found_by_service_environment_and_time(
    client: TestClient, database: Database, clock: ManualClock
) -> None:
    tell(
        client,
        database,
        clock,
        a_change(clock, version="a", environment="production"),
        a_change(clock, 60, version="b", environment="staging"),
        a_change(clock, version="c", service="search", environment="prod"),
    )

    def found(**wanted: str) -> set[str]:
        answer = client.get("/v1/changes", params=wanted, headers=AUTHORIZED)
        return {item["version"] for item in answer.json()["items"]}

    assert found(service="checkout") == {"a", "b"}
    assert found(environment="prod") == {"a", "c"}
    assert found(since=(clock.now() - timedelta(minutes=30)).isoformat()) == {"a", "c"}
    assert found(service="search", environment="staging") == set()


def test_a_page_leads_to_the_next(
    client: TestClient, database: Database, clock: ManualClock
) -> None:
    tell(client, database, clock, *(a_change(clock, n // 2, version=str(n)) for n in range(5)))
    seen: list[str] = []
    params = {"limit": "2"}
    while True:
        page = client.get("/v1/changes", params=params, headers=AUTHORIZED).json()
        seen += [item["version"] for item in page["items"]]
        if page["next"] is None:
            break
        params["before"] = page["next"]
    assert sorted(seen) == list("01234")


@pytest.mark.parametrize(
    "query",
    [
        "before=5",
        "before=x.y",
        "before=-1.k",
        "before=999999999999999999.k",
        "since=now",
        "since=2026-11-19T03:12:00",
        "limit=0",
        f"service={'x' * 300}",
    ],
)
def test_a_question_that_cannot_be_read_is_refused(client: TestClient, query: str) -> None:
    answer = client.get(f"/v1/changes?{query}", headers=AUTHORIZED)
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize(
    ("since", "found"), [("9999-12-31T23:59:59-14:00", 0), ("0001-01-01T00:00:00+14:00", 1)]
)
def test_a_time_at_either_end_of_the_calendar_is_a_time(
    client: TestClient, database: Database, clock: ManualClock, since: str, found: int
) -> None:
    tell(client, database, clock, a_change(clock))
    answer = client.get("/v1/changes", params={"since": since}, headers=AUTHORIZED)
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["items"]) == found


def test_neither_side_is_open_without_the_token(client: TestClient) -> None:
    assert client.get("/v1/changes").status_code == 401
    content = {"Content-Type": "application/json"}
    assert client.post("/v1/changes", content="{}", headers=content).status_code == 401
    assert client.post("/v1/changes", content="{", headers=JSON).status_code == 400


def checkout_fails(database: Database, clock: ManualClock) -> None:
    take_in(database, clock, {"name": "CheckoutHighErrorRate", "labels": {"service": "checkout"}})


def test_an_incident_tells_what_changed_before_it(
    client: TestClient, database: Database, clock: ManualClock
) -> None:
    tell(client, database, clock, a_change(clock), a_change(clock, service="search"))
    checkout_fails(database, clock)
    [change] = get(client, "/v1/incidents/RCL-1")["changes"]
    assert (change["service"], change["version"]) == ("checkout", "2")
    assert change["seconds_before"] == 720
    assert not change["is_ago"]


def test_the_console_shows_it_with_the_incident_and_in_its_exports(
    client: TestClient, database: Database, clock: ManualClock, engine: FakeEngine, tmp_path: Any
) -> None:
    hostile = "<script>alert(1)</script>"
    tell(client, database, clock, a_change(clock, version=hostile, links={"log": "https://ci/1"}))
    checkout_fails(database, clock)
    with console(database, clock, engine, Settings(data_dir=tmp_path)) as browser:
        lead = sign_in(browser, database, clock)
        page = lead.get("/console/incidents/RCL-1").text
        assert "Changed last" in page
        assert "12 min before" in page
        assert 'href="https://ci/1"' in page
        assert hostile not in page
        assert "Changed last: checkout" in lead.get("/console/incidents/RCL-1.md").text
        exported = json.loads(lead.get("/console/incidents/RCL-1.json").text)
        assert exported["changes"][0]["version"] == hostile


def test_nothing_is_told_of_an_incident_that_only_a_channel_may_see(
    client: TestClient, database: Database, clock: ManualClock
) -> None:
    tell(client, database, clock, a_change(clock))
    checkout_fails(database, clock)
    with database.begin() as uow:
        incident = uow.incidents.get(1)
        assert incident is not None
        uow.incidents.save(replace(incident, visibility=Visibility(frozenset({"T1/C1"}))))
    assert client.get("/v1/incidents/RCL-1", headers=AUTHORIZED).status_code == 404
