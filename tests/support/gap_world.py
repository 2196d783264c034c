"""A bot that can be deaf: engine parts on a database, a real workspace, a clock that stands."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from bot.alerts.intake import AlertIntake
from bot.chat.ports import CardRoom, Destination
from bot.chat.sender import OutboxSender
from bot.clock import ManualClock
from bot.demo.text_card import message_text
from bot.engine.work import SLACK_JOB, InboxWork, JobWork
from bot.jobs.ports import InboxItem, Job
from bot.people.model import RoleBook
from bot.redact import redact
from bot.services.catalogue import Catalogue
from bot.slack.app import item_of
from bot.slack.client import SlackChat
from bot.slack.connect import web_client
from bot.slack.gaps import GapRepair
from bot.slack.hearing import GAP_JOB, Gap, Hearing
from bot.slack.inbound import SlackInbound
from bot.store.database import Database
from bot.suggestions.feedback import Buttons
from bot.suggestions.jobs import SUGGEST, SuggestJob
from bot.workspace.model import Message
from bot.workspace.server import LocalWorkspace
from knowledge.text.passages import passages_of
from tests.support.databases import sqlite_database
from tests.support.slack_world import ScriptedSuggester


class GapWorld:
    """`hears` tells whether Slack can reach the bot; nothing but `beat` moves its mark."""

    def __init__(self, workspace: LocalWorkspace, database: Database, clock: ManualClock) -> None:
        self.workspace, self.database, self.clock = workspace, database, clock
        self.client = web_client(workspace.bot_token, base_url=workspace.api_url)
        self.builder = ScriptedSuggester()
        self.sender = OutboxSender(database, SlackChat(self.client), clock)
        self.hears = True
        self.restart()
        buttons = Buttons(database, clock, passages_of, RoleBook())
        inbound = SlackInbound(database, self.builder, buttons, redact, clock)

        def slack(job: Job) -> None:
            with database.read() as uow:
                item = uow.inbox.get(str(job.payload["inbox_id"]))
            assert item is not None
            inbound.process(item)

        self.room = CardRoom(Destination(workspace.team_id, workspace.channel_id("incidents")))
        suggest = SuggestJob(database, self.builder, lambda: self.room, clock)
        self.repair = GapRepair(database, self.client, lambda: self.room, clock)
        intake = AlertIntake(Catalogue(), clock, team_id=workspace.team_id)
        self.inbox = InboxWork(database, intake, clock, lambda: None)
        handlers = {SLACK_JOB: slack, GAP_JOB: self.repair.handle, SUGGEST: suggest.handle}
        self.jobs = JobWork(database, handlers, clock, lambda: None)

    def restart(self) -> None:
        """The front comes up anew; what it knew is in the database."""
        self.hearing = Hearing(
            self.database, self.clock, lambda: self.clock.now() if self.hears else None
        )

    def beat(self) -> Gap | None:
        return self.hearing.beat()

    def is_deaf_for(self, seconds: float) -> None:
        self.hears = False
        self.beat()
        self.clock.advance(seconds)

    def hears_again(self) -> Gap | None:
        """The connection is back; the gap is worked off, answers and notices are said."""
        self.hears = True
        gap = self.beat()
        self.work()
        return gap

    def work(self) -> None:
        """Everything that is due, and what follows from it."""
        for _ in range(50):
            done = self.inbox.step() + self.jobs.step()
            self.clock.advance(1.5)
            done += self.sender.run_once()
            if not done:
                return
        raise AssertionError("there is no end to the work")

    def deliver(self, message: Message, event_id: str = "EvLATE") -> None:
        """Slack's own event of `message`, late."""
        body = {
            "type": "event_callback",
            "team_id": self.workspace.team_id,
            "event_id": event_id,
            "authorizations": [{"user_id": self.workspace.bot.id, "is_bot": True}],
            "event": {
                **message.json(),
                "type": "app_mention" if self.workspace.bot.id in message.text else "message",
                "channel": message.channel,
                "channel_type": "im" if message.channel.startswith("D") else "channel",
            },
        }
        item = item_of(body, self.clock, lambda: event_id)
        assert item is not None
        self.put(item)

    def put(self, item: InboxItem) -> None:
        with self.database.begin() as uow:
            uow.inbox.add_many([item])
        self.work()

    def says(self, channel: str = "incidents") -> list[str]:
        """What the bot says in a channel, replies included, oldest first."""
        return [
            message_text(one.blocks, one.text)
            for one in self.everything(channel)
            if one.user == self.workspace.bot.id
        ]

    def everything(self, channel: str) -> list[Message]:
        top = self.workspace.messages(channel)
        found = {m.ts: m for root in top for m in [root, *self.workspace.thread(channel, root.ts)]}
        return [found[ts] for ts in sorted(found, key=float)]

    def answers(self, question: Message, channel: str = "incidents") -> list[Message]:
        return [
            one
            for one in self.workspace.thread(channel, question.ts)
            if one.user == self.workspace.bot.id
        ]

    def asked_by_people(self) -> list[str]:
        """The searches that people's words have made, by their texts."""
        return [query.text for query, asked in self.builder.asked if asked]

    def kept(self) -> list[str]:
        """The bodies' texts in the inbox, oldest first."""
        with self.database.read() as uow:
            ids = [item.id for item in uow.inbox.list(None, 100)]
            items = [uow.inbox.get(one) for one in reversed(ids)]
        return [json.loads(item.body)["event"]["text"] for item in items if item is not None]


@contextmanager
def gap_world(folder: Path, start: datetime) -> Iterator[GapWorld]:
    clock = ManualClock(start)
    workspace = LocalWorkspace(clock=lambda: clock.now().timestamp(), retry_delays=())
    with workspace, sqlite_database(folder, clock) as database:
        yield GapWorld(workspace, database, clock)
