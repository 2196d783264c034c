"""`recall channels`: the modes and a week's numbers, on the command line."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.channels.model import Mode, Placement
from bot.cli.channels import app
from bot.clock import ManualClock, SystemClock
from bot.store.database import Database
from tests.contract.test_store_suggestions import an_incident
from tests.support.databases import sqlite_database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with sqlite_database(tmp_path, SystemClock()) as opened:
        yield opened


def channels(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"RECALL_DATA_DIR": str(folder)})


def test_a_mode_is_set_listed_and_audited(database: Database, tmp_path: Path) -> None:
    assert "shadow" in channels(tmp_path, "list").stderr
    assert channels(tmp_path, "set", "T1/C1", "thread").exit_code == 0
    [row] = json.loads(channels(tmp_path, "list", "--json").stdout)["channels"]
    assert (row["channel"], row["mode"], row["chosen"]) == ("T1/C1", "thread", True)
    with database.read() as uow:
        assert [event.action for event in uow.audit.list()] == ["channel.settings"]


def test_a_channel_with_incidents_is_listed_with_its_numbers(
    database: Database, tmp_path: Path
) -> None:
    number = an_incident(database, ManualClock())
    at = SystemClock().now()
    with database.begin() as uow:
        uow.placements.place(
            Placement(incident_id=number, team_id="T1", channel="C2", mode=Mode.SHADOW, at=at)
        )
    [row] = json.loads(channels(tmp_path, "list", "--json").stdout)["channels"]
    assert (row["mode"], row["chosen"], row["posts"]) == ("shadow", False, 1)
    assert "Too few" in channels(tmp_path, "list").stderr


@pytest.mark.parametrize(
    ("channel", "mode", "told"),
    [("incidents", "card", "TEAM_ID/CHANNEL_ID"), ("T1/C1", "loud", "is no mode")],
)
def test_what_is_written_wrong_is_told(
    database: Database, tmp_path: Path, channel: str, mode: str, told: str
) -> None:
    refused = channels(tmp_path, "set", channel, mode)
    assert refused.exit_code == 1
    assert told in refused.stderr
