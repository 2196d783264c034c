"""`recall serve` as a child process, as anybody would start it: environment in, address out."""

import os
import queue
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from bot.errors import EngineUnavailable

_ADDRESS = "listening on "
_READY = "ready"
_GONE = ""
_POLL_SECONDS = 0.05


def clean_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of this process with these settings, and without any other of Recall's."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RECALL_", "SLACK_", "HTTP_PROXY", "HTTPS_PROXY"))
    }
    return {**kept, **settings, "PYTHONUNBUFFERED": "1"}


@cache
def _certificates() -> ssl.SSLContext:
    """Read once: each client would read them again, and whoever waits looks twenty times a
    second."""
    return httpx.create_ssl_context(trust_env=False)


class ServeProcess:
    """One run of `recall serve --port 0` with the given settings on top of a clean environment.

    `start` returns once it has said its address, `wait_ready` once it can answer. It stops with
    this process, however this process ends.
    """

    def __init__(self, settings: Mapping[str, str], log: Path) -> None:
        self._environment = clean_environment(settings)
        self._token = settings.get("RECALL_WEBHOOK_TOKEN", "")
        self._log = log
        self._lines: queue.Queue[str] = queue.Queue()
        self._process: subprocess.Popen[str] | None = None
        self.address = ""

    def start(self, timeout: float = 60.0) -> None:
        """Start it and wait for its address. Raises EngineUnavailable when it ends instead."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "bot", "serve", "--port", "0", "--with-parent"],
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        threading.Thread(target=self._read, args=(self._process,), daemon=True).start()
        self.address = self._line(_ADDRESS, timeout).removeprefix(_ADDRESS)

    def wait_ready(self, timeout: float = 120.0) -> None:
        self._line(_READY, timeout)

    def client(self) -> httpx.Client:
        """An HTTP client with the address and the token set."""
        return httpx.Client(
            base_url=self.address,
            headers={"Authorization": f"Bearer {self._token}"},
            timeout=30.0,
            trust_env=False,
            verify=_certificates(),
        )

    def get(self, path: str) -> Any:
        """The JSON that `path` answers."""
        with self.client() as client:
            return client.get(path).raise_for_status().json()

    def until(self, condition: Callable[[], bool], timeout: float = 30.0) -> None:
        """Wait until `condition`, which looks through the API, is true. TimeoutError if never."""
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(f"it did not happen within {timeout:.0f} s; see {self._log}")
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """As Ctrl-C would; waits for the end."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(45)
            except subprocess.TimeoutExpired:
                self.kill()
            self._close_pipes()

    def kill(self) -> None:
        """kill -9 for the supervisor; its children see it gone and stop by themselves."""
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._close_pipes()

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError("not started")
        return self._process.pid

    def _close_pipes(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    def _read(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self._lines.put(line.strip())
        self._lines.put(_GONE)

    def _line(self, start: str, timeout: float) -> str:
        deadline = time.monotonic() + timeout
        while True:
            try:
                line = self._lines.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise EngineUnavailable(
                    f"recall serve did not say {start!r} in {timeout:.0f} s; see {self._log}"
                ) from None
            if line == _GONE:
                raise EngineUnavailable(f"recall serve ended; see {self._log}")
            if line.startswith(start):
                return line
