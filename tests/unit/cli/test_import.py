"""Importing: what is written, what is skipped, and what happens when it cannot be written."""

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.import_ import app
from bot.clock import ManualClock
from bot.errors import DatabaseBusy
from bot.importing import BATCH, Importer, ImportReport
from bot.store.database import Database
from knowledge.embed.hashing import HashingEmbedder
from knowledge.errors import ModelError
from knowledge.loaders.outcome import Loaded, Outcome, Problem
from knowledge.model import DocumentState, PastIncident, Runbook
from tests.support.databases import sqlite_database, sqlite_url

NOBODY_CALLS = "a model was loaded although nothing changed"


class Embedders:
    """Makes hashing embedders and remembers how many."""

    def __init__(self) -> None:
        self.made = 0

    def __call__(self) -> HashingEmbedder:
        self.made += 1
        return HashingEmbedder(64)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with sqlite_database(tmp_path, ManualClock()) as database:
        yield database


def _run(
    database: Database, outcomes: list[Outcome], embedders: Embedders | None = None
) -> ImportReport:
    importer = Importer(
        units=database,
        source=database.knowledge_source(),
        embedder=embedders or Embedders(),
        clock=ManualClock(),
        actor="cli:dana",
    )
    return importer.run(outcomes, subject="runbooks test")


def _page(name: str, body: str = "# Title\n\nRestart it.", **more: object) -> Loaded:
    return Loaded(Runbook(id=name, title=name, body=body, **more), f"{name}.md")  # type: ignore[arg-type]


def _incident(name: str, **more: object) -> Loaded:
    document = PastIncident(id=name, title="Slow", symptom="slow", state=DocumentState.CONFIRMED)
    return Loaded(replace(document, **more), "a.jsonl", 1)  # type: ignore[arg-type]


def _audit(database: Database) -> list[tuple[str, str, dict[str, object]]]:
    with database.read() as unit:
        return [(event.actor, event.subject, dict(event.data)) for event in unit.audit.list()]


def test_a_second_import_changes_nothing_and_loads_no_model(database: Database) -> None:
    embedders = Embedders()
    pages: list[Outcome] = [_page(f"p{number}") for number in range(BATCH + 5)]
    first = _run(database, pages, embedders)
    second = _run(database, pages, embedders)
    assert (first.added, first.changed, first.unchanged) == (BATCH + 5, 0, 0)
    assert (second.added, second.changed, second.unchanged) == (0, 0, BATCH + 5)
    assert embedders.made == 1, NOBODY_CALLS


def test_only_what_changed_is_written_again(database: Database) -> None:
    _run(database, [_page("a"), _page("b")])
    report = _run(database, [_page("a"), _page("b", "# Title\n\nDo something else.")])
    assert (report.changed, report.unchanged) == (1, 1)
    assert _audit(database)[-1] == (
        "cli:dana",
        "runbooks test",
        {"added": [], "changed": ["b"]},
    )


def test_every_passage_has_its_vector_before_it_is_visible(database: Database) -> None:
    _run(database, [_page("a"), _incident("i")])
    source = database.knowledge_source()
    passages = source.passages(sorted(source.live_passage_ids()))
    generation = HashingEmbedder(64).generation
    known = source.vectors([passage.hash for passage in passages], generation)
    assert passages
    assert set(known) == {passage.hash for passage in passages}


def test_a_retired_page_stays_retired_when_it_is_imported_again(database: Database) -> None:
    _run(database, [_page("a")])
    database.knowledge_source().set_state(
        "a", DocumentState.RETIRED, actor="lead", now=ManualClock().now()
    )
    _run(database, [_page("a")])
    _run(database, [_page("a", "# Title\n\nNew words.")])
    stored = database.knowledge_source().get("a")
    assert stored is not None
    assert stored.state is DocumentState.RETIRED


def test_a_draft_imported_again_on_purpose_is_served(database: Database) -> None:
    embedders = Embedders()
    _run(database, [_incident("i", state=DocumentState.DRAFT)], embedders)
    assert not database.knowledge_source().live_passage_ids()
    report = _run(database, [_incident("i")], embedders)
    assert report.changed == 1
    assert database.knowledge_source().live_passage_ids()
    assert embedders.made == 1, NOBODY_CALLS


