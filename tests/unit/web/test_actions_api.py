"""Actions over HTTP: templates and requests are read, and nobody acts without being a person."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from bot.clock import ManualClock
from bot.store.database import Database
from knowledge.model import Visibility
from tests.support.actions import ALICE, LENA, TEAM, Team
from tests.support.front_fakes import AUTHORIZED, front


@pytest.fixture
def team(database: Database, clock: ManualClock, tmp_path: Path) -> Team:
    return Team(database, clock, tmp_path)


@pytest.fixture
def api(team: Team) -> Iterator[TestClient]:
    catalogue = team.book.source
    with front(team.database, team.clock, actions=catalogue) as (client, _):
        yield client


def test_templates_are_listed_without_what_they_start(api: TestClient) -> None:
    answer = api.get("/v1/actions", headers=AUTHORIZED)
    [one] = answer.json()["items"]
    assert (one["id"], one["risk"], one["approvals"]) == ("touch", "low", 1)
    assert [parameter["name"] for parameter in one["parameters"]] == ["name"]
    assert "/usr/bin/touch" not in answer.text


def test_requests_are_read_with_their_hash_and_who_approved(api: TestClient, team: Team) -> None:
    request = team.asked(ALICE)
    team.approves(LENA, request)
    one = api.get("/v1/actions/requests/1", headers=AUTHORIZED).json()
    assert one["key"] == "ACT-1"
    assert one["digest"] == request.digest
    assert one["state"] == "approved"
    assert one["approved_by"] == [f"{TEAM}/{LENA}"]
    assert api.get("/v1/actions/requests", headers=AUTHORIZED).json() == {"items": [one]}


def test_a_request_about_a_hidden_incident_is_not_there(api: TestClient, team: Team) -> None:
    request = team.asked(ALICE)
    with team.database.begin() as uow:
        incident = uow.incidents.get(request.incident_id or 0)
        assert incident is not None
        uow.incidents.save(replace(incident, visibility=Visibility(frozenset({"T1/C1"}))))
    assert api.get("/v1/actions/requests", headers=AUTHORIZED).json() == {"items": []}
    assert api.get("/v1/actions/requests/1", headers=AUTHORIZED).status_code == 404


@pytest.mark.parametrize("path", ["", "/requests", "/requests/1"])
def test_without_the_token_nothing_is_told(api: TestClient, path: str) -> None:
    assert api.get(f"/v1/actions{path}").status_code == 401


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("", 405),
        ("/requests", 403),
        ("/requests/1", 405),
        ("/requests/1/withdraw", 403),
        ("/requests/1/approve", 403),
        ("/requests/1/reject", 403),
        ("/requests/1/run", 404),
    ],
)
def test_the_token_is_no_person_and_neither_asks_nor_approves(
    api: TestClient, team: Team, path: str, status: int
) -> None:
    request = team.asked(ALICE)
    answer = api.post(f"/v1/actions{path}", headers=AUTHORIZED, json={"template": "touch"})
    assert answer.status_code == status
    if status == 403:
        assert "is no person" in answer.json()["detail"]
    assert team.now(request) == request
    with team.database.read() as uow:
        assert [one.id for one in uow.actions.newest(10)] == [request.id]


@pytest.mark.parametrize("number", ["0", "x", "99999999999999999999", "2"])
def test_a_number_that_is_none_is_told(api: TestClient, number: str) -> None:
    answer = api.get(f"/v1/actions/requests/{number}", headers=AUTHORIZED)
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"
