"""The canary: how long an alert takes to its card, who is told when it is late, and who is
told when it is not."""

import logging
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bot.alerts.intake import AlertIntake
from bot.canary.heartbeat import HttpHeartbeat
from bot.canary.job import CanaryJob
from bot.canary.model import JUDGED, Plan, Run, Verdict, judge
from bot.canary.sending import CanarySender
from bot.canary.watch import CanaryWatch
from bot.chat.ports import CardRoom, Destination
from bot.chat.sender import OutboxSender
from bot.clock import ManualClock
from bot.engine.work import CANARY_JOB, InboxWork, JobWork
from bot.errors import SettingsError
from bot.jobs.inbox_writer import InboxWriter
from bot.services.catalogue import Catalogue
from bot.settings import load_settings
from bot.slack.client import SlackChat
from bot.slack.connect import web_client
from bot.store.database import Database
from bot.upkeep import canary_plan, heartbeat
from bot.workspace.server import LocalWorkspace, Room
from tests.support.databases import sqlite_database
from tests.support.front_fakes import front
from tests.support.slack_world import ScriptedSuggester

PLAN = Plan(every=timedelta(minutes=5), limit=timedelta(seconds=30))


class CountingHeartbeat:
    def __init__(self) -> None:
        self.beats = 0

    def beat(self) -> bool:
        self.beats += 1
        return True


class World:
    """Front and engine as far as the canary goes, on a clock that only the test moves."""

    def __init__(self, workspace: LocalWorkspace, database: Database, clock: ManualClock) -> None:
        self.workspace, self.database, self.clock = workspace, database, clock
        self.writer = InboxWriter(database)
        self.writer.start()
        self.heart = CountingHeartbeat()
        self.builder = ScriptedSuggester()
        self.sender_of_canaries = CanarySender(database, self.writer, PLAN, clock)
        self.inbox = InboxWork(database, AlertIntake(Catalogue(), clock), clock, lambda: None)
        chat = SlackChat(web_client(workspace.bot_token, base_url=workspace.api_url))
        self.outbox = OutboxSender(database, chat, clock)
        self.watch = CanaryWatch(database, PLAN, lambda: self.place("incidents"), self.heart, clock)
        self.goes_to("canary")

    def place(self, channel: str) -> CardRoom:
        return CardRoom(Destination(self.workspace.team_id, self.workspace.channel_id(channel)))

    def goes_to(self, channel: str | None) -> None:
        """The canary's channel; None for none."""
        room = self.place(channel) if channel else None
        job = CanaryJob(self.database, self.builder, Catalogue(), lambda: room, self.clock)
        self.jobs = JobWork(self.database, {CANARY_JOB: job.handle}, self.clock, lambda: None)

    def works(self, seconds: float = 2.0) -> None:
        """The engine does what is due, and time passes."""
        for _ in range(int(seconds)):
            self.inbox.step()
            self.jobs.step()
            self.outbox.run_once()
            self.watch.look()
            self.clock.advance(1)
        self.watch.look()

    def canary(self, seconds: float = 2.0) -> None:
        """One is sent, and the engine has so long."""
        self.clock.advance(PLAN.every.total_seconds())
        self.sender_of_canaries.send()
        self.works(seconds)

    def judged(self) -> Verdict | None:
        with self.database.read() as uow:
            mark = uow.marks.get(JUDGED)
        return Verdict(mark["verdict"]) if mark is not None else None

    def said(self, channel: str) -> list[str]:
        return [m.text for m in self.workspace.messages(channel)]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    clock = ManualClock()
    rooms = [Room("incidents"), Room("canary", private=True)]
    workspace = LocalWorkspace(channels=rooms, clock=lambda: clock.now().timestamp())
    with workspace, sqlite_database(tmp_path, clock) as database:
        world = World(workspace, database, clock)
        yield world
        world.writer.stop()


# -- all is well -----------------------------------------------------------------------------


def test_one_in_time_edits_its_one_message_and_beats_the_heart(world: World):
    for _ in range(3):
        world.canary()
        assert world.judged() is Verdict.IN_TIME
    assert len(world.said("canary")) == 1
    assert world.heart.beats == 3
    assert world.said("incidents") == []


def test_it_is_searched_for_and_opens_nothing(world: World):
    world.canary()
    ((query, asked),) = world.builder.asked
    assert (query.alert_name, asked) == ("RecallCanary", False)
    with world.database.read() as uow:
        assert uow.incidents.active() == []
        assert uow.inbox.list(None, 10) == []
        assert sum(uow.inbox.counts().values()) == 0
        assert uow.suggestions.latest_of(1) is None


def test_several_fronts_send_one_an_interval(world: World):
    other = CanarySender(world.database, world.writer, PLAN, world.clock)
    world.canary()
    other.send()
    world.works()
    assert len(world.builder.asked) == 1


def test_without_a_channel_it_is_measured_to_the_outbox_and_says_so(world: World):
    world.goes_to(None)
    world.canary()
    assert world.judged() is Verdict.IN_TIME
    assert world.heart.beats == 1
    with front(world.database, world.clock) as (client, _):
        told = client.get("/healthz").json()["canary"]
    assert told["up_to"] == "outbox"


