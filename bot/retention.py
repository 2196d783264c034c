"""Letting go of what people wrote in incidents, once it is old enough."""

import logging
from collections.abc import Callable
from datetime import timedelta

from bot.clock import Clock
from bot.errors import Retryable
from bot.settings import Settings
from bot.uow import UnitOfWorkFactory

_log = logging.getLogger(__name__)

TICK_SECONDS = 3_600.0
BATCH = 500
"""Rows of a kind a transaction: short enough for others to write in between."""
ACTOR = "retention:schedule"

Tick = tuple[float, str, Callable[[], None]]


def let_go(units: UnitOfWorkFactory, clock: Clock, days: int) -> int:
    """Empty the texts of incidents that ended more than `days` ago; how many rows. Safe to
    repeat, and to be done by several replicas at once."""
    before = clock.now() - timedelta(days=days)
    emptied = 0
    while True:
        with units.begin() as uow:
            rows = uow.texts.empty_before(before, BATCH)
            emptied += rows
            if rows:
                uow.audit.append(
                    at=clock.now(),
                    actor=ACTOR,
                    action="texts.emptied",
                    subject=f"before {before:%Y-%m-%d}",
                    data={"rows": rows},
                )
        if not rows:
            return emptied


def retention_ticks(settings: Settings, units: UnitOfWorkFactory, clock: Clock) -> list[Tick]:
    """What the engine has to do every so many seconds; nothing where texts are kept for good."""
    if not settings.keep_texts_days:
        return []

    def look() -> None:
        try:
            rows = let_go(units, clock, settings.keep_texts_days)
            if rows:
                _log.info("emptied %d texts of incidents of long ago", rows)
        except Retryable as error:
            _log.warning("retention: %s; the next tick looks again", error)

    return [(TICK_SECONDS, "retention", look)]
