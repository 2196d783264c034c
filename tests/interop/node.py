"""Node programs beside a test: started with a clean environment, heard line by line, ended."""

import json
import os
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

HERE = Path(__file__).parent
NODE = HERE / "node_modules" / ".bin" / "node"
PATIENCE = 20.0
JSON = dict[str, Any]


class NodeProgram:
    """A script of this folder under the pinned node. It says one JSON object a line.

    It ends when its standard input ends, so nothing is left behind even by a killed test run.
    """

    def __init__(self, script: str, environment: Mapping[str, str] | None = None) -> None:
        self.heard: list[JSON] = []
        self._arrived = threading.Condition()
        self._errors: list[str] = []
        # Nothing of the caller's environment goes along: no proxy, no token.
        self._process = subprocess.Popen(
            [str(NODE), str(HERE / script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={"PATH": os.environ.get("PATH", ""), **(environment or {})},
        )
        self._threads = [
            threading.Thread(target=work, daemon=True) for work in (self._listen, self._complain)
        ]
        for thread in self._threads:
            thread.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._arrived:
                self.heard.append(json.loads(line))
                self._arrived.notify_all()
        with self._arrived:
            self._arrived.notify_all()

    def _complain(self) -> None:
        assert self._process.stderr is not None
        self._errors.extend(self._process.stderr)

    def tell(self, what: JSON) -> None:
        """Write one line to the program."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    def wait_for(self, wanted: Callable[[JSON], bool], count: int = 1) -> list[JSON]:
        """The first `count` lines that are wanted. AssertionError with what it said instead."""

        def there() -> bool:
            return len([line for line in self.heard if wanted(line)]) >= count

        with self._arrived:
            arrived = self._arrived.wait_for(there, PATIENCE)
            found = [line for line in self.heard if wanted(line)]
        assert arrived, f"heard {self.heard}; complaints: {''.join(self._errors)}"
        return found[:count]

    def stop(self) -> None:
        """End its input and wait for it; kill it when it does not go."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for thread in self._threads:
            thread.join(5)
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()
