"""`recall sources`: what is understood, and what becomes of a body."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bot.alerts.sources import all_sources
from bot.cli.sources import app

DATA = Path(__file__).parents[2] / "data" / "sources"
KEYS = ("source", "fingerprint", "name", "severity", "status", "starts_at", "ends_at")
MORE_KEYS = ("summary", "labels", "links")


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=stdin)


@pytest.fixture
def body(tmp_path: Path) -> Path:
    golden = json.loads((DATA / "pagerduty" / "v3_triggered.json").read_text(encoding="utf-8"))
    file = tmp_path / "body.json"
    file.write_text(json.dumps(golden["body"]), encoding="utf-8")
    return file


def test_the_list_names_all_sources() -> None:
    done = run("list", "--json")
    assert done.exit_code == 0
    listed: list[dict[str, Any]] = json.loads(done.stdout)["sources"]
    assert {one["name"] for one in listed} == set(all_sources())
    assert {one["kind"] for one in listed} == {"alerts", "changes"}
    assert all(one["title"] and one["authentication"] for one in listed)
    assert "PagerDuty" in run("list").stderr


def test_a_body_is_tried_and_its_alerts_are_printed(body: Path) -> None:
    done = run("try", str(body), "--source", "pagerduty", "--json")
    assert done.exit_code == 0
    [alert] = json.loads(done.stdout)
    assert {*KEYS, *MORE_KEYS} <= set(alert)
    assert (alert["name"], alert["status"]) == ("Orders database is out of connections", "firing")
    told = run("try", str(body), "--source", "Pager-Duty")
    assert told.exit_code == 0
    assert "Orders database is out of connections" in told.stderr


def test_a_change_is_printed_as_one(tmp_path: Path) -> None:
    golden = json.loads((DATA / "github" / "success.json").read_text(encoding="utf-8"))
    done = run("try", "-", "--source", "github", "--json", stdin=json.dumps(golden["body"]))
    [change] = json.loads(done.stdout)
    assert (change["kind"], change["service"]) == ("change", "checkout")


def test_a_form_is_read_where_the_tool_sends_one() -> None:
    done = run("try", "-", "--source", "statuscake", "--json", stdin="Name=Shop&Status=Down")
    assert json.loads(done.stdout)[0]["name"] == "Shop"


def test_secrets_in_a_body_are_not_printed() -> None:
    token = "ghp_" + "a1B2" * 9
    done = run("try", "-", "--source", "generic", "--json", stdin=json.dumps({"name": token}))
    assert done.exit_code == 0
    assert token not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "stdin", "reason"),
    [
        (("--source", "pagerduty"), "{}", "$"),
        (("--source", "pagerduty"), "{", "line 1"),
        (("--source", "abacus"), "{}", "no source"),
        (("--source", "opsgenie"), '{"action": "AddNote", "alert": {}}', "note"),
    ],
)
def test_where_no_alert_comes_out_the_reason_is_told(
    arguments: tuple[str, ...], stdin: str, reason: str
) -> None:
    done = run("try", "-", *arguments, stdin=stdin)
    assert done.exit_code == 1
    assert reason in done.stderr
    assert done.stdout == ""


def test_a_mapping_file_is_tried_and_its_mistakes_are_told(tmp_path: Path, body: Path) -> None:
    mapping = tmp_path / "own.yaml"
    mapping.write_text("version: 1\ntitle: Own\nalert: {name: event.data.title}\n")
    done = run("try", str(body), "--mapping", str(mapping), "--json")
    assert json.loads(done.stdout)[0]["source"] == "own"
    mapping.write_text("version: 1\ntitle: Own\nalert: {name: 'a['}\n")
    wrong = run("try", str(body), "--mapping", str(mapping))
    assert wrong.exit_code == 2
    assert "alert.name" in wrong.stderr
    assert run("try", str(body)).exit_code == 2
    assert run("try", str(tmp_path / "none"), "--source", "generic").exit_code == 1
