import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import index
from knowledge.embed.hashing import HashingEmbedder
from knowledge.index.generations import Generations
from knowledge.index.projection import Projection
from tests.support.databases import sqlite_url
from tests.support.knowledge import MemorySource, runbook

EMBEDDER = HashingEmbedder(32)
NAME = EMBEDDER.generation.name


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RECALL_DATA_DIR", str(tmp_path))
    sqlite_url(tmp_path)
    return tmp_path


def _built(data_dir: Path) -> Generations:
    generations = Generations(data_dir / "index")
    source = MemorySource([runbook("disk", "the disk is full")])
    projection = Projection(source, EMBEDDER, generations.home(EMBEDDER.generation))
    projection.open()
    projection.close()
    return generations


def test_indexes_are_listed_and_removed(data_dir: Path) -> None:
    assert "There is no index yet" in CliRunner().invoke(index.app, ["list"]).stderr
    _built(data_dir)
    told = json.loads(CliRunner().invoke(index.app, ["list", "--json"]).stdout)
    assert [(row["name"], row["state"], row["passages"]) for row in told["indexes"]] == [
        (NAME, "ready", 1)
    ]
    assert "1 passages" in CliRunner().invoke(index.app, ["list"]).stderr
    assert "is removed" in CliRunner().invoke(index.app, ["remove", NAME]).stderr
    result = CliRunner().invoke(index.app, ["remove", NAME])
    assert result.exit_code == 1
    assert "there is no index named" in result.stderr


def test_the_index_that_is_served_stays(data_dir: Path) -> None:
    _built(data_dir).serve(EMBEDDER.generation)
    result = CliRunner().invoke(index.app, ["remove", NAME])
    assert result.exit_code == 1
    assert "put another model in force first" in result.stderr


def test_an_unknown_model_is_told() -> None:
    result = CliRunner().invoke(index.app, ["build", "--model", "nobody"])
    assert result.exit_code == 1
    assert "`recall models list` shows them" in result.stderr


@pytest.mark.model
def test_the_index_of_the_model_in_force_is_built_ahead(data_dir: Path) -> None:
    result = CliRunner().invoke(index.app, ["build"])
    assert result.exit_code == 0
    assert "up to date" in result.stderr
    (row,) = json.loads(CliRunner().invoke(index.app, ["list", "--json"]).stdout)["indexes"]
    assert (row["state"], row["passages"]) == ("ready", 0)
