"""Composition root: settings in, the parts of each process out, put together in one place.

`build_engine` and `build_front` are all that knows every room. What they open is closed again,
in the reverse order, by `stop` and when building or starting fails half-way.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.acting import build_book
from bot.actions.presses import ActionButtons
from bot.actions.requests import Requests
from bot.alerts.intake import AlertIntake
from bot.channels.model import Mode
from bot.channels.placing import NOWHERE, Placing, Where
from bot.channels.ports import Rooms
from bot.chat.ports import Chat
from bot.chat.sender import OutboxSender
from bot.clock import Clock, SystemClock
from bot.engine.engine import Engine
from bot.engine.ipc import EngineServer, SocketEngineClient
from bot.engine.loop import Waker
from bot.engine.ports import EngineClient
from bot.engine.work import SLACK_JOB, InboxWork, JobWork
from bot.errors import EngineUnavailable
from bot.incidents.model import Incident
from bot.jobs.inbox_writer import InboxWriter
from bot.jobs.ports import Job
from bot.people.model import RoleBook
from bot.redact import redact
from bot.services.file import load_catalogue
from bot.settings import Settings
from bot.store.database import Database
from bot.suggestions.feedback import Buttons
from bot.suggestions.jobs import SUGGEST, SuggestJob
from bot.suggestions.model import Suggestion
from bot.suggestions.questions import Questions, SuggestRequest
from bot.uow import UnitOfWorkFactory
from knowledge.embed.port import Embedder
from knowledge.errors import KnowledgeError
from knowledge.text.passages import passages_of

if TYPE_CHECKING:
    from fastapi import APIRouter, FastAPI
    from slack_sdk import WebClient

    from bot.suggestions.build import SuggestionBuilder
    from bot.web.deps import SlackProbe

_log = logging.getLogger(__name__)

_ADDRESS_FILE = "engine.address"
INTERACTION_SECONDS = 2.6
"""How long Slack's question waits for the engine; Slack itself waits 3 seconds."""


class RunningEngine:
    """An engine with everything it stands on; `start` and `stop` once each."""

    def __init__(self, engine: Engine, opened: ExitStack) -> None:
        self._opened = opened
        self.engine = engine

    def start(self) -> None:
        try:
            self.engine.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        self.engine.stop()
        self._opened.close()

    def suggest(self, request: SuggestRequest, deadline_seconds: float) -> Suggestion:
        """EngineClient, for callers in this very process."""
        return self.engine.suggest(request)

    def interact(self, body: Mapping[str, Any], deadline_seconds: float) -> Mapping[str, Any]:
        return self.engine.interact(body)

    def wake(self) -> None:
        self.engine.wake()

    def status(self) -> Mapping[str, object]:
        return self.engine.status()

    def _woken(self, _: Mapping[str, Any]) -> Mapping[str, Any]:
        self.engine.wake()
        return {}

    def serve(self, socket: Path, settings: Settings) -> None:
        """Answer the front on `socket`, and say in the data folder where that is."""
        server = EngineServer(
            socket,
            {
                "suggest": lambda arguments: self.engine.suggest(
                    SuggestRequest.model_validate(arguments)
                ).model_dump(mode="json"),
                "interact": lambda arguments: self.engine.interact(arguments["body"]),
                "wake": self._woken,
                "status": lambda _: self.engine.status(),
            },
        )
        address = settings.data_dir / _ADDRESS_FILE
        address.write_text(str(socket), encoding="utf-8")
        self._opened.callback(address.unlink, missing_ok=True)
        server.start()
        self._opened.callback(server.stop)


def build_engine(
    settings: Settings, *, clock: Clock | None = None, embedder: Embedder | None = None
) -> RunningEngine:
    """The engine as the settings say. `embedder` replaces the model, for tests.

    Raises SchemaMismatch, DatabaseBusy, ModelError, IndexInUse or SettingsError.
    """
    clock = clock or SystemClock()
    catalogue = load_catalogue(settings.services_file)  # its mistakes are told before the long work
    with ExitStack() as opened:
        database = Database(settings.database, clock=clock)
        opened.callback(database.close)
        database.require_current_schema()
        builder, projection = _open_memory(settings, database, opened, embedder)
        slack = _open_chat(settings, clock)
        sender = OutboxSender(database, slack.chat, clock) if slack is not None else None
        intake = AlertIntake(
            catalogue,
            clock,
            group_window_seconds=settings.group_window_seconds,
        )
        where: Callable[[Incident], Where] = lambda _: NOWHERE  # noqa: E731
        interact: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
        handlers: dict[str, Callable[[Job], None]] = {}
        if slack is not None:
            where = Placing(database, slack.rooms, Mode(settings.rollout), clock)
            handlers[SLACK_JOB] = _slack_handler(database, builder, clock, settings)
            interact = _interactions(slack, database, builder, clock, settings)
        handlers[SUGGEST] = SuggestJob(database, builder, where, clock).handle
        loops = _Loops()
        engine = Engine(
            units=database,
            inbox=InboxWork(database, intake, clock, loops.on_jobs),
            jobs=JobWork(database, handlers, clock, loops.on_done),
            index=projection,
            sender=sender,
            answer=Questions(database, builder, catalogue, clock).answer,
            interact=interact,
            clock=clock,
            inbox_keep_hours=settings.inbox_keep_hours,
            only_engine=database.dialect == "sqlite",
        )
        loops.engine = engine
        return RunningEngine(engine, opened.pop_all())


