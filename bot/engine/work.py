"""What the engine's loops do: inbox to use cases, jobs to their handlers."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from bot.alerts.logs import LOGS_JOB
from bot.alerts.noise import KEEP_HELD
from bot.clock import Clock
from bot.errors import Permanent, Retryable
from bot.jobs.ports import InboxItem, InboxKind, Job
from bot.redact import redact
from bot.uow import UnitOfWork, UnitOfWorkFactory

_log = logging.getLogger(__name__)

SLACK_JOB = "slack"
CANARY_JOB = "canary"
_JOBS = {InboxKind.CANARY: CANARY_JOB, InboxKind.LOGS: LOGS_JOB}
DEDUPE_DAYS = 7
"""How long a delivery that comes again is known, whatever has become of its body."""
_INBOX_BATCH = 200
_LEAST_BATCH = 10
"""Deliveries a step however long they take: each step costs a wait for the disk, too."""
INBOX_HOLD_SECONDS = 0.025
"""How long a step may hold a database that has one writer: half of what a 202 may take."""
_JOB_LEASE_SECONDS = 45.0
"""How long a killed engine's job waits for another engine. A job that takes longer keeps its
lease by `JobWork.renew`, so this says nothing about how long a job may take."""
_JOB_ATTEMPTS = 6
_LONGEST_PAUSE = 60.0
POSTS_KEPT = timedelta(days=7)
"""How long the posts of other apps are kept."""
ASKED_KEYS_KEPT = timedelta(days=7)
"""How long a program that asks again under the same key makes no second request."""


_REST = 3.0
"""So many times as long as a step held that database it leaves it to the others. Each step has
costs of its own, so what came in meanwhile is handled for less in one than in several."""
_REST_BEHIND = 1.0
"""The same where a step found more than it could take."""
_LONGEST_REST = 0.1


class Intake(Protocol):
    """Turns alert deliveries into alerts and incidents, inside the given transaction."""

    def process(self, uow: UnitOfWork, items: Sequence[InboxItem]) -> None: ...


class InboxWork:
    """One batch of the inbox a step, in one transaction that is its own claim.

    Alerts are handled right here. A Slack delivery needs a search, which must not happen inside
    a transaction, so it becomes a job under a key of its own: exactly one for each delivery.
    `hold_seconds` is for a database with one writer: how long the others (the front, with senders
    who wait for their 202) may be kept waiting by one step, about; None takes whole batches.
    """

    def __init__(
        self,
        units: UnitOfWorkFactory,
        intake: Intake,
        clock: Clock,
        on_jobs: Callable[[], None],
        *,
        hold_seconds: float | None = None,
    ) -> None:
        self._units = units
        self._intake = intake
        self._clock = clock
        self._on_jobs = on_jobs
        self._hold_seconds = hold_seconds
        self._most = _INBOX_BATCH if hold_seconds is None else _LEAST_BATCH
        self._resting = 0.0

    def step(self) -> int:
        with self._units.begin() as uow:
            began = self._clock.monotonic()
            items = self._take(uow)
            took = self._clock.monotonic() - began
        self._learn(len(items), took)
        if items:
            self._on_jobs()
        return len(items)

    def rest(self) -> float:
        """For how many seconds to leave the database alone after the last step."""
        return self._resting

    def _learn(self, items: int, took: float) -> None:
        """Take about as many the next time as fit into the time for which the database may be
        held: alone, a delivery of one alert costs little, one of a thousand much."""
        self._resting = 0.0
        if self._hold_seconds is None or not items:
            return
        share = _REST if items < self._most else _REST_BEHIND
        self._resting = min(share * took, _LONGEST_REST)
        fitting = int(self._hold_seconds / max(took / items, 1e-6))
        self._most = max(_LEAST_BATCH, min(fitting, 2 * self._most, _INBOX_BATCH))

    def _take(self, uow: UnitOfWork) -> Sequence[InboxItem]:
        """Claim and handle, inside the caller's transaction."""
        now = self._clock.now()
        items = uow.inbox.claim(self._most, now)
        alerts = [item for item in items if item.kind is InboxKind.ALERT]
        if alerts:
            self._intake.process(uow, alerts)
        for item in items:
            if item.kind is not InboxKind.ALERT:
                kind = _JOBS.get(item.kind, SLACK_JOB)
                # What failed once may be replayed, and that is another job.
                key = f"{kind}:{item.id}:{item.attempts}"
                uow.jobs.add(key, kind, {"inbox_id": item.id}, now)
        uow.inbox.mark_done([item.id for item in items if item.kind is not InboxKind.ALERT], now)
        return items


