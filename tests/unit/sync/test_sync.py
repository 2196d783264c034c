"""Sources that are read again and again: what is due, one at a time, and never over an edit."""

import json
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from bot.cli.sync import app
from bot.clock import ManualClock
from bot.doctor.upkeep import check_upkeep
from bot.drafts.curation import Curation, Editor
from bot.drafts.model import DraftKind
from bot.errors import SettingsError
from bot.importing import Importer
from bot.people.model import Role
from bot.settings import Settings, load_settings
from bot.settings.knowledge import tokens_by_host
from bot.store.database import Database
from bot.sync.model import SourceKind, SyncState, in_words, parse_source, state_of
from bot.sync.run import LEASE, LEASE_KEY, Sync, SyncBusy
from bot.syncing import sync_ticks
from knowledge.errors import BadDocument
from knowledge.loaders.git import GitAccess
from knowledge.model import Runbook
from tests.support.console import console, sign_in
from tests.support.databases import sqlite_database
from tests.support.front_fakes import FakeEngine
from tests.unit.loaders.test_git_pages import Remote

LEAD = Editor("T1/ULEAD", Role.LEAD)


class Installation:
    """A database and a team's sources of pages."""

    def __init__(self, database: Database, clock: ManualClock, folder: Path) -> None:
        self.database = database
        self.clock = clock
        self.folder = folder
        self.pages = folder / "pages"
        self.pages.mkdir()
        self.curation = Curation(database, clock)

    def writes(self, **pages: str) -> None:
        for name, text in pages.items():
            (self.pages / f"{name}.md").write_text(f"# {name}\n\n{text}\n")

    def sync(self, *sources: str, every: timedelta | None = timedelta(hours=1)) -> Sync:
        return Sync(
            units=self.database,
            clock=self.clock,
            sources=[parse_source(one) for one in sources or (str(self.pages),)],
            importer=lambda: Importer(units=self.database, clock=self.clock, actor="sync:schedule"),
            access=GitAccess(),
            copies=self.folder / "copies",
            every=every,
        )

    def state(self, source: str = "") -> SyncState:
        with self.database.read() as uow:
            found = state_of(uow.marks.get(f"sync:{source or self.pages}"))
        assert found is not None
        return found

    def reads(self, name: str) -> str:
        found = self.database.knowledge_source().get(name)
        assert isinstance(found, Runbook)
        return found.body

    def edits(self, name: str, old: str, new: str) -> None:
        page = self.curation.page(LEAD, name)
        assert page is not None
        self.curation.publish(LEAD, name, page.text.replace(old, new), page.version)


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database:
        yield Installation(database, clock, tmp_path)


def test_a_source_is_synced_at_once_and_again_when_its_time_has_come(here: Installation) -> None:
    here.writes(disk="Look.")
    sync = here.sync()
    assert sync.tick()
    assert not sync.tick()
    here.writes(disk="Look again.")
    here.clock.advance(59 * 60)
    assert not sync.tick()
    here.clock.advance(2 * 60)
    assert sync.tick()
    assert "Look again." in here.reads("disk")
    assert (here.state().changed, here.state().problem) == (1, "")


def test_without_an_interval_only_the_command_syncs(here: Installation) -> None:
    here.writes(disk="Look.")
    sync = here.sync(every=None)
    assert not sync.tick()
    [state] = sync.run().values()
    assert state.added == 1


def test_an_edit_at_the_console_is_never_overwritten(here: Installation) -> None:
    here.writes(disk="Look.")
    sync = here.sync()
    sync.run()
    here.edits("disk", "Look.", "Ask Alice.")
    assert next(iter(sync.run().values())).unchanged == 1
    here.writes(disk="Look twice.")
    [state] = sync.run().values()
    assert state.conflicts == 1
    assert "Ask Alice." in here.reads("disk")
    [draft] = here.curation.drafts(LEAD, DraftKind.RUNBOOK_EDIT)
    assert draft.made_by == "sync:schedule"
    assert "1 wait for review" in in_words(state)