class _Loops:
    """Lets the work say "look again" to an engine that is built after it."""

    engine: Engine | None = None

    def on_jobs(self) -> None:
        if self.engine is not None:
            self.engine.wake_jobs()

    def on_done(self) -> None:
        if self.engine is not None:
            self.engine.wake_after_job()


def _open_memory(
    settings: Settings, database: Database, opened: ExitStack, embedder: Embedder | None
) -> "tuple[SuggestionBuilder, Any]":
    """The retriever over the projection; loads the model, opens or rebuilds the index."""
    from bot.memory import build_large_elsewhere, load_calibration, load_model
    from bot.suggestions.build import SuggestionBuilder
    from knowledge.embed.batching import BatchingEmbedder
    from knowledge.index.generations import Generations
    from knowledge.index.projection import Projection
    from knowledge.retrieve.confidence import DEFAULT_THRESHOLD
    from knowledge.retrieve.retriever import Retriever

    batching = BatchingEmbedder(embedder or load_model(settings.model, settings.data_dir))
    opened.callback(batching.close)
    source = database.knowledge_source()
    generations = Generations(settings.index_dir)
    if embedder is None and not generations.is_built(batching.generation):
        build_large_elsewhere(settings, source)
    projection = Projection(
        source, batching, generations.home(batching.generation), bulk=batching.bulk
    )
    projection.open()
    opened.callback(projection.close)
    generations.serve(batching.generation)
    threshold = settings.answer_threshold
    retriever = Retriever(
        projection,
        source,
        threshold=DEFAULT_THRESHOLD if threshold is None else threshold,
        calibration=load_calibration(settings, batching.generation),
        embed=batching.embed,
    )
    return SuggestionBuilder(retriever, source), projection


@dataclass(frozen=True, slots=True)
class _Slack:
    """The engine's way to Slack."""

    client: "WebClient"
    chat: Chat
    rooms: Rooms


def _open_chat(settings: Settings, clock: Clock) -> _Slack | None:
    """The chat platform; None without a token."""
    if settings.slack_bot_token is None:
        return None
    from bot.slack.client import SlackChat
    from bot.slack.connect import web_client
    from bot.slack.rooms import SlackRooms

    client = web_client(
        settings.slack_bot_token.get_secret_value(),
        base_url=settings.slack_api_url,
        proxy=settings.https_proxy,
        ca_bundle=settings.ca_bundle,
    )
    rooms = SlackRooms(client, settings.slack_channel, settings.shadow_channel, clock)
    return _Slack(client, SlackChat(client), rooms)


def _interactions(
    slack: _Slack,
    units: UnitOfWorkFactory,
    builder: "SuggestionBuilder",
    clock: Clock,
    settings: Settings,
) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    from bot.commands import COMMANDS, FORMS
    from bot.commands.book import CommandBook
    from bot.commands.model import Tools
    from bot.slack.interactions import SlackInteractions

    tools = Tools(
        actions=Requests(units, build_book(settings), clock),
        units=units,
        clock=clock,
        builder=builder,
        rooms=slack.rooms,
        redact=redact,
        settings=settings,
    )
    roles = RoleBook(settings.leads, settings.admins)
    return SlackInteractions(
        CommandBook(tools, COMMANDS, FORMS),
        slack.client,
        roles.role_of,
        lambda team_id, channel: slack.rooms.of(team_id, channel).is_shared,
        redact,
    ).handle


def _slack_handler(
    units: UnitOfWorkFactory, builder: "SuggestionBuilder", clock: Clock, settings: Settings
) -> Callable[[Job], None]:
    from bot.slack.inbound import SlackInbound

    roles = RoleBook(settings.leads, settings.admins)
    buttons = Buttons(units, clock, passages_of, roles)
    actions = ActionButtons(units, build_book(settings), clock)
    inbound = SlackInbound(units, builder, buttons, redact, clock, actions)

    def handle(job: Job) -> None:
        with units.read() as uow:
            item = uow.inbox.get(str(job.payload["inbox_id"]))
        if item is not None:
            inbound.process(item)

    return handle


class Front:
    """What the front process runs beside its web server."""

    def __init__(self, app: "FastAPI", opened: ExitStack) -> None:
        self.app = app
        self._opened = opened

    def stop(self) -> None:
        self._opened.close()


