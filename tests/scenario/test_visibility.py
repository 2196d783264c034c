"""What some people may not see leaves no trace in what they get: not a word, not a number."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.demo.story import Story
from bot.suggestions.build import SuggestionBuilder
from bot.workspace.server import Room
from knowledge.embed.port import Embedder
from knowledge.model import Audience, Document, PastIncident, Query, Runbook, Visibility
from knowledge.text.passages import passages_of
from tests.support.house import CHANNEL, House, text_of
from tests.support.memory_knowledge import THREE_CAUSES, case, page, searchable

HERE, THERE = "T1/C1", "T1/C2"
SECRET = Visibility(frozenset({THERE}))

MORE = (
    case(
        "INC-4",
        "Orders fail again",
        "FATAL: sorry, too many clients already, report worker again.",
        "Report worker leaked database sessions once more.",
        alerts=("OrdersFailing",),
        services=("checkout",),
        environments=("prod/eu",),
        runbook="db-slots",
        logs=("FATAL: sorry, too many clients already",),
    ),
    case("INC-5", "Disk full", "The disk of the log host is full.", "Logs grew."),
    page("disk", "Disk full", "# Disk full\n\n## Mitigation\n\n- Clean up the logs.\n"),
    page("triage", "OrdersFailing", "# Orders\n\n## Check\n\n- Which of the three is it?\n"),
)
DOCUMENTS = (*THREE_CAUSES, *MORE)
QUERIES = (
    Query(
        text="Many orders fail",
        alert_name="OrdersFailing",
        service="checkout",
        environment="prod/eu",
        runbook_url="https://w/triage",
    ),
    Query(
        text="Many orders fail",
        alert_name="OrdersFailing",
        service="checkout",
        logs=("FATAL: sorry, too many clients already",),
    ),
    Query(text="disk full, clean up the logs"),
    Query(text="Espresso machine out of beans", alert_name="NoCoffee", service="kitchen"),
)


def hidden(document: Document) -> Document:
    return replace(document, visibility=SECRET)


def rewritten(document: Document) -> Document:
    """Another hidden document in the same place: what it says must not matter either."""
    if isinstance(document, Runbook):
        body = "# Orders\n\n## Mitigation\n\n- Orders orders disk clients FATAL.\n" * 4
        return replace(document, title="Orders disk", body=body)
    return replace(
        document,
        title="Orders disk espresso",
        symptom="Orders fail, disk full, too many clients, beans " * 9,
        cause="Something else entirely",
        services=("kitchen", "checkout"),
        alerts=("NoCoffee", "OrdersFailing"),
        started_at=datetime(2026, 11, 1, tzinfo=UTC),
    )


def without_places(value: Any) -> Any:
    """An answer without what merely numbers the database: its revision and passage ids."""
    if isinstance(value, dict):
        numbers = {"revision"}
        if "hash" in value or "excerpt" in value:
            numbers.add("id")
        return {k: without_places(v) for k, v in value.items() if k not in numbers}
    if isinstance(value, list):
        return [without_places(each) for each in value]
    return value


def all_answers(documents: tuple[Document, ...], audience: Audience) -> list[Any]:
    with searchable(*documents) as (retriever, source):
        builder = SuggestionBuilder(retriever, source, ids=lambda: "id")
        made = [
            builder.suggest(replace(query, audience=audience), asked=asked)
            for query in QUERIES
            for asked in (True, False)
        ]
    return [without_places(one.model_dump(mode="json")) for one in made]


READERS = st.sampled_from(
    [Audience(), Audience(channel=HERE), Audience(channel="T2/C2"), Audience(channel="C2")]
)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sets(st.integers(0, len(DOCUMENTS) - 1)), READERS)
def test_answers_are_those_of_a_memory_that_never_held_what_is_hidden(
    restricted: set[int], readers: Audience
) -> None:
    kept = tuple(d for n, d in enumerate(DOCUMENTS) if n not in restricted)
    with_hidden = tuple(hidden(d) if n in restricted else d for n, d in enumerate(DOCUMENTS))
    others = tuple(hidden(rewritten(d)) if n in restricted else d for n, d in enumerate(DOCUMENTS))
    expected = all_answers(kept, readers)
    assert all_answers(with_hidden, readers) == expected
    assert all_answers(others, readers) == expected


def test_those_who_may_see_get_it() -> None:
    restricted = tuple(map(hidden, DOCUMENTS))
    there = all_answers(restricted, Audience(channel=THERE))
    for answer in there:  # the receipt keeps where it was asked, and that alone differs
        assert answer["receipt"]["query"].pop("channel") == THERE
    everywhere = all_answers(DOCUMENTS, Audience())
    for answer in everywhere:
        assert answer["receipt"]["query"].pop("channel") is None
    assert there == everywhere


def test_a_shared_channel_is_told_nothing_whatever_it_is_listed_for() -> None:
    nothing = Audience(channel=THERE, sees_nothing=True)
    assert all_answers(tuple(map(hidden, DOCUMENTS)), nothing) == all_answers((), nothing)
    assert all_answers(DOCUMENTS, nothing) == all_answers((), nothing)


# -- over the wire ----------------------------------------------------------------------------

WORD = "quicksilver"


@pytest.fixture
def house(tmp_path: Path, real_embedder: Embedder) -> Iterator[House]:
    with House(tmp_path, real_embedder, "socket") as opened:
        yield opened


def secrets(house: House, room: str) -> tuple[Document, ...]:
    key = f"{house.workspace.team_id}/{house.workspace.channel_id(room)}"
    only = Visibility(frozenset({key}))
    words = {"services": (WORD,), "alerts": ("QuicksilverSpill",), "visibility": only}
    return (
        PastIncident(
            id="INC-900",
            title=f"The {WORD} vat overflows",
            symptom=f"{WORD} on the floor of the vault",
            cause="Merger with Umbrella Books under way",
            resolution="Told nobody",
            environments=("prod/eu-1",),
            runbook="vat-page",
            **words,  # type: ignore[arg-type]
        ),
        Runbook(
            id="vat-page",
            title=f"{WORD} vat",
            body=f"# {WORD} vat\n\n## Mitigation\n\n1. Call Umbrella Books.\n",
            **words,  # type: ignore[arg-type]
        ),
    )


def learn(house: House, documents: tuple[Document, ...]) -> None:
    source = house.database.knowledge_source()
    rows = [(document, passages_of(document)) for document in documents]
    source.upsert(rows, actor="tests", now=datetime.now(UTC))
    house.until(lambda: house.engine.status()["revision"] == source.head())


def told(text: str) -> bool:
    """Whether any of the restricted records shows in a text."""
    return bool(re.search(r"INC-900|vat-page|Umbrella|vault", text))


QUESTION = f"{WORD} vat overflows"


@pytest.mark.model
def test_a_private_channels_records_are_told_there_and_nowhere_else(
    house: House, story: Story
) -> None:
    house.workspace.add_channel(Room("war-room", private=True, members=("alice",)))
    house.workspace.add_channel(Room("partners", shared=True))
    before = house.post("/v1/suggest", {"text": QUESTION, "labels": {"service": WORD}}).json()
    learn(house, secrets(house, "war-room"))
    alice = house.person("alice")
    inside = house.reply_to(alice.mentions_bot("war-room", QUESTION), "war-room")
    assert told(text_of(inside))

    for path in ("suggestions", "receipts"):
        rows = house.get(f"/v1/{path}")["items"]
        assert not told(json.dumps(rows))
        newest = house.get(f"/v1/{path}/{id_of(rows[0])}")
        assert not told(json.dumps(newest))

    for room in ("incidents", "general", "partners"):
        reply = house.reply_to(alice.mentions_bot(room, QUESTION), room)
        assert not told(text_of(reply)), room
        assert not told(json.dumps(list(reply.blocks)).replace(QUESTION, "")), room
    direct = alice.tells_bot(QUESTION)
    assert not told(text_of(house.reply_to(direct, direct.channel)))
    after = house.post("/v1/suggest", {"text": QUESTION, "labels": {"service": WORD}}).json()
    assert without_revision(after) == without_revision(before)

    labels = {**story.first_alert.labels, "alertname": "QuicksilverSpill", "service": WORD}
    annotations = {"summary": QUESTION}
    house.fires(replace(story.first_alert, name="QuicksilverSpill", labels=labels,
                        annotations=annotations))  # fmt: skip
    house.until(lambda: bool(house.get("/v1/incidents")["items"]))
    house.until(house.is_settled)
    incident = house.get("/v1/incidents")["items"][0]["key"]
    assert not told(json.dumps(house.get(f"/v1/incidents/{incident}")))
    assert all(not told(text_of(card)) for card in house.cards(CHANNEL))


def id_of(row: dict[str, Any]) -> str:
    found = row.get("suggestion_id") or row["suggestion"]["id"]
    return str(found)


def without_revision(answer: dict[str, Any]) -> Any:
    return without_places({k: v for k, v in answer.items() if k not in ("id", "suggestion_id")})


@pytest.mark.model
def test_a_shared_channel_learns_nothing_of_the_memory(house: House) -> None:
    house.workspace.add_channel(Room("partners", shared=True))
    asked = house.person("bob").mentions_bot("partners", "standby of orders-db is far behind")
    said = text_of(house.reply_to(asked, "partners"))
    assert "INC-" not in said
    assert "Nearest" not in said


@pytest.mark.model
def test_an_incident_resolved_like_a_restricted_one_is_as_restricted(
    tmp_path: Path, real_embedder: Embedder, story: Story
) -> None:
    with House(tmp_path, real_embedder, "socket") as house:
        learn(house, secrets(house, CHANNEL))
        labels = {**story.first_alert.labels, "alertname": "QuicksilverSpill", "service": WORD}
        alert = replace(
            story.first_alert,
            name="QuicksilverSpill",
            labels=labels,
            annotations={"summary": f"{QUESTION}, {WORD} on the floor"},
        )
        house.fires(alert)
        card = house.card_that_says("INC-900")
        house.person("alice").clicks(card, "Resolved like INC-900")
        house.card_that_says("Resolved like", "alice")
        house.until(house.is_settled)
        source = house.database.knowledge_source()
        house.until(lambda: house.engine.status()["revision"] == source.head())
        kept = source.get("RCL-1")
        assert kept is not None
        assert kept.visibility.channels == frozenset(
            {f"{house.workspace.team_id}/{house.workspace.channel_id(CHANNEL)}"}
        )
        elsewhere = house.reply_to(house.person("bob").mentions_bot("general", QUESTION), "general")
        answer = house.post("/v1/suggest", {"text": QUESTION, "labels": {"service": WORD}}).text
        incident = house.get("/v1/incidents/RCL-1")
        assert not told(json.dumps(incident))
        assert {entry["kind"] for entry in incident["timeline"]} >= {"note", "suggestion"}
        for text in (text_of(elsewhere), answer):
            assert not told(text)
            assert "RCL-1" not in text
