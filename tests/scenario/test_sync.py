"""Runbooks kept in git and in the console at once: what a team does, and what becomes of it."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bot.clock import ManualClock
from bot.people.model import Role
from bot.settings import Settings
from bot.store.database import Database
from bot.sync.model import in_words, state_of
from bot.sync.run import Sync
from bot.syncing import open_sync
from knowledge.model import Runbook
from tests.support.console import Browser, console, sign_in
from tests.support.databases import sqlite_database
from tests.support.front_fakes import FakeEngine
from tests.unit.loaders.test_git_pages import Remote

DISK = "# Disk full\n\n1. Look at the volume.\n2. Ask who writes.\n3. Delete old logs.\n"
NET = "# Net is slow\n\n1. Look at the switch.\n"
HOUR = 3_600


class Team:
    """A team with a repository, a console and a lead."""

    def __init__(self, folder: Path, database: Database, clock: ManualClock) -> None:
        self.folder, self.database, self.clock = folder, database, clock
        self.git = Remote(folder / "runbooks")
        self.git.says(disk=DISK, net=NET)
        self.source = f"git+{self.git.url}#main"
        self._opened = ExitStack()

    @property
    def settings(self) -> Settings:
        return Settings(
            data_dir=self.folder, sync_sources=(self.source,), sync_minutes=60, _env_file=None
        )

    def open(self, settings: Settings | None = None) -> None:
        chosen = settings or self.settings
        self.sync: Sync = open_sync(chosen, self.database, self.clock)
        engine = FakeEngine()
        browser = self._opened.enter_context(console(self.database, self.clock, engine, chosen))
        self.lead: Browser = sign_in(browser, self.database, self.clock, Role.LEAD)

    def close(self) -> None:
        self._opened.close()

    def an_hour_passes(self) -> str:
        """What the console says of the source after the next sync."""
        self.clock.advance(HOUR)
        assert self.sync.tick()
        with self.database.read() as uow:
            return in_words(state_of(uow.marks.get(f"sync:{self.source}")))

    def reads(self, page: str) -> str:
        return self.lead.get(f"/console/runbooks/page/{page}").text

    def is_served(self, page: str) -> bool:
        found = self.database.knowledge_source().get(page)
        assert isinstance(found, Runbook)
        return found.state.is_served

    def edits(self, page: str, old: str, new: str) -> str:
        """In the console."""
        form = self.lead.get(f"/console/runbooks/edit/{page}").text
        version = re.search(r'name="base_version" value="(\d+)"', form)
        assert version is not None
        found = self.database.knowledge_source().get(page)
        assert isinstance(found, Runbook)
        assert old in found.body
        fields = {
            "page_id": page,
            "text": found.body.replace(old, new),
            "base_version": version.group(1),
        }
        return self.lead.send("/console/runbooks/publish", fields).text

    def drops(self, *pages: str) -> None:
        """Out of the repository."""
        for page in pages:
            (self.git.folder / f"{page}.md").unlink()
        self.git.says()

    def waits(self, kind: str) -> list[int]:
        """The drafts of a kind in the review queue, by number."""
        shown = self.lead.get(f"/console/review?kind={kind}").text
        return [int(number) for number in re.findall(r'href="/console/review/(\d+)"', shown)]


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database:
        found = Team(tmp_path, database, clock)
        found.open()
        found.sync.tick()
        try:
            yield found
        finally:
            found.close()


def test_a_lead_writes_in_git_and_people_read_it_here(team: Team) -> None:
    assert "Delete old logs." in team.reads("disk")
    team.git.says(disk=DISK.replace("old logs", "logs of last week"))
    assert "0 added, 1 changed" in team.an_hour_passes()
    assert "Delete logs of last week." in team.reads("disk")


def test_two_edits_in_different_places_are_both_kept(team: Team) -> None:
    assert "is in force" in team.edits("disk", "Look at the volume.", "Look at every volume.")
    team.git.says(disk=DISK.replace("old logs", "logs of last week"))
    assert "1 merged with edits made here" in team.an_hour_passes()
    shown = team.reads("disk")
    assert "Look at every volume." in shown
    assert "Delete logs of last week." in shown
    assert "0 changed" in team.an_hour_passes(), "and stays so"


def test_two_edits_of_one_line_wait_for_a_lead_who_sees_both(team: Team) -> None:
    team.edits("disk", "Delete old logs.", "Never delete logs.")
    team.git.says(disk=DISK.replace("Delete old logs.", "Delete all logs."))
    assert "1 wait for review" in team.an_hour_passes()
    assert "Never delete logs." in team.reads("disk"), "what people read has not changed"
    [number] = team.waits("runbook_edit")
    proposal = team.lead.get(f"/console/review/{number}").text
    assert "Never delete logs." in proposal
    assert "Delete all logs." in proposal
    team.an_hour_passes()
    assert team.waits("runbook_edit") == [number], "it is proposed once"


def test_of_a_page_that_is_gone_a_lead_is_asked_and_one_press_retires_it(team: Team) -> None:
    team.drops("net")
    assert "1 not in the source any more" in team.an_hour_passes()
    assert team.is_served("net"), "nothing is taken away unasked"
    [number] = team.waits("page_gone")
    asked = team.lead.get(f"/console/review/{number}").text
    assert "Net is slow is gone from its source: retire?" in asked
    assert team.source in asked
    team.an_hour_passes()
    assert team.waits("page_gone") == [number], "nobody is asked twice"
    assert "net is retired" in team.lead.send(f"/console/review/{number}/approve").text
    assert not team.is_served("net")
    assert "not in the source" not in team.an_hour_passes()
    assert team.waits("page_gone") == []


def test_a_page_that_a_lead_keeps_is_asked_about_no_more(team: Team) -> None:
    team.drops("net")
    team.an_hour_passes()
    [number] = team.waits("page_gone")
    assert "net stays" in team.lead.send(f"/console/review/{number}/reject").text
    assert "not in the source" not in team.an_hour_passes()
    assert team.waits("page_gone") == []
    assert team.is_served("net")


def test_a_page_that_comes_back_by_itself_is_asked_about_no_more(team: Team) -> None:
    team.drops("net")
    team.an_hour_passes()
    [number] = team.waits("page_gone")
    team.git.says(net=NET)
    team.an_hour_passes()
    assert team.waits("page_gone") == []
    assert "replaced" in team.lead.get(f"/console/review/{number}").text
    assert team.is_served("net")


def test_only_a_lead_decides(team: Team) -> None:
    team.drops("net")
    team.an_hour_passes()
    [number] = team.waits("page_gone")
    other = sign_in(team.lead, team.database, team.clock, Role.RESPONDER)
    assert "Retire it" not in other.get(f"/console/review/{number}").text
    for press in ("approve", "reject"):
        assert other.send(f"/console/review/{number}/{press}").status_code == 403
    assert team.is_served("net")


def test_where_it_is_set_pages_go_and_come_with_their_source(team: Team) -> None:
    team.close()
    team.open(team.settings.model_copy(update={"sync_retires": (team.source,)}))
    team.drops("net")
    team.an_hour_passes()
    assert not team.is_served("net")
    assert team.waits("page_gone") == []
    with team.database.read() as uow:
        told = [one for one in uow.audit.list() if one.action == "runbook.retired"]
    assert [(one.actor, one.subject) for one in told] == [("sync:schedule", "net")]
    team.git.says(net=NET)
    team.an_hour_passes()
    assert team.is_served("net")


def test_a_page_that_a_person_retired_stays_so_when_its_source_has_it(team: Team) -> None:
    team.close()
    team.open(team.settings.model_copy(update={"sync_retires": (team.source,)}))
    team.lead.send("/console/runbooks/retire/net")
    team.drops("net")
    team.an_hour_passes()
    team.git.says(net=NET)
    team.an_hour_passes()
    assert not team.is_served("net")


def test_a_source_that_lost_most_of_its_pages_at_once_is_not_believed(team: Team) -> None:
    team.close()
    team.open(team.settings.model_copy(update={"sync_retires": (team.source,)}))
    names = [f"page{number}" for number in range(8)]
    team.git.says(**{name: f"# {name}\n\n1. Look.\n" for name in names})
    team.an_hour_passes()
    team.drops(*names)
    team.an_hour_passes()
    assert all(team.is_served(name) for name in names)
    assert len(team.waits("page_gone")) == 8


def test_a_rewritten_remote_is_said_and_one_that_is_gone_takes_nothing_away(team: Team) -> None:
    team.git.says(disk=DISK.replace("old logs", "a mistake"))
    team.an_hour_passes()
    team.git.git("reset", "--quiet", "--hard", "HEAD~1")
    team.git.says(disk=DISK.replace("old logs", "logs of last week"))
    assert "the history of the branch was rewritten" in team.an_hour_passes()
    assert "Delete logs of last week." in team.reads("disk")
    team.git.folder.rename(team.folder / "moved")
    told = team.an_hour_passes()
    assert "cannot be fetched" in told
    assert "the last good one was" in told
    assert "cannot be fetched" in team.lead.get("/console/settings").text
    assert "Delete logs of last week." in team.reads("disk")
    assert team.waits("page_gone") == [], "what cannot be read lacks nothing"
    (team.folder / "moved").rename(team.git.folder)
    assert "0 changed, 2 unchanged" in team.an_hour_passes()


def test_a_source_whose_pages_go_by_themselves_must_be_a_source() -> None:
    with pytest.raises(ValueError, match="none of sync_sources"):
        Settings(sync_retires=("/srv/other",), sync_sources=("/srv/pages",), _env_file=None)
