"""Two whole replicas on one PostgreSQL; one is killed with work in its hands."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.backup import back_up, restore
from bot.clock import SystemClock
from bot.demo.serving import ServeProcess
from bot.demo.story import DATA, StoryAlert, load_story
from bot.store.database import Database
from bot.workspace.model import Message
from bot.workspace.server import LocalWorkspace
from knowledge.embed.port import Embedder
from tests.support.databases import postgresql_url
from tests.support.house import CHANNEL, knowing_database

pytestmark = [
    pytest.mark.processes,
    pytest.mark.model,
    pytest.mark.soak,
]

TAKEOVER_SECONDS = 60.0


class Replicas:
    """Two `recall serve`, each with a data folder of its own, on one database."""

    def __init__(self, folder: Path, url: str, workspace: LocalWorkspace) -> None:
        self.workspace = workspace
        self.both = [
            ServeProcess(
                {
                    "RECALL_DATA_DIR": str(folder / name),
                    "RECALL_DATABASE_URL": url,
                    "RECALL_WEBHOOK_TOKEN": "t",
                    "RECALL_SERVICES_FILE": str(DATA / "services.yaml"),
                    "RECALL_SLACK_CHANNEL": CHANNEL,
                    "RECALL_ROLLOUT": "card",
                    "SLACK_BOT_TOKEN": workspace.bot_token,
                    "SLACK_APP_TOKEN": workspace.app_token,
                    "SLACK_API_URL": workspace.api_url,
                },
                folder / f"{name}.log",
            )
            for name in ("one", "two")
        ]

    def cards(self) -> list[Message]:
        return [
            message
            for message in self.workspace.messages(CHANNEL)
            if message.user == self.workspace.bot.id
        ]


@pytest.fixture
def replicas(tmp_path: Path, real_embedder: Embedder) -> Iterator[Replicas]:
    clock = SystemClock()
    backup = tmp_path / "backup.zip"
    past = Database(f"sqlite:///{knowing_database(real_embedder)}", clock=clock)
    back_up(past, backup, clock=clock)
    past.close()
    with ExitStack() as opened:
        url = opened.enter_context(postgresql_url())
        database = Database(url, clock=clock)
        restore(backup, database)
        database.close()
        workspace = opened.enter_context(
            LocalWorkspace(users=("alice",), channels=("general", CHANNEL))
        )
        running = Replicas(tmp_path, url, workspace)
        for each in running.both:
            (tmp_path / ("one" if each is running.both[0] else "two")).mkdir()
            opened.callback(each.stop)
            each.start()
            each.wait_ready()
        yield running


def apart(alert: StoryAlert, number: int) -> StoryAlert:
    service = f"{alert.labels['service']}-{number}"
    # Critical ones are never held back, however many there are within an hour.
    own = {"service": service, "cluster": f"c{number}", "severity": "critical"}
    return replace(alert, labels={**alert.labels, **own})


def family_of(pid: int) -> list[int]:
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").iterdir():
            found.extend(int(child) for child in (task / "children").read_text().split())
    return found


def test_what_a_killed_replica_held_is_said_by_the_other_within_a_minute(
    replicas: Replicas,
) -> None:
    one, two = replicas.both
    alert = next(a for a in load_story().fire_more if a.name == "OrdersDbReplicationLag")
    count = 30
    for number in range(count):
        with (one, two)[number % 2].client() as client:
            body = apart(alert, number).body(datetime.now(UTC))
            client.post("/v1/alerts/alertmanager", json=body).raise_for_status()
    replicas.workspace.wait_for(lambda: len(replicas.cards()) >= 5, 60)
    for pid in family_of(one.pid):
        os.kill(pid, signal.SIGKILL)
    one.kill()
    killed = time.monotonic()
    said = len(replicas.cards())
    replicas.workspace.wait_for(lambda: len(replicas.cards()) > said + 2, TAKEOVER_SECONDS)
    silent = time.monotonic() - killed
    replicas.workspace.wait_for(lambda: len(replicas.cards()) >= count, 120)
    keys = [card.metadata["event_payload"]["key"] for card in replicas.cards() if card.metadata]
    expected = {f"card:{row['key']}" for row in two.get("/v1/incidents?limit=500")["items"]}
    assert sorted(keys) == sorted(expected)
    assert len(keys) == count
    assert silent < TAKEOVER_SECONDS
    counts = two.get("/v1/inbox?limit=1")["counts"]
    assert counts == {"pending": 0, "done": count, "failed": 0}
