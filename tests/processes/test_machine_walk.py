"""kill -9 at every boundary of the execution machine, one after the other: right before and right
after each transaction that anybody commits from the click on to the verdict. A walk counts them by
itself, so that a new one is walked, too."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bot.acting import build_runner
from bot.action_book import build_book
from bot.actions.model import ActionRequest, RequestState
from bot.actions.presses import ActionButtons, ActionPress
from bot.alerts.model import AlertStatus
from bot.audit.reading import rows_of
from bot.audit.verify import verify
from bot.chat.ports import Destination
from bot.clock import ManualClock
from bot.people.model import Actor
from bot.settings import load_settings
from bot.store.database import Database
from bot.uow import UnitOfWork
from tests.support.actions import CHANNEL, LENA, NOTED, TEAM, Team
from tests.support.databases import postgresql_url, sqlite_url

pytestmark = [pytest.mark.processes]

DRY = NOTED + 'dry_run: {argv: ["FOLDER/look", "${name}"]}\n'
NOTE = '#!/bin/sh\necho "$1" >> began\n'
LOOK = '#!/bin/sh\necho "would note $1"\n'
MOST = 40
"""Boundaries; a walk that is longer does not end."""


class Fatal:
    """The units of a process that is killed at its `at`th transaction, before or after the
    commit."""

    def __init__(self, database: Database, at: int, when: str) -> None:
        self._database, self._at, self._when = database, at, when
        self._count = 0
        self._lock = threading.Lock()

    @contextmanager
    def begin(self) -> Iterator[UnitOfWork]:
        with self._lock:
            self._count += 1
            here = self._count == self._at
        with self._database.begin() as uow:
            yield uow
            if here and self._when == "before":
                os.kill(os.getpid(), signal.SIGKILL)
        if here:
            os.kill(os.getpid(), signal.SIGKILL)

    def read(self) -> Any:
        return self._database.read()


def lives(
    environment: dict[str, str], url: str, now: datetime, number: int, at: int, when: str
) -> None:
    """What serve and the runner do from the dry run to the verdict, until it is killed."""
    clock = ManualClock(now)
    database = Database(url, clock=clock, busy_timeout_seconds=20)
    units: Any = Fatal(database, at, when)
    settings = load_settings(environment=environment)
    runner = build_runner(settings, units, clock, {})
    buttons = ActionButtons(units, build_book(settings), clock)
    for _ in range(3):
        runner.step()
    press(database, buttons, number)
    for _ in range(4):
        runner.step()
    os._exit(0)


def press(database: Database, buttons: ActionButtons, number: int) -> None:
    """Lena's click, as Slack delivers it, and delivers it again."""
    with database.read() as uow:
        tokens = [
            one.token for one in uow.actions.buttons(number) if one.action.endswith("approve")
        ]
    place = Destination(TEAM, CHANNEL, "1.0")
    for token in tokens:
        buttons.press(ActionPress(actor=Actor(TEAM, LENA), token=token, reply_to=place))


class Walk:
    def __init__(self, folder: Path, url: str, template: str) -> None:
        for name, text in (("note", NOTE), ("look", LOOK)):
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        self.url, self.folder = url, folder
        self.clock = ManualClock()
        self.database = Database(url, clock=self.clock, busy_timeout_seconds=20)
        self.environment = {
            "RECALL_ACTIONS_DIR": str(folder / "actions"),
            "RECALL_LEADS": f"{TEAM}/{LENA}",
            "RECALL_RUNNER_COMMANDS": f"{folder}/note,{folder}/look",
        }
        more = {
            name: value for name, value in self.environment.items() if name != "RECALL_ACTIONS_DIR"
        }
        self.team = Team(self.database, self.clock, folder, template, **more)
        # What is wrong is over as soon as it ran: the verdict is walked, too.
        self.team.fires(AlertStatus.RESOLVED)
        self.forks = multiprocessing.get_context("forkserver")
        self.forks.set_forkserver_preload(["tests.processes.test_machine_walk"])

    def one(self, at: int, when: str) -> tuple[bool, ActionRequest]:
        """Ask, be killed there, go on in another process. (whether it was killed, the request)."""
        name = f"it-{at}-{when}"
        request = self.team.requests.make(self.wish(name)).request
        assert request is not None
        self.team.fires(AlertStatus.RESOLVED)
        arguments = (self.environment, self.url, self.clock.now(), request.id, at, when)
        process = self.forks.Process(target=lives, args=arguments)
        process.start()
        process.join(60)
        hangs = process.is_alive()
        process.kill()  # What hangs would keep the tests themselves from ending.
        process.join()
        assert not hangs, f"it hangs at {name}"
        assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
        self.clock.advance(self.team.settings.runner_lease_seconds + 1)
        for _ in range(3):
            self.team.runner.step()
        press(self.database, self.team.buttons, request.id)
        for _ in range(6):
            self.team.runner.step()
        press(self.database, self.team.buttons, request.id)
        self.team.runner.step()
        return process.exitcode != 0, self.team.now(request)

    def wish(self, name: str) -> Any:
        return self.team.wish(template="touch", name=name)

    def ran(self, at: int, when: str) -> int:
        file = self.folder / "began"
        lines = file.read_text().splitlines() if file.exists() else []
        return lines.count(f"it-{at}-{when}")

    def runs(self, request: ActionRequest) -> int:
        with self.database.read() as uow:
            return sum(one.kind == "run" for one in uow.actions.executions(request.id))

    def is_said(self, request: ActionRequest) -> bool:
        with self.database.read() as uow:
            return uow.outbox.message(request.message_key) is not None


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield sqlite_url(tmp_path)
        return
    with postgresql_url() as made:
        yield made


@pytest.mark.parametrize("template", [NOTED, DRY], ids=["plain", "with a dry run"])
def test_killed_at_any_boundary_nothing_runs_twice_and_nothing_is_lost(
    url: str, tmp_path: Path, template: str
) -> None:
    walk = Walk(tmp_path, url, template)
    seen: dict[str, list[RequestState]] = {"before": [], "after": []}
    try:
        for when, states in seen.items():
            for at in range(1, MOST):
                was_killed, request = walk.one(at, when)
                place = f"{when} commit {at}"
                assert walk.ran(at, when) <= 1, f"{place}: it ran twice"
                assert walk.runs(request) == 1, f"{place}: one intent is on record"
                assert walk.is_said(request), place
                if request.state is not RequestState.UNKNOWN:
                    assert request.state is RequestState.SUCCEEDED, f"{place}: {request.state}"
                    assert walk.ran(at, when) == 1, f"{place}: it is called done, and is not"
                if not was_killed:
                    break
                states.append(request.state)
            else:
                raise AssertionError("the walk does not end")
        assert verify(rows_of(walk.database)).ok
    finally:
        walk.database.close()
    for when, states in seen.items():
        # Approved, started, ended, verified; with a dry run its start and end before that.
        assert len(states) >= (6 if template is DRY else 4), f"{when}: {states}"
        assert RequestState.UNKNOWN in states, "somewhere nobody can know"
        assert states.count(RequestState.UNKNOWN) < len(states) / 2, "and mostly it is known"
