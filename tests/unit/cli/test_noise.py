"""`recall noise`: what was held back, and whether the file is right."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.alerts.noise import HeldAlert
from bot.cli import app
from bot.clock import SystemClock
from bot.store.database import Database
from tests.support.databases import sqlite_url


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    sqlite_url(tmp_path)
    monkeypatch.setenv("RECALL_DATA_DIR", str(tmp_path))
    return tmp_path


def run(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["noise", *words])
    return result.exit_code, result.stdout, result.stderr


def test_what_was_held_back_is_listed_with_its_reason(home: Path) -> None:
    assert "nothing was held back" in run("list")[2]
    clock = SystemClock()
    database = Database(f"sqlite:///{home / 'recall.db'}", clock=clock)
    one = HeldAlert(
        fingerprint="f", name="DiskFull", service="db", environment=None, by="silence",
        reason="ordered", rule="silences.0", at=clock.now(), times=3,
    )  # fmt: skip
    with database.begin() as uow:
        uow.held.save([one])
    database.close()
    told = run("list")[2]
    assert "3 x DiskFull (db)" in told
    assert "silence: ordered [silences.0]" in told
    found = json.loads(run("list", "--json")[1])
    assert found["items"][0]["times"] == 3
    assert found["last_day"] == {"silence": 3}


def test_a_right_file_is_counted_and_a_wrong_one_told(home: Path) -> None:
    path = home / "noise.yaml"
    path.write_text("silences: [{name: a, reason: b}]\n")
    code, out, _ = run("check", str(path), "--json")
    assert code == 0
    assert json.loads(out) == {
        "silences": 1,
        "maintenance": 0,
        "minimum": 0,
        "inhibit_dependents": False,
    }
    path.write_text("silences: [{name: a}]\n")
    code, _, err = run("check", str(path))
    assert code == 1
    assert "silences.0.reason" in err
    assert run("check")[0] == 1, "there is no file to check"
