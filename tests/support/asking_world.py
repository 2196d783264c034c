"""The Slack side with a real search over a small memory: for conversations of several turns."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from bot.channels.placing import in_room
from bot.chat.messages import AnyMessage
from bot.chat.ports import CardRoom, Destination
from bot.clock import ManualClock
from bot.commands import COMMANDS, FORMS
from bot.commands.book import CommandBook
from bot.commands.model import Tools
from bot.people.model import RoleBook
from bot.redact import redact
from bot.services.catalogue import Catalogue
from bot.services.model import Service
from bot.settings import load_settings
from bot.slack.asking import Asking
from bot.slack.assistant import Pane
from bot.slack.files import ReadFile, SharedFile
from bot.slack.inbound import SlackInbound
from bot.store.database import Database
from bot.suggestions.build import SuggestionBuilder
from bot.suggestions.following import FollowUps
from bot.suggestions.jobs import Suggester, SuggestJob
from knowledge.model import Document, PastIncident, Runbook
from knowledge.text.passages import passages_of
from tests.support.memory_knowledge import THREE_CAUSES, page, searchable
from tests.support.slack_world import CHANNEL, GUEST, TEAM, World

DATABASE_PAGE = page(
    "db-slots",
    "Database slots used up",
    "## Check\n\n- Count sessions by client.\n\n## Mitigation\n\n- Restart the leaking client.\n\n"
    "## Rollback\n\n- Put the old limit back.\n\n```sh\nset-limit --old\n```\n",
    url="https://wiki.example/db-slots",
    owner="team-data",
    services=("orders-db",),
)
CASES = tuple(
    replace(one, alerts=("OrdersFailing", "CheckoutHighErrorRate"))
    for one in THREE_CAUSES
    if isinstance(one, PastIncident)
)
DOCUMENTS: tuple[Document, ...] = (
    *CASES,
    *(one for one in THREE_CAUSES if isinstance(one, Runbook) and one.id != DATABASE_PAGE.id),
    DATABASE_PAGE,
)
SLOTS = "FATAL: sorry, too many clients already"
CATALOGUE = Catalogue(
    services=(
        Service(name="checkout", owner="team-shop"),
        Service(name="orders-db", owner="team-data", aliases=("orders-postgres",)),
    ),
    environments=("prod/eu", "prod/us", "staging"),
)


class OneRoom:
    """The Rooms port with one channel; `shared` are the ids of channels shared with others."""

    def __init__(self) -> None:
        self.shared: set[str] = set()

    def default(self) -> CardRoom | None:
        return self.of(TEAM, CHANNEL)

    def of(self, team_id: str, channel: str) -> CardRoom:
        return CardRoom(Destination(team_id, channel), is_shared=channel in self.shared)

    def shadow(self) -> CardRoom | None:
        return None


class Files:
    """Gives what the test put under a file's name; remembers what was fetched."""

    def __init__(self) -> None:
        self.holds: dict[str, ReadFile] = {}
        self.fetched: list[str] = []

    def read(self, file: SharedFile) -> ReadFile:
        self.fetched.append(file.name)
        return self.holds[file.name]


class AskingWorld(World):
    """`builder` is the real one."""

    def __init__(
        self, database: Database, clock: ManualClock, builder: Suggester, pane: Pane | None = None
    ) -> None:
        super().__init__(database, clock)
        self.rooms, self.files = OneRoom(), Files()
        self.tools = Tools(
            units=database,
            clock=clock,
            builder=builder,
            rooms=self.rooms,
            redact=redact,
            settings=load_settings(environment={}),
            catalogue=CATALOGUE,
        )
        self.book = CommandBook(self.tools, COMMANDS, FORMS)
        self.asking = Asking(
            database,
            clock,
            FollowUps(database, builder, clock, CATALOGUE.environments),
            book=self.book,
            role_of=RoleBook(is_guest=lambda actor: actor.user_id == GUEST).role_of,
            files=self.files,
            pane=pane,
            is_shared=lambda team_id, channel: self.rooms.of(team_id, channel).is_shared,
            redact=redact,
        )
        self.inbound = SlackInbound(database, builder, self.buttons, redact, clock, self.asking)
        self.job = SuggestJob(database, builder, lambda _: in_room(self.room), clock)

    def replies(self, channel: str = CHANNEL) -> list[AnyMessage]:
        """What the bot said in threads, oldest first."""
        return [
            post.message
            for post in self.chat.posts
            if post.to.channel == channel and post.to.thread
        ]

    def reply(self, channel: str = CHANNEL) -> AnyMessage:
        """The newest of them."""
        return self.replies(channel)[-1]

    def remembers(self, document: Document) -> None:
        with self.database.begin() as uow:
            rows = [(document, passages_of(document))]
            uow.knowledge.upsert(rows, actor="t", now=self.clock.now())


@contextmanager
def asking_world(
    database: Database, clock: ManualClock, *documents: Document, pane: Pane | None = None
) -> Iterator[AskingWorld]:
    """A world that remembers `documents`, else three causes of one alert with their pages."""
    known = documents or DOCUMENTS
    with searchable(*known) as (retriever, source):
        world = AskingWorld(database, clock, SuggestionBuilder(retriever, source), pane)
        for document in known:
            world.remembers(document)
        yield world
