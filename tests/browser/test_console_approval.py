"""A request of high risk in a real browser: seen, approved by single sign-on, followed, verified.

`SCREENSHOTS=docs/images` also takes the picture of the documentation; `LOOKS=FOLDER` takes all.
"""

import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from pydantic import SecretStr
from selenium import webdriver
from selenium.webdriver.common.by import By

from bot.actions.model import ActionRequest, Phase, RequestState
from bot.alerts.model import AlertStatus
from bot.clock import ManualClock
from bot.console import console_parts
from bot.jobs.inbox_writer import InboxWriter
from bot.store.database import Database
from bot.web.app import create_app
from bot.web.deps import FrontDeps
from bot.web.metrics import FrontMetrics
from tests.support.actions import ALICE, LENA, TEAM, Team
from tests.support.browsing import NEEDS_CHROMIUM, PICTURES, open_browser
from tests.support.console_browsing import (
    PHONE,
    WIDE,
    look,
    picture,
    press,
    until,
    violations,
)
from tests.support.databases import sqlite_database
from tests.support.front_fakes import FakeEngine
from tests.support.oidc_provider import CLIENT_ID, CLIENT_SECRET, Provider, oidc_provider

LOOKS = os.environ.get("LOOKS", "")
pytestmark = [
    pytest.mark.browser,
    NEEDS_CHROMIUM,
]

EMPTY_QUEUE = """
id: empty-queue
version: 3
title: Empty the queue of late reports
description: What waits there is made anew by the next run.
risk: high
parameters:
  - {name: service, type: enum, choices: [report-worker], label: "Whose queue?"}
executor: command
command:
  argv: [/usr/bin/truncate, --size=0, --, "FOLDER/${service}.queue"]
dry_run: {argv: [/usr/bin/wc, -c, --, "FOLDER/${service}.queue"]}
targets: ["${service}"]
may_approve: {role: lead}
approve_in: console
verification: {alert_resolved: true, within: 15m}
"""


class Night:
    """Alice asked; Lena looks at it in her browser. `queue` is what the action really empties."""

    def __init__(self, team: Team, address: str, queue: Path) -> None:
        self.team, self.address, self.queue = team, address, queue

    def asks(self) -> ActionRequest:
        wish = self.team.wish(ALICE, "empty-queue", service="report-worker")
        answer = self.team.requests.make(wish)
        assert answer.request is not None
        self.team.runner.step()  # the dry run
        return answer.request

    def page(self, request: ActionRequest) -> str:
        return f"{self.address}/console/actions/{request.id}"


