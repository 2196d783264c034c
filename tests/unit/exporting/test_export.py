"""What is exported and imported elsewhere is the same knowledge, byte for byte and in answers."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bot.alerts.model import Severity
from bot.alerts.noise import NoiseRules
from bot.cli.export import app as export_app
from bot.cli.import_ import app as import_app
from bot.clock import ManualClock
from bot.drafts.accepted_noise import with_accepted
from bot.drafts.model import Draft, DraftKind, DraftState
from bot.errors import DataError
from bot.exporting import SaidReport, export_to, take_in_said
from bot.importing import Importer, ImportReport
from bot.incidents.bindings import Binding
from bot.store.database import Database
from bot.suggestions.corrections import Correction, Word
from knowledge.errors import BadDocument
from knowledge.loaders import export
from knowledge.loaders.outcome import Loaded
from knowledge.model import (
    Document,
    DocumentState,
    Origin,
    PastIncident,
    Query,
    Runbook,
    Visibility,
)
from tests.support.answering import answers
from tests.support.databases import sqlite_database
from tests.support.memory_knowledge import THREE_CAUSES, case, page

SECRET_ROOM = Visibility(frozenset({"T1/C9"}))
CAUSES = tuple(
    replace(one, body=one.body.strip("\n")) if isinstance(one, Runbook) else one
    for one in THREE_CAUSES
)
"""As reading them from pages gives them."""
DOCUMENTS: tuple[Document, ...] = (
    *CAUSES,
    page("venv", "Skipped by readers", "# Skipped by readers\n\nLook."),
    page("../up/.hidden", "Odd name", "# Odd name\n\nLook."),
    page("a", "A page", "# A page\n\nLook."),
    page("a.md/b", "Below a page", "# Below a page\n\nLook."),
    page(
        "team/ünïcode page",
        "Odd: name",
        "---\nnot: front matter\n---\nLook 🔥.",
        owner="alice",
        reviewed=date(2026, 1, 2),
        review_by=date(2026, 7, 2),
        visibility=SECRET_ROOM,
        extra={"pager": ["#pay", {"since": "2026-01-01"}]},
        url="https://wiki.example/x",
    ),
    page("gone", "Gone", "# Gone\n\nLook.", state=DocumentState.RETIRED),
    page("draft", "Draft", "# Draft\n\nLook.", state=DocumentState.DRAFT),
    page("generic", "Generic", "# Generic\n\nLook.", origin=Origin.STARTER),
    case(
        "INC-9",
        "Vault sealed",
        "Secrets cannot be read; vault is sealed.",
        "The unseal key ran out.",
        visibility=SECRET_ROOM,
        state=DocumentState.REVIEWED,
        severity="critical",
        resolution="Unsealed it.",
        resolved_at=datetime(2026, 5, 1, 2, tzinfo=UTC),
        labels={"b": "2", "a": "1"},
        neighbours=("EdgeHandshakesFail: tls errors",),
        changes=("deploy vault-agent 1.2.3",),
        tags=("vault",),
        confirmed_by="T1/U1",
        url="https://wiki.example/INC-9",
    ),
)
QUERIES = (
    Query(text="too many clients already", alert_name="OrdersFailing"),
    Query(text="payment gateway refuses connections", alert_name="OrdersFailing"),
    Query(text="TypeError in pricing on the newest build", service="checkout"),
    Query(text="vault is sealed, secrets cannot be read"),
    Query(text="something that nobody ever saw"),
)
WHEN = datetime(2026, 6, 1, 12, 0, 0, 250000, tzinfo=UTC)


class Place:
    """An installation: a database of its own, and what a person does to it."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder

    def knows(self, *documents: Document) -> ImportReport:
        return self._import([Loaded(one, "test") for one in documents])

    def _import(self, outcomes: object) -> ImportReport:
        importer = Importer(units=self.database, clock=ManualClock(), actor="cli:dana")
        return importer.run(outcomes, subject="test")  # type: ignore[arg-type]

    def exports(self, name: str = "export") -> dict[str, bytes]:
        export_to(self.database, self.folder / name)
        return read(self.folder / name)

    def imports(self, folder: Path) -> tuple[ImportReport, SaidReport]:
        report = self._import(export.load(folder))
        said = take_in_said(self.database, ManualClock(), folder, actor="cli:dana")
        return report, said

    def heard(self) -> None:
        """People spoke about an incident, families were merged, a noise rule was accepted."""
        with self.database.begin() as uow:
            incident, _ = uow.incidents.open(
                group_key="g",
                title="Orders fail",
                service="checkout",
                environment="prod/eu",
                severity=Severity.CRITICAL,
                team_id="T1",
                now=WHEN,
            )
            uow.incidents.save(replace(incident, visibility=SECRET_ROOM))
            said = Correction(
                team_id="T1",
                actor="T1/U1",
                is_lead=True,
                incident_id=incident.id,
                family="family:1:orders",
                document_id="INC-1",
                word=Word.NOT_SAME,
                at=WHEN,
            )
            uow.corrections.say(said)
            uow.corrections.say(replace(said, word=Word.HELPFUL, document_id="INC-2"))
            number = uow.corrections.list(1)[0].id
            uow.corrections.revoke(number, actor="T1/U2", now=WHEN + timedelta(hours=1))
            tie = Binding(
                one="x", other="y", together=True, incident_id=incident.id, actor="T1/U1", at=WHEN
            )
            uow.bindings.say(tie)
            uow.drafts.add(
                Draft(
                    kind=DraftKind.NOISE_RULE,
                    subject="OrdersFailing",
                    content={"what": "silence", "alert": "OrdersFailing", "why": "known"},
                    state=DraftState.ACCEPTED,
                    made_by="T1/U1",
                    made_at=WHEN,
                    decided_by="T1/U2",
                    decided_at=WHEN,
                )
            )


