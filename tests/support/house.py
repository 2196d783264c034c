"""A whole Recall in the test's own process, beside a local workspace: for scenarios.

Front, engine and Slack's two modes are the product's own, put together by its own composition
root; only the process borders are gone, and the model is shared by all tests of a session.
"""

import atexit
import shutil
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Literal, Self

import httpx
import uvicorn
from sqlalchemy import text

from bot.app import build_engine, build_front
from bot.clock import Clock, SystemClock
from bot.demo.story import DATA, StoryAlert, knowledge
from bot.demo.text_card import message_text
from bot.importing import Importer
from bot.processes.supervisor import address_of, listening_socket
from bot.settings import load_settings
from bot.store.database import Database
from bot.workspace.driver import Person
from bot.workspace.model import Message
from bot.workspace.server import LocalWorkspace
from knowledge.embed.port import Embedder

Mode = Literal["socket", "http"]
TOKEN = "a-token-for-tests"
CHANNEL = "incidents"
PATIENCE = 30.0


@cache
def knowing_database(embedder: Embedder) -> Path:
    """A database that holds Larkspur's past, vectors included; made once a session."""
    folder = mkdtemp(prefix="recall-test-")
    atexit.register(shutil.rmtree, folder)
    path = Path(folder) / "recall.db"
    clock = SystemClock()
    database = Database(f"sqlite:///{path}", clock=clock)
    database.migrate()
    importer = Importer(
        units=database,
        clock=clock,
        actor="tests",
        source=database.knowledge_source(),
        embedder=lambda: embedder,
    )
    for subject, outcomes in knowledge():
        assert not importer.run(outcomes(), subject=subject).failed
    database.close()
    return path


@cache
def certificates() -> ssl.SSLContext:
    """For all clients: reading them takes longer than most answers do."""
    return httpx.create_ssl_context(trust_env=False)


