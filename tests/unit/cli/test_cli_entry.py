"""The `recall` command as a whole: quick help, exit codes, nothing but plain text in pipes."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.cli import COMMANDS

ROOT = Path(__file__).parents[3]
SLOW = (
    "alembic",
    "faiss",
    "fastapi",
    "httpx",
    "numpy",
    "pydantic",
    "sentence_transformers",
    "slack_bolt",
    "sqlalchemy",
    "tantivy",
    "torch",
)
VERY_SLOW = ("faiss", "sentence_transformers", "slack_bolt", "tantivy", "torch")


def recall(
    folder: Path, arguments: Sequence[str], **settings: str
) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, its output into pipes."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RECALL_")}
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        cwd=ROOT,
        env={**kept, "RECALL_DATA_DIR": str(folder), **settings},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def loaded_by(arguments: Sequence[str], modules: Sequence[str]) -> list[str]:
    """Which of `modules` a run of the command has loaded."""
    code = (
        "import sys\nfrom bot.cli import app\n"
        f"try:\n    app({list(arguments)!r})\n"
        f"finally:\n    print([m for m in {list(modules)!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found: list[str] = json.loads(done.stderr.replace("'", '"'))
    return found


def test_help_answers_at_once_because_nothing_slow_is_loaded() -> None:
    assert loaded_by(["--help"], SLOW) == []


@pytest.mark.parametrize("command", [name for name, one in COMMANDS.items() if not one.hidden])
def test_no_commands_help_loads_a_model_or_an_index(command: str) -> None:
    assert loaded_by([command, "--help"], VERY_SLOW) == []


def test_an_unknown_command_is_wrong_usage(tmp_path: Path) -> None:
    done = recall(tmp_path, ["remember"])
    assert done.returncode == 2
    assert "No such command 'remember'" in done.stderr


@pytest.mark.parametrize("command", ["ask", "serve", "migrate", "backup", "import"])
def test_wrong_settings_are_all_told_and_exit_with_2(tmp_path: Path, command: str) -> None:
    arguments = {
        "ask": ["ask", "what now"],
        "backup": ["backup", str(tmp_path / "b.tar.gz")],
        "import": ["import", "starter"],
    }.get(command, [command])
    wrong = {
        "RECALL_PORT": "eighty",
        "RECALL_MODEL": "hashing",
        "RECALL_PROT": "80",
        "SLACK_APP_TOKEN": "xapp-very-secret",
    }
    done = recall(tmp_path, arguments, **wrong)
    assert done.returncode == 2
    assert done.stdout == ""
    for told in ("RECALL_PORT: ", "RECALL_MODEL: ", "RECALL_PROT is not a setting", "SLACK_BOT"):
        assert told in done.stderr
    assert "very-secret" not in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == [], "nothing was begun"


def test_migrating_says_what_it_did_and_checking_changes_nothing(tmp_path: Path) -> None:
    before = recall(tmp_path, ["migrate", "--check"])
    assert (before.returncode, list(tmp_path.iterdir())) == (1, [])
    assert "the schema is empty" in before.stderr
    assert recall(tmp_path, ["migrate"]).returncode == 0
    after = recall(tmp_path, ["migrate", "--check"])
    assert (after.returncode, "the schema is current" in after.stderr) == (0, True)


def test_an_import_into_a_pipe_draws_no_bars(tmp_path: Path) -> None:
    done = recall(tmp_path, ["import", "starter", "--dry-run", "--json"])
    assert done.returncode == 0
    assert json.loads(done.stdout)["added"] >= 40
    assert done.stderr.count("\n") == 1
    assert "\x1b" not in done.stderr
    assert "\r" not in done.stderr


@pytest.mark.model
@pytest.mark.xdist_group("model")
def test_a_measurement_into_a_pipe_is_one_json_object_and_nothing_else(tmp_path: Path) -> None:
    corpus, queries = tmp_path / "corpus.jsonl", tmp_path / "queries.jsonl"
    corpus.write_text('{"id": "disk", "title": "Disk full", "text": "No space left."}')
    queries.write_text('{"id": "1", "text": "no space left", "relevant": ["disk"]}')
    done = recall(
        tmp_path / "data", ["eval", "--corpus", str(corpus), "--queries", str(queries), "--json"]
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["recall@1"] == 1.0
    assert not (tmp_path / "data").exists(), "it works in a temporary place"


def test_an_export_that_is_no_archive_is_named_once(tmp_path: Path) -> None:
    export = tmp_path / "export.zip"
    export.write_text("no archive")
    done = recall(tmp_path / "data", ["import", "slack-history", str(export)])
    assert done.returncode == 1
    assert done.stderr.count("export.zip") == 1
    assert "is not a readable zip archive" in done.stderr