def read(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    with ExitStack() as opened:
        yield _place(opened, tmp_path / "here")


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Place]:
    with ExitStack() as opened:
        yield _place(opened, tmp_path / "there")


def _place(opened: ExitStack, folder: Path) -> Place:
    folder.mkdir()
    return Place(opened.enter_context(sqlite_database(folder, ManualClock())), folder)


def test_export_import_export_gives_the_same_bytes(here: Place, there: Place) -> None:
    here.knows(*DOCUMENTS)
    here.heard()
    first = here.exports()
    report, said = there.imports(here.folder / "export")
    assert (report.added, report.failed, said.added, said.failed) == (len(DOCUMENTS), (), 4, ())
    assert there.exports() == first
    assert len(first) == 4 + sum(isinstance(one, Runbook) for one in DOCUMENTS)


def test_the_same_questions_get_the_same_answers_with_the_same_receipts(
    here: Place, there: Place
) -> None:
    here.knows(*reversed(DOCUMENTS))
    here.exports()
    there.imports(here.folder / "export")
    before = answers(here.database, QUERIES)
    assert answers(there.database, QUERIES) == before
    assert any(one["answered"] for one in before)


def test_every_document_is_the_same_in_all_that_it_says(here: Place, there: Place) -> None:
    here.knows(*DOCUMENTS)
    here.exports()
    there.imports(here.folder / "export")
    assert there.database.knowledge_source().list() == here.database.knowledge_source().list()


def test_what_is_restricted_stays_restricted(here: Place, there: Place) -> None:
    here.knows(*DOCUMENTS)
    here.heard()
    here.exports()
    there.imports(here.folder / "export")
    knowledge = there.database.knowledge_source()
    for name in ("team/ünïcode page", "INC-9"):
        found = knowledge.get(name)
        assert found is not None
        assert found.visibility == SECRET_ROOM
    with there.database.read() as uow:
        assert [one.visibility for one in uow.incidents.list(10)] == [SECRET_ROOM]
        assert [one.state.is_over for one in uow.incidents.list(10)] == [True]
    [told] = answers(there.database, QUERIES[3:4])
    assert "INC-9" not in json.dumps(told)


