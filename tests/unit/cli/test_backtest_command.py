import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.backtest import app
from knowledge.embed.port import Embedder
from knowledge.retrieve.calibration import Calibration, Fitted
from tests.support.databases import sqlite_url

pytestmark = [pytest.mark.model]
START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An incident export with one broken line."""
    monkeypatch.setenv("RECALL_DATA_DIR", str(tmp_path))
    sqlite_url(tmp_path)
    rows = [
        json.dumps(
            {
                "id": f"INC-{number}",
                "title": "Disk of the log store is full",
                "symptom": "no space left on device, writes of the log store fail",
                "cause": "Old logs were never deleted.",
                "services": ["log-store"],
                "started_at": (START + timedelta(days=number)).isoformat(),
            }
        )
        for number in range(4)
    ]
    path = tmp_path / "incidents.jsonl"
    path.write_text("\n".join([*rows, "{broken"]))
    return path


def test_a_history_is_replayed_and_what_was_left_out_is_said(export: Path) -> None:
    result = CliRunner().invoke(app, [str(export), "--json", "--threshold", "0.99"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["cases"] == 4
    assert told["precision"][0] == 1.0
    assert told["left_out"][0]["line"] == 5
    assert "line 5" in result.stderr
    assert told["beside"]["threshold 0.99"]["answered"] <= told["answered"]


def test_the_table_for_people_names_services_and_a_sheet_is_written(export: Path) -> None:
    sheet = export.parent / "sheet.csv"
    result = CliRunner().invoke(app, [str(export), "--sheet", str(sheet)])
    assert result.exit_code == 0, result.output
    assert "right when it answered" in result.stdout
    assert "log-store" in result.stdout
    assert sheet.read_text().startswith("id,title")


def test_a_file_or_the_database_must_be_named(export: Path) -> None:
    assert CliRunner().invoke(app, []).exit_code == 2
    assert CliRunner().invoke(app, [str(export), "--db"]).exit_code == 2
    result = CliRunner().invoke(app, ["--db", "--json"])
    assert json.loads(result.stdout)["cases"] == 0


def test_it_shows_the_calibration_that_serve_would_take(
    export: Path, real_embedder: Embedder
) -> None:
    made = Calibration(
        incidents=Fitted(1.0, cases=100),
        runbooks=Fitted(1.0, cases=100),
        model_digest=real_embedder.generation.model_digest,
        made_at="2026-11-27T08:00:00",
    )
    (export.parent / "calibration.json").write_text(json.dumps(made.as_dict()))
    told = json.loads(CliRunner().invoke(app, [str(export), "--json"]).stdout)
    assert (told["answered"], told["threshold"]) == (0, 1.0)


def test_exported_alerts_are_judged_by_the_pages_that_their_rules_link_to(export: Path) -> None:
    pages = export.parent / "pages"
    pages.mkdir()
    for slug, text in (
        ("disk-full", "No space is left on the volume of the log store. Delete old logs."),
        ("certificate", "The certificate of the gateway expires. Renew it with the issuer."),
    ):
        (pages / f"{slug}.md").write_text(f"# {slug}\n\n## Meaning\n\n{text}\n")
    alerts = export.parent / "alerts.jsonl"
    rows = [
        {
            "source": "grafana",
            "fingerprint": f"grafana:1:{number}",
            "name": "VolumeOfLogStoreFull",
            "severity": "critical",
            "status": "firing",
            "starts_at": (START + timedelta(days=number)).isoformat(),
            "summary": "No space left on the volume of the log store",
            "labels": {"service": "log-store"},
            "links": {"runbook": "https://wiki.example/runbooks/disk-full"},
        }
        for number in range(3)
    ]
    alerts.write_text("\n".join(map(json.dumps, [*rows, {**rows[0], "starts_at": None}])))
    result = CliRunner().invoke(app, [str(alerts), "--runbooks", str(pages), "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["cases"] == 3
    assert told["judged"] >= 2
    assert told["precision"][0] == 1.0
    assert {one["runbook"] for one in told["asked"] if one["answered"]} == {"disk-full"}
    assert "does not say when it began" in told["left_out"][0]["reason"]
