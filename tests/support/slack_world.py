"""The Slack side without Slack: a database, a fake chat, a scripted search, and people."""

import json

from bot.alerts.model import Alert, AlertStatus, Severity
from bot.alerts.ports import AlertWrite
from bot.channels.placing import in_room
from bot.chat.messages import Answer, IncidentCard
from bot.chat.ports import CardRoom, Destination
from bot.chat.sender import OutboxSender
from bot.clock import ManualClock
from bot.jobs.ports import InboxItem, InboxKind, Job
from bot.people.model import Actor, RoleBook
from bot.redact import redact
from bot.slack.inbound import SlackInbound
from bot.store.database import Database
from bot.suggestions.feedback import Buttons, Press
from bot.suggestions.jobs import SUGGEST, SuggestJob
from bot.suggestions.model import Suggestion
from knowledge.model import PastIncident, Query
from knowledge.text.passages import passages_of
from tests.support.chat import FakeChat
from tests.support.saying import one_cause

TEAM, CHANNEL, BOT = "T1", "C1", "U0BOT"
GUEST = "U0GUEST"
"""A guest of the workspace, whatever else is known of people."""
ROOM = CardRoom(Destination(TEAM, CHANNEL))


class ScriptedSuggester:
    """Gives what the test says, each time under a new id; remembers what was asked."""

    def __init__(self) -> None:
        self.gives: Suggestion = one_cause()
        self.asked: list[tuple[Query, bool]] = []

    def suggest(self, query: Query, *, asked: bool) -> Suggestion:
        self.asked.append((query, asked))
        return self.gives.model_copy(update={"id": f"suggestion-{len(self.asked)}"})


class World:
    """Everything of the Slack side but Slack itself."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database, self.clock = database, clock
        self.chat = FakeChat(clock)
        self.builder = ScriptedSuggester()
        self.sender = OutboxSender(database, self.chat, clock)
        roles = RoleBook([f"{TEAM}/U0LEAD"], is_guest=lambda actor: actor.user_id == GUEST)
        self.buttons = Buttons(database, clock, passages_of, roles)
        self.inbound = SlackInbound(database, self.builder, self.buttons, redact, clock)
        self.room: CardRoom | None = ROOM
        self.job = SuggestJob(database, self.builder, lambda _: in_room(self.room), clock)
        self.events = 0

    def alert_fires(self, status: AlertStatus = AlertStatus.FIRING) -> int:
        alert = Alert(
            source="generic",
            fingerprint="generic:1:x",
            name="CheckoutHighErrorRate",
            status=status,
            severity=Severity.CRITICAL,
            summary="9 % of checkouts fail",
            labels={"cluster": "eu-1"},
        )
        with self.database.begin() as uow:
            incident, _ = uow.incidents.open(
                group_key="g",
                title="CheckoutHighErrorRate",
                service="checkout",
                environment="prod",
                severity=Severity.CRITICAL,
                team_id=TEAM,
                now=self.clock.now(),
            )
            write = AlertWrite(
                alert=alert, service="checkout", environment="prod", incident_id=incident.id
            )
            uow.alerts.save([write], self.clock.now())
        return incident.id

    def follow(self, incident_id: int = 1, revision: int = 1) -> None:
        payload = {"incident_id": incident_id, "revision": revision}
        self.job.handle(Job(key=f"suggest:{incident_id}:{revision}", kind=SUGGEST, payload=payload))
        self.send()

    def send(self) -> None:
        self.clock.advance(10)
        self.sender.run_once()

    def card(self) -> IncidentCard:
        [post] = [post for post in self.chat.posts if isinstance(post.message, IncidentCard)]
        assert isinstance(post.message, IncidentCard)
        return post.message

    def card_ref(self) -> str:
        [post] = [post for post in self.chat.posts if isinstance(post.message, IncidentCard)]
        return post.ref

    def answers(self) -> list[Answer]:
        return [post.message for post in self.chat.posts if isinstance(post.message, Answer)]

    def says(self, text: str, *, redelivered: bool = False, **changes: object) -> None:
        if not redelivered:
            self.events += 1
        event = {
            "type": "app_mention",
            "user": "U0ALICE",
            "text": text,
            "channel": CHANNEL,
            "ts": f"50.{self.events}",
        } | changes
        shared = bool(event.pop("shared", False))
        body = {
            "type": "event_callback",
            "team_id": TEAM,
            "event_id": f"Ev{self.events}",
            "authorizations": [{"user_id": BOT, "is_bot": True}],
            "is_ext_shared_channel": shared,
            "event": event,
        }
        self.process(InboxKind.SLACK_EVENT, json.dumps(body).encode())

    def presses(
        self, message: IncidentCard | Answer, action: str, user: str = "U0ALICE", team: str = TEAM
    ) -> None:
        [token] = [button.token for button in message.buttons if button.action == action]
        self.presses_token(token, user, team)

    def presses_token(self, token: str, user: str = "U0ALICE", team: str = TEAM) -> None:
        body = {
            "type": "block_actions",
            "user": {"id": user, "team_id": team, "name": user.lower()},
            "team": {"id": TEAM},
            "container": {"type": "message", "message_ts": "1.0", "channel_id": CHANNEL},
            "actions": [
                {"action_id": "recall_feedback_helpful", "value": token, "action_ts": "9.1"}
            ],
        }
        self.process(InboxKind.SLACK_ACTION, json.dumps(body).encode())

    def prepared(self, token: str, users: int) -> list[Press]:
        """The presses of one button by so many people, not yet made."""
        return [
            Press(
                actor=Actor(team_id=TEAM, user_id=f"U{number}"),
                name=f"person {number}",
                token=token,
                reply_to=Destination(TEAM, CHANNEL, thread="1.0"),
            )
            for number in range(users)
        ]

    def process(self, kind: InboxKind, body: bytes) -> None:
        item = InboxItem(
            id="i",
            kind=kind,
            source="slack",
            body=body,
            content_type="application/json",
            received_at=self.clock.now(),
        )
        self.inbound.process(item)
        self.send()

    def audited(self) -> list[tuple[str, str]]:
        with self.database.read() as uow:
            return [(event.actor, event.action) for event in uow.audit.list()]

    def knows(self, **changes: object) -> None:
        values: dict[str, object] = {
            "id": "INC-87",
            "title": "orders-db connections exhausted",
            "symptom": "no connection slots left",
            "cause": "report-worker leaked connections",
            "resolution": "restarted report-worker",
        }
        past = PastIncident(**(values | changes))  # type: ignore[arg-type]
        with self.database.begin() as uow:
            uow.knowledge.upsert([(past, passages_of(past))], actor="t", now=self.clock.now())


def pasted(world: World, text: str = "```\nFATAL: no slots\n```", **changes: object) -> None:
    changes = {"type": "message", "channel_type": "channel"} | changes
    world.says(text, **({"thread_ts": world.card_ref()} | changes))