def test_files_that_not_everyone_may_see_are_for_their_owner_alone(here: Place) -> None:
    here.knows(*DOCUMENTS)
    here.exports()
    folder = here.folder / "export"
    modes = {
        name: (folder / name).stat().st_mode & 0o777 for name in (*read(folder), "runbooks/a.md")
    }
    assert folder.stat().st_mode & 0o777 == 0o700
    assert modes["incidents.jsonl"] == modes["links.jsonl"] == 0o600
    assert modes["runbooks/team/%C3%BCn%C3%AFcode%20page.md"] == 0o600
    assert modes["runbooks/a.md"] == 0o644


def test_words_and_rules_mean_the_same_elsewhere(here: Place, there: Place) -> None:
    here.knows(*DOCUMENTS)
    here.heard()
    here.exports()
    there.imports(here.folder / "export")
    with there.database.read() as uow:
        words = {one.document_id: one for one in uow.corrections.list(10)}
        rules = with_accepted(NoiseRules(), uow.drafts, WHEN)
        [tie] = uow.bindings.in_force()
        events = [one.action for one in uow.audit.list()]
    assert words["INC-1"].word is Word.NOT_SAME
    assert [one.revoked_by for one in words.values()].count("T1/U2") == 1
    assert (tie.one, tie.other, tie.together) == ("x", "y", True)
    assert [one.reason for one in rules.silences] == ["known"]
    assert events[-1] == "links.import"


def test_taking_the_same_in_again_changes_nothing(here: Place, there: Place) -> None:
    here.knows(*DOCUMENTS)
    here.heard()
    here.exports()
    there.imports(here.folder / "export")
    again, said = there.imports(here.folder / "export")
    assert (again.added, again.changed, again.unchanged) == (0, 0, len(DOCUMENTS))
    assert (said.added, said.unchanged) == (0, 4)
    assert here.imports(here.folder / "export")[1].added == 0, "its own words are known by it"


def test_a_dry_run_counts_and_keeps_nothing(here: Place, there: Place) -> None:
    here.heard()
    here.exports()
    folder = here.folder / "export"
    told = take_in_said(there.database, ManualClock(), folder, actor="t", dry_run=True)
    assert told.added == 4
    with there.database.read() as uow:
        assert not uow.corrections.list(10)
        assert not uow.incidents.list(10)


def test_a_second_export_writes_what_changed_and_removes_what_is_gone(here: Place) -> None:
    here.knows(page("a", "A", "# A\n\nLook."), page("b", "B", "# B\n\nLook."))
    folder = here.folder / "export"
    export_to(here.database, folder)
    (folder / "runbooks/README.txt").write_text("ours")
    here.knows(page("b", "B", "# B\n\nLook again."))
    here.database.knowledge_source().remove("a")
    report = export_to(here.database, folder)
    assert (report.written, report.removed) == (1, ("runbooks/a.md",))
    assert "runbooks/README.txt" in read(folder), "it is none of our files"


def test_a_folder_that_holds_something_else_is_left_alone(here: Place) -> None:
    folder = here.folder / "mine"
    folder.mkdir()
    (folder / "notes.md").write_text("mine")
    with pytest.raises(DataError, match="is not empty and holds no export"):
        export_to(here.database, folder)
    assert read(folder) == {"notes.md": b"mine"}


