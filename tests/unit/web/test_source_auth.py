"""Each source is opened by its own tool's proof, by the webhook token, and by nothing else."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from bot.clock import ManualClock
from bot.store.database import Database
from tests.support.front_fakes import TOKEN, front

BODY = b'{"a": 1}'
KEYS = ("the new secret", "the old secret")
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def client(database: Database, clock: ManualClock) -> Iterator[TestClient]:
    """A front where every source of these tests has two secrets, and no token is set."""
    names = ("pagerduty", "sentry", "github", "gitlab", "datadog", "zabbix", "checkly", "pingdom")
    secrets = {name: tuple(SecretStr(key) for key in KEYS) for name in (*names, "netbox")}
    secrets["elastic"] = (SecretStr("kibana:a long password"),)
    with front(database, clock, token=None, secrets=secrets) as (client, _):
        yield client


def mac(key: str, body: bytes = BODY, digest: str = "sha256") -> str:
    return hmac.new(key.encode(), body, digest).hexdigest()


def basic(pair: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def send(client: TestClient, source: str, headers: dict[str, Any], query: str = "") -> int:
    answer = client.post(f"/v1/alerts/{source}{query}", content=BODY, headers={**JSON, **headers})
    return answer.status_code


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    ("source", "header", "prefix", "digest"),
    [
        ("pagerduty", "X-PagerDuty-Signature", "v1=", "sha256"),
        ("sentry", "Sentry-Hook-Signature", "", "sha256"),
        ("github", "X-Hub-Signature-256", "sha256=", "sha256"),
        ("checkly", "x-checkly-signature", "", "sha256"),
        ("netbox", "X-Hook-Signature", "", "sha512"),
    ],
)
def test_a_signature_by_any_of_the_keys_is_believed_and_no_other(
    client: TestClient, source: str, header: str, prefix: str, digest: str, key: str
) -> None:
    good = f"{prefix}{mac(key, digest=digest)}"
    assert send(client, source, {header: good}) == 202
    assert send(client, source, {header: f"{prefix}{mac('another', digest=digest)}"}) == 401
    assert send(client, source, {header: f"{prefix}{mac(key, BODY + b' ', digest)}"}) == 401
    assert send(client, source, {header: prefix}) == 401
    assert send(client, source, {header: f"{prefix}\xe4".encode("latin-1")}) == 401
    assert send(client, source, {}) == 401


def test_one_right_signature_among_several_is_enough(client: TestClient) -> None:
    given = f"v1={mac('rotated away')},v1={mac(KEYS[1])}"
    assert send(client, "pagerduty", {"X-PagerDuty-Signature": given}) == 202


def test_a_key_that_signs_opens_nothing_when_it_is_shown(client: TestClient) -> None:
    assert send(client, "github", {"Authorization": f"Bearer {KEYS[0]}"}) == 401
    assert send(client, "github", {}, f"?token={KEYS[0]}") == 401


@pytest.mark.parametrize("key", KEYS)
def test_secrets_are_shown_in_the_ways_of_each_tool(client: TestClient, key: str) -> None:
    assert send(client, "gitlab", {"X-Gitlab-Token": key}) == 202
    assert send(client, "datadog", basic(f"anyone:{key}")) == 202
    assert send(client, "datadog", {"X-Recall-Token": key}) == 202
    assert send(client, "zabbix", {"Authorization": f"bearer {key}"}) == 202
    assert send(client, "pingdom", {}, "?" + urlencode({"token": key})) == 202


def test_a_secret_with_a_user_needs_that_user(client: TestClient) -> None:
    assert send(client, "elastic", basic("kibana:a long password")) == 202
    assert send(client, "elastic", basic("other:a long password")) == 401
    assert send(client, "elastic", basic("kibana")) == 401
    assert send(client, "elastic", {"Authorization": "Basic ***"}) == 401


@pytest.mark.parametrize(
    ("source", "headers", "query"),
    [
        ("datadog", {}, f"?token={KEYS[0]}"),
        ("gitlab", {"Authorization": f"Bearer {KEYS[0]}"}, ""),
        ("gitlab", {"X-Gitlab-Token": "wrong"}, ""),
        ("pingdom", {}, "?token="),
        ("pingdom", {}, ""),
        ("opsgenie", {"Authorization": f"Bearer {KEYS[0]}"}, ""),
    ],
)
def test_anything_else_is_refused_and_told_what_to_do(
    client: TestClient, source: str, headers: dict[str, str], query: str
) -> None:
    answer = client.post(f"/v1/alerts/{source}{query}", content=BODY, headers={**JSON, **headers})
    assert answer.status_code == 401
    assert answer.json()["detail"]
    assert KEYS[0] not in answer.text


def test_the_token_opens_every_source_beside_its_own_secrets(
    database: Database, clock: ManualClock
) -> None:
    secrets = {"github": (SecretStr(KEYS[0]),)}
    with front(database, clock, secrets=secrets) as (client, _):
        for source in ("github", "datadog", "cloudwatch"):
            assert send(client, source, {"Authorization": f"Bearer {TOKEN}"}) == 202
            assert send(client, source, {"Authorization": "Bearer wrong"}) == 401
        # The token of everything does not belong into addresses.
        assert send(client, "pingdom", {}, f"?token={TOKEN}") == 401


def test_a_source_answers_to_its_other_names(client: TestClient, database: Database) -> None:
    assert send(client, "Check-ly", {"x-checkly-signature": mac(KEYS[0])}) == 202
    with database.read() as uow:
        [item] = uow.inbox.list(None, 10)
    assert item.source == "checkly"


def form(client: TestClient, source: str, body: bytes, headers: dict[str, str]) -> Any:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return client.post(f"/v1/alerts/{source}", content=body, headers={**kind, **headers})


def test_a_form_is_taken_from_tools_that_send_one_and_signed_as_it_came(
    client: TestClient,
) -> None:
    body = urlencode({"payload": '{"zen": "x"}'}).encode()
    signed = {"X-Hub-Signature-256": f"sha256={mac(KEYS[0], body)}"}
    assert form(client, "github", body, signed).status_code == 202
    assert form(client, "gitlab", body, {"X-Gitlab-Token": KEYS[0]}).status_code == 415
    twice = b"a=1&a=2"
    signed = {"X-Hub-Signature-256": f"sha256={mac(KEYS[0], twice)}"}
    assert "twice" in form(client, "github", twice, signed).json()["detail"]


def test_signatures_are_of_the_kind_that_the_tool_documents() -> None:
    made = hmac.new(b"k", b"body", hashlib.sha256).hexdigest()
    assert mac("k", b"body") == made
