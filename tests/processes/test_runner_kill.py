"""kill -9 of the runner at every boundary of the execution machine: never twice, never lost, and
`unknown` where nobody can know."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.actions.model import ActionRequest, Phase, RequestState
from bot.chat.messages import ActionCard
from bot.clock import SystemClock
from bot.store.database import Database
from tests.support.actions import LENA, NOTED, Team
from tests.support.databases import postgresql_url, sqlite_url

pytestmark = [pytest.mark.processes]

NOTE = """#!/bin/sh
echo "$1" >> began
while [ ! -e "go-$1" ]; do sleep 0.05; done
echo "$1" >> ended
"""
BOUNDARIES = (
    "before it is approved",
    "when it is approved",
    "while it runs",
    "when it ended",
    "while it is verified",
)


class RealTeam(Team):
    """As Team, with the machine's own clock and a runner that is a process."""

    def __init__(self, database: Database, folder: Path, url: str) -> None:
        program = folder / "note"
        program.write_text(NOTE)
        program.chmod(0o755)
        super().__init__(
            database,
            SystemClock(),  # type: ignore[arg-type]
            folder,
            NOTED,
            commands=(str(program),),
            RECALL_RUNNER_LEASE_SECONDS="2",
            RECALL_DATABASE_URL=url,
        )
        self.process: subprocess.Popen[bytes] | None = None

    def says(self) -> None:
        self.sender.run_once()

    def card(self, request: ActionRequest) -> ActionCard:
        """Once it is said as it stands: a channel hears one message a second, also here."""
        pause, deadline = threading.Event(), time.monotonic() + 30
        while True:
            with self.database.read() as uow:
                told = uow.outbox.progress(request.message_key)
            if told is not None and told.sent == told.desired:
                return super().card(request)
            assert time.monotonic() < deadline, "it is never said"
            pause.wait(0.05)
            self.says()

    def starts(self) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("RECALL_")}
        environment |= {
            "RECALL_DATABASE_URL": self.settings.database_url,
            "RECALL_ACTIONS_DIR": str(self.actions),
            "RECALL_LEADS": ",".join(self.settings.leads),
            "RECALL_RUNNER_COMMANDS": ",".join(self.settings.runner_commands),
            "RECALL_RUNNER_LEASE_SECONDS": "2",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bot", "runner"], env=environment, start_new_session=True
        )

    def kills(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def until(self, request: ActionRequest, *states: RequestState, phase: Phase | None = None):
        pause, deadline = threading.Event(), time.monotonic() + 90
        while True:
            now = self.now(request)
            if now.state in states and phase in (None, now.phase):
                return now
            assert time.monotonic() < deadline, f"it is {now.state} {now.phase}: {now.note}"
            pause.wait(0.05)

    def lines(self, name: str, which: str) -> int:
        file = self.folder / which
        return file.read_text().splitlines().count(name) if file.exists() else 0

    def waits_for(self, name: str, which: str) -> None:
        deadline = time.monotonic() + 60
        while not self.lines(name, which):
            assert time.monotonic() < deadline
            time.sleep(0.02)


@pytest.fixture(params=["sqlite", "postgresql"])
def real(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RealTeam]:
    def opened(url: str) -> Iterator[RealTeam]:
        database = Database(url, clock=SystemClock(), busy_timeout_seconds=20)
        team = RealTeam(database, tmp_path, url)
        try:
            yield team
        finally:
            if team.process is not None and team.process.poll() is None:
                team.kills()
            for number in range(len(BOUNDARIES)):
                (tmp_path / f"go-it-{number}").touch()
            database.close()

    if request.param == "sqlite":
        yield from opened(sqlite_url(tmp_path))
    else:
        with postgresql_url() as url:
            yield from opened(url)


def test_a_runner_that_is_killed_anywhere_runs_nothing_twice_and_loses_nothing(
    real: RealTeam,
) -> None:
    for number, boundary in enumerate(BOUNDARIES):
        name = f"it-{number}"
        real.starts()
        request = real.asked(name=name)
        if boundary == "before it is approved":
            real.kills()
            real.approves(LENA, request)
        elif boundary == "when it is approved":
            real.approves(LENA, request)
            real.kills()
        else:
            real.approves(LENA, request)
            real.waits_for(name, "began")
            if boundary == "while it runs":
                real.kills()
            (real.folder / f"go-{name}").touch()
            if boundary == "when it ended":
                real.waits_for(name, "ended")
                real.kills()
            elif boundary == "while it is verified":
                real.until(request, RequestState.RUNNING, phase=Phase.VERIFYING)
                real.kills()
        (real.folder / f"go-{name}").touch()
        real.starts()
        now = real.until(
            request,
            RequestState.UNKNOWN,
            RequestState.RUNNING,
            phase=None,
        )
        if now.phase is Phase.EXECUTING:
            now = real.until(request, RequestState.UNKNOWN, RequestState.RUNNING)
            deadline = time.monotonic() + 60
            while real.now(request).phase is Phase.EXECUTING:
                assert time.monotonic() < deadline
            now = real.now(request)
        if boundary == "while it runs":
            assert now.state is RequestState.UNKNOWN
        if boundary in ("before it is approved", "while it is verified"):
            assert now.phase is Phase.VERIFYING
        assert real.lines(name, "began") == 1, boundary
        real.kills()
    with real.database.read() as uow:
        assert all(len(uow.actions.executions(n + 1)) == 1 for n in range(len(BOUNDARIES)))