class House:
    """Recall and a workspace, running. Use as a context manager. `clock` is Recall's own, the
    system's if none is given; the workspace always goes by the system's. `leads` are names."""

    def __init__(
        self,
        folder: Path,
        embedder: Embedder,
        mode: Mode = "socket",
        *,
        clock: Clock | None = None,
        leads: tuple[str, ...] = (),
        **settings: str,
    ) -> None:
        self._folder = folder
        self._embedder = embedder
        self._mode = mode
        self.clock = clock or SystemClock()
        self._leads = leads
        self._extra = settings
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            shutil.copy(knowing_database(self._embedder), self._folder / "recall.db")
            listener = listening_socket("127.0.0.1", 0)
            self.address = address_of(listener)
            request_url = f"{self.address}/slack/events" if self._mode == "http" else None
            self.workspace = opened.enter_context(self.open_workspace(request_url))
            settings = load_settings(environment=self.environment())
            self.engine = build_engine(settings, clock=self.clock, embedder=self._embedder)
            opened.callback(self.engine.stop)
            self.engine.start()
            self._settings = settings
            opened.callback(self.front_stops)
            self._front = ExitStack()
            self._run_front(listener)
            self.database = Database(settings.database, clock=self.clock)
            opened.callback(self.database.close)
            if self._mode == "socket":
                self._wait_for_sockets()
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._opened.close()

    def open_workspace(self, request_url: str | None) -> Any:
        """The workspace, not started yet; another server of Slack's Web API may stand in."""
        return LocalWorkspace(
            users=("alice", "bob"),
            channels=("general", CHANNEL),
            request_url=request_url,
            retry_delays=(0.0, 0.5, 1.0),
        )

    def environment(self) -> Mapping[str, str]:
        """What this Recall was started with."""
        environment = {
            "RECALL_DATA_DIR": str(self._folder),
            "RECALL_WEBHOOK_TOKEN": TOKEN,
            "RECALL_SERVICES_FILE": str(DATA / "services.yaml"),
            "RECALL_SLACK_CHANNEL": f"#{CHANNEL}",
            "RECALL_ROLLOUT": "card",
            "RECALL_RESOLVE_AFTER_SECONDS": "0",
            "SLACK_BOT_TOKEN": self.workspace.bot_token,
            "SLACK_API_URL": self.workspace.api_url,
        }
        if self._mode == "socket":
            environment["SLACK_APP_TOKEN"] = self.workspace.app_token
        else:
            environment["SLACK_SIGNING_SECRET"] = self.workspace.signing_secret
        if self._leads:
            keys = [f"{self.workspace.team_id}/{self.person(name).id}" for name in self._leads]
            environment["RECALL_LEADS"] = ",".join(keys)
        return {**environment, **self._extra}

    def front_stops(self) -> None:
        """As if the process ended; nobody listens then."""
        self._front.close()

    def front_starts(self) -> None:
        """Again, at the same address."""
        self._run_front(listening_socket("127.0.0.1", int(self.address.rpartition(":")[2])))

    def restarts(self) -> None:
        """All of Recall ends and starts again, on the same data and at the same address."""
        self.front_stops()
        self.engine.stop()
        self.engine = build_engine(self._settings, clock=self.clock, embedder=self._embedder)
        self._opened.callback(self.engine.stop)
        self.engine.start()
        self.front_starts()
        if self._mode == "socket":
            self._wait_for_sockets()

    def _run_front(self, listener: socket.socket) -> None:
        with ExitStack() as opened:
            front = build_front(self._settings, self.engine, clock=self.clock)
            opened.callback(front.stop)
            opened.callback(self._serve(front.app, listener))
            self._front = opened.pop_all()

    def _serve(self, app: Any, listener: socket.socket) -> Callable[[], None]:
        server = uvicorn.Server(
            uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()

        def stop() -> None:
            server.should_exit = True
            thread.join(10)
            listener.close()

        return stop

    def _wait_for_sockets(self) -> None:
        self.until(lambda: self.get("/healthz")["slack"]["ok"])

    # -- what comes in ------------------------------------------------------------------

    def post(self, path: str, body: Any) -> httpx.Response:
        with self._client() as client:
            return client.post(f"{self.address}{path}", json=body, timeout=30)

    def sends(self, path: str, text: str, content_type: str = "text/plain") -> httpx.Response:
        """A body that is no JSON, as a log shipper posts it."""
        headers = {"Content-Type": content_type}
        with self._client() as client:
            url, body = f"{self.address}{path}", text.encode()
            return client.post(url, content=body, headers=headers, timeout=30)

    def fires(self, alert: StoryAlert, status: str = "firing") -> None:
        body = alert.body(datetime.now(UTC), status=status)
        assert self.post("/v1/alerts/alertmanager", body).status_code == 202

    def resolves(self, alert: StoryAlert) -> None:
        self.fires(alert, status="resolved")

    @property
    def folder(self) -> Path:
        """The data folder."""
        return self._folder

    def strikes(self) -> None:
        """Look at the clock now, as the tick of each minute does."""
        self.engine.engine.look_at_the_clock()

    # -- what is there ------------------------------------------------------------------

    def get(self, path: str) -> Any:
        with self._client() as client:
            return client.get(f"{self.address}{path}", timeout=30).raise_for_status().json()

    def _client(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        return httpx.Client(trust_env=False, headers=headers, verify=certificates())

    def person(self, name: str) -> Person:
        return self.workspace.user(name)

    def cards(self, channel: str = CHANNEL) -> list[Message]:
        """The bot's own messages in the channel that are no replies, oldest first."""
        return [
            message
            for message in self.workspace.messages(channel)
            if message.user == self.workspace.bot.id and not message.is_reply
        ]

    def replies(self, under: Message, channel: str = CHANNEL) -> list[Message]:
        """The bot's replies in a thread."""
        return [
            message
            for message in self.workspace.thread(channel, under.ts)
            if message.user == self.workspace.bot.id and message.ts != under.ts
        ]

    def card_that_says(self, *words: str) -> Message:
        def found() -> Message | None:
            return next(
                (c for c in self.cards() if all(word in text_of(c) for word in words)), None
            )

        card = self.workspace.wait_for(found, PATIENCE)
        assert card is not None
        return card

    def reply_to(self, message: Message, channel: str = CHANNEL) -> Message:
        reply = self.workspace.wait_for(lambda: self.replies(message, channel), PATIENCE)
        return reply[-1]

    def until(self, condition: Callable[[], bool], timeout: float = PATIENCE) -> None:
        """Wait for something that is seen through the API, not in the workspace."""
        pause = threading.Event()
        deadline = datetime.now(UTC).timestamp() + timeout
        while not condition():
            assert datetime.now(UTC).timestamp() < deadline, "it did not happen in time"
            pause.wait(0.05)

    def is_settled(self) -> bool:
        """Nothing is left to be parsed, searched, put into words, or indexed."""
        with self.database.read() as uow:
            waiting = uow.inbox.counts()["pending"] + uow.jobs.counts()["pending"]
        with self.database.reading() as connection:
            told = connection.execute(text("SELECT coalesce(max(seq), 0) FROM index_log"))
            known = int(self.engine.engine.status()["revision"])
            return waiting == 0 and known >= told.scalar_one()

    def has_tried_to_say_all(self) -> bool:
        """All that was put into words was sent or refused."""
        unsent = "desired_revision > sent_revision AND desired_revision > refused_revision"
        with self.database.reading() as connection:
            statement = text(f"SELECT NOT EXISTS (SELECT 1 FROM outbox WHERE {unsent})")
            return bool(connection.execute(statement).scalar_one())


def text_of(message: Message) -> str:
    return message_text(message.blocks, message.text)
