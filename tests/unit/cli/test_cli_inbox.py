"""`recall inbox`: what failed, and trying it again after a fix."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli.inbox import app
from bot.clock import ManualClock
from bot.jobs.ports import InboxItem, InboxKind, InboxState
from bot.store.database import Database
from tests.support.databases import sqlite_database

NOW = datetime(2026, 11, 19, 3, 12, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """One delivery that failed and one that waits."""
    with sqlite_database(tmp_path, ManualClock()) as database:
        with database.begin() as uow:
            uow.inbox.add_many([delivery("bad"), delivery("waiting")])
            uow.inbox.mark_failed("bad", "$.alerts: is missing", NOW)
        yield database


def delivery(name: str) -> InboxItem:
    return InboxItem(
        id=name,
        kind=InboxKind.ALERT,
        source="generic",
        body=b'{"password": "hunter2"}',
        content_type="application/json",
        received_at=NOW,
    )


def inbox(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"RECALL_DATA_DIR": str(folder)})


@pytest.mark.usefixtures("database")
def test_the_failed_ones_are_listed_with_the_reason_and_never_their_bodies(tmp_path: Path) -> None:
    listed = inbox(tmp_path, "list")
    assert listed.exit_code == 0
    assert "$.alerts: is missing" in listed.stderr
    assert "waiting" not in listed.stderr
    assert "hunter2" not in listed.stderr


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("state", "ids"),
    [("failed", {"bad"}), ("pending", {"waiting"}), ("done", set()), ("all", {"bad", "waiting"})],
)
def test_the_json_lists_the_state_that_is_asked_for(
    tmp_path: Path, state: str, ids: set[str]
) -> None:
    listed = inbox(tmp_path, "list", "--state", state, "--json")
    assert {row["id"] for row in json.loads(listed.stdout)["items"]} == ids
    assert "hunter2" not in listed.stdout


@pytest.mark.usefixtures("database")
def test_a_state_that_is_none_is_wrong_usage(tmp_path: Path) -> None:
    listed = inbox(tmp_path, "list", "--state", "lost")
    assert listed.exit_code == 2
    assert "use pending, done, failed or all" in listed.stderr


def test_a_failed_one_can_be_tried_again(tmp_path: Path, database: Database) -> None:
    assert inbox(tmp_path, "replay", "bad").exit_code == 0
    with database.read() as uow:
        again = uow.inbox.get("bad")
    assert again is not None
    assert again.state is InboxState.PENDING


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("name", ["gone", "waiting"])
def test_only_a_failed_one_can_be_tried_again(tmp_path: Path, name: str) -> None:
    tried = inbox(tmp_path, "replay", name)
    assert tried.exit_code == 1
    assert f"no failed delivery has the id {name}" in tried.stderr
