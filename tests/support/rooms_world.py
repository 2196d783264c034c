"""Channels, people and alerts around a bot that is driven step by step: a real Slack-compatible
workspace on loopback, a real database, a scripted search, and a clock that is moved by hand."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.alerts.intake import AlertIntake
from bot.alerts.model import Alert, AlertStatus, Severity
from bot.alerts.ports import AlertWrite
from bot.channels.model import ChannelSettings, Mode
from bot.channels.placing import Placing
from bot.chat.ports import Destination
from bot.chat.sender import OutboxSender
from bot.clock import ManualClock
from bot.commands.model import Caller, Refused
from bot.demo.text_card import message_text
from bot.incidents.model import Incident, TimelineEntry
from bot.people.model import Actor, Role, RoleBook
from bot.redact import redact
from bot.services.catalogue import Catalogue
from bot.services.model import Service
from bot.slack.app import item_of
from bot.slack.client import SlackChat
from bot.slack.connect import web_client
from bot.slack.gaps import GapRepair
from bot.slack.hearing import GAP_JOB
from bot.slack.inbound import SlackInbound
from bot.slack.people import SlackPeople
from bot.slack.room_parts import room_parts
from bot.slack.rooms import SlackRooms
from bot.slack.wanted import RoomWants
from bot.store.database import Database
from bot.suggestions.feedback import Buttons
from bot.suggestions.jobs import SUGGEST, SuggestJob, enqueue
from bot.workspace.driver import Person
from bot.workspace.model import Message
from bot.workspace.server import LocalWorkspace
from knowledge.text.passages import passages_of
from tests.support.slack_world import ScriptedSuggester

PATTERN = re.compile("^inc-")
CATALOGUE = Catalogue(
    [
        Service(name="checkout", owner="team-storefront", aliases=("shop-checkout",)),
        Service(name="orders-db", owner="team-data"),
    ],
    ["prod/eu-1"],
)
_ROUNDS = 12


class RoomsWorld:
    """`default_mode` is that of channels that chose nothing; cards go to #incidents."""

    def __init__(
        self,
        workspace: LocalWorkspace,
        database: Database,
        clock: ManualClock,
        default_mode: Mode = Mode.CARD,
    ) -> None:
        self.workspace, self.database, self.clock = workspace, database, clock
        self.builder = ScriptedSuggester()
        self.kept_items = 0
        self._seen = 0
        client = web_client(workspace.bot_token, base_url=workspace.api_url)
        self._sender = OutboxSender(database, SlackChat(client), clock)
        self.intake = AlertIntake(CATALOGUE, clock, team_id=workspace.team_id)
        rooms = SlackRooms(client, "#incidents", None, clock)
        people = SlackPeople(client, clock)
        parts = room_parts(
            client,
            rooms,
            people,
            database,
            CATALOGUE,
            role_of=RoleBook(is_guest=lambda who: people.is_guest(who.user_id)).role_of,
            pattern=PATTERN,
            default_mode=default_mode,
            redact=redact,
            clock=clock,
            intake=self.intake,
            a_day=50,
        )
        self._shortcuts = parts.shortcuts
        where = Placing(database, rooms, default_mode, clock)
        self._inbound = SlackInbound(
            database,
            self.builder,
            Buttons(database, clock, passages_of, RoleBook()),
            redact,
            clock,
            rooms=parts.events,
        )
        self._wants = RoomWants(database, PATTERN, default_mode)
        self._repair = GapRepair(database, client, rooms.admin, clock, self._wants.wants_post)
        self._handlers = {
            SUGGEST: SuggestJob(database, self.builder, where, clock).handle,
            **parts.jobs,
        }

    # -- what happens -------------------------------------------------------------------

    def person(self, name: str = "alice") -> Person:
        return self.workspace.user(name)

    def alert_fires(self, name: str = "CheckoutHighErrorRate", service: str = "checkout") -> str:
        """The key of the incident that it opens."""
        now = self.clock.now()
        alert = Alert(
            source="generic",
            fingerprint=f"generic:1:{name}",
            name=name,
            status=AlertStatus.FIRING,
            severity=Severity.CRITICAL,
            summary=f"{service} fails",
            links={"source": f"https://grafana.example/alerts/{name}"},
        )
        with self.database.begin() as uow:
            incident, _ = uow.incidents.open(
                group_key=name,
                title=f"{name}: {service} fails",
                service=service,
                environment="prod/eu-1",
                severity=Severity.CRITICAL,
                team_id=self.workspace.team_id,
                now=now,
            )
            write = AlertWrite(
                alert=alert, service=service, environment="prod/eu-1", incident_id=incident.id
            )
            uow.alerts.save([write], now)
            enqueue(uow, incident, self.clock)
        self.settles()
        return incident.key

    def chooses(self, channel: str, mode: Mode, **more: Any) -> None:
        with self.database.begin() as uow:
            uow.preferences.save_channel(
                self.workspace.team_id,
                self.workspace.channel_id(channel),
                ChannelSettings(mode=mode, **more),
                actor="tests",
                now=self.clock.now(),
            )

    def waits(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.settles()

    def settles(self) -> None:
        """Until nothing is left to be heard, done or said at this moment (a few seconds pass)."""
        for _ in range(_ROUNDS):
            heard = self._hears()
            worked = self._works()
            self.clock.advance(0.2)
            self._sender.run_once()
            if not heard and not worked:
                break

    def _hears(self) -> int:
        deliveries = self.workspace.deliveries[self._seen :]
        self._seen += len(deliveries)
        for delivery in deliveries:
            if delivery.kind in ("events_api", "interactive"):
                self.hears_body(delivery.payload)
        return len(deliveries)

    def hears_body(self, body: Any) -> None:
        """As the front and the engine do: what is wanted is kept, and then processed."""
        item = item_of(body, self.clock, lambda: "i", self._wants)
        if item is not None:
            self.kept_items += 1
            self._inbound.process(item)

    def uses_shortcut(
        self, message: Message, *, role: Role = Role.RESPONDER, is_shared: bool = False
    ) -> str:
        """Alice uses the message shortcut; what she is told."""
        caller = Caller(
            actor=Actor(self.workspace.team_id, self.person().id),
            name="alice",
            role=role,
            at=Destination(self.workspace.team_id, message.channel, message.thread_ts),
            is_shared=is_shared,
        )
        body = {
            "channel": {"id": message.channel, "name": "somewhere"},
            "message": message.json(),
        }
        try:
            return self._shortcuts["recall_to_timeline"](caller, body).text
        except Refused as error:
            return str(error)

    def hears_last_event_again(self) -> None:
        events = [one for one in self.workspace.deliveries if one.kind == "events_api"]
        self.hears_body(events[-1].payload)
        self.settles()

    def misses_all(self) -> None:
        """What was said since the last look never reaches the bot."""
        self._seen = len(self.workspace.deliveries)

    def reads_back(self, since: datetime) -> int:
        """After a gap until now: how many messages were put into the inbox and processed."""
        now = self.clock.now()
        gap = {"gap": f"{GAP_JOB}:{now.isoformat()}", "step": 0}
        window = {"since": since.isoformat(), "until": now.isoformat()}
        with self.database.begin() as uow:
            uow.jobs.add(f"{gap['gap']}:0", GAP_JOB, {**gap, **window}, now)
        while True:
            with self.database.begin() as uow:
                jobs = uow.jobs.claim([GAP_JOB], self.clock.now(), 60, 1)
            if not jobs:
                break
            self._repair.handle(jobs[0])
            with self.database.begin() as uow:
                uow.jobs.finish(jobs[0].key, self.clock.now())
        with self.database.begin() as uow:
            items = uow.inbox.claim(100, self.clock.now())
            uow.inbox.mark_done([item.id for item in items], self.clock.now())
        for item in items:
            self._inbound.process(item)
        self.settles()
        return len(items)

    def _works(self) -> int:
        with self.database.begin() as uow:
            jobs = uow.jobs.claim(list(self._handlers), self.clock.now(), 60, 20)
        for job in jobs:
            self._sender.run_once()
            self._handlers[job.kind](job)
            with self.database.begin() as uow:
                uow.jobs.finish(job.key, self.clock.now())
        return len(jobs)

    # -- what is there ------------------------------------------------------------------

    def said_in(self, channel: str) -> list[Message]:
        """The bot's own messages in a channel that are no replies."""
        return [
            message
            for message in self.workspace.messages(channel)
            if message.user == self.workspace.bot.id and not message.is_reply
        ]

    def card_in(self, channel: str) -> str:
        """What the one card in the channel shows."""
        [card] = self.said_in(channel)
        return message_text(card.blocks, card.text)

    def replies_under(self, message: Message, channel: str) -> list[str]:
        return [
            message_text(reply.blocks, reply.text)
            for reply in self.workspace.thread(channel, message.ts)
            if reply.user == self.workspace.bot.id and reply.ts != message.ts
        ]

    def timeline(self, key: str) -> Sequence[TimelineEntry]:
        with self.database.read() as uow:
            return uow.incidents.timeline(self.incident(key).id)

    def incident(self, key: str) -> Incident:
        with self.database.read() as uow:
            found = uow.incidents.get_by_key(key)
        assert found is not None
        return found

    def incident_of(self, channel: str) -> str | None:
        with self.database.read() as uow:
            where = self.workspace.team_id, self.workspace.channel_id(channel)
            found = uow.placements.incident_of(*where)
            incident = uow.incidents.get(found) if found is not None else None
        return incident.key if incident is not None else None

    def audited(self) -> list[str]:
        with self.database.read() as uow:
            return [event.action for event in uow.audit.list()]


def seconds_of(clock: ManualClock) -> float:
    moment: datetime = clock.now()
    return moment.timestamp()
