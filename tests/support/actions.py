"""A team with actions, without Slack and without processes: a folder of templates, people who
ask and approve, and a runner that is stepped by hand."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.acting import build_runner
from bot.action_book import build_book
from bot.actions.cards import OPENS
from bot.actions.model import ActionRequest, RequestState
from bot.actions.notices import NOTICE, OUTPUT
from bot.actions.presses import ActionButtons, ActionPress
from bot.actions.requests import Answer, Requests, Wish
from bot.actions.telling import ActionTelling
from bot.alerts.model import Alert, AlertStatus, Severity
from bot.alerts.ports import AlertWrite
from bot.chat.messages import ActionCard, AnyMessage, Notice
from bot.chat.ports import Destination
from bot.chat.sender import OutboxSender
from bot.clock import ManualClock
from bot.incidents.model import Incident
from bot.people.model import Actor
from bot.settings import load_settings
from bot.store.database import Database
from tests.support.chat import FakeChat

TEAM, CHANNEL = "T1", "C1"
ALICE, BOB, LENA, ADA = "U0ALICE", "U0BOB", "U0LENA", "U0ADA"
"""Alice and Bob respond, Lena leads, Ada administrates."""

TOUCH = """
id: touch
version: 1
title: Touch a file
risk: low
parameters:
  - {name: name, type: string, pattern: "[a-z][a-z0-9.-]{0,40}", default_from: [pod]}
executor: command
command:
  argv: [/usr/bin/touch, --, "FOLDER/${name}"]
targets: ["${name}"]
verification: {alert_resolved: true, within: 15m}
"""
NOTED = """
id: touch
version: 1
title: Note that it ran
risk: low
parameters:
  - {name: name, type: string, pattern: "[a-z0-9-]{1,20}"}
executor: command
command: {argv: ["FOLDER/note", "${name}"], folder: FOLDER}
targets: ["${name}"]
verification: {alert_resolved: true, within: 15m}
limits: {at_once: 100, per_hour: 1000}
"""
"""Has the test's own program `note` write down that it ran."""


def direct_messages(team_id: str, user: str) -> Destination:
    """Where a person is told something in private."""
    return Destination(team_id, f"D{user}")