def test_health_and_metrics_tell_how_long_it_took(world: World):
    world.canary()
    with front(world.database, world.clock) as (client, _):
        told = client.get("/healthz").json()
        metrics = client.get("/metrics").text
    assert told["status"] == "ok"
    assert told["canary"]["ok"]
    assert told["canary"]["up_to"] == "message"
    assert f"recall_canary_seconds {told['canary']['seconds']}" in metrics
    assert "recall_canary_ok 1.0" in metrics


# -- it is late ------------------------------------------------------------------------------


def test_one_that_slack_holds_up_warns_once_and_beats_no_heart(world: World):
    world.workspace.faults.rate_limit("chat.postMessage", calls=1, retry_after=45)
    world.canary(seconds=40)
    assert world.judged() is Verdict.OVERDUE
    (warning,) = world.said("incidents")
    assert "has not come through (the limit is 30 s)" in warning
    world.works(20)
    assert world.judged() is Verdict.LATE
    world.works(5)
    (warning,) = world.said("incidents")
    assert "s from alert to card (the limit is 30 s)" in warning
    assert world.heart.beats == 0


def test_an_episode_is_one_message_and_its_end_is_told_in_it(world: World):
    for _ in range(3):
        world.workspace.faults.rate_limit("chat.update", calls=1, retry_after=45)
        world.workspace.faults.rate_limit("chat.postMessage", calls=1, retry_after=45)
        world.canary(seconds=100)
        world.workspace.faults.clear()
    world.canary()
    world.works(5)
    (told,) = world.said("incidents")
    assert "in time again" in told
    assert world.heart.beats == 1


def test_an_engine_that_is_stuck_is_told_of(world: World):
    world.clock.advance(300)
    world.sender_of_canaries.send()
    world.clock.advance(31)
    world.watch.look()
    world.outbox.run_once()
    assert world.judged() is Verdict.OVERDUE
    assert len(world.said("incidents")) == 1


def test_that_none_is_sent_any_more_is_told_of(world: World):
    world.canary()
    world.clock.advance(10 * 60 + 31)
    world.works(3)
    assert world.judged() is Verdict.SILENT
    assert "no canary alert was sent for 10 minutes" in world.said("incidents")[0]
    with front(world.database, world.clock) as (client, _):
        assert client.get("/healthz").json()["status"] == "degraded"


def test_a_restart_takes_no_old_canary_for_a_new_one(world: World):
    world.canary()
    world.clock.advance(10 * 60 + 31)
    world.works(3)
    world.watch = CanaryWatch(
        world.database, PLAN, lambda: world.place("incidents"), world.heart, world.clock
    )
    world.works(3)
    assert world.judged() is Verdict.SILENT
    assert world.heart.beats == 1
    world.canary()
    assert world.heart.beats == 2


def test_a_start_after_a_long_time_is_no_silence():
    now = ManualClock().now()
    old = Run(id="c", sent_at=now - timedelta(days=3), done_at=now - timedelta(days=3))
    assert judge(old, PLAN, now, watching_since=now).verdict is Verdict.IN_TIME
    assert judge(None, PLAN, now, watching_since=now).verdict is Verdict.WAITING


# -- the heartbeat ---------------------------------------------------------------------------


class Listener:
    """Somebody outside who listens for the heartbeat."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.status = 200
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                listener.paths.append(self.path)
                self.send_response(listener.status)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/ping/very-secret-token"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    opened = Listener()
    yield opened
    opened.close()


def test_the_settings_make_a_heartbeat_that_reaches_its_listener(listener: Listener):
    settings = load_settings(
        environment={
            "RECALL_HEARTBEAT_URL": listener.url,
            "HTTPS_PROXY": "http://127.0.0.1:9",  # not for this machine
        }
    )
    assert canary_plan(settings) == PLAN
    assert heartbeat(settings).beat()
    assert listener.paths == ["/ping/very-secret-token"]


def test_a_heartbeat_goes_through_the_proxy_that_is_set(listener: Listener):
    proxy = listener.url.partition("/ping")[0]
    assert HttpHeartbeat("http://outside.example/x", proxy=proxy, ca_bundle=None).beat()
    assert listener.paths == ["http://outside.example/x"]


def test_a_heartbeat_that_fails_says_so_once_without_its_secret(listener: Listener, caplog):
    caplog.set_level(logging.DEBUG, logger="bot")
    heart = HttpHeartbeat(listener.url, proxy=None, ca_bundle=None)
    listener.status = 500
    assert [heart.beat(), heart.beat()] == [False, False]
    listener.close()
    assert not heart.beat()
    warnings = [r for r in caplog.records if r.levelno >= logging.WARNING]
    assert len(warnings) == 1
    ours = [r.getMessage() for r in caplog.records if r.name.startswith("bot")]
    assert not any("very-secret" in text for text in ours)


@pytest.mark.parametrize("url", ["http://outside.example/x", "ftp://127.0.0.1/x", "nothing"])
def test_a_heartbeat_goes_by_https_or_stays_on_this_machine(url: str):
    with pytest.raises(SettingsError, match="RECALL_HEARTBEAT_URL: must be an https address"):
        load_settings(environment={"RECALL_HEARTBEAT_URL": url})


def test_no_canary_is_sent_where_nobody_would_hear_of_it():
    assert canary_plan(load_settings(environment={})) is None
    by_channel = load_settings(environment={"RECALL_CANARY_CHANNEL": "canary"})
    assert canary_plan(by_channel) == PLAN
    off = {"RECALL_CANARY_CHANNEL": "canary", "RECALL_CANARY_MINUTES": "0"}
    assert canary_plan(load_settings(environment=off)) is None
