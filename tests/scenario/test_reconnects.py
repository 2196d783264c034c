"""Connections that come and go for a long time leave nothing behind."""

import gc
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.slack.app import build_app
from bot.slack.connect import web_client
from bot.slack.hearing import Hearing
from bot.slack.socket import SocketRunner
from bot.workspace.server import LocalWorkspace
from tests.support.databases import sqlite_database
from tests.support.slack_inbox import ListInbox

_PAGE = os.sysconf("SC_PAGE_SIZE")
MOST_GROWTH = 12 * 1024 * 1024
"""Bytes; the workspace lives in this process too and remembers every delivery."""


def resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def reconnect(workspace: LocalWorkspace, times: int) -> None:
    """Cut both connections until so many have been made anew."""
    made = 0
    while made < times:
        before = set(workspace.connections)
        workspace.faults.drop_sockets()
        workspace.wait_for(lambda before=before: len(set(workspace.connections) - before) >= 2, 20)
        made += 2


def check_reconnects(folder: Path, warm_up: int, times: int) -> None:
    clock = SystemClock()
    with (
        LocalWorkspace(retry_delays=()) as workspace,
        sqlite_database(folder, clock) as database,
    ):
        client = web_client(workspace.bot_token, base_url=workspace.api_url)
        inbox = ListInbox()
        runner = SocketRunner(
            build_app(client, inbox, clock, lambda _: {}, signing_secret=None),
            web_client(workspace.app_token, base_url=workspace.api_url),
            clock,
            on_change=lambda up: hearing.look(),
            on_lost=lambda: hearing.lost(),
            watch_seconds=0.02,
        )
        hearing = Hearing.over(database, clock, runner)
        runner.start()
        hearing.start()
        try:
            workspace.wait_until_connected(2)
            reconnect(workspace, warm_up)
            memory, threads, files = resident(), threading.active_count(), open_files()
            reconnect(workspace, times)
            workspace.user("alice").tells_bot("still there?")
            inbox.wait_for(1)
            until(lambda: threading.active_count() <= threads + 2)
            grown = resident() - memory
            print(f"{times} reconnects: {grown / 1024:+,.0f} KiB, {open_files() - files:+} files")
            assert open_files() <= files + 4
            assert grown < MOST_GROWTH
        finally:
            hearing.stop()
            runner.stop()


def until(condition: Callable[[], bool]) -> None:
    pause, clock = threading.Event(), SystemClock()
    deadline = clock.monotonic() + 20
    while not condition():
        assert clock.monotonic() < deadline, "it did not happen in time"
        pause.wait(0.1)


def test_a_few_reconnects_leave_nothing_behind(tmp_path: Path):
    check_reconnects(tmp_path, warm_up=4, times=10)


@pytest.mark.soak
def test_a_thousand_reconnects_leave_nothing_behind(tmp_path: Path):
    check_reconnects(tmp_path, warm_up=100, times=1_000)