class Team:
    """Lead Lena and admin Ada approve; `folder` is where templates are, and where things run."""

    def __init__(
        self,
        database: Database,
        clock: ManualClock,
        folder: Path,
        *templates: str,
        commands: tuple[str, ...] = ("/usr/bin/touch", "/bin/echo", "/usr/bin/sleep"),
        **environment: str,
    ) -> None:
        self.database, self.clock, self.folder = database, clock, folder
        self.actions = folder / "actions"
        self.actions.mkdir()
        for number, text in enumerate(templates or (TOUCH,)):
            self.writes(f"{number}.yaml", text)
        self.settings = load_settings(
            environment={
                "RECALL_ACTIONS_DIR": str(self.actions),
                "RECALL_LEADS": f"{TEAM}/{LENA},{TEAM}/U0LEO",
                "RECALL_ADMINS": f"{TEAM}/{ADA}",
                "RECALL_RUNNER_COMMANDS": ",".join(commands),
                **environment,
            }
        )
        self.book = build_book(self.settings)
        self.requests = Requests(database, self.book, clock)
        self.buttons = ActionButtons(database, self.book, clock)
        self.chat = FakeChat(clock)
        self.sender = OutboxSender(database, self.chat, clock)
        self.runner = self.new_runner()

    def writes(self, name: str, text: str) -> None:
        (self.actions / name).write_text(text.replace("FOLDER", str(self.folder)))

    def new_runner(self, environment: Mapping[str, str] | None = None, **changes: Any):
        return build_runner(self.settings, self.database, self.clock, environment or {}, **changes)

    def fires(self, status: AlertStatus = AlertStatus.FIRING, **labels: str) -> Incident:
        """One incident with one alert; firing or resolved from now on."""
        alert = Alert(
            source="generic",
            fingerprint="generic:1:x",
            name="ShopDown",
            status=status,
            severity=Severity.HIGH,
            labels=labels,
        )
        with self.database.begin() as uow:
            incident, _ = uow.incidents.open(
                group_key="g",
                title="ShopDown",
                service="shop",
                environment="prod/eu-1",
                severity=Severity.HIGH,
                team_id=TEAM,
                now=self.clock.now(),
            )
            write = AlertWrite(
                alert=alert, service="shop", environment="prod/eu-1", incident_id=incident.id
            )
            uow.alerts.save([write], self.clock.now())
        return incident

    def wish(self, user: str = ALICE, template: str = "touch", **values: str) -> Wish:
        values = values or {"name": "it"}
        return Wish(
            by=self.book.principal(Actor(TEAM, user), TEAM),
            at=Destination(TEAM, CHANNEL),
            template_id=template,
            values=values,
            incident=self.fires(),
        )

    def asks(self, user: str = ALICE, template: str = "touch", **values: str) -> Answer:
        answer = self.requests.make(self.wish(user, template, **values))
        self.says()
        return answer

    def asked(self, user: str = ALICE, template: str = "touch", **values: str) -> ActionRequest:
        request = self.asks(user, template, **values).request
        assert request is not None
        return request

    def says(self) -> None:
        """The sender says what is to be said."""
        for _ in range(5):
            self.clock.advance(2)
            if not self.sender.run_once():
                return

    def card(self, request: ActionRequest) -> ActionCard:
        found = [p.message for p in self.chat.posts if p.key == request.message_key]
        assert len(found) == 1, "one message a request"
        assert isinstance(found[0], ActionCard)
        return found[0]

    def token(self, request: ActionRequest, action: str) -> str:
        card = self.card(request)
        tokens = [b.token for b in card.buttons if b.action == action]
        tokens += [o.about for o in card.openers if o.form == OPENS.get(action)]
        [token] = tokens
        return token

    def presses(
        self, user: str, request: ActionRequest, action: str, *, team: str = TEAM, token: str = ""
    ) -> None:
        token = token or self.token(request, action)
        place = Destination(TEAM, CHANNEL, "1.0")
        assert self.buttons.press(ActionPress(actor=Actor(team, user), token=token, reply_to=place))
        self.says()

    def approves(self, user: str, request: ActionRequest) -> None:
        self.presses(user, request, "action_approve")

    def tells(self) -> None:
        """The jobs that tell people in private and attach outputs are done, and said."""
        telling = ActionTelling(self.database, self.book, direct_messages, self.clock)
        handlers = {NOTICE: telling.tell, OUTPUT: telling.attach}
        with self.database.begin() as uow:
            due = uow.jobs.claim(list(handlers), self.clock.now(), 30, 100)
        for job in due:
            handlers[job.kind](job)
        self.says()

    def private(self, user: str) -> list[AnyMessage]:
        """What one person was told in private, as it is now."""
        to = direct_messages(TEAM, user)
        return [post.message for post in self.chat.posts if post.to == to]

    def runs(self, steps: int = 6) -> None:
        """The runner does what there is to do, as often as there is something."""
        for _ in range(steps):
            if not self.runner.step():
                break
        self.says()

    def now(self, request: ActionRequest) -> ActionRequest:
        with self.database.read() as uow:
            found = uow.actions.get(request.id)
        assert found is not None
        return found

    def state(self, request: ActionRequest) -> RequestState:
        return self.now(request).state

    def told(self) -> list[str]:
        """Notices in the thread, oldest first."""
        return [p.message.text for p in self.chat.posts if isinstance(p.message, Notice)]

    def audited(self, prefix: str = "action") -> list[tuple[str, str]]:
        with self.database.read() as uow:
            events = uow.audit.list()
        return [(e.actor.rpartition("/")[2], e.action) for e in events if prefix in e.action]

    def is_there(self, name: str = "it") -> bool:
        """Whether the side effect of `touch` happened."""
        return (self.folder / name).exists()