def test_a_source_that_is_gone_is_told_and_keeps_no_other(here: Installation) -> None:
    here.writes(disk="Look.")
    gone = str(here.folder / "gone")
    sync = here.sync(gone, str(here.pages))
    sync.run()
    assert "neither a folder nor a file" in here.state(gone).problem
    assert here.state().added == 1
    (here.folder / "gone").mkdir()
    sync.run()
    assert here.state(gone).is_well


def test_two_sources_with_one_id_do_not_fight(here: Installation) -> None:
    other = here.folder / "other"
    other.mkdir()
    (other / "disk.md").write_text("# disk\n\nTheirs.\n")
    here.writes(disk="Look.")
    sync = here.sync(str(here.pages), str(other))
    for _ in range(2):
        sync.run()
        assert "Look." in here.reads("disk")
        assert "belongs to" in here.state(str(other)).problem


def test_a_git_branch_that_was_rewritten_is_said_and_read(here: Installation) -> None:
    remote = Remote(here.folder / "remote")
    remote.says(disk="# Disk full\n\nLook.")
    remote.says(disk="# Disk full\n\nLook again.")
    source = f"git+{remote.url}#main"
    sync = here.sync(source)
    sync.run()
    remote.git("reset", "--quiet", "--hard", "HEAD~1")
    remote.says(disk="# Disk full\n\nLook elsewhere.")
    sync.run()
    assert "was rewritten" in in_words(here.state(source))
    assert "Look elsewhere." in here.reads("disk")
    remote.folder.rename(here.folder / "moved")
    sync.run()
    state = here.state(source)
    assert "cannot be fetched" in state.problem
    assert state.good_at is not None
    assert "the last good one was" in in_words(state)
    assert "Look elsewhere." in here.reads("disk")


def test_a_zip_is_a_source(here: Installation) -> None:
    path = here.folder / "docs.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("disk.html", "<h1>Disk full</h1><p>Look.</p>")
    here.sync(str(path)).run()
    assert "Look." in here.reads("disk")


def test_only_one_process_syncs_at_a_time(here: Installation) -> None:
    here.writes(disk="Look.")
    now = here.clock.now()
    with here.database.begin() as uow:
        held = {"holder": "somebody", "until": (now + LEASE).isoformat()}
        uow.marks.put(LEASE_KEY, held, now)
    sync = here.sync()
    assert not sync.tick()
    with pytest.raises(SyncBusy):
        sync.run()
    here.clock.advance(LEASE.total_seconds() + 1)
    assert sync.tick(), "whoever held it was killed"
    with here.database.read() as uow:
        assert uow.marks.get(LEASE_KEY) is None


def test_a_dry_run_writes_nothing_and_is_no_sync(here: Installation) -> None:
    here.writes(disk="Look.")
    sync = here.sync()
    [state] = sync.run(dry_run=True).values()
    assert state.added == 1
    assert here.database.knowledge_source().get("disk") is None
    assert sync.tick(), "it is still due"


def test_what_left_the_source_is_counted_and_stays(here: Installation) -> None:
    here.writes(disk="Look.", net="Look.")
    sync = here.sync()
    sync.run()
    (here.pages / "net.md").unlink()
    [state] = sync.run().values()
    assert state.missing == 1
    assert "Look." in here.reads("net")


