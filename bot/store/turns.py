"""Turns: a queue of one place between the processes that write one SQLite file.

SQLite's lock knows no order: a process that writes one transaction after the other takes it again
before another one, which looks once in a while, finds it free. So whoever wants it first takes the
turn (a lock on the database's folder: to close a second handle of its file would end SQLite's own
locks), keeps it while it waits for SQLite's lock, and lets it go with that lock in hand. The one
that has just written then finds the turn taken, and waits. The turn is a courtesy, no safety: where
the folder cannot be locked, all goes on without it.
"""

import errno
import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_log = logging.getLogger(__name__)

POLL_SECONDS = 0.0005
"""Between two looks at a lock: an idle look takes some 10 µs."""


class Turns:
    """The turn of one folder's database, for one process; safe for one thread at a time (the single
    writing connection sees to that). The kernel lets the turn of a killed process go."""

    def __init__(self, database: Path, *, patience: float) -> None:
        self._path = database.absolute().parent
        self._patience = patience
        self._file: int | None = None
        self._is_usable = True

    @contextmanager
    def waited(self) -> Iterator[None]:
        """Hold the turn; after `patience` seconds go on without it."""
        file = self._opened()
        if file is None:
            yield
            return
        deadline = time.monotonic() + self._patience
        while not (is_held := _try_lock(file)) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        try:
            yield
        finally:
            if is_held:
                with suppress(OSError):  # where it could not be had, there is none to give up
                    fcntl.flock(file, fcntl.LOCK_UN)

    def _opened(self) -> int | None:
        if self._file is None and self._is_usable:
            try:
                self._file = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            except OSError as error:
                self._is_usable = False
                _log.warning("%s cannot be opened (%s): writers take no turns", self._path, error)
        return self._file

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _try_lock(file: int) -> bool:
    """Whether it is held now; a file system that knows no such locks has no turns to wait for."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.EOPNOTSUPP, errno.EBADF, errno.EINVAL):
            raise
    return True
