"""A bad minute: incidents by the hundred in many channels while Slack says no at random."""

import random
import threading
from pathlib import Path

import pytest

from bot.chat.messages import IncidentCard
from bot.chat.ports import Destination
from bot.chat.sender import OutboxSender
from bot.clock import SystemClock
from bot.slack.client import SlackChat
from bot.slack.connect import web_client
from bot.store.database import Database
from bot.workspace.model import Message
from bot.workspace.server import LocalWorkspace, Room
from tests.support.databases import sqlite_database
from tests.support.saying import card


class Storm:
    """`incidents` cards into `channels`, spread over `seconds`, each changed now and then."""

    def __init__(self, incidents: int, channels: int, seconds: float, seed: int) -> None:
        self.chance = random.Random(seed)
        self.names = [f"team-{number}" for number in range(channels)]
        self.of = {
            f"RCL-{number + 1}": self.names[number % channels] for number in range(incidents)
        }
        self.pause = seconds / incidents
        self.takes: dict[str, int] = {}

    def blows(self, workspace: LocalWorkspace, database: Database) -> None:
        clock, wait = SystemClock(), threading.Event()
        for key in self.of:
            changed = [key]
            if self.chance.random() < 0.5:
                changed.append(self.chance.choice(list(self.takes) or [key]))
            for one in changed:
                self.takes[one] = self.takes.get(one, 0) + 1
                to = Destination(workspace.team_id, workspace.channel_id(self.of[one]))
                with database.begin() as uow:
                    uow.outbox.put(f"card:{one}", to, self.card(one), clock.now())
            self.trouble(workspace)
            wait.wait(self.pause)

    def card(self, key: str) -> IncidentCard:
        return card(incident_key=key, title=f"{key} take {self.takes[key]}.")

    def trouble(self, workspace: LocalWorkspace) -> None:
        """One call in five is refused for a second; some are done and their answer is lost."""
        what = self.chance.random()
        method = self.chance.choice(["chat.postMessage", "chat.update", "*"])
        if what < 0.2:
            workspace.faults.rate_limit(method, retry_after=1)
        elif what < 0.25:
            workspace.faults.lose_answer("chat.postMessage")
        elif what < 0.28:
            workspace.faults.server_error(method)


def check_storm(folder: Path, storm: Storm, patience: float) -> None:
    clock = SystemClock()
    rooms = [Room(name) for name in storm.names]
    with LocalWorkspace(channels=rooms) as workspace, sqlite_database(folder, clock) as database:
        client = web_client(workspace.bot_token, base_url=workspace.api_url)
        sender = OutboxSender(database, SlackChat(client), clock)
        sender.start()
        try:
            storm.blows(workspace, database)
            workspace.faults.clear()
            until_all_is_said(database, patience)
        finally:
            sender.stop()
        for name in storm.names:
            wanted = [key for key, place in storm.of.items() if place == name]
            cards = workspace.messages(name)
            assert [key_of(one) for one in cards] == [f"card:{key}" for key in wanted], (
                "none lost, none twice, in order"
            )
            for one, key in zip(cards, wanted, strict=True):
                newest = f"{key} take {storm.takes[key]}."
                assert newest in one.text + str(one.blocks), "the newest words stand there"


def until_all_is_said(database: Database, patience: float) -> None:
    pause, clock = threading.Event(), SystemClock()
    deadline = clock.monotonic() + patience
    while unsaid(database):
        assert clock.monotonic() < deadline, f"{unsaid(database)} messages were not said in time"
        pause.wait(0.2)


def unsaid(database: Database) -> int:
    with database.reading() as connection:
        return int(
            connection.exec_driver_sql(
                "SELECT count(*) FROM outbox WHERE desired_revision > sent_revision"
            ).scalar_one()
        )


def key_of(message: Message) -> str:
    assert message.metadata is not None
    return str(message.metadata["event_payload"]["key"])


def test_a_storm_in_many_channels_loses_repeats_and_swaps_nothing(tmp_path: Path):
    check_storm(tmp_path, Storm(incidents=50, channels=10, seconds=4, seed=1), patience=60)


@pytest.mark.soak
@pytest.mark.parametrize("seed", [2, 3])
def test_five_hundred_incidents_in_a_minute_in_fifty_channels(tmp_path: Path, seed: int):
    storm = Storm(incidents=500, channels=50, seconds=60, seed=seed)
    check_storm(tmp_path, storm, patience=120)
