"""`recall links`: a lead's word from the command line, listed and taken back."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli.links import app
from bot.clock import ManualClock
from bot.suggestions.corrections import Word
from tests.support.databases import sqlite_database
from tests.support.slack_world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database:
        world = World(database, clock)
        world.knows()
        world.alert_fires()
        yield world


def links(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"RECALL_DATA_DIR": str(folder)})


def listed(folder: Path, *arguments: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(links(folder, "list", "--json", *arguments).stdout)[
        "links"
    ]
    return found


def revision(world: World) -> int:
    with world.database.read() as uow:
        incident = uow.incidents.get(1)
        assert incident is not None
        return incident.revision


@pytest.mark.parametrize(("option", "word"), [((), Word.SAME), (("--not-same",), Word.NOT_SAME)])
def test_a_link_is_said_listed_and_taken_back(
    world: World, tmp_path: Path, option: tuple[str, ...], word: Word
) -> None:
    said = links(tmp_path, "add", "RCL-1", "INC-87", *option)
    assert said.exit_code == 0
    assert revision(world) == 2  # the card follows
    [row] = listed(tmp_path, "--incident", "RCL-1")
    assert (row["incident"], row["document"], row["word"]) == ("RCL-1", "INC-87", word.value)
    assert row["is_lead"]
    again = links(tmp_path, "add", "RCL-1", "INC-87", *option)
    assert "nothing changed" in again.stderr
    assert revision(world) == 2
    assert links(tmp_path, "revoke", str(row["id"])).exit_code == 0
    assert revision(world) == 3
    [row] = listed(tmp_path)
    assert row["revoked_by"] == row["actor"]
    assert "revoked by cli:" in links(tmp_path, "list").stderr
    assert [action for _, action in world.audited()] == [f"link.{word.value}", "link.revoked"]


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("add", "RCL-9", "INC-87"), "there is no incident RCL-9"),
        (("add", "banana", "INC-87"), "there is no incident banana"),
        (("add", "RCL-1", "INC-0"), "nothing with the id INC-0 is on record"),
        (("revoke", "7"), "no word of number 7 is in force"),
        (("list", "--incident", "RCL-9"), "there is no incident RCL-9"),
    ],
)
def test_what_is_not_there_is_said_plainly(
    tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    result = links(tmp_path, *arguments)
    assert result.exit_code == 1
    assert told in result.stderr


@pytest.mark.usefixtures("world")
def test_nothing_said_yet_is_said(tmp_path: Path) -> None:
    assert "Nobody has said anything" in links(tmp_path, "list").stderr
    assert listed(tmp_path) == []
