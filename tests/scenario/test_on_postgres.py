"""The main job on a real PostgreSQL, with one engine and with two."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.app import build_engine
from bot.backup import back_up, restore
from bot.clock import ManualClock, SystemClock
from bot.demo.story import Story, StoryAlert
from bot.engine.running import RunningEngine
from bot.settings import load_settings
from bot.store.database import Database
from knowledge.embed.port import Embedder
from tests.support import postgres
from tests.support.house import CHANNEL, House, knowing_database
from tests.support.slack_world import World
from tests.support.together import together

pytestmark = [pytest.mark.model]


@pytest.fixture(scope="module")
def knowing(real_embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a PostgreSQL database with Larkspur's past, moved there from SQLite."""
    server = postgres.server()
    name = server.create(postgres.template())
    clock = SystemClock()
    backup = tmp_path_factory.mktemp("knowing") / "backup.zip"
    past = Database(f"sqlite:///{knowing_database(real_embedder)}", clock=clock)
    back_up(past, backup, clock=clock)
    past.close()
    database = Database(server.url(name), clock=clock)
    restore(backup, database)
    database.close()
    return name


@contextmanager
def copy_of(template: str) -> Iterator[str]:
    server = postgres.server()
    name = server.create(template)
    try:
        yield server.url(name)
    finally:
        server.drop(name)


@pytest.fixture
def house(tmp_path: Path, real_embedder: Embedder, knowing: str) -> Iterator[House]:
    with (
        copy_of(knowing) as url,
        House(tmp_path, real_embedder, "socket", RECALL_DATABASE_URL=url) as opened,
    ):
        yield opened


@contextmanager
def second_engine(house: House, folder: Path, embedder: Embedder) -> Iterator[RunningEngine]:
    """Another replica's engine on the same database, with a data folder of its own."""
    folder.mkdir()
    environment = {**house.environment(), "RECALL_DATA_DIR": str(folder)}
    with ExitStack() as opened:
        engine = build_engine(load_settings(environment=environment), embedder=embedder)
        opened.callback(engine.stop)
        engine.start()
        yield engine


def named(story: Story, name: str) -> StoryAlert:
    return next(alert for alert in story.fire_more if alert.name == name)


def apart(alert: StoryAlert, number: int) -> StoryAlert:
    """The same alert in a cluster and service of its own: an incident of its own."""
    service = f"{alert.labels['service']}-{number}"
    # Critical ones are never held back, however many there are within an hour.
    own = {"service": service, "cluster": f"c{number}", "severity": "critical"}
    return replace(alert, labels={**alert.labels, **own})


def card_keys(house: House) -> list[str]:
    return [card.metadata["event_payload"]["key"] for card in house.cards() if card.metadata]


def test_an_alert_becomes_one_card_and_is_edited_when_it_resolves(
    house: House, story: Story
) -> None:
    alert = named(story, "OrdersDbReplicationLag")
    house.fires(alert)
    card = house.card_that_says("OrdersDbReplicationLag")
    house.resolves(alert)
    house.card_that_says("OrdersDbReplicationLag", "esolved")
    assert [one.ts for one in house.cards()] == [card.ts]


def test_evidence_leads_to_one_cause_and_what_was_told_is_found_next_time(
    house: House, story: Story
) -> None:
    cause = story.true_cause(3)
    house.fires(story.first_alert)
    card = house.card_that_says("Three causes fit")
    pasted = f"{cause.evidence_question}\n```\n{cause.evidence_log}\n```"
    house.person("alice").mentions_bot(CHANNEL, pasted, thread_ts=card.ts)
    told = house.card_that_says("Seen before", cause.expected_incident)
    house.person("alice").clicks(told, f"Resolved like {cause.expected_incident}")
    house.card_that_says("Resolved like", "alice")
    house.resolves(story.first_alert)
    house.until(house.is_settled)
    house.fires(story.first_alert)
    house.workspace.wait_for(lambda: len(house.cards()) == 2, 30)
    newest = house.get("/v1/incidents")["items"][0]
    suggestion = house.get(f"/v1/incidents/{newest['key']}")["suggestion"]
    assert suggestion["incidents"][0]["id"] == "RCL-1"


def test_a_redelivered_question_is_answered_once(house: House) -> None:
    asked = house.person("bob").mentions_bot(CHANNEL, "standby of orders-db is far behind")
    house.reply_to(asked)
    for _ in range(5):
        house.workspace.redeliver_last_event()
    house.until(house.is_settled)
    assert len(house.replies(asked)) == 1


def all_told_once_by_two_engines(
    house: House, story: Story, folder: Path, embedder: Embedder, count: int
) -> None:
    alert = named(story, "OrdersDbReplicationLag")
    with second_engine(house, folder / "second", embedder) as other:
        for number in range(count):
            house.fires(apart(alert, number))
            other.wake()
        house.until(lambda: len(house.get("/v1/incidents")["items"]) == count, 60)
        house.until(house.is_settled, 60)
        house.until(lambda: len(house.cards()) == count, 10 + 2 * count)
    keys = card_keys(house)
    assert sorted(keys) == sorted(set(keys))
    expected = {f"card:{row['key']}" for row in house.get("/v1/incidents")["items"]}
    assert set(keys) == expected


def test_two_engines_on_one_database_say_each_card_once(
    house: House, story: Story, tmp_path: Path, real_embedder: Embedder
) -> None:
    all_told_once_by_two_engines(house, story, tmp_path, real_embedder, 6)


@pytest.mark.soak
def test_two_engines_say_thirty_cards_once(
    house: House, story: Story, tmp_path: Path, real_embedder: Embedder
) -> None:
    all_told_once_by_two_engines(house, story, tmp_path, real_embedder, 30)


@pytest.fixture
def world() -> Iterator[World]:
    """The Slack side alone, on PostgreSQL, where writers are not in line by themselves."""
    clock = ManualClock()
    server = postgres.server()
    name = server.create(postgres.template())
    database = Database(server.url(name), clock=clock, busy_timeout_seconds=30)
    try:
        yield World(database, clock)
    finally:
        database.close()
        server.drop(name)


def presses_at_once(world: World, count: int, action: str, users: int) -> None:
    """`count` deliveries of a click at one moment, spread over so many people."""
    message = world.answers()[-1] if world.answers() else world.card()
    [token] = [button.token for button in message.buttons if button.action == action]
    presses = world.prepared(token, users)
    together(count, lambda number: world.buttons.press(presses[number % users]))
    world.send()


def test_fifty_deliveries_of_one_click_have_one_effect(world: World) -> None:
    world.knows()
    world.alert_fires()
    world.follow()
    presses_at_once(world, 50, "resolved_like", users=1)
    with world.database.read() as uow:
        timeline = uow.incidents.timeline(1)
        audited = [event.action for event in uow.audit.list()]
    documents = world.database.knowledge_source().list()
    assert sum(bool(entry.data.get("resolved_like")) for entry in timeline) == 1
    assert sorted(document.id for document in documents) == ["INC-87", "RCL-1"]
    assert {document.version for document in documents} == {1}
    assert audited.count("button.resolved_like") == 1
    assert audited.count("button.refused") == 49


def test_fifty_people_who_say_the_same_of_an_answer_are_all_shown(world: World) -> None:
    world.says("<@U0BOT> why?")
    presses_at_once(world, 50, "helpful", users=50)
    [said] = world.answers()[0].said
    assert len(said.user_ids) == 50
