"""The front's own metrics, on a registry of their own, and GET /metrics."""

import logging
from collections.abc import Iterable
from time import perf_counter

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.alerts.logs import LOGS_TALLY
from bot.channels.interrupting import held_back_since
from bot.chat.budget import DAY, Noise, noise_of
from bot.clock import Clock, SystemClock
from bot.errors import Retryable
from bot.uow import UnitOfWorkFactory
from bot.web.resolved_metrics import ResolvedGauges
from bot.web.upkeep import canary_part, upkeep

_log = logging.getLogger(__name__)

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_NO_ROUTE = "(none)"


class FrontMetrics:
    """Counters and histograms of one front; make one an app."""

    def __init__(
        self, units: UnitOfWorkFactory, clock: Clock | None = None, noise_limit: int = 50
    ) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "recall_http_requests_total",
            "Requests answered, by route, method and status.",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self.latency = Histogram(
            "recall_http_request_seconds",
            "Time to answer a request, by route.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.accepted = Counter(
            "recall_inbox_accepted_total",
            "Deliveries written to the inbox, by source.",
            ("source",),
            registry=self.registry,
        )
        self.refused = Counter(
            "recall_inbox_refused_total",
            "Deliveries that the inbox could not take (answered 503), by source.",
            ("source",),
            registry=self.registry,
        )
        self.registry.register(_DatabaseGauges(units))
        self.registry.register(_NoiseGauges(units, clock or SystemClock(), noise_limit))
        self.registry.register(ResolvedGauges(units, clock or SystemClock()))


class _DatabaseGauges(Collector):
    """Counts that live in the database, read when somebody asks for the metrics."""

    def __init__(self, units: UnitOfWorkFactory) -> None:
        self._units = units

    def describe(self) -> Iterable[Metric]:
        return _gauges()

    def collect(self) -> Iterable[Metric]:
        inbox, jobs, logs, canary_seconds, canary_ok, in_trouble = _gauges()
        try:
            with self._units.read() as uow:
                counts = (
                    dict(uow.inbox.counts()),
                    dict(uow.jobs.counts()),
                    dict(uow.marks.get(LOGS_TALLY) or {}),
                )
                known = upkeep(uow)
        except Retryable as error:
            # A scrape must still tell what the process itself knows.
            _log.warning("metrics without the database's counts: %s", error)
            return
        for gauge, found in zip((inbox, jobs, logs), counts, strict=True):
            for state, number in sorted(found.items()):
                gauge.add_metric([state], number)
            yield gauge
        if known.canary is not None:
            if known.canary["seconds"] is not None:
                canary_seconds.add_metric([], known.canary["seconds"])
            canary_ok.add_metric([], float(canary_part(known.canary)["ok"]))
        in_trouble.add_metric([], len(known.troubles))
        yield from (canary_seconds, canary_ok, in_trouble)


def _gauges() -> tuple[GaugeMetricFamily, ...]:
    return (
        GaugeMetricFamily("recall_inbox_items", "Deliveries in the inbox.", labels=["state"]),
        GaugeMetricFamily("recall_jobs", "Jobs in the queue.", labels=["state"]),
        GaugeMetricFamily(
            "recall_log_deliveries",
            "Deliveries of log lines that found an open incident, and that found none.",
            labels=["outcome"],
        ),
        GaugeMetricFamily("recall_canary_seconds", "The newest canary, from alert to card."),
        GaugeMetricFamily("recall_canary_ok", "1 when the newest canary was in time, else 0."),
        GaugeMetricFamily("recall_channels_in_trouble", "Channels where the chat refuses us."),
    )


class _NoiseGauges(Collector):
    """How much the bot said within a day, and the limit that it is kept under."""

    def __init__(self, units: UnitOfWorkFactory, clock: Clock, limit: int) -> None:
        self._units = units
        self._clock = clock
        self._limit = limit

    def describe(self) -> Iterable[Metric]:
        return _noise_gauges(noise_of((), self._clock.now(), self._limit), 0)

    def collect(self) -> Iterable[Metric]:
        now = self._clock.now()
        try:
            with self._units.read() as uow:
                said = uow.outbox.said_since(now - DAY)
                held_back = held_back_since(uow, now - DAY)
        except Retryable as error:
            _log.warning("metrics without the bot's own noise: %s", error)
            return []
        return _noise_gauges(noise_of(said, now, self._limit), held_back)


def _noise_gauges(noise: Noise, held_back: int) -> list[Metric]:
    day = GaugeMetricFamily(
        "recall_said_last_day",
        "What the bot said within 24 hours: posts, those that nobody asked for, edits of them, "
        "mentions of people, messages held back.",
        labels=["kind"],
    )
    for kind, number in (
        ("posts", noise.posts),
        ("unasked", noise.unasked),
        ("edits", noise.edits),
        ("pings", noise.pings),
        ("held_back", held_back),
    ):
        day.add_metric([kind], number)
    return [
        day,
        GaugeMetricFamily(
            "recall_noise_busiest_channel",
            "Posts that nobody asked for within 24 hours, in the channel with the most.",
            value=noise.busiest,
        ),
        GaugeMetricFamily(
            "recall_noise_limit",
            "The limit for each channel (RECALL_NOISE_LIMIT).",
            value=noise.limit,
        ),
    ]


class MeasureRequests:
    """ASGI middleware: counts and times each request under its route's template."""

    def __init__(self, app: ASGIApp, metrics: FrontMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        started = perf_counter()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            # The template, not the path: a path chosen by strangers would grow without end.
            route = getattr(scope.get("route"), "path", _NO_ROUTE)
            self._metrics.requests.labels(route, _method(scope), str(status)).inc()
            self._metrics.latency.labels(route).observe(perf_counter() - started)


def _method(scope: Scope) -> str:
    method: str = scope["method"]
    return method if method in ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE") else "other"


router = APIRouter()


@router.get("/metrics", include_in_schema=False)
def metrics(request: Request) -> Response:
    """All metrics in Prometheus' text format."""
    registry = request.app.state.deps.metrics.registry
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
