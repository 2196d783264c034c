"""What follows alerts by the clock, put together: settling alerts and incidents, storms."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.alerts import settling as settling_job
from bot.alerts.flapping import FlapRule
from bot.alerts.settling import SETTLE, Settling
from bot.clock import Clock
from bot.errors import Retryable
from bot.jobs.ports import Job
from bot.services.catalogue import Catalogue
from bot.settings import Settings
from bot.storms import job as storm_job
from bot.storms.job import STORM, Storms
from bot.storms.model import StormRule
from bot.suggestions.jobs import look_again
from bot.uow import UnitOfWorkFactory

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Life:
    """`handlers` are jobs by kind, `ticks` what is to be done every so many seconds, by name;
    `storms` is asked before a card is said."""

    handlers: Mapping[str, Callable[[Job], None]]
    ticks: Sequence[tuple[float, str, Callable[[], None]]]
    storms: Storms


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
        resolve_alone_after_seconds=settings.resolve_alone_after,
        group_window_seconds=settings.group_window_seconds,
    )
    storms = Storms(
        units,
        clock,
        StormRule(alerts=settings.storm_alerts),
        edit_every=timedelta(seconds=settings.storm_edit_seconds),
        look_again=look_again,
    )
    return Life(
        handlers={SETTLE: settling.handle, STORM: storms.handle},
        ticks=[
            (seconds, name, _patiently(name, tick, on_jobs))
            for seconds, name, tick in (
                (settling_job.TICK_SECONDS, "settling", settling.tick),
                (storm_job.TICK_SECONDS, "storms", storms.tick),
            )
        ],
        storms=storms,
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
