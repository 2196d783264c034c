"""Importing beside people who edit, on both databases: what was edited here is never lost."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.clock import ManualClock
from bot.drafts.curation import Curation, Editor
from bot.drafts.model import Draft, DraftKind
from bot.errors import DatabaseBusy
from bot.importing import Importer, ImportReport
from bot.people.model import Role
from bot.store.database import Database
from knowledge.curate.model import ImportedPage, MergeNeeded, Published
from knowledge.errors import Unpublishable
from knowledge.loaders import markdown_dir
from knowledge.loaders.outcome import Loaded, Outcome
from knowledge.model import DocumentState, Runbook
from knowledge.text.pages import parse_runbook
from knowledge.text.runbook_page import page_of

BASE = "# Disk full\n\n## Check\n\n- df -h\n\n## Mitigation\n\n- Delete old logs.\n"
SOURCE = "runbooks docs"
LEAD = Editor("T1/ULEAD", Role.LEAD)


class Team:
    """A lead at the console, and a folder of pages that is imported."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database = database
        self.clock = clock
        self.curation = Curation(database, clock)

    def imports(self, text: str = BASE, source: str = SOURCE, **more: object) -> ImportReport:
        return self.imports_all({"disk": text}, source, **more)

    def imports_all(
        self, pages: dict[str, str], source: str = SOURCE, **more: object
    ) -> ImportReport:
        outcomes: list[Outcome] = [
            Loaded(parse_runbook(text, slug=name), f"{name}.md") for name, text in pages.items()
        ]
        importer = Importer(units=self.database, clock=self.clock, actor="cli:dana")
        return importer.run(outcomes, subject=source, **more)  # type: ignore[arg-type]

    def edits(self, old: str, new: str) -> None:
        page = self.curation.page(LEAD, "disk")
        assert page is not None
        done = self.curation.publish(LEAD, "disk", page.text.replace(old, new), page.version)
        assert isinstance(done, Published)

    def reads(self, name: str = "disk") -> str:
        page = self.curation.page(LEAD, name)
        assert page is not None
        return page.text

    def waiting(self) -> list[Draft]:
        return list(self.curation.drafts(LEAD, DraftKind.RUNBOOK_EDIT))


@pytest.fixture
def team(database: Database, clock: ManualClock) -> Team:
    return Team(database, clock)


def test_an_edit_at_the_console_survives_the_same_file(team: Team) -> None:
    team.imports()
    team.edits("old logs", "old dumps")
    report = team.imports()
    assert (report.changed, report.unchanged, report.conflicts) == (0, 1, ())
    assert "old dumps" in team.reads()


def test_news_of_the_file_are_merged_into_the_edited_page(team: Team) -> None:
    team.imports()
    team.edits("old logs", "old dumps")
    report = team.imports(BASE.replace("df -h", "df -i"))
    assert (report.changed, report.merged, report.conflicts) == (1, 1, ())
    assert "old dumps" in team.reads()
    assert "df -i" in team.reads()
    assert not team.waiting()
    again = team.imports(BASE.replace("df -h", "df -i"))
    assert (again.changed, again.unchanged) == (0, 1)


def test_where_both_changed_one_line_the_page_stays_and_a_proposal_waits(team: Team) -> None:
    team.imports()
    team.edits("df -h", "du -sh")
    edited = team.reads()
    report = team.imports(BASE.replace("df -h", "df -i"))
    assert report.conflicts == ("disk",)
    assert team.reads() == edited
    [draft] = team.waiting()
    assert draft.content["text"].count("- du -sh") == draft.content["text"].count("- df -i") == 1
    with team.database.read() as uow:
        event = list(uow.audit.list())[-1]
    assert (event.action, event.data["proposed"]) == ("knowledge.import", ["disk"])


def test_the_same_file_is_proposed_once_and_a_newer_one_takes_its_place(team: Team) -> None:
    team.imports()
    team.edits("df -h", "du -sh")
    team.imports(BASE.replace("df -h", "df -i"))
    assert team.imports(BASE.replace("df -h", "df -i")).conflicts == ()
    assert len(team.waiting()) == 1
    team.imports(BASE.replace("df -h", "df -k"))
    [draft] = team.waiting()
    assert "df -k" in draft.content["text"]


