"""Liveness, readiness and metrics."""

import pytest
from starlette.testclient import TestClient

from bot.chat.messages import Board, Notice
from bot.chat.ports import Destination
from bot.clock import ManualClock
from bot.store.database import Database
from bot.web.metrics import FrontMetrics
from tests.support.front_fakes import AUTHORIZED, JSON, BrokenDatabase, FakeEngine, front


def test_all_well_is_alive_and_ready(client: TestClient) -> None:
    alive = client.get("/healthz")
    assert alive.status_code == 200
    assert alive.json()["status"] == "ok"
    assert alive.json()["engine"] == {"ok": True, "ready": True, "revision": 7}
    assert alive.json()["slack"] == {"mode": "off", "ok": True}
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["status"] == "ready"


@pytest.mark.parametrize("state", [None, {"ready": False}, {}])
def test_until_the_engine_is_warm_it_is_alive_but_not_ready(
    client: TestClient, engine: FakeEngine, state: dict[str, object] | None
) -> None:
    engine.state = state
    assert client.get("/healthz").status_code == 200
    assert client.get("/healthz").json()["status"] == "degraded"
    assert client.get("/readyz").status_code == 503


def test_without_the_database_it_is_alive_but_not_ready(clock: ManualClock) -> None:
    with front(BrokenDatabase(), clock) as (client, _):
        assert client.get("/healthz").status_code == 200
        assert client.get("/healthz").json()["database"] == {"ok": False}
        assert client.get("/readyz").status_code == 503
        assert "recall_http_requests_total" in client.get("/metrics").text


def test_slack_being_away_does_not_make_it_unready(database: Database, clock: ManualClock) -> None:
    def away() -> dict[str, object]:
        return {"mode": "socket", "ok": False, "age_seconds": 90.0}

    with front(database, clock, slack=away) as (client, _):
        assert client.get("/readyz").status_code == 200
        assert client.get("/healthz").json()["status"] == "degraded"


def test_metrics_count_by_the_routes_template_and_not_by_the_strangers_path(
    client: TestClient,
) -> None:
    client.post("/v1/alerts/generic", content=b'{"name": "A"}', headers=JSON)
    client.get("/v1/incidents/RCL-1", headers=AUTHORIZED)
    client.get("/some/strangers/path")
    text = client.get("/metrics").text
    assert (
        'recall_http_requests_total{method="POST",route="/v1/alerts/{source}",status="202"} 1.0'
    ) in text
    assert 'route="/v1/incidents/{key}",status="404"' in text
    assert 'route="(none)",status="404"' in text
    assert "strangers" not in text
    assert 'recall_inbox_accepted_total{source="generic"} 1.0' in text
    assert 'recall_inbox_items{state="pending"} 1.0' in text
    assert 'recall_http_request_seconds_bucket{le="0.005",route="/v1/alerts/{source}"}' in text


def test_two_fronts_in_one_process_keep_their_own_metrics(
    database: Database, clock: ManualClock
) -> None:
    with front(database, clock) as (one, _), front(database, clock) as (other, _):
        one.get("/healthz")
        assert 'route="/healthz"' in one.get("/metrics").text
        assert 'route="/healthz"' not in other.get("/metrics").text


def test_the_bots_own_noise_is_there_with_its_limit(database: Database, clock: ManualClock) -> None:
    here = Destination("T1", "C1")
    with database.begin() as unit:
        for key in ("card:RCL-1", "card:RCL-2", "answer:T1:C1:1.0"):
            unit.outbox.put(key, here, Notice(text="hello"), clock.now())
        unit.outbox.put("reminder:1:1", here, Board(title="b", people=("U1",)), clock.now())
    with front(database, clock, metrics=FrontMetrics(database, clock, 2)) as (client, _):
        text = client.get("/metrics").text
        assert 'recall_said_last_day{kind="posts"} 4.0' in text
        assert 'recall_said_last_day{kind="unasked"} 3.0' in text
        assert 'recall_said_last_day{kind="pings"} 1.0' in text
        assert "recall_noise_busiest_channel 3.0" in text
        assert "recall_noise_limit 2.0" in text
        clock.advance(90_000)
        assert "recall_noise_busiest_channel 0.0" in client.get("/metrics").text
