"""Ending a call that hangs: its connection is shut down when somebody stops it, or when it is too
late."""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

_LOOK_SECONDS = 0.1
_CONNECTED = "connection.connect_tcp.complete"
"""What httpcore calls it when it holds a connection; its stream is the event's `return_value`."""


class Severing:
    """A context manager around one call. `trace` goes into the request's extensions. What waits for
    an answer wakes up with an error of the connection once it `is_cut`."""

    def __init__(self, cancelled: Callable[[], bool], deadline: float) -> None:
        self._cancelled = cancelled
        self._deadline = deadline
        self._connection: socket.socket | None = None
        self._lock = threading.Lock()
        self._over = threading.Event()
        self.is_cut = False
        self.was_cancelled = False
        self._thread = threading.Thread(target=self._watch, name="severing", daemon=True)

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        if event != _CONNECTED:
            return
        own = info["return_value"].get_extra_info("socket")
        if own is None:
            return
        with self._lock:
            # A descriptor of our own: TLS takes the other one over, and closes it.
            self._connection = socket.socket(fileno=os.dup(own.fileno()))
            if self.is_cut:
                self._shut()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join(5)
        with self._lock:
            if self._connection is not None:
                self._connection.close()

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            is_cancelled = self._cancelled()
            if is_cancelled or time.monotonic() > self._deadline:
                with self._lock:
                    self.is_cut, self.was_cancelled = True, is_cancelled
                    self._shut()
                return

    def _shut(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(OSError):  # the other side was faster
                self._connection.shutdown(socket.SHUT_RDWR)
