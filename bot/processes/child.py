"""What every child process of the supervisor does alike: stop on a signal or with its parent."""

import logging
import os
import signal
import sys
import threading
from types import FrameType

from bot.redact import redact

EXIT_CANNOT_WORK = 2
"""How a child ends when it would fail again until a person changes something."""

_CHATTY = (
    "alembic",
    "bot.slack.bolt",
    "bot.slack.socket.client",
    "faiss",
    "httpcore",
    "httpx",
    "sentence_transformers",
    "uvicorn",
)
"""Loggers whose everyday talk is nothing an operator has to read."""


class StopRequest:
    """Set by SIGTERM or SIGINT, or when the parent is gone.

    The supervisor keeps the write end of our standard input open for as long as it lives; the
    kernel closes it even after kill -9, so an orphan never goes on serving beside its successor.
    """

    def __init__(self, *, watch_parent: bool = True) -> None:
        self._event = threading.Event()
        self._watch = watch_parent

    def listen(self) -> None:
        """Install the signal handlers and the watch on the parent; main thread only."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        if self._watch:
            threading.Thread(target=self._watch_parent, name="parent-watch", daemon=True).start()

    def wait(self, timeout: float | None = None) -> bool:
        """Whether to stop; waits for that at most `timeout` seconds."""
        return self._event.wait(timeout)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._event.set()

    def _watch_parent(self) -> None:
        while os.read(sys.stdin.fileno(), 4096):
            pass
        self._event.set()


class RedactingFormatter(logging.Formatter):
    """Takes secrets out of what is written, tracebacks included: an unforeseen error may quote
    what somebody sent."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def set_up_logging(level: str, process: str) -> None:
    """One line a record on standard error, with the process it comes from, without secrets."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        RedactingFormatter(f"%(asctime)s %(levelname)-7s {process} %(name)s: %(message)s")
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)