def build_front(settings: Settings, engine: EngineClient, *, clock: Clock | None = None) -> Front:
    """The web application, with the inbox writer and Slack's connections started."""
    from bot.web.app import create_app
    from bot.web.deps import FrontDeps, slack_off
    from bot.web.metrics import FrontMetrics

    clock = clock or SystemClock()
    with ExitStack() as opened:
        database = Database(settings.database, clock=clock)
        opened.callback(database.close)
        database.require_current_schema()
        waker = Waker(engine.wake)
        opened.callback(waker.stop)
        inbox = InboxWriter(database, on_commit=waker.soon)
        inbox.start()
        opened.callback(inbox.stop)
        probe: SlackProbe = slack_off
        routers: list[APIRouter] = []
        if settings.slack_mode != "off":
            probe, routers = _open_slack(settings, inbox, engine, clock, opened)
        token = settings.webhook_token
        deps = FrontDeps(
            units=database,
            inbox=inbox,
            engine=engine,
            clock=clock,
            metrics=FrontMetrics(database),
            token=token.get_secret_value() if token is not None else None,
            max_body_bytes=settings.max_body_bytes,
            slack=probe,
        )
        return Front(create_app(deps, routers), opened.pop_all())


def _open_slack(
    settings: Settings,
    inbox: InboxWriter,
    engine: EngineClient,
    clock: Clock,
    opened: ExitStack,
) -> "tuple[SlackProbe, list[APIRouter]]":
    """Slack's side of the front: the probe for /healthz, and routers for HTTP mode."""
    from bot.slack.app import build_app
    from bot.slack.connect import web_client
    from bot.slack.http import SlackHttp
    from bot.slack.socket import SocketRunner
    from bot.web.slack_events import slack_router

    def client(token: str) -> Any:
        return web_client(
            token,
            base_url=settings.slack_api_url,
            proxy=settings.https_proxy,
            ca_bundle=settings.ca_bundle,
        )

    assert settings.slack_bot_token is not None
    secret = settings.slack_signing_secret
    signing_secret = secret.get_secret_value() if secret is not None else None
    bot_client = client(settings.slack_bot_token.get_secret_value())

    def interact(body: Mapping[str, Any]) -> Mapping[str, Any]:
        return engine.interact(body, INTERACTION_SECONDS)

    app = build_app(bot_client, inbox, clock, interact, signing_secret=signing_secret)
    if settings.slack_app_token is None:
        router = slack_router(SlackHttp(app, signing_secret), settings.max_body_bytes)
        return lambda: {"mode": "http", "ok": True}, [router]
    runner = SocketRunner(app, client(settings.slack_app_token.get_secret_value()), clock)
    runner.start()
    opened.callback(runner.stop)

    def probe() -> Mapping[str, object]:
        state = runner.state()
        return {"mode": "socket", "ok": bool(state["connected"]), **state}

    return probe, []


@contextmanager
def open_engine_client(settings: Settings) -> Iterator[EngineClient]:
    """A way to ask: the engine that runs on this data folder, else one of our own.

    The index has one owner; while a server runs, that is the server, and it is asked.
    """
    running = _running_engine(settings)
    if running is not None:
        yield running
        return
    own = _AskOnly(settings)
    try:
        yield own
    finally:
        own.close()


def _running_engine(settings: Settings) -> EngineClient | None:
    try:
        address = (settings.data_dir / _ADDRESS_FILE).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    client = SocketEngineClient(Path(address))
    return client if (client.status() or {}).get("ready") else None


class _AskOnly:
    """An engine without loops: opens the memory, answers, closes."""

    def __init__(self, settings: Settings) -> None:
        self._clock = SystemClock()
        with ExitStack() as opened:
            settings.data_dir.mkdir(parents=True, exist_ok=True)
            self._database = Database(settings.database, clock=self._clock)
            opened.callback(self._database.close)
            self._database.migrate()
            try:
                builder, projection = _open_memory(settings, self._database, opened, None)
            except KnowledgeError as error:
                raise EngineUnavailable(str(error)) from error
            projection.catch_up()
            catalogue = load_catalogue(settings.services_file)
            self._questions = Questions(self._database, builder, catalogue, self._clock)
            self._opened = opened.pop_all()

    def suggest(self, request: SuggestRequest, deadline_seconds: float) -> Suggestion:
        return self._questions.answer(request)

    def interact(self, body: Mapping[str, Any], deadline_seconds: float) -> Mapping[str, Any]:
        raise EngineUnavailable("only `recall serve` answers commands")

    def wake(self) -> None:
        """There is no inbox loop to wake."""

    def status(self) -> Mapping[str, object]:
        return {"ready": True}

    def close(self) -> None:
        self._opened.close()
