"""Letting go of what people wrote in incidents, and of changes, once they are old enough."""

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


def forget_changes(units: UnitOfWorkFactory, clock: Clock, days: int) -> int:
    """Delete changes of more than `days` ago; how many. Safe to repeat, and to be done by several
    replicas at once."""
    before = clock.now() - timedelta(days=days)
    gone = 0
    while True:
        with units.begin() as uow:
            rows = uow.changes.purge(before, BATCH)
        gone += rows
        if not rows:
            return gone


def retention_ticks(settings: Settings, units: UnitOfWorkFactory, clock: Clock) -> list[Tick]:
    """What the engine has to do every so many seconds; nothing where all is kept for good."""
    if not (settings.keep_texts_days or settings.keep_changes_days):
        return []

    def look() -> None:
        try:
            if settings.keep_texts_days and (
                rows := let_go(units, clock, settings.keep_texts_days)
            ):
                _log.info("emptied %d texts of incidents of long ago", rows)
            if settings.keep_changes_days and (
                rows := forget_changes(units, clock, settings.keep_changes_days)
            ):
                _log.info("forgot %d changes of long ago", rows)
        except Retryable as error:
            _log.warning("retention: %s; the next tick looks again", error)

    return [(TICK_SECONDS, "retention", look)]
