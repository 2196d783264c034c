"""The front knows when Slack could not reach it, and has it repaired."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.jobs.marks import HEARD
from bot.slack.app import build_app
from bot.slack.connect import web_client
from bot.slack.hearing import GAP_JOB, Hearing
from bot.slack.socket import SocketRunner
from bot.store.database import Database
from bot.workspace.server import LocalWorkspace
from tests.support.databases import sqlite_database
from tests.support.slack_inbox import ListInbox


class Front:
    """Sockets and hearing as the front puts them together."""

    def __init__(self, workspace: LocalWorkspace, database: Database) -> None:
        clock = SystemClock()
        self.database = database
        client = web_client(workspace.bot_token, base_url=workspace.api_url)
        self.sockets = SocketRunner(
            build_app(client, ListInbox(), clock, signing_secret=None),
            web_client(workspace.app_token, base_url=workspace.api_url),
            clock,
            on_change=lambda up: self.hearing.look(),
            on_lost=lambda: self.hearing.lost(),
            watch_seconds=0.05,
        )
        self.hearing = Hearing(database, clock, self.sockets.heard_at)

    def start(self) -> None:
        self.sockets.start()
        self.hearing.start()

    def stop(self) -> None:
        self.sockets.stop()
        self.hearing.stop()

    def gaps(self) -> int:
        """How many repairs were asked for."""
        with self.database.begin() as uow:
            jobs = uow.jobs.claim([GAP_JOB], SystemClock().now(), 0, 100)
        return len(jobs)

    def has_heard(self) -> bool:
        with self.database.read() as uow:
            return uow.marks.get(HEARD) is not None


def until(condition: Callable[[], bool], timeout: float = 20.0) -> None:
    """Wait for what is seen in the database, of which the workspace knows nothing."""
    pause, clock = threading.Event(), SystemClock()
    deadline = clock.monotonic() + timeout
    while not condition():
        assert clock.monotonic() < deadline, "it did not happen in time"
        pause.wait(0.05)


@pytest.fixture
def workspace() -> Iterator[LocalWorkspace]:
    with LocalWorkspace(retry_delays=()) as running:
        yield running


@pytest.fixture
def front(workspace: LocalWorkspace, tmp_path: Path) -> Iterator[Front]:
    with sqlite_database(tmp_path, SystemClock()) as database:
        front = Front(workspace, database)
        front.start()
        until(front.has_heard)
        yield front
        front.stop()


def test_the_first_start_asks_for_no_repair(front: Front):
    assert front.gaps() == 0


def test_both_connections_cut_at_once_are_a_gap_however_soon_they_are_back(
    workspace: LocalWorkspace, front: Front
):
    workspace.faults.drop_sockets()
    until(lambda: front.gaps() >= 1)


def test_connections_that_looked_alive_and_were_not_are_a_gap(
    workspace: LocalWorkspace, front: Front
):
    before = set(workspace.connections)
    workspace.faults.set(mute_pings=True)
    workspace.wait_for(lambda: len(set(workspace.connections) - before) >= 2, timeout=20)
    workspace.faults.set(mute_pings=False)
    until(lambda: front.gaps() >= 1)
