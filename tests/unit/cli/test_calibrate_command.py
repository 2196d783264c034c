"""`recall calibrate`: made from an export, kept, taken at the next start, undone."""

import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bot.cli.calibrate import app
from bot.memory import load_calibration
from bot.settings import load_settings
from knowledge.embed.port import Embedder
from knowledge.evaluate.calibrate import LEAST_CASES
from knowledge.retrieve.calibration import PRIOR
from tests.support.databases import sqlite_url

pytestmark = [pytest.mark.model]
START = datetime(2026, 3, 1, tzinfo=UTC)
CAUSES = (
    "Old files were never deleted",
    "A debug switch was left on",
    "Somebody restored a backup onto it",
    "Its volume was never grown",
    "Compaction had stopped",
)
PLACES = ("log store", "mail queue", "search index", "ledger export", "basket cache")


def write_export(folder: Path, cases: int) -> Path:
    """Incidents that look alike and come with one of five causes: the prior is too sure here."""
    rows = [
        {
            "id": f"INC-{number}",
            "title": f"Disk of the {place} is full",
            "symptom": f"no space left on device, writes of the {place} fail",
            "cause": f"{CAUSES[number * number % 7 % len(CAUSES)]} ({number % 3})",
            "started_at": (START + timedelta(days=number)).isoformat(),
        }
        for number in range(cases)
        for place in [PLACES[number % len(PLACES)]]
    ]
    path = folder / "incidents.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RECALL_DATA_DIR", str(tmp_path))
    sqlite_url(tmp_path)
    return tmp_path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


def told(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_history_changes_the_confidence_from_the_next_start_on(
    data_dir: Path, real_embedder: Embedder
) -> None:
    generation = real_embedder.generation
    result = run(write_export(data_dir, 90), "--json")
    assert result.exit_code == 0, result.output
    assert told(result)["incidents"]["taken"]
    assert told(result)["runbooks"]["judged"] == 0
    taken = load_calibration(load_settings(), generation)
    assert taken.incidents.cases == told(result)["incidents"]["judged"]
    assert taken.runbooks == PRIOR.runbooks
    assert "The next start" in result.stderr
    assert run("--reset").exit_code == 0
    assert load_calibration(load_settings(), generation) == PRIOR


def test_too_little_history_is_said_and_changes_nothing(data_dir: Path) -> None:
    result = run(write_export(data_dir, 10), "--json")
    assert result.exit_code == 1
    assert not told(result)["taken"]
    assert f"{LEAST_CASES} are needed" in result.stderr
    assert not (data_dir / "calibration.json").exists()


def test_one_that_does_not_fit_is_not_used_and_that_is_said(
    data_dir: Path, real_embedder: Embedder, caplog: pytest.LogCaptureFixture
) -> None:
    (data_dir / "calibration.json").write_text("{}")
    with caplog.at_level(logging.WARNING):
        assert load_calibration(load_settings(), real_embedder.generation) == PRIOR
    assert "recall calibrate --reset" in caplog.text


@pytest.mark.parametrize("arguments", [(), ("--db", "--reset")])
def test_one_source_is_needed(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2
