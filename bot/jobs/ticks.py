"""Scheduled ticks; the only file that imports apscheduler.

The schedule lives in memory in each process. What a tick does must be safe to do twice, or be
a job under a time-bucket key, because several replicas tick.
"""

import logging
from collections.abc import Callable

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger


class Ticks:
    """Runs named callables at intervals in one background thread pool."""

    def __init__(self) -> None:
        logging.getLogger("apscheduler").setLevel(logging.WARNING)
        self._scheduler = BackgroundScheduler(timezone="UTC")

    def every(self, seconds: float, name: str, action: Callable[[], object]) -> None:
        """Call `action` each `seconds`; a run still going on when the next is due skips it."""
        self._scheduler.add_job(
            action,
            IntervalTrigger(seconds=seconds, jitter=min(60, int(seconds * 0.1)) or None),
            id=name,
            max_instances=1,
            coalesce=True,
        )

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)
