"""Gauges of how many alerts have a service and an environment."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.alerts.unresolved import WINDOW, ResolvedShare
from bot.clock import Clock
from bot.errors import Retryable
from bot.uow import UnitOfWorkFactory

_log = logging.getLogger(__name__)


_COUNTED_FOR = timedelta(minutes=1)
"""How long one count is told: a week's alerts are many, and scrapes are frequent."""


_NONE = ResolvedShare(alerts=0, without_service=0, without_environment=0, unresolved=0)


class ResolvedGauges(Collector):
    """Counts of the last week's alerts, read when somebody asks for the metrics."""

    def __init__(self, units: UnitOfWorkFactory, clock: Clock) -> None:
        self._units = units
        self._clock = clock
        self._known: tuple[datetime, ResolvedShare] | None = None

    def describe(self) -> Iterable[Metric]:
        return _gauges(
            ResolvedShare(alerts=0, without_service=0, without_environment=0, unresolved=0)
        )

    def collect(self) -> Iterable[Metric]:
        now = self._clock.now()
        if self._known is None or not self._known[0] <= now < self._known[0] + _COUNTED_FOR:
            try:
                with self._units.read() as uow:
                    self._known = (now, uow.alerts.turned_since(now - WINDOW))
            except Retryable as error:
                _log.warning("metrics without the unresolved alerts: %s", error)
                return []
        return _gauges(self._known[1])


def _gauges(seen: ResolvedShare) -> list[Metric]:
    missing = GaugeMetricFamily(
        "recall_alerts_unresolved",
        "Alerts that began or ended within 7 days of which that is not known; any: one of both.",
        labels=["missing"],
    )
    for name, number in (
        ("service", seen.without_service),
        ("environment", seen.without_environment),
        ("any", seen.unresolved),
    ):
        missing.add_metric([name], number)
    every = GaugeMetricFamily(
        "recall_alerts_last_week", "Alerts that began or ended within 7 days.", value=seen.alerts
    )
    return [every, missing]
