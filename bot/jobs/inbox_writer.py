"""InboxWriter: one thread that writes deliveries to the inbox, many in one commit.

A commit costs a wait for the disk, whatever it holds. So whoever hands in a delivery waits for
the next commit, and one commit serves all who wait.
"""

import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field

from bot.errors import DatabaseBusy
from bot.jobs.ports import InboxItem
from bot.uow import UnitOfWorkFactory

_log = logging.getLogger(__name__)

QUEUE_SIZE = 2_000
"""Most deliveries that wait at once; more are refused, so that memory stays bounded."""
BATCH_ITEMS = 500
BATCH_BYTES = 8 * 1_048_576
WAIT_SECONDS = 20.0
RETRY_AFTER_SECONDS = 5.0


@dataclass(slots=True)
class _Waiting:
    item: InboxItem
    written: Future[None] = field(default_factory=Future)


class InboxWriter:
    """Durable `add` with group commit. Start before use; `stop` writes what is still queued.

    `on_commit` is called on the writer's thread after each commit and must not block or raise.
    """

    def __init__(
        self,
        units: UnitOfWorkFactory,
        *,
        on_commit: Callable[[], None] = lambda: None,
        queue_size: int = QUEUE_SIZE,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._units = units
        self._on_commit = on_commit
        self._wait_seconds = wait_seconds
        self._queue: queue.Queue[_Waiting | None] = queue.Queue(queue_size)
        self._lock = threading.Lock()
        self._open = False
        self._thread = threading.Thread(target=self._run, name="inbox-writer", daemon=True)

    def start(self) -> None:
        with self._lock:
            self._open = True
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """Take nothing more, write what waits, end the thread."""
        with self._lock:
            was_open, self._open = self._open, False
        if was_open:
            self._queue.put(None)
            self._thread.join(timeout)

    def add(self, item: InboxItem) -> None:
        """Return once `item` is committed.

        Raises DatabaseBusy when it is not: the database cannot be written, too many wait
        already, or the writer is not running. After a time-out it may still be written, so the
        sender's retry can come in twice; merging makes that harmless.
        """
        waiting = _Waiting(item)
        with self._lock:
            if not self._open:
                raise _busy("the inbox writer is not running")
            try:
                self._queue.put_nowait(waiting)
            except queue.Full:
                raise _busy("too many deliveries are waiting to be written") from None
        try:
            waiting.written.result(self._wait_seconds)
        except FutureTimeout:
            waiting.written.cancel()
            raise _busy("the inbox could not be written in time") from None

    def _run(self) -> None:
        ended = False
        while not ended:
            batch, ended = self._next_batch()
            if batch:
                self._write(batch)

    def _next_batch(self) -> tuple[list[_Waiting], bool]:
        """All that waits now, within the limits; and whether this was the end."""
        batch: list[_Waiting] = []
        size = 0
        waiting = self._queue.get()
        while waiting is not None:
            if waiting.written.set_running_or_notify_cancel():
                batch.append(waiting)
                size += len(waiting.item.body)
            if len(batch) >= BATCH_ITEMS or size >= BATCH_BYTES:
                return batch, False
            try:
                waiting = self._queue.get_nowait()
            except queue.Empty:
                return batch, False
        return batch, True

    def _write(self, batch: list[_Waiting]) -> None:
        try:
            with self._units.begin() as uow:
                uow.inbox.add_many([waiting.item for waiting in batch])
        except Exception as error:  # noqa: BLE001 - see below
            # Whatever went wrong, every waiter must hear of it, and the thread must live on for
            # the next delivery. Nothing is hidden: each waiter raises it in its own request.
            if not isinstance(error, DatabaseBusy):
                _log.exception("a batch of %d deliveries could not be written", len(batch))
            for waiting in batch:
                waiting.written.set_exception(error)
            return
        for waiting in batch:
            waiting.written.set_result(None)
        self._on_commit()


def _busy(reason: str) -> DatabaseBusy:
    return DatabaseBusy(reason, retry_after=RETRY_AFTER_SECONDS)
