"""What follows alerts by the clock, put together: settling alerts and incidents."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.alerts.flapping import FlapRule
from bot.alerts.settling import SETTLE, TICK_SECONDS, Settling
from bot.clock import Clock
from bot.errors import Retryable
from bot.jobs.ports import Job
from bot.services.catalogue import Catalogue
from bot.settings import Settings
from bot.uow import UnitOfWorkFactory

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Life:
    """`handlers` are jobs by kind, `ticks` what is to be done every so many seconds, by name."""

    handlers: Mapping[str, Callable[[Job], None]]
    ticks: Sequence[tuple[float, str, Callable[[], None]]]


def flap_rule(settings: Settings) -> FlapRule:
    return FlapRule(quiet=timedelta(seconds=settings.flap_seconds))


def open_life(
    settings: Settings,
    units: UnitOfWorkFactory,
    catalogue: Catalogue,
    clock: Clock,
    on_jobs: Callable[[], None],
) -> Life:
    """`on_jobs` is called when there is a job to do."""
    settling = Settling(
        units,
        catalogue,
        clock,
        flapping=flap_rule(settings),
        resolve_after_seconds=settings.resolve_after_seconds,
        group_window_seconds=settings.group_window_seconds,
    )
    return Life(
        handlers={SETTLE: settling.handle},
        ticks=[(TICK_SECONDS, "settling", _patiently("settling", settling.tick, on_jobs))],
    )


def _patiently(
    name: str, tick: Callable[[], bool], on_jobs: Callable[[], None]
) -> Callable[[], None]:
    """The tick; where the database is away, the next one looks."""

    def look() -> None:
        try:
            if tick():
                on_jobs()
        except Retryable as error:
            _log.warning("%s: %s; the next tick looks again", name, error)

    return look