@contextmanager
def served(team: Team, provider: Provider) -> Iterator[str]:
    """The console of that team on a real port, with single sign-on; its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings = team.settings.model_copy(
        update={
            "public_url": address,
            "oidc_issuer": provider.issuer,
            "oidc_client_id": CLIENT_ID,
            "oidc_client_secret": SecretStr(CLIENT_SECRET),
            "oidc_leads": ("sre-leads",),
            "oidc_actor_claim": "slack",
        }
    )
    database, engine = team.database, FakeEngine()
    documents = database.knowledge_source().list
    parts = console_parts(settings, database, engine, team.clock, engine.wake, documents)
    writer = InboxWriter(database)
    writer.start()
    deps = FrontDeps(
        units=database,
        inbox=writer,
        engine=engine,
        clock=team.clock,
        metrics=FrontMetrics(database),
        token="unused",
        actions=team.book.source,
    )
    server = uvicorn.Server(
        uvicorn.Config(create_app(deps, console=parts), log_config=None, lifespan="off")
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield address
    finally:
        server.should_exit = True
        thread.join(10)
        writer.stop()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with sqlite_database(tmp_path, ManualClock()) as opened:
        yield opened


@pytest.fixture
def night(database: Database) -> Iterator[Night]:
    clock = ManualClock()
    # A short path, so that the picture shows what a team's own would look like.
    folder = Path(tempfile.mkdtemp(prefix="shop-"))
    team = Team(
        database,
        clock,
        folder,
        EMPTY_QUEUE,
        commands=("/usr/bin/truncate", "/usr/bin/wc"),
    )
    queue = folder / "report-worker.queue"
    queue.write_text("late report\n" * 5_000)
    with oidc_provider(clock) as provider, served(team, provider) as address:
        provider.person |= {"slack": f"{TEAM}/{LENA}", "name": "Lena", "groups": ["sre-leads"]}
        yield Night(team, address, queue)
    shutil.rmtree(folder)


@pytest.fixture
def window(tmp_path: Path) -> Iterator[webdriver.Chrome]:
    driver = open_browser(tmp_path / "chromium")
    try:
        yield driver
    finally:
        driver.quit()


def looks(window: webdriver.Chrome, name: str) -> None:
    """The page holds on every screen; and pictures of it, where they are wanted."""
    for size, kind in ((WIDE, "wide"), (PHONE, "phone")):
        for scheme in ("light", "dark"):
            look(window, size, scheme)
            across = window.execute_script("return document.documentElement.scrollWidth")
            assert across <= size[0], f"{name} is {across} pixels wide"
            if LOOKS:
                window.save_screenshot(str(Path(LOOKS, f"{name}-{kind}-{scheme}.png")))
    look(window, WIDE)
    assert violations(window) == []


def says(window: webdriver.Chrome, *words: str) -> bool:
    text = window.find_element(By.TAG_NAME, "main").text
    return all(word in text for word in words)


def test_from_the_link_to_what_became_of_it(window: webdriver.Chrome, night: Night) -> None:
    team = night.team
    request = night.asks()
    look(window, WIDE)
    window.get(night.page(request))
    assert "Sign in to the console" in window.page_source
    window.find_element(By.LINK_TEXT, "Sign in with your company's account").click()

    until(window, lambda: says(window, "Waits for approval"))
    assert window.current_url.endswith(f"/console/actions/{request.id}")
    assert says(window, f"/usr/bin/truncate --size=0 -- {night.queue}", "high")
    assert says(window, "What its dry run said", "60000"), "what there is to empty"
    assert says(window, request.digest[:12])
    looks(window, "request")
    if PICTURES:
        picture(window, "console-approval")

    press(window, "Approve ACT-1")
    until(window, lambda: says(window, "Your approval is on record."))
    assert says(window, "Approved, about to run", "U0LENA approved by single sign-on")
    looks(window, "approved")

    # The runner takes it; the page follows without being loaded again.
    window.execute_script("window.stillTheSamePage = true")
    team.runner.step()
    until(window, lambda: says(window, "Ran, verifying"))
    assert night.queue.read_text() == "", "it really ran"
    assert window.execute_script("return window.stillTheSamePage === true")
    assert not says(window, "Worked\n"), "an exit code is no success"
    looks(window, "verifying")

    team.fires(AlertStatus.RESOLVED)
    team.clock.advance(1)
    for _ in range(5):
        team.runner.step()
    until(window, lambda: says(window, "Worked", "Verified by the condition itself"))
    assert team.state(request) is RequestState.SUCCEEDED
    looks(window, "result")


def test_while_it_runs_its_output_comes_as_it_is_printed(
    window: webdriver.Chrome, night: Night
) -> None:
    team = night.team
    request = night.asks()
    window.get(night.page(request))
    window.find_element(By.LINK_TEXT, "Sign in with your company's account").click()
    until(window, lambda: says(window, "Waits for approval"))
    press(window, "Approve ACT-1")
    until(window, lambda: says(window, "Approved, about to run"))
    now = team.clock.now()
    with team.database.begin() as uow:
        approved = uow.actions.get(request.id)
        assert approved is not None
        uow.actions.move(
            approved,
            RequestState.RUNNING,
            phase=Phase.EXECUTING,
            holder="runner:test",
            leased_until=now,
            started_at=now,
        )
        running = uow.actions.start(request.id, "run", 1, "runner:test", now)
        assert running is not None
    for line in ("emptying report-worker.queue", "5000 late reports are dropped"):
        with team.database.begin() as uow:
            uow.actions.print(running.id, line)
        until(window, lambda line=line: says(window, "Running", line))
    looks(window, "running")


def test_a_token_is_made_shown_once_and_revoked(window: webdriver.Chrome, night: Night) -> None:
    look(window, WIDE)
    window.get(f"{night.address}/console/tokens")
    window.find_element(By.LINK_TEXT, "Sign in with your company's account").click()
    until(window, lambda: says(window, "You have no tokens."))
    window.find_element(By.NAME, "label").send_keys("nightly clean-up")
    press(window, "Make a token")
    until(window, lambda: says(window, "TOK-1 is made", "recall_pat_"))
    looks(window, "token")
    window.get(f"{night.address}/console/tokens")
    assert not says(window, "recall_pat_")
    press(window, "Revoke TOK-1")
    until(window, lambda: says(window, "TOK-1 (nightly clean-up) counts no more."))
    looks(window, "tokens")
