"""Starting the demo's programs as processes of their own, and ending them."""

import queue
import subprocess
import sys
import threading
from collections.abc import Sequence

from bot.demo.serving import clean_environment
from bot.errors import EngineUnavailable

_START_SECONDS = 30.0
_END_SECONDS = 10.0
_GONE = ""


class Program:
    """One process: `python -m MODULE ARGUMENTS`. It ends with this process, however this one
    ends, since each of the demo's programs ends with its standard input."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env=clean_environment({}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self.said: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def tell(self, line: str) -> None:
        """Write a line to its standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def first_line(self) -> str:
        """What it says first. Raises EngineUnavailable when it says nothing in time or ends."""
        try:
            line = self._lines.get(timeout=_START_SECONDS)
        except queue.Empty:
            line = _GONE
        if line == _GONE:
            raise EngineUnavailable(f"a program of the demo did not start: {self._named}")
        return line

    def ask_to_end(self) -> None:
        """SIGTERM."""
        self._process.terminate()

    def end(self) -> None:
        """Ask it to end, wait, and kill it where it does not."""
        if self.is_running:
            self._process.terminate()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()

    def drop(self) -> None:
        """End it at once: nobody holds the other side of its standard input any more."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def _named(self) -> Sequence[str]:
        arguments = self._process.args
        return arguments[2:] if isinstance(arguments, list) else ()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as out:
            for line in out:
                self.said.append(line.strip())
                self._lines.put(line.strip())
        self._lines.put(_GONE)
