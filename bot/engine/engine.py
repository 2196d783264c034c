"""The engine: the loops that turn what came in into what is said."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from bot.clock import Clock
from bot.engine.by_token import away
from bot.engine.impact import ImpactDesk
from bot.engine.loop import Loop
from bot.engine.work import InboxWork, JobWork, purge_old
from bot.errors import EngineUnavailable, Retryable
from bot.jobs.ticks import Ticks
from bot.suggestions.model import Suggestion
from bot.suggestions.questions import SuggestRequest
from bot.uow import UnitOfWorkFactory

_log = logging.getLogger(__name__)
_PURGE_SECONDS = 600.0
_CATCH_UP_POLL_SECONDS = 1.0
_JOB_THREADS = 2
_RENEW_SECONDS = 10.0
_SCHEDULE_SECONDS = 60.0


class Index(Protocol):
    """The part of the projection that the engine drives."""

    @property
    def revision(self) -> int: ...
    def catch_up(self) -> int: ...


class Sender(Protocol):
    def run_once(self) -> int: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def wake(self) -> None: ...
    def renew(self) -> None: ...


class Engine:
    """Owns the threads. `start` returns when it is ready to answer; `stop` drains.

    `answer` is the use case behind `/v1/suggest`, `interact` the one behind commands and forms.
    `sender` is None where no chat platform is configured. `only_engine` says that no other
    engine can be alive on this database (embedded SQLite: the index lock proves it), so leases
    left by a killed one are void. `schedule` makes jobs of what is due, once a minute; `ticks` are
    what else is to be done every so many seconds, by name. `act` is what personal tokens ask, None
    where no chat platform is configured.
    """

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        inbox: InboxWork,
        jobs: JobWork,
        index: Index,
        sender: Sender | None,
        answer: Callable[[SuggestRequest], Suggestion],
        interact: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
        schedule: Callable[[], int] | None = None,
        clock: Clock,
        inbox_keep_hours: int,
        only_engine: bool,
        ticks: Sequence[tuple[float, str, Callable[[], None]]] = (),
        impact: ImpactDesk | None = None,
        act: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None,
    ) -> None:
        self._units = units
        self._index = index
        self._jobs = jobs
        self._sender = sender
        self._answer = answer
        self._interact = interact
        self._schedule = schedule
        self._impact = impact
        self._act = act
        self._clock = clock
        self._keep_hours = inbox_keep_hours
        self._only_engine = only_engine
        self._inbox_loop = Loop("inbox", inbox.step, rest=inbox.rest)
        self._job_loops: Sequence[Loop] = [
            Loop(f"jobs-{number}", jobs.step) for number in range(_JOB_THREADS)
        ]
        self._index_loop = Loop("index", index.catch_up, poll_seconds=_CATCH_UP_POLL_SECONDS)
        self._ticks = Ticks()
        for seconds, name, action in ticks:
            self._ticks.every(seconds, name, action)
        self._ready = threading.Event()

    def start(self) -> None:
        if self._only_engine:
            with self._units.begin() as uow:
                released = uow.jobs.release_leases() + uow.outbox.release_leases()
            if released:
                _log.info("took over %d pieces of work from an engine that was killed", released)
        self._index.catch_up()
        for loop in (self._index_loop, self._inbox_loop, *self._job_loops):
            loop.start()
        if self._sender is not None:
            self._sender.start()
        self._ticks.every(_RENEW_SECONDS, "leases", self._renew)
        self._ticks.every(_PURGE_SECONDS, "purge", self._purge)
        self._ticks.every(_SCHEDULE_SECONDS, "schedule", self.look_at_the_clock)
        self._ticks.start()
        self._ready.set()

    def stop(self) -> None:
        """Let running steps end; what is left is in the database and goes on next time."""
        self._ready.clear()
        if self._impact is not None:
            self._impact.stop()
        self._ticks.stop()
        for loop in (self._inbox_loop, *self._job_loops, self._index_loop):
            loop.stop()
        if self._sender is not None:
            self._sender.stop()

    def wake(self) -> None:
        """There may be something new in the inbox."""
        self._inbox_loop.wake()

    def wake_jobs(self) -> None:
        for loop in self._job_loops:
            loop.wake()

    def wake_after_job(self) -> None:
        """A job may have left a message to send, or new knowledge to index."""
        if self._sender is not None:
            self._sender.wake()
        self._index_loop.wake()

    def look_at_the_clock(self) -> None:
        """Make jobs of what is due by now; what cannot be looked at is due with the next tick."""
        if self._schedule is None:
            return
        try:
            added = self._schedule()
        except Retryable as error:
            _log.warning("the schedule could not be looked at: %s", error)
            return
        if added:
            self.wake_jobs()

    def suggest(self, request: SuggestRequest) -> Suggestion:
        return self._answer(request)

    def interact(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer a platform's command, form or shortcut, and have what it changed done soon."""
        if self._interact is None:
            raise EngineUnavailable("no chat platform is configured")
        said = self._interact(body)
        self.wake_jobs()
        self.wake_after_job()
        return said

    def impact(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `ImpactDesk.call`."""
        if self._impact is None:
            raise EngineUnavailable("this engine previews nothing")
        return self._impact.call(body)

    def act(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `TokenCalls.call`; what it changed is done and said soon."""
        if self._act is None:
            return away("no chat platform is configured, in which it could be said and decided")
        said = self._act(body)
        self.wake_jobs()
        self.wake_after_job()
        return said

    def status(self) -> Mapping[str, Any]:
        return {"ready": self._ready.is_set(), "revision": self._index.revision}

    def _renew(self) -> None:
        """Hold on to the work in hand. While the database is away nobody else can take it."""
        try:
            self._jobs.renew()
            if self._sender is not None:
                self._sender.renew()
        except Retryable as error:
            _log.warning("leases could not be renewed: %s", error)

    def _purge(self) -> None:
        purge_old(self._units, self._clock.now(), self._keep_hours)