def test_a_lead_who_chose_publishes_and_nothing_published_since_is_lost(team: Team) -> None:
    team.imports()
    team.edits("df -h", "du -sh")
    team.imports(BASE.replace("df -h", "df -i"))
    [draft] = team.waiting()
    with pytest.raises(Unpublishable, match="both sides of a conflict"):
        team.curation.accept(LEAD, draft.id)
    team.edits("old logs", "old dumps")
    chosen = BASE.replace("df -h", "df -i")
    proposal = team.curation.proposal(LEAD, draft.id)
    assert proposal is not None
    done = team.curation.accept(LEAD, draft.id, chosen, proposal.base_version)
    assert isinstance(done, Published | MergeNeeded)
    text = team.reads() if isinstance(done, Published) else done.text
    assert "df -i" in text
    assert "old dumps" in text


def test_a_page_made_at_the_console_is_not_replaced_by_a_file_of_its_name(team: Team) -> None:
    made = team.curation.publish(LEAD, "disk", "# Disk full\n\nAsk Alice.\n", 0)
    assert isinstance(made, Published)
    assert team.imports().conflicts == ("disk",)
    assert "Ask Alice" in team.reads()


def test_a_page_from_before_files_were_remembered_is_brought_up_to_date(team: Team) -> None:
    with team.database.begin() as uow:
        old = parse_runbook(BASE, slug="disk")
        uow.knowledge.upsert([(old, ())], actor="cli:somebody", now=team.clock.now())
    report = team.imports(BASE.replace("df -h", "df -i"))
    assert (report.changed, report.conflicts) == (1, ())
    assert "df -i" in team.reads()


def test_a_dry_run_tells_of_conflicts_and_proposes_nothing(team: Team) -> None:
    team.imports()
    team.edits("df -h", "du -sh")
    report = team.imports(BASE.replace("df -h", "df -i"), dry_run=True)
    assert report.conflicts == ("disk",)
    assert not team.waiting()
    assert team.imports(BASE.replace("df -h", "df -i")).conflicts == ("disk",)


