"""A thread that does steps of work until there is none, then sleeps until it is woken."""

import logging
import threading
from collections.abc import Callable

from bot.errors import Retryable

_log = logging.getLogger(__name__)
_LONGEST_PAUSE = 30.0
WAKE_PAUSE_SECONDS = 0.02
"""How often one process wakes another at most: a call costs both some 0.5 ms of processor time."""


class Loop:
    """Calls `step` until it returns 0 (nothing to do), then waits for `wake` or `poll_seconds`.

    A `Retryable` error or a bug in a step is logged and followed by a pause that doubles up to
    30 s: the thread must outlive a database that is away, and a step that fails keeps its work
    in the database, where the next try finds it. `rest` says after each step that found something
    for how many seconds to leave others alone; being woken does not shorten it.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], int],
        *,
        poll_seconds: float = 0.5,
        rest: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._name = name
        self._step = step
        self._rest = rest
        self._poll_seconds = poll_seconds
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.failures = 0

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._wake.set()

    def stop(self, timeout: float = 10.0) -> None:
        """Let the running step end, then end the thread."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        pause = self._poll_seconds
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                busy = self._step() > 0
                pause = self._poll_seconds
            except Retryable as error:
                _log.warning("%s: %s; trying again in %.1f s", self._name, error, pause)
                busy, pause = False, self._after_failure(pause)
            except Exception:  # noqa: BLE001 - the one place; logged with its traceback
                _log.exception("%s: a step failed; trying again in %.1f s", self._name, pause)
                busy, pause = False, self._after_failure(pause)
            if busy:
                self._stopping.wait(self._rest())
            elif not self._stopping.is_set():
                self._wake.wait(pause)

    def _after_failure(self, pause: float) -> float:
        self.failures += 1
        return min(max(pause, 0.1) * 2, _LONGEST_PAUSE)


class Waker:
    """Calls `wake` soon after `soon`, on a thread of its own: whoever says `soon` never waits,
    and what is said while a call runs, or in `pause_seconds` after it, is one more call."""

    def __init__(self, wake: Callable[[], None], *, pause_seconds: float = 0.0) -> None:
        self._wake = wake
        self._pause_seconds = pause_seconds
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="waker", daemon=True)
        self._thread.start()

    def soon(self) -> None:
        self._wanted.set()

    def stop(self) -> None:
        self._stopping.set()
        self._wanted.set()
        self._thread.join(5)

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            if self._stopping.is_set():
                return
            self._wanted.clear()
            self._wake()
            self._stopping.wait(self._pause_seconds)
