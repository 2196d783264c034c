import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import models, train
from knowledge.learn.registry import Registry
from tests.support.databases import sqlite_url


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RECALL_DATA_DIR", str(tmp_path))
    sqlite_url(tmp_path)
    return tmp_path


def candidate(folder: Path, *, passed: bool) -> str:
    made = folder / "made.safetensors"
    made.write_bytes(b"weights")
    facts = {"passed": passed, "verdict": "words", "made_at": "2026-01-01"}
    return Registry(folder).add(made, facts).name


def test_models_are_listed_promoted_and_taken_back(data_dir: Path) -> None:
    name = candidate(data_dir, passed=True)
    assert CliRunner().invoke(models.app, ["promote", name[:5]]).exit_code == 0
    told = json.loads(CliRunner().invoke(models.app, ["list", "--json"]).stdout)
    assert told["current"] == name
    assert [row["state"] for row in told["models"]] == ["may be promoted", "in force"]
    result = CliRunner().invoke(models.app, ["rollback"])
    assert "shipped is in force again" in result.stderr


def test_one_that_is_not_better_is_refused(data_dir: Path) -> None:
    result = CliRunner().invoke(models.app, ["promote", candidate(data_dir, passed=False)])
    assert result.exit_code == 1
    assert "did not beat the model in force" in result.stderr


def test_too_little_history_is_said_with_what_counts() -> None:
    result = CliRunner().invoke(train.app, [])
    assert result.exit_code == 1
    assert "there are 0 pairs to learn from, 30 are needed" in result.stderr