def test_an_edit_during_the_import_is_seen(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    team.imports()
    importer = Importer(units=team.database, clock=team.clock, actor="cli:dana")
    edits = iter(["du -sh"])

    def meanwhile(passages: object) -> None:
        for new in edits:
            team.edits("df -h", new)

    monkeypatch.setattr(importer, "_embed", meanwhile)
    news = Loaded(parse_runbook(BASE.replace("old logs", "old dumps"), slug="disk"), "disk.md")
    report = importer.run([news], subject=SOURCE)
    assert (report.changed, report.merged) == (1, 1)
    assert "du -sh" in team.reads()
    assert "old dumps" in team.reads()


def test_an_import_that_is_always_overtaken_gives_up(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.imports()
    importer = Importer(units=team.database, clock=team.clock, actor="cli:dana")
    words = iter(range(100))
    monkeypatch.setattr(
        importer, "_embed", lambda passages: team.edits("# Disk", f"- {next(words)}\n\n# Disk")
    )
    news = Loaded(parse_runbook(BASE.replace("old logs", "old dumps"), slug="disk"), "disk.md")
    with pytest.raises(DatabaseBusy, match="edited all the time"):
        importer.run([news], subject=SOURCE)


def test_pages_of_another_source_are_theirs(team: Team) -> None:
    team.imports(source="sync:one")
    report = team.imports(BASE.replace("df -h", "df -i"), "sync:two", rivals={"sync:one"})
    assert [one.reason for one in report.failed] == ["the id 'disk' belongs to sync:one already"]
    assert "df -h" in team.reads()


def test_what_a_source_lacks_by_now_is_told_and_stays(team: Team) -> None:
    team.imports_all({"disk": BASE, "net": "# Net\n\nLook."})
    report = team.imports()
    assert report.missing == ("net",)
    assert "Look." in team.reads("net")


def test_what_a_file_said_is_kept_and_goes_with_its_page(team: Team) -> None:
    team.imports_all({f"page-{number}": f"# P{number}\n\nLook." for number in range(600)})
    names = [f"page-{number}" for number in range(600)]
    with team.database.begin() as uow:
        known = uow.knowledge.imported([*names, "nothing"])
        assert len(known) == 600
        assert known["page-7"] == ImportedPage(SOURCE, "# P7\n\nLook.\n")
        uow.knowledge.keep_imported({"page-7": ImportedPage("other", "x")}, team.clock.now())
        assert uow.knowledge.imported(["page-7"])["page-7"].source == "other"
        assert len(uow.knowledge.imported_from(SOURCE)) == 599
    assert team.database.knowledge_source().remove("page-7")
    with team.database.read() as uow:
        assert uow.knowledge.imported(["page-7"]) == {}


def test_extra_front_matter_comes_back_from_the_store(team: Team) -> None:
    team.imports("---\npager: {team: pay, levels: [1, 2]}\n---\n\n# Disk full\n\nLook.\n")
    stored = team.database.knowledge_source().get("disk")
    assert isinstance(stored, Runbook)
    assert stored.extra == {"pager": {"team": "pay", "levels": [1, 2]}}
    assert parse_runbook(page_of(stored), slug="disk") == replace(stored, version=1)


# --- files that are the same as the last time are not read ----------------------------------


class Folder:
    """A folder of pages, imported as the command line does it."""

    def __init__(self, team: Team, path: Path) -> None:
        self.team = team
        self.path = path

    def imports(self, url_base: str | None = None) -> ImportReport:
        importer = Importer(units=self.team.database, clock=self.team.clock, actor="cli:dana")
        pages = markdown_dir.find_pages(self.path)
        return importer.run(
            lambda known: markdown_dir.load(pages, url_base=url_base, known=known), subject=SOURCE
        )


@pytest.fixture
def folder(team: Team, tmp_path: Path) -> Folder:
    path = tmp_path / "pages"
    path.mkdir()
    (path / "disk.md").write_text(BASE)
    (path / "net.md").write_text("# Net\n\nLook.\n")
    return Folder(team, path)


def test_what_did_not_change_is_not_even_parsed(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert folder.imports().added == 2
    (folder.path / "net.md").write_text("# Net\n\nLook again.\n")
    parsed = []

    def parse(raw: bytes, *, slug: str, url: str | None = None) -> Runbook:
        parsed.append(slug)
        return parse_runbook(raw, slug=slug, url=url)

    monkeypatch.setattr(markdown_dir, "parse_runbook", parse)
    report = folder.imports()
    assert (report.changed, report.unchanged, report.missing) == (1, 1, ())
    assert parsed == ["net"]


def test_an_edited_page_and_one_with_another_address_are_told_apart(folder: Folder) -> None:
    folder.imports()
    folder.team.edits("old logs", "old dumps")
    assert folder.imports().unchanged == 2
    assert "old dumps" in folder.team.reads()
    report = folder.imports("https://git.example/docs")
    assert report.changed == 2, "the address is a part of the page"
    assert "old dumps" in folder.team.reads()


def test_a_page_that_was_removed_here_is_read_again(folder: Folder) -> None:
    folder.imports()
    folder.team.database.knowledge_source().remove("disk")
    assert folder.imports().added == 1


def test_a_draft_imported_again_is_put_in_force(folder: Folder) -> None:
    folder.imports()
    with folder.team.database.begin() as uow:
        uow.knowledge.set_state(
            "disk", DocumentState.DRAFT, actor="T1/ULEAD", now=folder.team.clock.now()
        )
    assert folder.imports().changed == 1
    stored = folder.team.database.knowledge_source().get("disk")
    assert stored is not None
    assert stored.state is DocumentState.REVIEWED


def test_a_second_file_of_an_id_is_named_each_time(folder: Folder) -> None:
    (folder.path / "disk.markdown").write_text("# Disk\n\nOther words.\n")
    first = folder.imports()
    second = folder.imports()
    assert [one.reason for one in first.failed] == [one.reason for one in second.failed]
    assert "already used by disk.markdown" in second.failed[0].reason
    assert "Other words." in folder.team.reads()


def test_a_page_that_is_let_go_belongs_to_no_source(database: Database, clock: ManualClock) -> None:
    team = Team(database, clock)
    team.imports_all({"disk": BASE, "net": BASE})
    with database.begin() as uow:
        uow.knowledge.forget_imported(["disk", "never there"])
    with database.read() as uow:
        assert uow.knowledge.imported_from(SOURCE) == ["net"]
        assert uow.knowledge.get("disk") is not None
    assert team.imports_all({"net": BASE}).missing == ()
    assert team.imports_all({"net": BASE, "disk": BASE}).unchanged == 2