def test_the_doctor_tells_of_each_source(
    here: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = str(here.folder / "gone")
    here.writes(disk="Look.")
    monkeypatch.setenv("RECALL_SYNC_SOURCES", f"{here.pages},{gone},/never/synced")
    here.sync(str(here.pages), gone).run()
    checks = [one for one in check_upkeep(here.database, load_settings()) if one.name == "sync"]
    assert [one.status.value for one in checks] == ["ok", "warning", "ok"]
    assert "1 added" in checks[0].detail
    assert "not synced yet" in checks[2].detail


def test_the_console_shows_each_source_and_its_last_sync(here: Installation) -> None:
    gone = str(here.folder / "gone")
    here.writes(disk="Look.")
    here.sync(str(here.pages), gone).run()
    settings = Settings(data_dir=here.folder, sync_sources=(str(here.pages), gone))
    with console(here.database, here.clock, FakeEngine(), settings) as browser:
        shown = sign_in(browser, here.database, here.clock).get("/console/settings").text
    assert "Runbooks from files" in shown
    assert "1 added, 0 changed, 0 unchanged" in shown
    assert "neither a folder nor a file" in shown


# --- settings and command -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("/srv/pages", SourceKind.FOLDER),
        ("/srv/pages.zip", SourceKind.ARCHIVE),
        ("git+https://git.example/x.git#main:docs", SourceKind.GIT),
        ("git+ssh://git@git.example/x.git", SourceKind.GIT),
    ],
)
def test_sources_are_told_apart_by_how_they_are_written(written: str, kind: SourceKind) -> None:
    assert parse_source(written).kind is kind


@pytest.mark.parametrize(
    "written",
    ["", "pages", "https://git.example/x.git", "git+ext::sh -c x", "git+https://a/x#-b", "--help"],
)
def test_what_is_no_source_stops_the_start(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadDocument):
        parse_source(written)
    if written:
        monkeypatch.setenv("RECALL_SYNC_SOURCES", written)
        with pytest.raises(SettingsError):
            load_settings()


def test_tokens_belong_to_hosts_and_are_never_told() -> None:
    tokens = SecretStr("git.example=bot:tok-canary, GIT2.example=u:a:b")
    assert tokens_by_host(tokens) == {
        "git.example": ("bot", "tok-canary"),
        "git2.example": ("u", "a:b"),
    }
    for broken in ("tok-canary", "host=tok-canary", "=u:tok-canary", "h=:tok-canary"):
        with pytest.raises(ValueError, match="HOST=USER:TOKEN") as told:
            tokens_by_host(SecretStr(broken))
        assert "canary" not in str(told.value)


def test_a_broken_token_stops_the_start_and_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECALL_SYNC_TOKENS", "tok-canary")
    with pytest.raises(SettingsError) as told:
        load_settings()
    assert "HOST=USER:TOKEN" in str(told.value.problems)
    assert "canary" not in str(told.value.problems)


def test_no_source_means_no_tick(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sync_ticks(load_settings(), here.database, here.clock) == []
    monkeypatch.setenv("RECALL_SYNC_SOURCES", str(here.pages))
    monkeypatch.setenv("RECALL_DATA_DIR", str(here.folder))
    here.writes(disk="Look.")
    [(_, name, look)] = sync_ticks(load_settings(), here.database, here.clock)
    look()
    assert name == "sync"
    assert "Look." in here.reads("disk")
    monkeypatch.setenv("RECALL_SYNC_MINUTES", "0")
    assert sync_ticks(load_settings(), here.database, here.clock) == []


def test_the_command_syncs_and_tells(here: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECALL_DATA_DIR", str(here.folder))
    assert CliRunner().invoke(app, []).exit_code == 2
    monkeypatch.setenv("RECALL_SYNC_SOURCES", str(here.pages))
    here.writes(disk="Look.")
    dry = CliRunner().invoke(app, ["--dry-run", "--json"])
    assert json.loads(dry.stdout)["sources"][0]["last"]["added"] == 1
    status = CliRunner().invoke(app, ["--status", "--json"])
    assert json.loads(status.stdout) == {
        "sources": [{"name": str(here.pages), "kind": "folder", "last": None}]
    }
    (here.pages / "disk.md").unlink()
    here.pages.rmdir()
    failed = CliRunner().invoke(app, [])
    assert failed.exit_code == 1
    assert "neither a folder nor a file" in failed.stderr
