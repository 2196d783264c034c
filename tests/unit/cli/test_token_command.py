"""`recall token`: what whoever administers the machine makes, sees and revokes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.token import app
from bot.clock import ManualClock
from bot.people.sessions import digest_of
from bot.store.database import Database
from tests.support.databases import sqlite_database

run = CliRunner().invoke


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setenv("RECALL_DATA_DIR", str(tmp_path))
    with sqlite_database(tmp_path, ManualClock()) as opened:
        yield opened


def test_a_token_is_made_listed_and_revoked(database: Database) -> None:
    made = run(app, ["make", "--as", "T1/U1", "--label", "deploys", "--json"])
    assert made.exit_code == 0
    told = json.loads(made.stdout)
    with database.read() as uow:
        token = uow.tokens.find(digest_of(told["token"]))
        [event] = uow.audit.list()
    assert token is not None
    assert (told["key"], told["actor"], told["state"]) == ("TOK-1", "T1/U1", "in force")
    assert event.action == "token.made"
    assert event.actor.startswith("cli:"), "not the person: whoever sits at the machine"
    assert told["token"] not in str(event)

    listed = run(app, ["list", "--json"])
    [one] = json.loads(listed.stdout)["tokens"]
    assert one == {key: value for key, value in told.items() if key != "token"}
    assert told["token"] not in run(app, ["list"]).output

    gone = run(app, ["revoke", "tok-1"])
    assert gone.exit_code == 0
    [one] = json.loads(run(app, ["list", "--json"]).stdout)["tokens"]
    assert one["state"] == "revoked"
    assert one["revoked_by"].startswith("cli:")
    assert run(app, ["revoke", "TOK-1"]).exit_code == 1


def test_the_token_alone_is_on_standard_output(database: Database) -> None:
    made = run(app, ["make", "--as", "T1/U1", "--label", "deploys"])
    assert made.stdout.strip().startswith("recall_pat_")
    assert len(made.stdout.split()) == 1
    assert "until" in made.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["make", "--as", "me", "--label", "x"], "not of the form TEAM_ID/USER_ID"),
        (["make", "--as", "T1/U1", "--label", " "], "say what the token is for"),
        (["make", "--as", "T1/U1", "--label", "x", "--days", "91"], "from 1 to 90 days"),
        (["make", "--as", "CONSOLE/ADMIN", "--label", "x"], "nobody knows who you are"),
        (["revoke", "seven"], "is no token's key"),
        (["revoke", "TOK-9"], "there is no token TOK-9"),
    ],
)
def test_what_cannot_be_done_is_told(database: Database, arguments: list[str], said: str) -> None:
    done = run(app, arguments)
    assert (done.exit_code, said in done.stderr) == (1, True), done.stderr
    with database.read() as uow:
        assert uow.tokens.newest(10) == []
