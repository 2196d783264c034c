"""Writing an incident up: a draft that people complete, and what becomes of it."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.chat.ports import Destination
from bot.commands.model import FieldErrors, Refused
from bot.drafts.model import DraftKind
from bot.incidents.keeping import RECORD_FILE
from bot.incidents.model import TimelineEntry, TimelineKind
from bot.incidents.record_files import RecordFileJob, export_records
from bot.incidents.records import IncidentRecord
from knowledge.loaders.incident_pages import incident_of_page
from knowledge.model import DocumentState, Visibility
from tests.support.ending_desk import Desk, initial, person, text_of_board


def resolved(desk: Desk, fix: str = "Restarted report-worker.") -> None:
    desk.incident_with_a_card()
    desk.told(f"resolve RCL-1 {fix}")


def write_files(desk: Desk, folder: Path) -> None:
    job = RecordFileJob(desk.world.database, folder)
    for due in desk.due(RECORD_FILE):
        job.handle(due)
        job.handle(due)  # as after a crash between its end and its being finished


def test_what_nobody_filled_in_is_visibly_empty(desk: Desk) -> None:
    resolved(desk)
    form = desk.opens("record")
    assert "Impact: not filled in yet. Cause: not filled in yet." in form.intro
    assert initial(form, "cause") == ""
    assert initial(form, "fix") == "Restarted report-worker."
    said = text_of_board(desk.submits(form, {"cause": "A leak."}))
    assert "Impact: not filled in yet" in said
    assert "Cause: A leak." in said
    assert "A draft" in said


def test_there_is_one_draft_however_often_it_is_looked_at(desk: Desk) -> None:
    resolved(desk)
    desk.submits(desk.opens("record"), {"cause": "A leak."})
    desk.submits(desk.opens("record"), {"impact": "Slow checkouts."})
    with desk.world.database.read() as uow:
        [draft] = uow.drafts.waiting(DraftKind.RECORD)
    words = IncidentRecord.model_validate(draft.content).words
    assert (words.cause, words.impact) == ("A leak.", "Slow checkouts.")


def test_what_was_filled_in_can_be_taken_out_again(desk: Desk) -> None:
    resolved(desk)
    desk.submits(desk.opens("record"), {"cause": "A leak."})
    desk.submits(desk.opens("record"), {"cause": ""})
    assert initial(desk.opens("record"), "cause") == ""


def test_confirmed_it_is_knowledge_and_a_file_that_reads_back(desk: Desk, tmp_path: Path) -> None:
    resolved(desk)
    answers = {
        "title": "Leak in report-worker",
        "impact": "Nobody could pay for 3 minutes.",
        "cause": "## A leak\nin report-worker",
        "lessons": "Watch connections.",
        "done": "confirm",
    }
    said = desk.submits(desk.opens("record", who="bob"), answers, who="bob")
    assert "Confirmed by bob" in text_of_board(said)
    known = desk.known()
    assert known is not None
    assert known.state is DocumentState.CONFIRMED
    assert known.confirmed_by == "bob (T1/U0BOB)"
    assert known.version == 2
    assert "Impact: Nobody could pay for 3 minutes." in known.symptom
    write_files(desk, tmp_path / "records")
    page = (tmp_path / "records" / "RCL-1.md").read_text(encoding="utf-8")
    assert "Watch connections." in page
    read = incident_of_page(page)
    assert read == known.__class__(
        **{name: getattr(known, name) for name in known.__dataclass_fields__} | {"version": 1}
    )
    assert [path.name for path in (tmp_path / "records").iterdir()] == ["RCL-1.md"]
    assert desk.world.card().openers == ()


def test_a_title_is_needed_and_a_record_that_says_nothing_is_not_confirmed(desk: Desk) -> None:
    resolved(desk)
    form = desk.opens("record")
    with pytest.raises(FieldErrors) as told:
        desk.submits(form, {"title": " ", "fix": "", "done": "confirm"})
    assert set(told.value.errors) == {"title", "fix"}


def test_an_open_incident_has_no_record(desk: Desk) -> None:
    desk.incident_with_a_card()
    with pytest.raises(Refused, match="resolve it first"):
        desk.opens("record")


def test_a_confirmed_record_can_be_corrected_and_its_file_follows(
    desk: Desk, tmp_path: Path
) -> None:
    resolved(desk)
    desk.submits(desk.opens("record"), {"cause": "A leak.", "done": "confirm"})
    again = desk.opens("record", who="bob")
    assert initial(again, "cause") == "A leak."
    desk.submits(again, {"cause": "A slow leak.", "done": "confirm"}, who="bob")
    write_files(desk, tmp_path)
    assert "A slow leak." in (tmp_path / "RCL-1.md").read_text(encoding="utf-8")
    known = desk.known()
    assert known is not None
    assert known.cause == "A slow leak."


def test_one_tap_on_the_card_leaves_a_draft_with_what_was_quoted(desk: Desk) -> None:
    card = desk.incident_with_a_card()
    desk.world.presses(card, "resolved_like")
    desk.work()
    form = desk.opens("record")
    assert initial(form, "cause") == "Like INC-87: report-worker leaked connections"
    assert initial(form, "impact") == ""


def test_what_was_deleted_is_in_no_record(desk: Desk, tmp_path: Path) -> None:
    desk.incident_with_a_card()
    now = desk.world.clock.now()
    with desk.world.database.begin() as uow:
        gone = {"text": "password of the CEO", "deleted": "yes"}
        entries = [
            TimelineEntry(at=now, kind=kind, text="password of the CEO", data=gone)
            for kind in (TimelineKind.EVIDENCE, TimelineKind.NOTE)
        ]
        uow.incidents.add_timeline(1, entries)
    desk.told("resolve RCL-1 done")
    desk.submits(desk.opens("record"), {"done": "confirm"})
    write_files(desk, tmp_path)
    page = (tmp_path / "RCL-1.md").read_text(encoding="utf-8")
    assert "password" not in page
    assert "a message that was deleted later" in page
    assert "password" not in str(desk.known())


def test_a_restricted_incidents_record_stays_restricted(desk: Desk, tmp_path: Path) -> None:
    desk.incident_with_a_card()
    desk.restrict("T1/C1")
    desk.told("resolve RCL-1 done")
    desk.submits(desk.opens("record"), {"done": "confirm"})
    write_files(desk, tmp_path)
    path = tmp_path / "RCL-1.md"
    seen_by = Visibility(frozenset({"T1/C1"}))
    known = desk.known()
    assert known is not None
    assert known.visibility == seen_by
    assert incident_of_page(path.read_bytes()).visibility == seen_by
    assert path.stat().st_mode & 0o077 == 0


def test_what_is_quoted_from_a_restricted_case_is_shown_to_its_readers_alone(desk: Desk) -> None:
    desk.world.knows(visibility=Visibility(frozenset({"T1/C1"})))
    desk.world.alert_fires()
    desk.world.follow()
    desk.submits(desk.fills(desk.opens("resolve"), "INC-87"), {"fix": "as they did"})
    known = desk.known()
    assert known is not None
    assert known.visibility == Visibility(frozenset({"T1/C1"}))
    assert desk.opens("record").name == "record"
    elsewhere = replace(person("bob"), at=Destination("T1", "C0OTHER"))
    for form in ("record", "resolve"):
        with pytest.raises(Refused, match="not everybody here may see"):
            desk.book.open(elsewhere, form, "RCL-1")
    with pytest.raises(Refused, match="not everybody here may see"):
        desk.book.submit(elsewhere, "record", "RCL-1", {"title": "mine"})


def test_all_confirmed_records_can_be_exported(desk: Desk, tmp_path: Path) -> None:
    resolved(desk)
    assert export_records(desk.world.database, tmp_path) == []
    desk.submits(desk.opens("record"), {"done": "confirm"})
    assert export_records(desk.world.database, tmp_path) == [tmp_path / "RCL-1.md"]
