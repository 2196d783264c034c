"""People who tell the bot things in commands and forms: a database, the book, and no platform."""

from collections.abc import Mapping

from bot.alerts.intake import AlertIntake
from bot.chat.messages import Board, Notice
from bot.chat.ports import CardRoom, Destination
from bot.clock import ManualClock
from bot.commands import COMMANDS, FORMS
from bot.commands.book import CommandBook
from bot.commands.model import Caller, Pager, Reply, Tools
from bot.errors import ChatRefused
from bot.incidents.model import Incident
from bot.jobs.ports import InboxItem, InboxKind
from bot.people.model import Actor, Role
from bot.redact import redact
from bot.services.catalogue import Catalogue
from bot.settings import load_settings
from bot.store.database import Database
from tests.support.slack_world import CHANNEL, TEAM, ScriptedSuggester


class FakeRooms:
    """The Rooms port: every channel exists; those in `shared` are shared. While `refusal` says
    something the default one is refused with those words."""

    def __init__(self, shared: frozenset[str] = frozenset()) -> None:
        self.shared = shared
        self.shadow_channel: str | None = None
        self.refusal = ""

    def default(self) -> CardRoom | None:
        if self.refusal:
            raise ChatRefused(self.refusal, code="channel_not_found")
        return self.of(TEAM, CHANNEL)

    def of(self, team_id: str, channel: str) -> CardRoom:
        return CardRoom(Destination(team_id, channel), is_shared=channel in self.shared)

    def shadow(self) -> CardRoom | None:
        return self.of(TEAM, self.shadow_channel) if self.shadow_channel else None


class Desk:
    """Alerts come in through the real intake; people type commands and fill in forms."""

    def __init__(
        self,
        database: Database,
        clock: ManualClock,
        *,
        catalogue: Catalogue | None = None,
        pager: Pager | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.database, self.clock = database, clock
        self.rooms = FakeRooms()
        self.builder = ScriptedSuggester()
        self.tools = Tools(
            units=database,
            clock=clock,
            builder=self.builder,
            rooms=self.rooms,
            redact=redact,
            settings=load_settings(environment=environment or {}),
            pager=pager,
        )
        self.book = CommandBook(self.tools, COMMANDS, FORMS)
        self._intake = AlertIntake(catalogue or Catalogue(), clock, team_id=TEAM)
        self._bodies = 0

    def caller(
        self,
        name: str = "alice",
        role: Role = Role.RESPONDER,
        channel: str = CHANNEL,
        *,
        is_shared: bool = False,
    ) -> Caller:
        return Caller(
            actor=Actor(TEAM, f"U0{name.upper()}"),
            name=name,
            role=role,
            at=Destination(TEAM, channel),
            is_shared=is_shared,
        )

    def says(self, line: str, caller: Caller | None = None) -> str:
        """Type a command; the words of the answer."""
        return words_of(self.book.run(caller or self.caller(), line))

    def fires(
        self, name: str, service: str = "checkout", *, status: str = "firing", pod: str = "a"
    ) -> Incident | None:
        """An alert through the intake; the incident that it is in."""
        self._bodies += 1
        labels = f'"service": "{service}", "environment": "prod", "pod": "{pod}"'
        body = (
            f'{{"name": "{name}", "status": "{status}", "severity": "high", '
            f'"labels": {{{labels}}}}}'
        )
        item = InboxItem(
            id=f"body-{self._bodies}",
            kind=InboxKind.ALERT,
            source="generic",
            body=body.encode(),
            content_type="application/json",
            received_at=self.clock.now(),
        )
        with self.database.begin() as uow:
            uow.inbox.add_many([item])
            self._intake.process(uow, [item])
        with self.database.read() as uow:
            stored = uow.alerts.list(1_000)
            mine = [one for one in stored if one.alert.name == name]
            found = [one for one in mine if one.alert.labels.get("pod") == pod]
            number = found[0].incident_id
            return uow.incidents.get(number) if number is not None else None

    def incident(self, key: str) -> Incident:
        with self.database.read() as uow:
            found = uow.incidents.get_by_key(key)
        assert found is not None
        return found

    def alerts_of(self, key: str) -> list[str]:
        with self.database.read() as uow:
            return sorted(one.alert.name for one in uow.alerts.of_incident(self.incident(key).id))

    def audited(self) -> list[str]:
        with self.database.read() as uow:
            return [event.action for event in uow.audit.list()]


def words_of(reply: Reply) -> str:
    """Everything that an answer says, a line each."""
    if isinstance(reply.message, Notice):
        return reply.message.text
    if isinstance(reply.message, Board):
        board = reply.message
        lines = [board.title]
        for part in board.parts:
            lines += [part.heading] if part.heading else []
            lines += [f"{line.text} | {line.detail}" for line in part.lines]
        return "\n".join([*lines, board.note])
    return f"form {reply.opens.name}" if reply.opens is not None else ""
