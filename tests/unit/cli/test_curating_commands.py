"""`recall coverage` and `recall stale` on a small database."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import coverage, stale
from bot.clock import ManualClock
from bot.store.database import Database
from knowledge.model import DocumentState, NamedAction, PastIncident, Runbook
from knowledge.text.passages import passages_of
from tests.support.databases import sqlite_database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database:
        documents = (
            PastIncident(
                id="INC-1",
                title="Orders fail",
                symptom="errors",
                resolution="restart it",
                alerts=("OrdersFail",),
                services=("checkout",),
                state=DocumentState.CONFIRMED,
            ),
            Runbook(
                id="disk",
                title="Disk",
                body="[x](gone.md)",
                owner="ann",
                actions=(NamedAction(template="drain"),),
            ),
        )
        with database.begin() as uow:
            rows = [(one, passages_of(one)) for one in documents]
            uow.knowledge.upsert(rows, actor="t", now=clock.now())
        yield database


def run(app: object, folder: Path, *arguments: str) -> Result:
    environment = {"RECALL_DATA_DIR": str(folder)}
    return CliRunner().invoke(app, list(arguments), env=environment)  # type: ignore[arg-type]


@pytest.mark.usefixtures("database")
def test_coverage_names_gaps_and_opens_drafts(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yml"
    rules.write_text("groups: [{name: g, rules: [{alert: DiskFull, expr: '1'}]}]")
    said = run(coverage.app, tmp_path, "--rules", str(rules), "--drafts", "--json")
    assert said.exit_code == 0, said.stderr
    told = json.loads(said.stdout)
    assert (told["families"], told["covered"], told["drafts"]) == (2, 0, [1])
    assert {gap["alert"]: gap["rule_files"] for gap in told["gaps"]} == {
        "OrdersFail": [],
        "DiskFull": ["rules.yml"],
    }
    plain = run(coverage.app, tmp_path)
    assert "0 of 1 kinds of alerts have a runbook (0%)." in plain.stderr
    assert "OrdersFail (checkout): no runbook" in plain.stderr
    assert "Never part of an answer: disk" in plain.stderr


@pytest.mark.usefixtures("database")
def test_a_bad_rule_file_is_told_and_nothing_else_happens(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yml"
    rules.write_text("- 1")
    said = run(coverage.app, tmp_path, "--rules", str(rules))
    assert said.exit_code == 1
    assert "rules.yml is no rule file" in said.stderr


@pytest.mark.usefixtures("database")
def test_stale_pages_are_told_with_reasons(tmp_path: Path) -> None:
    people = tmp_path / "people.txt"
    people.write_text("# who is here\nBen\n")
    said = run(stale.app, tmp_path, "--people", str(people), "--json")
    assert said.exit_code == 0, said.stderr
    kinds = {row["kind"] for row in json.loads(said.stdout)["stale"]}
    assert kinds == {"dead_link", "owner_left"}
    people.write_text("ANN\n")
    assert "disk: links to gone.md, which is no page" in run(stale.app, tmp_path).stderr
    people.write_bytes(b"\xff\xfe")
    assert "cannot be read" in run(stale.app, tmp_path, "--people", str(people)).stderr
