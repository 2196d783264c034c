"""The front knows when Slack could not reach it, and has it repaired."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest

from bot.canary.model import MESSAGE_KEY
from bot.chat.messages import Notice
from bot.chat.ports import Destination
from bot.clock import ManualClock, SystemClock
from bot.jobs.marks import HEARD
from bot.slack.app import build_app
from bot.slack.connect import web_client
from bot.slack.hearing import GAP_JOB, Gap, Hearing
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
            build_app(client, ListInbox(), clock, lambda _: {}, signing_secret=None),
            web_client(workspace.app_token, base_url=workspace.api_url),
            clock,
            on_change=lambda up: self.hearing.look(),
            on_lost=lambda: self.hearing.lost(),
            watch_seconds=0.05,
        )
        self.hearing = Hearing.over(database, clock, self.sockets)

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


# -- connections that answer pings and deliver nothing -----------------------------------------


class DeafSockets:
    """Sockets that look alive; the test says when they delivered something."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.delivered: datetime | None = None
        self.replaced = 0

    def heard_at(self) -> datetime | None:
        return self.clock.now()

    def delivered_at(self) -> datetime | None:
        return self.delivered

    def replace(self) -> None:
        self.replaced += 1


class Ears:
    """A front's hearing on a clock that stands, and canaries that are said now and then."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database, self.clock = database, clock
        self.sockets = DeafSockets(clock)
        self.hearing = Hearing.over(database, clock, self.sockets)
        self.hearing.beat()

    def canary(self, *, echoed: bool) -> Gap | None:
        """One is said, and half a minute passes; the gap that was found meanwhile."""
        now = self.clock.now()
        with self.database.begin() as uow:
            uow.outbox.put(MESSAGE_KEY, Destination("T1", "C1"), Notice(text=str(now)), now)
            (message,) = uow.outbox.claim(now, 60, 1)
            uow.outbox.mark_sent(message.key, message.revision, "1.0", now)
        if echoed:
            self.sockets.delivered = now
        gaps = []
        for _ in range(10):
            self.clock.advance(3)
            gaps.append(self.hearing.beat())
        return next((gap for gap in gaps if gap is not None), None)


@pytest.fixture
def ears(tmp_path: Path) -> Iterator[Ears]:
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database:
        yield Ears(database, clock)


def test_canaries_that_are_echoed_change_nothing(ears: Ears):
    assert [ears.canary(echoed=True) for _ in range(3)] == [None, None, None]
    assert ears.sockets.replaced == 0


def test_a_canary_without_an_echo_replaces_the_connections_once_and_repairs(ears: Ears):
    ears.canary(echoed=True)
    last = ears.sockets.delivered
    gap = ears.canary(echoed=False)
    assert ears.sockets.replaced == 1
    assert gap is not None
    assert gap.since == last, "nothing came since then"
    ears.canary(echoed=True)
    assert ears.sockets.replaced == 1


def test_where_canaries_were_never_echoed_nothing_is_concluded(ears: Ears):
    ears.sockets.delivered = ears.clock.now()
    ears.clock.advance(60)
    for _ in range(3):
        ears.canary(echoed=False)
    assert ears.sockets.replaced == 0


def test_connections_that_are_given_up_are_made_anew(workspace: LocalWorkspace, front: Front):
    workspace.wait_until_connected(2)
    before = set(workspace.connections)
    workspace.user("alice").says("incidents", "hello")
    until(lambda: front.sockets.delivered_at() is not None)
    front.sockets.replace()
    workspace.wait_for(lambda: len(set(workspace.connections) - before) >= 2)