def test_a_second_document_of_the_same_id_is_named_and_left_out(database: Database) -> None:
    report = _run(database, [_page("a"), replace(_page("a"), file="again.md")])
    assert report.added == 1
    assert report.failed == (Problem("again.md", None, "the id 'a' is already used by a.md"),)


def test_an_incident_cannot_take_a_runbooks_place(database: Database) -> None:
    _run(database, [_page("a")])
    report = _run(database, [_incident("a")])
    assert "belongs to a runbook" in report.failed[0].reason
    assert isinstance(database.knowledge_source().get("a"), Runbook)


def test_secrets_pasted_into_an_incident_are_not_remembered(database: Database) -> None:
    secret = "xoxb-" + "123456789012-" * 2 + "abcdefABCDEF123456789012"
    _run(database, [_incident("i", symptom=f"token {secret} leaked", logs=(secret,))])
    stored = database.knowledge_source().get("i")
    assert isinstance(stored, PastIncident)
    assert secret not in stored.symptom + "".join(stored.logs)
    assert (
        _run(database, [_incident("i", symptom=f"token {secret} leaked", logs=(secret,))]).unchanged
        == 1
    )


def test_problems_are_kept_and_the_rest_is_imported(database: Database) -> None:
    report = _run(database, [Problem("bad.md", None, "is empty"), _page("good")])
    assert (report.added, report.failed, report.is_useful) == (
        1,
        (Problem("bad.md", None, "is empty"),),
        True,
    )
    assert not _run(database, [Problem("bad.md", None, "is empty")]).is_useful
    assert _run(database, []).is_useful


def test_a_dry_run_counts_and_writes_nothing(database: Database) -> None:
    embedders = Embedders()
    importer = Importer(
        units=database,
        source=database.knowledge_source(),
        embedder=embedders,
        clock=ManualClock(),
        actor="cli",
    )
    report = importer.run([_page("a")], subject="x", dry_run=True)
    assert (report.added, report.passages > 0, embedders.made) == (1, True, 0)
    assert database.knowledge_source().get("a") is None


def test_without_a_model_nothing_is_written(database: Database) -> None:
    def no_model() -> HashingEmbedder:
        raise ModelError("there is no model")

    importer = Importer(
        units=database,
        source=database.knowledge_source(),
        embedder=no_model,
        clock=ManualClock(),
        actor="cli",
    )
    with pytest.raises(ModelError):
        importer.run([_page("a")], subject="x")
    assert database.knowledge_source().get("a") is None


def test_a_read_only_database_is_told_and_left_as_it_was(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path)
    database = Database(f"{url}?mode=ro", clock=ManualClock())
    with pytest.raises(DatabaseBusy, match="cannot be written"):
        _run(database, [_page("a")])
    assert database.knowledge_source().get("a") is None
    database.close()


