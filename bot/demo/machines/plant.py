"""The machines behind one cause of the story: a server with slots, the programs that hold them,
and the door through which an approved action reaches them."""

import json
import secrets
import socketserver
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from bot.demo.machines import operate
from bot.demo.machines.programs import Program
from bot.demo.machines.watcher import Reading, read

_LONGEST_ORDER = 2_000
_LOOK_SECONDS = 0.4
_END_SECONDS = 15.0
_LONGEST_SHEBANG = 120


@dataclass(frozen=True, slots=True)
class ProgramPlan:
    """A program that holds `holds` slots, and `afterwards` once it was `mended_by` what a
    template runs: the name of the program that is run, and its argument."""

    name: str
    holds: int
    afterwards: int = 0
    mended_by: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class PlantPlan:
    """`slots` of what, and who holds them, in the order in which they come."""

    slots: int
    of: str
    programs: Sequence[ProgramPlan]


class Plant:
    """Use as a context manager. `folder` gets the programs that actions start."""

    def __init__(self, folder: Path, plan: PlantPlan, operations: Sequence[str]) -> None:
        self._folder = folder
        self._plan = plan
        self._operations = operations
        self._token = secrets.token_urlsafe(24)
        self._running: dict[str, Program] = {}
        self._slots: Program | None = None
        self._watcher: Program | None = None
        self._door: _Door | None = None
        self._lock = threading.Lock()
        self.port = 0

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _open(self) -> None:
        self._slots = Program("bot.demo.machines.slots", str(self._plan.slots))
        self.port = int(self._slots.first_line())
        for plan in self._plan.programs:
            self._start(plan, plan.holds)
        self._door = _Door(self._obey, self._token)
        threading.Thread(target=self._door.serve_forever, daemon=True).start()
        self._install()

    def close(self) -> None:
        if self._door is not None:
            self._door.shutdown()
            self._door.server_close()
        for program in (self._watcher, *self._running.values(), self._slots):
            if program is not None:
                program.drop()

    @property
    def commands(self) -> Sequence[Path]:
        """The programs that actions may start."""
        return [self._folder / name for name in self._operations]

    def reading(self) -> Reading:
        """The slots as they are now. Raises OSError."""
        return read(self.port)

    def pid_of(self, name: str) -> int:
        """The process of a program."""
        return self._running[name].pid

    def watch(self, url: str, token: str, rules: Sequence[Mapping[str, Any]]) -> None:
        """Have a watcher follow the rules (in its own words) and send to that Recall."""
        if self._watcher is not None:
            self._watcher.drop()
        self._watcher = Program("bot.demo.machines.watcher")
        orders = {"port": self.port, "url": url, "token": token, "rules": list(rules)}
        self._watcher.tell(json.dumps(orders))

    @property
    def watched(self) -> Sequence[str]:
        """What the watcher measured and sent, a line each."""
        return list(self._watcher.said) if self._watcher is not None else []

    def relapse(self) -> None:
        """All programs hold again what they held in the beginning, and nothing watches yet."""
        if self._watcher is not None:
            self._watcher.drop()
            self._watcher = None
        with self._lock:
            for program in self._running.values():
                program.drop()
            for plan in self._plan.programs:
                self._start(plan, plan.holds)

    # -- what an action reaches ---------------------------------------------------------------

    def _obey(self, do: str, what: str, say: Callable[[str], None]) -> bool:
        """Start the program anew that this mends; a program that it names but does not mend is
        started anew as it was."""
        with self._lock:
            plan = self._concerned(do, what)
            if plan is None:
                say(f"{do}: nothing here is called {what}")
                return False
            mends = plan.mended_by == (do, what)
            self._stop(plan, say)
            self._start(plan, plan.afterwards if mends else plan.holds)
            say(f"{plan.name} started anew as process {self._running[plan.name].pid}")
            return True

    def _concerned(self, do: str, what: str) -> ProgramPlan | None:
        plans = self._plan.programs
        mended = next((plan for plan in plans if plan.mended_by == (do, what)), None)
        return mended or next((plan for plan in plans if plan.name == what), None)

    def _start(self, plan: ProgramPlan, holds: int) -> None:
        program = Program("bot.demo.machines.client", str(self.port), plan.name, str(holds))
        self._running[plan.name] = program
        program.first_line()

    def _stop(self, plan: ProgramPlan, say: Callable[[str], None]) -> None:
        program = self._running[plan.name]
        say(f"asking {plan.name} (process {program.pid}) to end")
        program.ask_to_end()
        deadline = time.monotonic() + _END_SECONDS
        while program.is_running and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)
            reading = self.reading()
            say(f"{reading.taken} of {reading.total} {self._plan.of} are taken")
        program.end()

    def _install(self) -> None:
        """One program for each operation, and beside them where the machines listen."""
        assert self._door is not None
        self._folder.mkdir(parents=True, exist_ok=True)
        control = self._folder / "control.json"
        control.touch(mode=0o600)
        control.write_text(json.dumps({"port": self._door.port, "token": self._token}))
        code = Path(operate.__file__).read_text(encoding="utf-8")
        for path in self.commands:
            path.write_text(f"{_first_lines(sys.executable)}{code}", encoding="utf-8")
            path.chmod(0o700)


def _first_lines(python: str) -> str:
    """How a program names what reads it. The kernel takes no spaces there and no long paths;
    then it is started the way that pip's own programs are."""
    if " " not in python and len(python) < _LONGEST_SHEBANG:
        return f"#!{python}\n"
    return f"#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''\n"


class _Door(socketserver.ThreadingTCPServer):
    """Listens on loopback, and obeys whoever knows the token."""

    daemon_threads = True

    def __init__(self, obey: Callable[[str, str, Callable[[str], None]], bool], token: str) -> None:
        super().__init__(("127.0.0.1", 0), _Order)
        self.obey = obey
        self.token = token

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Order(socketserver.StreamRequestHandler):
    server: _Door

    def handle(self) -> None:
        try:
            order = json.loads(self.rfile.readline(_LONGEST_ORDER))
            token, do, what = (str(order[name]) for name in ("token", "do", "what"))
        except (ValueError, LookupError, TypeError, RecursionError):
            self._say("that is no order")
            return
        if not secrets.compare_digest(token.encode(), self.server.token.encode()):
            self._say("that is not the token")
        elif self.server.obey(do, what, self._say):
            self._say("done")

    def _say(self, line: str) -> None:
        # Whoever asked may be gone, killed at its deadline; the order is carried out all the same.
        with suppress(OSError):
            self.wfile.write(f"{line}\n".encode())
