"""The read API: what is stored comes out, page by page, and nothing that must stay inside."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from bot.alerts.intake import AlertIntake
from bot.alerts.noise import HeldAlert
from bot.alerts.sources.generic_schema import json_schema
from bot.clock import ManualClock
from bot.jobs.ports import InboxItem, InboxKind
from bot.services.catalogue import Catalogue
from bot.store.database import Database
from bot.suggestions.ports import Feedback, StoredSuggestion
from tests.support.front_fakes import AUTHORIZED, BrokenDatabase, a_suggestion, front

SCHEMA_FILE = Path(__file__).parents[3] / "docs" / "generic-alert.schema.json"


def take_in(database: Database, clock: ManualClock, *bodies: Any) -> None:
    items = [
        InboxItem(
            id=f"d{number}",
            kind=InboxKind.ALERT,
            source="generic",
            body=json.dumps(body).encode(),
            content_type="application/json",
            received_at=clock.now(),
        )
        for number, body in enumerate(bodies)
    ]
    with database.begin() as uow:
        uow.inbox.add_many(items)
    with database.begin() as uow:
        AlertIntake(Catalogue(), clock).process(uow, uow.inbox.claim(1000, clock.now()))


def get(client: TestClient, path: str) -> Any:
    answer = client.get(path, headers=AUTHORIZED)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
def stocked(client: TestClient, database: Database, clock: ManualClock) -> TestClient:
    """Five services with an incident each, the first with two alerts; one bad delivery."""
    first = {"name": "DiskFull", "key": "second", "labels": {"service": "s0"}}
    alerts = [{"name": f"DiskFull{i}", "labels": {"service": f"s{i}"}} for i in range(5)]
    take_in(database, clock, *alerts, first, {"name": 5})
    return client


def test_an_incident_lists_the_fingerprints_of_its_alerts(stocked: TestClient) -> None:
    alerts = get(stocked, "/v1/alerts")["items"]
    incidents = get(stocked, "/v1/incidents")["items"]
    assert len(alerts) == 6
    assert len(incidents) == 5
    for incident in incidents:
        own = {one["fingerprint"] for one in alerts if one["incident_id"] == incident["id"]}
        assert set(incident["fingerprints"]) == own
    assert sorted(len(incident["fingerprints"]) for incident in incidents) == [1, 1, 1, 1, 2]


@pytest.mark.parametrize(("kind", "count"), [("alerts", 6), ("incidents", 5)])
def test_pages_follow_each_other_newest_first_without_gaps(
    stocked: TestClient, kind: str, count: int
) -> None:
    seen: list[int] = []
    path = f"/v1/{kind}?limit=2"
    while True:
        page = get(stocked, path)
        seen += [row["id"] for row in page["items"]]
        if page["next"] is None:
            break
        path = f"/v1/{kind}?limit=2&before={page['next']}"
    assert len(seen) == count
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=501", "limit=x", "limit=-1", "before=0", "before=99999999999999999999"],
)
@pytest.mark.parametrize("kind", ["alerts", "incidents"])
def test_a_limit_or_cursor_that_makes_no_sense_is_refused(
    client: TestClient, kind: str, query: str
) -> None:
    answer = client.get(f"/v1/{kind}?{query}", headers=AUTHORIZED)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert query.partition("=")[0] in answer.json()["detail"]


def test_one_incident_has_its_alerts_and_its_timeline(stocked: TestClient) -> None:
    key = get(stocked, "/v1/incidents")["items"][-1]["key"]
    incident = get(stocked, f"/v1/incidents/{key}")
    assert incident["key"] == key
    assert {alert["name"] for alert in incident["alerts"]} == {"DiskFull0", "DiskFull"}
    assert [entry["kind"] for entry in incident["timeline"]] == ["alert_fired", "alert_fired"]
    assert incident["timeline"][1]["text"] == (
        "DiskFull: first seen (joined because: same service s0, 0 s apart)"
    )


@pytest.mark.parametrize(
    "path", ["/v1/incidents/RCL-999", "/v1/incidents/x", "/v1/suggestions/x", "/v1/receipts/x"]
)
def test_what_is_not_there_is_not_found(client: TestClient, path: str) -> None:
    answer = client.get(path, headers=AUTHORIZED)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_suggestions_come_with_feedback_and_receipts_by_themselves(
    client: TestClient, database: Database
) -> None:
    at = datetime(2026, 11, 19, tzinfo=UTC)
    with database.begin() as uow:
        uow.suggestions.add(
            StoredSuggestion(
                suggestion=a_suggestion("s1"), incident_id=None, asked_by="api", created_at=at
            )
        )
        uow.suggestions.record_feedback(
            Feedback(
                team_id="T1",
                actor="T1/U1",
                suggestion_id="s1",
                incident_id=None,
                verdict="helpful",
                past_incident_id=None,
                at=at,
            )
        )
    [listed] = get(client, "/v1/suggestions")["items"]
    assert listed["suggestion"]["id"] == "s1"
    one = get(client, "/v1/suggestions/s1")
    assert [word["verdict"] for word in one["feedback"]] == ["helpful"]
    [receipt] = get(client, "/v1/receipts")["items"]
    assert receipt == get(client, "/v1/receipts/s1")
    assert receipt["receipt"] == {"generation": "g1"}


def test_the_inbox_is_shown_without_bodies_and_can_be_narrowed(stocked: TestClient) -> None:
    whole = get(stocked, "/v1/inbox")
    assert len(whole["items"]) == 7
    assert all("body" not in item for item in whole["items"])
    [failed] = get(stocked, "/v1/inbox?state=failed")["items"]
    assert "name" in failed["error"]
    assert whole["counts"]["failed"] == 1
    assert stocked.get("/v1/inbox?state=odd", headers=AUTHORIZED).status_code == 422


def test_a_database_that_is_away_is_503_everywhere(clock: ManualClock) -> None:
    with front(BrokenDatabase(), clock) as (client, _):
        for kind in ("alerts", "incidents", "suggestions", "receipts", "inbox"):
            answer = client.get(f"/v1/{kind}", headers=AUTHORIZED)
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0


def test_the_generic_schema_is_published_and_the_file_in_docs_is_the_same(
    client: TestClient,
) -> None:
    served = client.get("/v1/schemas/generic").json()
    assert served == json_schema()
    assert served == json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))


def test_the_openapi_document_names_all_addresses(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/v1/alerts/{source}", "/v1/suggest", "/v1/incidents/{key}", "/readyz"} <= set(paths)


def test_what_was_held_back_is_told_with_the_counts_of_the_day(
    client: TestClient, database: Database, clock: ManualClock
) -> None:
    held = HeldAlert(
        fingerprint="f",
        name="DiskFull",
        service="db",
        environment="prod",
        by="silence",
        reason="ordered",
        rule="silences.0",
        at=clock.now(),
    )
    with database.begin() as uow:
        uow.held.save([held])
    told = get(client, "/v1/noise")
    assert told["last_day"] == {"silence": 1}
    assert told["items"][0]["reason"] == "ordered"
