"""kill -9 of everything that `recall serve` is, at any moment: nothing lost, nothing twice."""

import os
import random
import shutil
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.demo.stage import CHANNEL, Stage
from bot.demo.story import DATA, Story, StoryAlert, knowledge, load_story
from bot.workspace.model import Message
from knowledge.embed.port import Embedder
from tests.support.house import knowing_database

ASKED_IN = "general"
QUESTIONS = (
    "standby of orders-db is far behind, seen before?",
    "checkout answers 502, why?",
    "disk of the search node is full",
)

pytestmark = [pytest.mark.processes, pytest.mark.model]


@pytest.fixture(scope="module")
def story() -> Story:
    return load_story()


@pytest.fixture
def stage(tmp_path: Path, real_embedder: Embedder) -> Iterator[Stage]:
    # With the vectors of what it knows, which take the engine as long to make as all else.
    shutil.copy(knowing_database(real_embedder), tmp_path / "recall.db")
    with Stage(tmp_path, services=DATA / "services.yaml", knowledge=knowledge()) as opened:
        yield opened


def family_of(pid: int) -> list[int]:
    """`pid` and all of its descendants, as the kernel lists them; threads come and go meanwhile."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            with suppress(FileNotFoundError, ProcessLookupError):
                found.extend(int(child) for child in task.read_text().split())
    return found


def kill_everything(stage: Stage) -> None:
    for pid in family_of(stage.bot.pid):
        os.kill(pid, signal.SIGKILL)
    stage.bot.kill()


def numbered(alert: StoryAlert, number: int) -> StoryAlert:
    """The same alert on another pod of another service: an alert and an incident of its own."""
    service = f"{alert.labels['service']}-{number}"
    # Critical ones are never held back, however many there are within an hour.
    own = {"service": service, "pod": f"{service}-0", "severity": "critical"}
    labels = {**alert.labels, **own}
    return replace(alert, labels=labels)


class Asking:
    """Alice asks in a channel of her own, whether anybody listens or not."""

    def __init__(self, stage: Stage, chance: random.Random) -> None:
        self._stage, self._chance = stage, chance
        self.questions: list[Message] = []

    def perhaps(self) -> None:
        if self._chance.random() < 0.6:
            text = self._chance.choice(QUESTIONS)
            self.questions.append(self._stage.person("alice").mentions_bot(ASKED_IN, text))

    def answers(self) -> list[int]:
        """How many the bot gave to each question."""
        workspace = self._stage.workspace
        threads = [workspace.thread(ASKED_IN, one.ts) for one in self.questions]
        return [sum(m.user == workspace.bot.id for m in thread) for thread in threads]


def kill_while_alerts_come_in(stage: Stage, story: Story, kills: int, seed: int) -> None:
    chance = random.Random(seed)
    asking = Asking(stage, chance)
    answered = [alert for alert in story.fire_more if alert.name != "GiftWrapPrinterOutOfPaper"]
    sent: set[tuple[str, str]] = set()
    number = 0
    for _ in range(kills):
        for _ in range(chance.randint(1, 3)):
            number += 1
            alert = numbered(chance.choice(answered), number)
            stage.alert("alertmanager", alert.body(datetime.now(UTC)))
            sent.add((alert.name, alert.labels["service"]))
        asking.perhaps()
        pause = chance.choice([0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5])
        deadline = datetime.now(UTC).timestamp() + pause
        while datetime.now(UTC).timestamp() < deadline:
            pass
        kill_everything(stage)
        asking.perhaps()  # nobody is there to hear it
        stage.start_serve()

    def all_there() -> bool:
        rows = stage.bot.get("/v1/alerts?limit=500")["items"]
        return {(row["name"], row["labels"]["service"]) for row in rows} == sent

    stage.bot.until(all_there, 60)

    def all_said() -> bool:
        incidents = stage.bot.get("/v1/incidents?limit=500")["items"]
        decided = {
            row["incident_id"]: row["suggestion"]["answered"]
            for row in stage.bot.get("/v1/suggestions?limit=500")["items"]
            if row["incident_id"] is not None  # answers to people belong to none
        }
        told = {key for key in keys_said(stage) if key.startswith("card:")}
        expected = {f"card:{row['key']}" for row in incidents if decided.get(row["id"])}
        return {row["id"] for row in incidents} == set(decided) and expected == told

    stage.bot.until(all_said, 60)
    stage.bot.until(lambda: all(asking.answers()), 60)
    assert set(asking.answers()) <= {1}, "a question was answered twice"
    keys = keys_said(stage)
    assert len(keys) == len(set(keys)), "a card was posted twice"
    states = {row["state"] for row in stage.bot.get("/v1/inbox?limit=500")["items"]}
    assert states == {"done"}
    buttons_still_work(stage)


def keys_said(stage: Stage) -> list[str]:
    return [m.metadata["event_payload"]["key"] for m in stage.bot_messages() if m.metadata]


def buttons_still_work(stage: Stage) -> None:
    """Those of the oldest card, which an earlier life of the bot has posted."""
    oldest = next(m for m in stage.bot_messages() if "Helpful" in str(m.blocks))
    alice = stage.person("alice")
    stage.workspace.wait_until_acked(alice.clicks(oldest, "Helpful"))

    def is_shown() -> bool:
        now = stage.workspace.message(CHANNEL, oldest.ts)
        return alice.mention in str(now.blocks)

    stage.workspace.wait_for(is_shown)


def test_no_alert_is_lost_and_no_card_posted_twice(stage: Stage, story: Story) -> None:
    kill_while_alerts_come_in(stage, story, kills=5, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 5))
def test_not_even_over_many_kills(stage: Stage, story: Story, seed: int) -> None:
    kill_while_alerts_come_in(stage, story, kills=17, seed=seed)


def test_a_process_that_dies_is_started_again(stage: Stage, story: Story) -> None:
    children = family_of(stage.bot.pid)[1:]
    for pid in children:
        os.kill(pid, signal.SIGKILL)

    alert = story.first_alert
    with stage.bot.client() as client:
        answer = client.post("/v1/alerts/alertmanager", json=alert.body(datetime.now(UTC)))
    assert answer.status_code == 202, "callers wait in the socket's queue meanwhile"
    card = stage.workspace.wait_for(
        lambda: next((m for m in stage.bot_messages() if alert.name in str(m.blocks)), None), 60
    )
    assert card is not None


def test_no_process_is_left_when_the_supervisor_is_killed(stage: Stage) -> None:
    children = family_of(stage.bot.pid)[1:]
    assert len(children) >= 2
    stage.bot.kill()
    for pid in children:
        deadline = datetime.now(UTC).timestamp() + 30
        while Path(f"/proc/{pid}").exists() and not is_zombie(pid):
            assert datetime.now(UTC).timestamp() < deadline, f"process {pid} outlives its parent"


def is_zombie(pid: int) -> bool:
    try:
        return " Z " in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True