@contextmanager
def _disk_that_ends_at(size: int) -> Iterator[None]:
    """No file may grow beyond `size` bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_when_the_disk_is_full_no_document_is_half_there(tmp_path: Path) -> None:
    with sqlite_database(tmp_path, ManualClock()) as database:
        pages: list[Outcome] = [
            _page(f"p{number:03}", f"# Title {number}\n\n" + f"word{number} " * 3000)
            for number in range(4 * BATCH)
        ]
        limit = (tmp_path / "recall.db").stat().st_size + 8 * 1024 * 1024
        with _disk_that_ends_at(limit), pytest.raises(DatabaseBusy):
            _run(database, pages)
        source = database.knowledge_source()
        stored = [page.document.id for page in pages if source.get(page.document.id)]
        assert len(stored) % BATCH == 0
        assert len(stored) < len(pages)
        again = _run(database, pages)
        assert (again.unchanged, again.added) == (len(stored), len(pages) - len(stored))


# --- the command ------------------------------------------------------------------------------


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    for name in ("RECALL_MODEL", "RECALL_CONFIG", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RECALL_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("RECALL_DATABASE_URL", raising=False)
    return CliRunner()


@pytest.fixture
def runbooks(tmp_path: Path) -> Path:
    folder = tmp_path / "runbooks"
    folder.mkdir()
    (folder / "good.md").write_text("# Good\n\n## What to do\n\n1. Restart it.\n")
    (folder / "empty.md").write_text("")
    return folder


def test_the_json_has_exactly_the_keys_of_the_contract(cli: CliRunner, runbooks: Path) -> None:
    done = cli.invoke(app, ["runbooks", str(runbooks), "--dry-run", "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert list(report) == [
        "added",
        "changed",
        "unchanged",
        "failed",
        "documents",
        "merged",
        "conflicts",
        "missing",
        "passages",
        "seconds",
    ]
    assert (report["added"], report["documents"]) == (1, 1)
    assert report["failed"] == [
        {"file": "empty.md", "line": None, "reason": report["failed"][0]["reason"]}
    ]
    assert "left out: empty.md" in done.stderr


@pytest.mark.model
def test_an_import_with_the_real_model_is_there_afterwards(cli: CliRunner, runbooks: Path) -> None:
    first = cli.invoke(app, ["runbooks", str(runbooks), "--json"])
    second = cli.invoke(app, ["runbooks", str(runbooks), "--json"])
    assert (first.exit_code, json.loads(first.stdout)["added"]) == (0, 1)
    assert json.loads(second.stdout)["unchanged"] == 1


def test_when_every_file_is_bad_the_exit_code_is_1(cli: CliRunner, runbooks: Path) -> None:
    (runbooks / "good.md").write_text("---\nbroken: [\n---\n")
    done = cli.invoke(app, ["runbooks", str(runbooks)])
    assert done.exit_code == 1
    assert "good.md" in done.stderr
    assert "empty.md" in done.stderr


def test_a_model_folder_without_weights_is_told(
    cli: CliRunner, runbooks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").write_text("{}")
    monkeypatch.setenv("RECALL_MODEL", str(model))
    done = cli.invoke(app, ["runbooks", str(runbooks)])
    assert done.exit_code == 1
    assert str(model) in done.stderr
    assert "Traceback" not in done.output


@pytest.mark.model
def test_a_read_only_database_makes_the_command_fail(
    cli: CliRunner, runbooks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "incidents.jsonl"
    file.write_text('{"id": "1", "title": "t"}\n')
    monkeypatch.setenv("RECALL_DATABASE_URL", f"{sqlite_url(tmp_path)}?mode=ro")
    done = cli.invoke(app, ["incidents", str(file)])
    assert done.exit_code == 1
    assert "cannot be written" in done.stderr


def test_the_chosen_columns_are_shown_before_the_import(cli: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("Key,Headline,Notes,Owner\n1,Slow,restart,Dana\n")
    done = cli.invoke(
        app, ["incidents", str(file), "--map", "resolution=Notes", "--dry-run", "--json"]
    )
    assert done.exit_code == 0, done.output
    assert "resolution" in done.stderr
    assert "not used: Owner" in done.stderr
    assert json.loads(done.stdout)["added"] == 1


@pytest.mark.parametrize("arguments", [["--map", "nonsense"], ["--format", "xml"], ["gone"]])
def test_wrong_usage_exits_with_2(cli: CliRunner, tmp_path: Path, arguments: list[str]) -> None:
    file = tmp_path / "a.csv"
    file.write_text("id,title\n1,x\n")
    command = ["incidents", *([] if arguments == ["gone"] else [str(file)]), *arguments]
    assert cli.invoke(app, command).exit_code == 2


def test_wrong_settings_are_all_told_and_exit_with_2(
    cli: CliRunner, runbooks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECALL_PORT", "many")
    monkeypatch.setenv("RECALL_TYPO", "1")
    done = cli.invoke(app, ["runbooks", str(runbooks)])
    assert done.exit_code == 2
    assert "RECALL_PORT" in done.stderr
    assert "RECALL_TYPO" in done.stderr


@pytest.mark.parametrize("content", ["", "just words\n", '{"services": []}\n{\n'])
def test_a_file_without_records_is_named(cli: CliRunner, tmp_path: Path, content: str) -> None:
    file = tmp_path / "export.json"
    file.write_text(content)
    done = cli.invoke(app, ["incidents", str(file)])
    assert done.exit_code == 1
    assert "export.json" in done.stderr


def test_what_files_are_called_cannot_give_orders_to_the_terminal(
    cli: CliRunner, runbooks: Path
) -> None:
    (runbooks / "\x1b]0;owned\x07[red].md").write_text("")
    done = cli.invoke(app, ["runbooks", str(runbooks), "--dry-run"])
    assert "\x1b]0" not in done.stderr
    assert "[red].md" in done.stderr
