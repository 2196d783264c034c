"""The sync of this installation, put together from its settings."""

import logging
from collections.abc import Callable
from datetime import timedelta

from bot.clock import Clock
from bot.errors import Retryable
from bot.importing import Importer
from bot.settings import Settings
from bot.settings.knowledge import tokens_by_host
from bot.sync.model import parse_source
from bot.sync.run import ACTOR, TICK_SECONDS, Sync
from bot.uow import UnitOfWorkFactory
from knowledge.loaders.git import GitAccess

_log = logging.getLogger(__name__)

Tick = tuple[float, str, Callable[[], None]]


def git_access(settings: Settings) -> GitAccess:
    return GitAccess(
        tokens=tokens_by_host(settings.sync_tokens),
        ca_bundle=settings.ca_bundle,
        proxy=settings.https_proxy,
    )


def open_sync(
    settings: Settings,
    units: UnitOfWorkFactory,
    clock: Clock,
    importer: Callable[[], Importer] | None = None,
) -> Sync:
    """`importer` makes what brings pages in; one without a model where none is given, for the
    engine makes the vectors itself."""
    minutes = settings.sync_minutes
    return Sync(
        units=units,
        clock=clock,
        sources=[parse_source(one) for one in settings.sync_sources],
        importer=importer or (lambda: Importer(units=units, clock=clock, actor=ACTOR)),
        access=git_access(settings),
        copies=settings.sync_folder,
        every=timedelta(minutes=minutes) if minutes else None,
        retires=settings.sync_retires,
    )


def sync_ticks(settings: Settings, units: UnitOfWorkFactory, clock: Clock) -> list[Tick]:
    """What the engine has to do every so many seconds; nothing where no source is set."""
    if not settings.sync_sources or not settings.sync_minutes:
        return []
    sync = open_sync(settings, units, clock)

    def look() -> None:
        try:
            sync.tick()
        except Retryable as error:
            _log.warning("sync: %s; the next tick looks again", error)

    return [(TICK_SECONDS, "sync", look)]
