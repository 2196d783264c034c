"""Commands and forms beside the Slack side without Slack: people who type and fill in."""

from dataclasses import replace

from bot.channels.ports import Rooms
from bot.chat.forms import Answers, Form
from bot.chat.messages import AnyMessage, Board, IncidentCard, Notice
from bot.chat.ports import CardRoom, Destination
from bot.commands import COMMANDS, FORMS, SHORTCUTS
from bot.commands.book import CommandBook
from bot.commands.model import Caller, Pager, Tools
from bot.incidents.model import Incident
from bot.jobs.ports import Job
from bot.people.model import Actor, Role
from bot.redact import redact
from bot.settings import load_settings
from bot.suggestions.jobs import SUGGEST
from knowledge.model import PastIncident, Visibility
from tests.support.slack_world import CHANNEL, ROOM, TEAM, World


class OneRoom(Rooms):
    """The platform's channels: there is one."""

    def default(self) -> CardRoom | None:
        return ROOM

    def of(self, team_id: str, channel: str) -> CardRoom:
        return CardRoom(Destination(team_id, channel))

    def shadow(self) -> CardRoom | None:
        return None


class Desk:
    """A world in which people type commands and fill in forms."""

    def __init__(self, world: World, pager: Pager | None = None) -> None:
        self.world = world
        self.tools = Tools(
            units=world.database,
            clock=world.clock,
            builder=world.builder,
            rooms=OneRoom(),
            redact=redact,
            settings=load_settings(environment={}),
            pager=pager,
        )
        self.book = CommandBook(self.tools, COMMANDS, FORMS, SHORTCUTS)

    def incident_with_a_card(self) -> IncidentCard:
        """RCL-1 is open, and its card says that it is like INC-87."""
        self.world.knows()
        self.world.alert_fires()
        self.world.follow()
        return self.world.card()

    def runs(self, line: str, who: str = "alice", thread: str | None = None) -> AnyMessage | Form:
        reply = self.book.run(person(who, thread), line)
        self.work()
        said = reply.opens or reply.message
        assert said is not None
        return said

    def told(self, line: str, who: str = "alice") -> str:
        said = self.runs(line, who)
        assert isinstance(said, Notice)
        return said.text

    def opens(self, form: str, about: str = "RCL-1", who: str = "alice") -> Form:
        return self.book.open(person(who), form, about)

    def fills(self, form: Form, offer: str, who: str = "alice") -> Form:
        return self.book.fill(person(who), form.name, form.about, offer)

    def submits(self, form: Form, answers: Answers, who: str = "alice") -> AnyMessage | Form:
        """Fill in what is given; everything else stays as the form came."""
        given = {field.name: field.initial for field in form.fields} | dict(answers)
        reply = self.book.submit(person(who), form.name, form.about, given)
        self.work()
        said = reply.opens or reply.message
        assert said is not None
        return said

    def work(self) -> None:
        """Do the jobs that are due, and say what is to be said."""
        with self.world.database.begin() as uow:
            jobs = uow.jobs.claim([SUGGEST], self.world.clock.now(), 60, 20)
        for job in jobs:
            self.world.job.handle(job)
        with self.world.database.begin() as uow:
            for job in jobs:
                uow.jobs.finish(job.key, self.world.clock.now())
        self.world.send()

    def due(self, kind: str) -> list[Job]:
        with self.world.database.begin() as uow:
            return list(uow.jobs.claim([kind], self.world.clock.now(), 60, 20))

    def incident(self, key: str = "RCL-1") -> Incident:
        with self.world.database.read() as uow:
            incident = uow.incidents.get_by_key(key)
        assert incident is not None
        return incident

    def known(self, key: str = "RCL-1") -> PastIncident | None:
        with self.world.database.read() as uow:
            document = uow.knowledge.get(key)
        assert document is None or isinstance(document, PastIncident)
        return document

    def restrict(self, *channels: str) -> None:
        """Only the members of these channels may know of RCL-1 from now on."""
        incident = self.incident()
        with self.world.database.begin() as uow:
            uow.incidents.save(replace(incident, visibility=Visibility(frozenset(channels))))


def person(name: str, thread: str | None = None, role: Role = Role.RESPONDER) -> Caller:
    return Caller(
        actor=Actor(team_id=TEAM, user_id=f"U0{name.upper()}"),
        name=name,
        role=role,
        at=Destination(TEAM, CHANNEL, thread),
    )


def text_of_board(said: AnyMessage | Form) -> str:
    assert isinstance(said, Board)
    lines = [f"{line.text}: {line.detail}" for part in said.parts for line in part.lines]
    return "\n".join([said.title, *lines, said.note])


def initial(form: AnyMessage | Form, name: str) -> str:
    """What stands in a field of the form when it opens."""
    assert isinstance(form, Form)
    return next(field.initial for field in form.fields if field.name == name)
