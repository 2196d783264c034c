"""The runner: loops that dry-run, run and look after action requests."""

from collections.abc import Sequence

from bot.actions.executors.http import HttpExecutor
from bot.engine.loop import Loop
from bot.runner.checks import Checks
from bot.runner.dry_run import DryRunner
from bot.runner.parts import RunnerParts
from bot.runner.watch import Watcher
from bot.runner.work import Worker

_WORKERS = 2
_POLL_SECONDS = 0.1
_WATCH_SECONDS = 0.5
_STOP_SECONDS = 4.0


class Runner:
    """Owns the threads. Any number of runners, in any number of processes, serve one database.

    It polls, ten times a second: it shares nothing with the processes that meet text from
    outside but the database.
    """

    def __init__(self, parts: RunnerParts) -> None:
        http = parts.executors["http"]
        assert isinstance(http, HttpExecutor)
        self._stopping = parts.stopping
        checks = Checks(parts.executors, http, parts.secrets)
        self.worker = Worker(parts, checks)
        self.dry_runner = DryRunner(parts)
        self.watcher = Watcher(parts, checks)
        self._loops: Sequence[Loop] = [
            *(
                Loop(f"run-{number}", self.worker.step, poll_seconds=_POLL_SECONDS)
                for number in range(_WORKERS)
            ),
            Loop("dry-run", self.dry_runner.step, poll_seconds=_POLL_SECONDS),
            Loop("watch", self.watcher.step, poll_seconds=_WATCH_SECONDS),
        ]

    def start(self) -> None:
        for loop in self._loops:
            loop.start()

    def stop(self) -> None:
        """End what runs, and say that it was ended; what cannot be said is found by its lease."""
        self._stopping.set()
        for loop in self._loops:
            loop.stop(timeout=_STOP_SECONDS)

    def step(self) -> int:
        """Everything once, on the caller's thread; how much was done."""
        return self.dry_runner.step() + self.worker.step() + self.watcher.step()
