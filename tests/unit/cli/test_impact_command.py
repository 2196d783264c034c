"""`recall impact`: beside no server, with the index of its own."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli.impact import app
from knowledge.embed.port import Embedder
from tests.support.house import House


def impact(folder: Path, *arguments: str) -> Result:
    environment = {"RECALL_DATA_DIR": str(folder), "RECALL_CONFIG": ""}
    return CliRunner().invoke(app, list(arguments), env=environment)


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory, real_embedder: Embedder) -> Path:
    """A data folder with a team's past in it, and no server on it."""
    folder = tmp_path_factory.mktemp("known")
    with House(folder, real_embedder):
        pass
    return folder


@pytest.mark.model
def test_retiring_a_page_that_helped_tells_what_is_lost(known: Path) -> None:
    said = impact(known, "--retire", "--id", "orders-db-disk", "--json")
    assert said.exit_code == 0, said.output
    report = json.loads(said.stdout)
    assert report["cases"] > 100
    assert report["counts"]["gets"] == 0
    assert report["counts"]["leaves"] >= report["counts"]["lost"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "give a PAGE.md"),
        (("--retire",), "--retire needs --id"),
        (("nowhere.md",), "No such file"),
    ],
)
def test_what_makes_no_sense_is_told(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    said = impact(tmp_path, *arguments)
    assert said.exit_code == 2
    assert told in said.output


def test_a_page_that_is_no_text_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_bytes(b"\xff\xfe\x00")
    said = impact(tmp_path, str(page))
    assert said.exit_code == 2
    assert "is not UTF-8" in said.output
