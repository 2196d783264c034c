"""An incident's page: what was written is what is read, whatever it holds."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.errors import BadDocument
from knowledge.loaders.incident_pages import incident_of_page, load
from knowledge.loaders.incidents import IncidentFormat, open_incidents
from knowledge.loaders.outcome import Loaded, Problem
from knowledge.loaders.records import incident_of
from knowledge.model import Visibility
from knowledge.text.incident_page import EMPTY, page_of, with_impact

NASTY = st.sampled_from(
    [
        "## Cause",
        "# RCL-1",
        "\\## Cause",
        "\\\\#",
        EMPTY,
        f"\\{EMPTY}",
        "---",
        "```",
        "````text",
        "  ## not a heading  ",
        "- item",
        "key: value",
        "",
        "é ✓ 漢",
    ]
)
LINES = st.lists(NASTY | st.text(max_size=30), max_size=6).map("\n".join)
SHORT = st.text(max_size=40)
RECORDS = st.fixed_dictionaries(
    {
        "id": st.just("RCL-12"),
        "title": SHORT.map(lambda text: f"t {text}"),
        "service": st.lists(SHORT, max_size=2),
        "environment": st.lists(SHORT, max_size=1),
        "severity": st.sampled_from(["critical", "warning", ""]),
        "started_at": st.just("2026-11-19T03:12:00.123456+00:00"),
        "resolved_at": st.sampled_from([None, "2026-11-19T04:00:00+00:00"]),
        "alert_names": st.lists(SHORT, max_size=3),
        "labels": st.dictionaries(SHORT, SHORT, max_size=3),
        "neighbours": st.lists(SHORT, max_size=2),
        "tags": st.lists(SHORT, max_size=2),
        "runbook": st.sampled_from([None, "orders-db"]),
        "confirmed_by": SHORT,
        "visibility": st.sampled_from(["everyone", ["T1/C1", "T1/C2"]]),
        "state": st.just("confirmed"),
        "symptom": LINES,
        "impact": LINES,
        "cause": LINES,
        "resolution": LINES,
        "lessons": LINES,
        "logs": st.lists(LINES, max_size=3),
    }
)


@given(RECORDS, st.lists(LINES, max_size=3))
def test_a_page_reads_back_into_the_same_incident(
    record: dict[str, object], timeline: list[str]
) -> None:
    assert incident_of_page(page_of(record, timeline)) == incident_of(with_impact(record))


def test_what_is_empty_is_said_and_read_as_empty() -> None:
    page = page_of({"id": "RCL-1", "title": "Disk full", "symptom": "No space."})
    assert page.count(EMPTY) == 4
    read = incident_of_page(page)
    assert (read.cause, read.resolution, read.symptom) == ("", "", "No space.")


def test_a_page_that_nobody_may_see_is_refused_not_opened_to_all() -> None:
    page = page_of({"id": "RCL-1", "title": "Disk full", "visibility": []})
    with pytest.raises(BadDocument, match="visibility"):
        incident_of_page(page)


def test_a_page_edited_by_hand_may_have_sections_of_its_own() -> None:
    page = "---\ntitle: Disk full\n---\n## Cause\n\nLogs.\n\n## Follow-ups\n\n- buy disks\n"
    read = incident_of_page(page)
    assert read.cause == "Logs."
    assert "buy" not in str(read)


def test_a_folder_of_pages_is_imported_and_what_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "RCL-1.md").write_text(page_of({"id": "RCL-1", "title": "Disk full"}))
    (tmp_path / "notes.md").write_text("# Notes\n")
    source = open_incidents(tmp_path)
    assert source.format is IncidentFormat.MARKDOWN
    loaded, problem = list(source.load())
    assert isinstance(loaded, Loaded)
    assert loaded.document.id == "RCL-1"
    assert problem == Problem("notes.md", None, "has no front matter with at least a title")


def test_one_page_is_recognised_by_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "x.md"
    record = {"id": "RCL-1", "title": "T", "visibility": ["T1/C1"], "started_at": "2026-11-19"}
    path.write_text(page_of(record))
    [loaded] = open_incidents(path).load()
    assert isinstance(loaded, Loaded)
    assert loaded.document.visibility == Visibility(frozenset({"T1/C1"}))
    assert loaded.document.started_at == datetime(2026, 11, 19, tzinfo=UTC)


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    (tmp_path / "x.md").write_bytes(b"---\ntitle: \xff\n---\n")
    assert list(load(tmp_path)) == [Problem("x.md", None, "is not UTF-8 text")]
