"""The supervisor: starts front and engine, and a runner where actions are set up; restarts what
dies, stops all in order.

It holds the listening socket, so that callers wait in its queue instead of being refused while
a front is restarted, and it does nothing else that could fail.
"""

import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bot.clock import Clock
from bot.engine.ipc import SocketEngineClient
from bot.errors import SettingsError
from bot.processes.child import EXIT_CANNOT_WORK, StopRequest
from bot.runner.credentials import without_credentials

_log = logging.getLogger(__name__)
_STOP_SECONDS = 20.0
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 15.0
_STEADY_SECONDS = 60.0
_BACKLOG = 1024
_START_ATTEMPTS = 6
"""Tries at the first start, about half a minute: long enough for the processes of a killed
supervisor to end and give the index folder free."""


def listening_socket(host: str, port: int) -> socket.socket:
    """A bound, listening, inheritable TCP socket. Raises SettingsError with what to change."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with ExitStack() as undone:
            listener = undone.enter_context(socket.socket(family, kind, proto))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(_BACKLOG)
            undone.pop_all()
    except OSError as error:
        raise SettingsError(
            [f"cannot listen on {host}:{port} ({error.strerror}); set RECALL_PORT or RECALL_HOST"]
        ) from error
    listener.set_inheritable(True)
    return listener


def address_of(listener: socket.socket) -> str:
    """The http address that reaches `listener` from this machine."""
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - only shown
    return f"http://{shown}:{port}"


@dataclass(slots=True)
class _Child:
    name: str
    arguments: Sequence[str]
    pass_fds: tuple[int, ...] = ()
    holds_credentials: bool = False
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    pause: float = _FIRST_PAUSE
    ends: int = 0
    due_at: float = field(default=0.0)


class Supervisor:
    """Keeps one front and one engine, and one runner where `with_runner`, alive until it is told
    to stop."""

    def __init__(
        self,
        *,
        listener: socket.socket,
        config: Path | None,
        clock: Clock,
        stop_with_parent: bool = False,
        tick: float = 0.2,
        with_runner: bool = False,
    ) -> None:
        self._clock = clock
        self._tick = tick
        self._stop = StopRequest(watch_parent=stop_with_parent)
        self._folder = Path(tempfile.mkdtemp(prefix="recall-"))
        engine_socket = str(self._folder / "engine.sock")
        self._engine = SocketEngineClient(Path(engine_socket))
        options = ["--config", str(config)] if config else []
        self._children = [
            _Child("engine", ["engine", "--socket", engine_socket, *options]),
            _Child(
                "front",
                [
                    "front",
                    "--socket",
                    engine_socket,
                    "--listener",
                    str(listener.fileno()),
                    *options,
                ],
                pass_fds=(listener.fileno(),),
            ),
        ]
        if with_runner:
            arguments = ["runner", "--with-parent", *options]
            self._children.append(_Child("runner", arguments, holds_credentials=True))

    def run(self, on_ready: Callable[[], None] = lambda: None) -> int:
        """Start all, keep them alive, return 0 after a signal once all have stopped.

        `on_ready` is called once, when questions can be answered for the first time. A child
        that cannot work until a person changes something, or that ends again and again before
        that, is given up: all is stopped and the exit code for it returned.
        """
        self._stop.listen()
        ready = False
        try:
            for child in self._children:
                self._start(child)
            while not self._stop.wait(self._tick):
                for child in self._children:
                    if code := self._look_after(child, has_worked=ready):
                        return code
                if not ready and (self._engine.status() or {}).get("ready"):
                    ready = True
                    on_ready()
            return 0
        finally:
            self._stop_all()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, child: _Child) -> None:
        child.process = subprocess.Popen(
            [sys.executable, "-m", "bot", *child.arguments],
            stdin=subprocess.PIPE,
            pass_fds=child.pass_fds,
            start_new_session=True,
            # Only the runner is given what opens other systems.
            env=None if child.holds_credentials else without_credentials(os.environ),
        )
        child.started_at = self._clock.monotonic()

    def _look_after(self, child: _Child, *, has_worked: bool) -> int:
        """Start it when that is due. Not 0 when that is of no use: the code to exit with."""
        now = self._clock.monotonic()
        if child.process is None:
            if now >= child.due_at:
                self._start(child)
            return 0
        code = child.process.poll()
        if code is None:
            return 0
        child.ends += 1
        if not has_worked and (given_up := _why_give_up(child, code)):
            return given_up
        if now - child.started_at > _STEADY_SECONDS:
            child.pause = _FIRST_PAUSE
        _log.error("%s ended (%d); starting it again in %.1f s", child.name, code, child.pause)
        self._close_stdin(child)
        child.process = None
        child.due_at = now + child.pause
        child.pause = min(child.pause * 2, _LONGEST_PAUSE)
        return 0

    def _stop_all(self) -> None:
        """The front first, so that nothing new comes in while the engine drains."""
        for child in reversed(self._children):
            if child.process is None:
                continue
            child.process.terminate()
            try:
                child.process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                _log.warning("%s did not stop in %.0f s; killing it", child.name, _STOP_SECONDS)
                os.killpg(child.process.pid, signal.SIGKILL)
                child.process.wait()
            self._close_stdin(child)

    @staticmethod
    def _close_stdin(child: _Child) -> None:
        if child.process is not None and child.process.stdin is not None:
            child.process.stdin.close()


def _why_give_up(child: _Child, code: int) -> int:
    """The exit code when starting `child`, which ended with `code`, again is of no use, else 0."""
    if code == EXIT_CANNOT_WORK:
        _log.error("%s cannot work until that is put right; stopping", child.name)
        return EXIT_CANNOT_WORK
    if child.ends >= _START_ATTEMPTS:
        _log.error("%s ended %d times and was never ready; stopping", child.name, child.ends)
        return 1
    return 0
