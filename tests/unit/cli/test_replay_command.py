import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.replay import app
from bot.clock import ManualClock
from bot.suggestions.build import SuggestionBuilder
from bot.suggestions.model import Suggestion
from bot.suggestions.ports import StoredSuggestion
from knowledge.model import Query
from tests.support.databases import sqlite_database
from tests.support.memory_knowledge import THREE_CAUSES, searchable


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Suggestion:
    """A suggestion in the database that the command's settings name."""
    monkeypatch.setenv("RECALL_DATA_DIR", str(tmp_path))
    clock = ManualClock()
    with searchable(*THREE_CAUSES) as (retriever, source):
        query = Query(text="too many clients already", alert_name="OrdersFailing")
        made = SuggestionBuilder(retriever, source).suggest(query, asked=True)
    with sqlite_database(tmp_path, clock) as database, database.begin() as uow:
        uow.suggestions.add(
            StoredSuggestion(
                suggestion=made, incident_id=None, asked_by="t", created_at=clock.now()
            )
        )
    return made


def test_a_stored_answer_replays_with_its_numbers_shown(stored: Suggestion) -> None:
    result = CliRunner().invoke(app, [stored.id])
    assert result.exit_code == 0, result.output
    assert "Ranked again from the stored numbers: the same" in result.output
    assert stored.receipt["incidents"][0]["id"] in result.output


def test_json_is_one_object(stored: Suggestion) -> None:
    result = CliRunner().invoke(app, [stored.id, "--json"])
    told = json.loads(result.stdout)
    assert told["same"] is True
    assert [check["check"] for check in told["checks"]] == ["features"]


def test_an_unknown_id_is_said(stored: Suggestion) -> None:
    result = CliRunner().invoke(app, ["nothing"])
    assert result.exit_code == 1
    assert "there is no suggestion nothing" in result.stderr