class JobWork:
    """One job a step: leased, handled, finished. What can work later is retried for as long as
    it takes, with growing pauses; a bug is retried a few times and then failed for good.

    A handler's own transaction must be safe to repeat: after a crash between its commit and
    `finish` the job runs again.
    """

    def __init__(
        self,
        units: UnitOfWorkFactory,
        handlers: Mapping[str, Callable[[Job], None]],
        clock: Clock,
        on_done: Callable[[], None],
    ) -> None:
        self._units = units
        self._handlers = handlers
        self._clock = clock
        self._on_done = on_done
        self._running: dict[str, Job] = {}
        self._changing = threading.Lock()

    def step(self) -> int:
        kinds = list(self._handlers)
        with self._units.read() as uow:
            # Most looks find nothing, and one that may write holds up all who do.
            if not uow.jobs.is_any_due(kinds, self._clock.now()):
                return 0
        with self._units.begin() as uow:
            jobs = uow.jobs.claim(kinds, self._clock.now(), _JOB_LEASE_SECONDS, limit=1)
        for job in jobs:
            with self._changing:
                self._running[job.key] = job
            try:
                self._run(job)
            finally:
                with self._changing:
                    self._running.pop(job.key, None)
        return len(jobs)

    def renew(self) -> None:
        """Keep the leases of the jobs that run now; to be called well within a lease."""
        with self._changing:
            running = list(self._running.values())
        if not running:
            return
        with self._units.begin() as uow:
            now = self._clock.now()
            lost = [
                job.key
                for job in running
                if not uow.jobs.renew(job.key, job.attempts, now, _JOB_LEASE_SECONDS)
            ]
        with self._changing:
            lost = [key for key in lost if key in self._running]  # the others have just ended
        for key in lost:
            _log.warning("the lease of job %s ran out while it ran; it may run twice", key)

    def _run(self, job: Job) -> None:
        try:
            self._handlers[job.kind](job)
        except Permanent as error:
            _log.error("job %s failed for good: %s", job.key, error)
            self._fail(job, redact(str(error)))
        except Retryable as error:
            # What is away comes back: such a job waits for as long as that takes.
            self._again(job, redact(str(error)), error.retry_after)
        except Exception as error:  # noqa: BLE001 - one bad job must not stop the others
            _log.exception("job %s failed", job.key)
            reason = redact(f"{type(error).__name__}: {error}")
            if job.attempts >= _JOB_ATTEMPTS:
                self._fail(job, reason)
            else:
                self._again(job, reason, None)
        else:
            with self._units.begin() as uow:
                uow.jobs.finish(job.key, self._clock.now())
            self._on_done()

    def _again(self, job: Job, reason: str, retry_after: float | None) -> None:
        growing = min(_LONGEST_PAUSE, 0.5 * 2 ** min(job.attempts, 10))
        pause = retry_after if retry_after is not None else growing
        with self._units.begin() as uow:
            run_at = self._clock.now() + timedelta(seconds=pause)
            uow.jobs.retry(job.key, run_at, reason)

    def _fail(self, job: Job, reason: str) -> None:
        with self._units.begin() as uow:
            now = self._clock.now()
            uow.jobs.fail(job.key, reason, now)
            inbox_id = job.payload.get("inbox_id")
            if inbox_id is not None:
                uow.inbox.mark_failed(str(inbox_id), reason, now)


def purge_old(units: UnitOfWorkFactory, now: datetime, keep_hours: int) -> int:
    """Delete raw bodies past their time, and finished jobs with them; dedupe keys stay a week."""
    before = now - timedelta(hours=keep_hours)
    keys = min(before, now - timedelta(days=DEDUPE_DAYS))
    with units.begin() as uow:
        uow.placements.purge_posts(now - POSTS_KEPT)
        uow.held.purge(now - KEEP_HELD)
        uow.passes.purge(now)
        uow.asked_keys.purge(now - ASKED_KEYS_KEPT)
        purged = uow.inbox.purge(before, before, keys_before=keys)
        return purged + uow.jobs.purge(now - timedelta(days=30))