def test_no_link_leads_an_export_away(here: Place) -> None:
    here.knows(page("team/a", "A", "# A\n\nLook."))
    folder, elsewhere = here.folder / "export", here.folder / "elsewhere"
    export_to(here.database, folder)
    elsewhere.mkdir()
    (folder / "runbooks/team/a.md").unlink()
    (folder / "runbooks/team").rmdir()
    (folder / "runbooks/team").symlink_to(elsewhere)
    with pytest.raises(DataError, match="is a link"):
        export_to(here.database, folder)
    link = here.folder / "link"
    link.symlink_to(elsewhere)
    with pytest.raises(DataError, match="is a link"):
        export_to(here.database, link)
    assert not read(elsewhere)


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        ("{", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("{}", "has no `states`"),
        ('{"format": 99, "states": {}}', "has format 99"),
        ('{"format": 1, "states": {"a": "loved"}}', "a state that there is not"),
    ],
)
def test_a_head_that_is_none_is_told(tmp_path: Path, head: str, reason: str) -> None:
    (tmp_path / "recall.json").write_text(head)
    with pytest.raises(BadDocument, match=reason):
        list(export.load(tmp_path))


def test_broken_lines_are_named_and_the_rest_is_taken(here: Place, there: Place) -> None:
    here.knows(*CAUSES)
    here.heard()
    here.exports()
    folder = here.folder / "export"
    lines = (folder / "links.jsonl").read_bytes()
    far = b'{"x": "' + b"y" * (6 * 1024 * 1024) + b'"}\n'
    (folder / "links.jsonl").write_bytes(b"{}\n" + far + b"[" * 90_000 + b"\n" + lines)
    (folder / "noise.jsonl").write_bytes(b'{"content": {"what": "everything"}}\n\xff\n')
    (folder / "incidents.jsonl").write_bytes(b'{"id": "x"}\nnothing\n')
    report, said = there.imports(folder)
    assert said.added == 3
    assert [(one.file, one.line) for one in said.failed] == [
        ("links.jsonl", 1),
        ("links.jsonl", 2),
        ("links.jsonl", 3),
        ("noise.jsonl", 1),
        ("noise.jsonl", 2),
    ]
    assert [one.line for one in report.failed] == [1, 2]
    assert report.added == 3


def test_an_incident_that_could_not_be_taken_back_is_not_left_out_in_silence(here: Place) -> None:
    with here.database.begin() as uow:
        odd = PastIncident(id="two words", title="T", symptom="s")
        uow.knowledge.upsert([(odd, ())], actor="t", now=WHEN)
    with pytest.raises(BadDocument, match="two words cannot be exported"):
        export_to(here.database, here.folder / "export")


@given(st.text(min_size=1, max_size=30).filter(lambda text: max(text) < "\ud800" or True))
def test_every_id_has_a_file_of_its_own_inside_the_folder(name: str) -> None:
    name = name.encode("utf-8", "replace").decode()
    try:
        path = export.file_name(name)
    except BadDocument:
        return
    parts = path.split("/")
    assert not any(part.startswith(".") or part in ("", "..", "venv") for part in parts)
    assert path.isascii()
    assert export.document_id(path) == name


def test_the_commands_say_what_they_did(
    here: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.knows(*CAUSES)
    here.heard()
    monkeypatch.setenv("RECALL_DATA_DIR", str(here.folder))
    target = str(tmp_path / "out")
    done = CliRunner().invoke(export_app, [target, "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"files": 7, "written": 7, "removed": []}
    back = CliRunner().invoke(import_app, [target, "--json"])
    assert back.exit_code == 0, back.output
    told = json.loads(back.stdout)
    assert (told["unchanged"], told["said"]["unchanged"]) == (6, 4)
    assert "links and noise rules: 0 added, 4 unchanged" in back.stderr


def test_import_without_a_kind_reads_a_folder_of_pages(
    here: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECALL_DATA_DIR", str(here.folder))
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "disk.md").write_text("# Disk full\n\nLook.")
    done = CliRunner().invoke(import_app, [str(folder), "--dry-run", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["added"] == 1
    gone = CliRunner().invoke(import_app, [str(tmp_path / "nowhere")])
    assert gone.exit_code == 2
    assert "nowhere is no folder, zip or git+URL" in " ".join(gone.stderr.split())
