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


LOADED_BY_EACH = """
import importlib, json, os, sys
from bot.cli import app

modules, lines, common = json.loads(sys.argv[1]), json.loads(sys.argv[2]), json.loads(sys.argv[3])
for name in common:
    importlib.import_module(name)
print(json.dumps([m for m in modules if m in sys.modules]), file=sys.stderr, flush=True)
for line in lines:
    child = os.fork()
    if not child:
        try:
            app(line)
        except SystemExit as end:
            assert end.code == 0, line
            print(json.dumps([m for m in modules if m in sys.modules]), file=sys.stderr, flush=True)
            os._exit(0)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0, line
"""
"""Runs each command line in a fork of a process that has loaded what `common` names."""


def loaded_by(
    lines: Sequence[Sequence[str]], modules: Sequence[str], common: Sequence[str] = ()
) -> list[list[str]]:
    """Which of `modules` a run of each command line has loaded."""
    given = [json.dumps(one) for one in (modules, lines, common)]
    done = subprocess.run(
        [sys.executable, "-c", LOADED_BY_EACH, *given],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    before, *found = map(json.loads, done.stderr.splitlines())
    assert before == [], "what is common to all must not load it already"
    return found


def test_help_answers_at_once_because_nothing_slow_is_loaded() -> None:
    assert loaded_by([["--help"]], SLOW) == [[]]


@pytest.fixture(scope="module")
def loaded_for_help() -> dict[str, list[str]]:
    """What `--help` of each command has loaded, in a process of its own each. They start from
    one that has what nearly all of them load anyhow, for that takes longer than all else."""
    names = [name for name, one in COMMANDS.items() if not one.hidden]
    lines = [[name, "--help"] for name in names]
    common = ["bot.settings", "bot.store.database"]
    return dict(zip(names, loaded_by(lines, VERY_SLOW, common), strict=True))


@pytest.mark.parametrize("command", [name for name, one in COMMANDS.items() if not one.hidden])
def test_no_commands_help_loads_a_model_or_an_index(
    command: str, loaded_for_help: dict[str, list[str]]
) -> None:
    assert loaded_for_help[command] == []


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
