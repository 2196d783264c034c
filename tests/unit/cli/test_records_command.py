"""`recall records`: what is written up, and what waits for it; and `recall import` reads it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import import_
from bot.cli.records import app
from bot.clock import ManualClock
from tests.support.databases import sqlite_database
from tests.support.ending_desk import Desk
from tests.support.slack_world import World


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database:
        desk = Desk(World(database, clock))
        desk.incident_with_a_card()
        yield desk


def records(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"RECALL_DATA_DIR": str(folder)})


def listed(folder: Path) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = json.loads(records(folder, "list", "--json").stdout)["records"]
    return rows


def test_a_draft_is_listed_with_what_is_missing_and_then_confirmed(
    desk: Desk, tmp_path: Path
) -> None:
    assert listed(tmp_path) == []
    desk.told("resolve RCL-1 restarted it")
    [row] = listed(tmp_path)
    assert (row["state"], row["missing"]) == ("waiting", ["impact", "cause"])
    assert "not filled in yet: impact, cause" in records(tmp_path, "list").stderr
    desk.submits(desk.opens("record"), {"cause": "A leak.", "done": "confirm"})
    [row] = listed(tmp_path)
    assert (row["state"], row["confirmed_by"]) == ("accepted", "T1/U0ALICE")


def test_what_is_exported_is_imported_as_what_it_was(desk: Desk, tmp_path: Path) -> None:
    desk.told("resolve RCL-1 restarted it")
    desk.submits(desk.opens("record"), {"cause": "A leak.", "done": "confirm"})
    assert "1 records written" in records(tmp_path, "export", str(tmp_path / "out")).stderr
    imported = CliRunner().invoke(
        import_.app,
        ["incidents", str(tmp_path / "out"), "--dry-run", "--json"],
        env={"RECALL_DATA_DIR": str(tmp_path)},
    )
    told = json.loads(imported.stdout)
    assert (told["unchanged"], told["changed"], told["added"], told["failed"]) == (1, 0, 0, [])


def test_a_place_that_cannot_be_written_is_told(desk: Desk, tmp_path: Path) -> None:
    desk.told("resolve RCL-1 restarted it")
    desk.submits(desk.opens("record"), {"done": "confirm"})
    (tmp_path / "file").write_text("")
    answer = records(tmp_path, "export", str(tmp_path / "file" / "below"))
    assert answer.exit_code == 1
    assert "cannot be written" in answer.stderr
