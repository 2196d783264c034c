"""Composition root: settings in, the parts of each process out, put together in one place.

`build_engine` and `build_front` are all that knows every room. What they open is closed again,
in the reverse order, by `stop` and when building or starting fails half-way.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.actions.catalogue import CatalogueFolder
from bot.actions.offers import no_offers
from bot.alerts.intake import AlertIntake
from bot.alerts.logs import LOGS_JOB
from bot.alerts.noise_file import load_noise_rules
from bot.alerts.sources import all_sources
from bot.alerts.sources.secrets import load_secrets
from bot.catalogue import catalogue_of
from bot.channels.placing import nowhere
from bot.chat.sender import OutboxSender
from bot.clock import Clock, SystemClock
from bot.configuration import note_start
from bot.counting import counting_ticks
from bot.engine.engine import Engine
from bot.engine.impact import ImpactDesk
from bot.engine.ipc import SocketEngineClient
from bot.engine.loop import WAKE_PAUSE_SECONDS, Waker
from bot.engine.ports import EngineClient
from bot.engine.running import ADDRESS_FILE, RunningEngine
from bot.engine.work import CANARY_JOB, INBOX_HOLD_SECONDS, InboxWork, JobWork
from bot.errors import EngineUnavailable
from bot.incidents.keeping import RECORD_FILE
from bot.incidents.record_files import RecordFileJob
from bot.jobs.inbox_writer import InboxWriter
from bot.jobs.ports import Job
from bot.life import flap_rule, open_life
from bot.redaction import set_up_redaction
from bot.retention import retention_ticks
from bot.settings import Settings
from bot.slack_engine import open_slack
from bot.store.database import Database
from bot.suggestions.changed import ChangedLast
from bot.suggestions.jobs import SUGGEST, SuggestJob, follow_changes
from bot.suggestions.knowing import KnowingSuggester
from bot.suggestions.logs import LogsJob
from bot.suggestions.model import Suggestion
from bot.suggestions.questions import Questions, SuggestRequest
from bot.syncing import sync_ticks
from bot.upkeep import NO_ROOMS, canary_job, canary_ticks, start_canaries
from knowledge.embed.port import Embedder
from knowledge.errors import KnowledgeError

if TYPE_CHECKING:
    from fastapi import APIRouter, FastAPI

    from bot.suggestions.build import SuggestionBuilder
    from bot.web.deps import SlackProbe

_log = logging.getLogger(__name__)


def build_engine(
    settings: Settings, *, clock: Clock | None = None, embedder: Embedder | None = None
) -> RunningEngine:
    """The engine as the settings say. `embedder` replaces the model, for tests.

    Raises SchemaMismatch, DatabaseBusy, ModelError, IndexInUse or SettingsError.
    """
    clock = clock or SystemClock()
    set_up_redaction(settings)
    catalogue = catalogue_of(settings)  # its mistakes are told before the long work
    sources = all_sources(settings.sources_dir)
    rules = load_noise_rules(settings.noise_file)
    with ExitStack() as opened:
        database = Database(settings.database, clock=clock)
        opened.callback(database.close)
        database.require_current_schema()
        note_start(settings, database, clock, "engine")
        memory, projection, desk = _open_memory(settings, database, opened, embedder, clock)
        changed = ChangedLast(catalogue, settings.change_window)
        builder = KnowingSuggester(memory, catalogue, database, changed, clock)
        intake = AlertIntake(
            catalogue,
            clock,
            group_window_seconds=settings.group_window_seconds,
            sources=sources,
            rules=rules,
            flapping=flap_rule(settings),
            resolve_after_seconds=settings.resolve_after_seconds,
            resolve_alone_after_seconds=settings.resolve_alone_after,
            on_changes=lambda uow, told, at: follow_changes(uow, changed, told, at, clock),
        )
        loops = _Loops()
        documents = database.knowledge_source().list
        life = open_life(settings, database, catalogue, clock, loops.on_jobs)
        slack = open_slack(settings, database, builder, catalogue, clock, opened, intake)
        rooms = slack.upkeep if slack is not None else NO_ROOMS
        sender = None
        if slack is not None:
            sender = OutboxSender(database, slack.chat, clock, on_refused=rooms.refused)
        canary = canary_job(settings, database, builder, catalogue, rooms, clock)
        where = slack.where if slack is not None else nowhere
        offers = slack.offers if slack is not None else no_offers
        handlers: dict[str, Callable[[Job], None]] = {
            SUGGEST: SuggestJob(
                database,
                builder,
                where,
                clock,
                life.storms,
                offers=offers,
                changed=changed,
                a_day=settings.noise_limit,
            ).handle,
            CANARY_JOB: canary.handle,
            RECORD_FILE: RecordFileJob(database, settings.records_folder).handle,
            LOGS_JOB: LogsJob(database, catalogue, clock).handle,
            **life.handlers,
            **(slack.handlers if slack is not None else {}),
        }
        engine = Engine(
            units=database,
            inbox=InboxWork(
                database,
                intake,
                clock,
                loops.on_jobs,
                hold_seconds=INBOX_HOLD_SECONDS if database.dialect == "sqlite" else None,
            ),
            jobs=JobWork(database, handlers, clock, loops.on_done),
            index=projection,
            sender=sender,
            answer=Questions(database, builder, catalogue, clock).answer,
            interact=slack.interact if slack is not None else None,
            schedule=slack.schedule if slack is not None else None,
            clock=clock,
            inbox_keep_hours=settings.inbox_keep_hours,
            only_engine=database.dialect == "sqlite",
            ticks=[
                *canary_ticks(settings, database, rooms, clock),
                *life.ticks,
                *(slack.ticks if slack is not None else ()),
                *sync_ticks(settings, database, clock),
                *retention_ticks(settings, database, clock),
                *counting_ticks(settings, database, clock, documents),
            ],
            impact=desk,
            act=slack.act if slack is not None else None,
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
    settings: Settings,
    database: Database,
    opened: ExitStack,
    embedder: Embedder | None,
    clock: Clock,
) -> "tuple[SuggestionBuilder, Any, ImpactDesk]":
    """The retriever over the projection; loads the model, opens or rebuilds the index."""
    from bot.drafts.impact import PastCases, past_incidents
    from bot.memory import build_large_elsewhere, load_calibration, load_model
    from bot.suggestions.build import SuggestionBuilder
    from knowledge.curate.preview import Previewer
    from knowledge.embed.batching import BatchingEmbedder
    from knowledge.index.generations import Generations
    from knowledge.index.projection import Projection
    from knowledge.retrieve.facts import FactsReader
    from knowledge.retrieve.facts_file import FACTS_FILE, FactsFile
    from knowledge.retrieve.retriever import Retriever

    batching = BatchingEmbedder(embedder or load_model(settings.model, settings.data_dir))
    opened.callback(batching.close)
    source = database.knowledge_source()
    generations = Generations(settings.index_dir)
    if embedder is None and not generations.is_built(batching.generation):
        build_large_elsewhere(settings, source)
    home = generations.home(batching.generation)
    kept = FactsFile(home / FACTS_FILE)
    opened.callback(kept.close)
    facts = FactsReader(source, kept=kept)
    projection = Projection(source, batching, home, bulk=batching.bulk, follower=facts)
    projection.open()
    opened.callback(projection.close)
    generations.serve(batching.generation)
    retriever = Retriever(
        projection,
        source,
        threshold=settings.answer_threshold,
        calibration=load_calibration(settings, batching.generation),
        embed=batching.embed,
        facts=facts,
    )
    previews = Previewer(retriever, projection, source)
    past = PastCases(database, clock, lambda: past_incidents(source.list), previews)
    return SuggestionBuilder(retriever, source), projection, ImpactDesk(past.preview)


class Front:
    """What the front process runs beside its web server."""

    def __init__(self, app: "FastAPI", opened: ExitStack) -> None:
        self.app = app
        self._opened = opened

    def stop(self) -> None:
        self._opened.close()


def build_front(settings: Settings, engine: EngineClient, *, clock: Clock | None = None) -> Front:
    """The web application, with the inbox writer and Slack's connections started."""
    from bot.console import console_parts
    from bot.secrets.live import LiveSecrets
    from bot.source_secrets import open_sealing, open_secret_keeping
    from bot.web.app import create_app
    from bot.web.deps import FrontDeps, slack_off
    from bot.web.metrics import FrontMetrics
    from bot.web.sns import SnsVerifier, fetch_over_https

    clock = clock or SystemClock()
    set_up_redaction(settings)
    sources = all_sources(settings.sources_dir)
    secrets = load_secrets(settings.source_secrets, sources)
    with ExitStack() as opened:
        database = Database(settings.database, clock=clock)
        opened.callback(database.close)
        database.require_current_schema()
        waker = Waker(engine.wake, pause_seconds=WAKE_PAUSE_SECONDS)
        opened.callback(waker.stop)
        inbox = InboxWriter(database, on_commit=waker.soon)
        inbox.start()
        opened.callback(inbox.stop)
        probe: SlackProbe = slack_off
        routers: list[APIRouter] = []
        if settings.slack_mode != "off":
            from bot.slack_front import open_front_slack

            probe, routers = open_front_slack(settings, database, inbox, engine, clock, opened)
        opened.callback(start_canaries(settings, database, inbox, clock))
        token = settings.webhook_token
        sealing = open_sealing(settings)
        kept = LiveSecrets(database, clock, sealing)
        deps = FrontDeps(
            units=database,
            inbox=inbox,
            engine=engine,
            clock=clock,
            metrics=FrontMetrics(database, clock, settings.noise_limit),
            token=token.get_secret_value() if token is not None else None,
            max_body_bytes=settings.max_body_bytes,
            slack=probe,
            sources=sources,
            secrets=secrets,
            kept=kept,
            actions=CatalogueFolder(settings.actions_dir).current,
            public_url=settings.public_url or f"http://{settings.host}:{settings.port}",
            sns=SnsVerifier(fetch_over_https(settings.https_proxy), clock),
            changed=ChangedLast(catalogue_of(settings), settings.change_window),
        )
        documents = database.knowledge_source().list
        keeping = open_secret_keeping(settings, database, clock, sealing, kept.forget)
        console = console_parts(settings, database, engine, clock, waker.soon, documents, keeping)
        return Front(create_app(deps, routers, console), opened.pop_all())


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
        address = (settings.data_dir / ADDRESS_FILE).read_text(encoding="utf-8").strip()
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
                builder, projection, self._desk = _open_memory(
                    settings, self._database, opened, None, self._clock
                )
            except KnowledgeError as error:
                raise EngineUnavailable(str(error)) from error
            projection.catch_up()
            catalogue = catalogue_of(settings)
            changed = ChangedLast(catalogue, settings.change_window)
            asked = KnowingSuggester(builder, catalogue, self._database, changed, self._clock)
            self._questions = Questions(self._database, asked, catalogue, self._clock)
            self._opened = opened.pop_all()

    def suggest(self, request: SuggestRequest, deadline_seconds: float) -> Suggestion:
        return self._questions.answer(request)

    def interact(self, body: Mapping[str, Any], deadline_seconds: float) -> Mapping[str, Any]:
        raise EngineUnavailable("only `recall serve` answers commands")

    def impact(self, body: Mapping[str, Any], deadline_seconds: float) -> Mapping[str, Any]:
        return self._desk.call(body)

    def act(self, body: Mapping[str, Any], deadline_seconds: float) -> Mapping[str, Any]:
        raise EngineUnavailable("only `recall serve` takes what tokens ask")

    def wake(self) -> None:
        """There is no inbox loop to wake."""

    def status(self) -> Mapping[str, object]:
        return {"ready": True}

    def close(self) -> None:
        self._opened.close()
