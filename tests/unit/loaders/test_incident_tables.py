"""Incident records from JSON Lines and CSV: mapping, dates, and what is never invented."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.errors import BadDocument
from knowledge.loaders.incidents import IncidentFormat, open_incidents
from knowledge.loaders.mapping import map_columns
from knowledge.loaders.outcome import Loaded, Problem
from knowledge.loaders.records import RECORD_SCHEMA, incident_of
from knowledge.loaders.times import parse_time
from knowledge.model import DocumentState, PastIncident, Visibility


def _load(
    path: Path, explicit: dict[str, str] | None = None
) -> tuple[list[PastIncident], list[Problem]]:
    incidents: list[PastIncident] = []
    problems: list[Problem] = []
    for outcome in open_incidents(path, explicit=explicit).load():
        if isinstance(outcome, Loaded):
            assert isinstance(outcome.document, PastIncident)
            incidents.append(outcome.document)
        else:
            problems.append(outcome)
    return incidents, problems


def _jsonl(path: Path, *records: object) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_a_full_record_arrives_as_it_was_written(tmp_path: Path) -> None:
    record = {
        "id": "INC-142",
        "title": "Ledger writes stalled",
        "symptom": "p99 of ledger over 4 s",
        "cause": "a lock held by a migration",
        "resolution": "killed the migration",
        "logs": ["ERROR canceling statement", "WARN pool exhausted"],
        "severity": "sev2",
        "started_at": "2026-03-01T02:00:00+01:00",
        "resolved_at": "2026-03-01T01:30:00Z",
        "service": "ledger",
        "services": ["ledger", "payments"],
        "environment": "prod",
        "alert_names": ["LedgerLatencyHigh"],
        "tags": ["db"],
        "labels": {"pod": "ledger-0"},
        "url": "https://wiki.test/INC-142",
        "runbook": "ledger/locks",
        "visibility": ["T1/C1"],
    }
    (incident,), problems = _load(_jsonl(tmp_path / "a.jsonl", record))
    assert not problems
    assert incident.id == "INC-142"
    assert incident.services == ("ledger", "payments")
    assert incident.environments == ("prod",)
    assert incident.alerts == ("LedgerLatencyHigh",)
    assert incident.logs == ("ERROR canceling statement", "WARN pool exhausted")
    assert incident.started_at == datetime(2026, 3, 1, 1, tzinfo=UTC)
    assert incident.duration_seconds == 1800
    assert incident.labels == {"pod": "ledger-0"}
    assert incident.visibility == Visibility(frozenset({"T1/C1"}))
    assert incident.state is DocumentState.CONFIRMED


def test_what_a_record_does_not_say_stays_empty(tmp_path: Path) -> None:
    (incident,), _ = _load(_jsonl(tmp_path / "a.jsonl", {"id": "1", "title": "Disk full"}))
    assert (incident.symptom, incident.cause, incident.resolution) == ("", "", "")
    assert incident.services == incident.environments == incident.alerts == ()
    assert incident.started_at is incident.resolved_at is incident.url is None
    assert incident.severity == ""


def test_unusable_lines_are_reported_by_number_and_the_rest_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(
        '{"id": "1", "title": "good"}\n'
        "not json\n"
        "\n"
        "[1, 2]\n"
        '{"id": "2"}\n'
        '{"id": "3", "title": "t", "started_at": "yesterday"}\n'
        '{"id": "4", "title": "t", "labels": [1]}\n'
        '{"id": "5", "title": "t", "url": "javascript:alert(1)"}\n'
        '{"id": "6", "title": "t", "visibility": "some"}\n'
        '{"id": "7", "title": "t", "logs": [{"a": 1}]}\n'
        '{"id": "8", "title": "t", "started_at": "2026-01-02", "resolved_at": "2026-01-01"}\n'
        '{"id": "9", "title": "good too"}\n'
    )
    incidents, problems = _load(path)
    assert [incident.id for incident in incidents] == ["1", "9"]
    assert [problem.line for problem in problems] == [2, 4, 5, 6, 7, 8, 9, 10, 11]
    assert all(problem.file == "a.jsonl" for problem in problems)


def test_a_csv_export_is_mapped_by_common_names_and_the_rest_is_listed(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text(
        "\ufeffKey;Summary;Root Cause;Created;Affected Services;Reporter\n"
        'OPS-1;"Queue; backed up";consumer died;03.02.2026 14:05;orders, billing;Dana\n'
        "OPS-2;No cause here;;2026-02-04 10:00;;Kim\n"
    )
    source = open_incidents(path)
    assert source.format is IncidentFormat.CSV
    assert source.mapping is not None
    assert source.mapping.chosen["cause"] == "Root Cause"
    assert source.mapping.unused == ("Reporter",)
    (first, second), problems = _load(path)
    assert not problems
    assert first.title == "Queue; backed up"
    assert first.services == ("orders", "billing")
    assert first.started_at == datetime(2026, 2, 3, 14, 5, tzinfo=UTC)
    assert second.cause == ""


def test_an_explicit_mapping_wins_and_a_wrong_one_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("ref,headline,what we saw,notes\n1,Slow,all slow,restart\n")
    (incident,), _ = _load(path, {"symptom": "what we saw", "resolution": "notes"})
    assert (incident.symptom, incident.resolution) == ("all slow", "restart")
    with pytest.raises(BadDocument, match="no field"):
        open_incidents(path, explicit={"fixx": "notes"})
    with pytest.raises(BadDocument, match="no column 'gone'"):
        open_incidents(path, explicit={"cause": "gone"})


def test_broken_rows_of_a_table_are_named_by_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,title\n1,"two\nlines"\n2,a,b,c\n,\n3,fine\n4,"never closed\n5,lost\n')
    incidents, problems = _load(path)
    assert [incident.id for incident in incidents] == ["1", "3"]
    assert [problem.line for problem in problems] == [4, 7]


def test_a_latin_1_table_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("id,title\n1,Überlauf\n".encode("latin-1"))
    (incident,), _ = _load(path)
    assert incident.title == "Überlauf"


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "empty"), (b"\x00\x01\x02", "binary"), (b"just words\nand more\n", "header")],
)
def test_a_file_that_holds_no_records_is_refused(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(BadDocument, match=reason):
        open_incidents(path)


def test_a_record_without_an_id_gets_the_same_one_every_time() -> None:
    record = {"title": "Disk full", "started_at": "2026-01-01"}
    assert incident_of(record).id == incident_of(dict(record)).id
    assert incident_of(record).id != incident_of({**record, "started_at": "2026-01-02"}).id


def test_imported_as_draft_no_record_can_call_itself_reviewed() -> None:
    record = {"id": "1", "title": "t", "state": "reviewed"}
    assert incident_of(record).state is DocumentState.REVIEWED
    assert incident_of(record, state=DocumentState.DRAFT).state is DocumentState.DRAFT


def test_camel_case_and_spaces_name_the_same_column() -> None:
    mapping = map_columns(["incidentId", "Short Description", "Resolved At", "rootCause"])
    assert mapping.chosen == {
        "id": "incidentId",
        "title": "Short Description",
        "cause": "rootCause",
        "resolved_at": "Resolved At",
    }


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-19T03:12:00Z",
        "2026-11-19 03:12",
        "2026-11-19T04:12:00+01:00",
        "1795057920",
        "1795057920000",
        "2026/11/19 03:12",
        "19.11.2026 03:12",
        "11/19/2026 3:12 AM",
        "Nov 19, 2026 at 3:12 AM UTC",
        "19 November 2026 03:12:00",
    ],
)
def test_times_are_understood_as_tools_write_them(text: str) -> None:
    assert parse_time(text) == datetime(2026, 11, 19, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        *("11/12/2026", "soon", "0001-01-01", "9999999999999", True, []),
        *("9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"),
    ],
)
def test_a_time_that_cannot_be_known_is_refused_not_guessed(text: object) -> None:
    with pytest.raises(BadDocument):
        parse_time(text)


@given(
    st.dictionaries(
        st.sampled_from(sorted(RECORD_SCHEMA["properties"])),
        st.none()
        | st.booleans()
        | st.floats()
        | st.text()
        | st.lists(st.text())
        | st.dictionaries(st.text(), st.text()),
    )
)
def test_any_record_is_either_used_or_refused_with_a_reason(record: dict[str, object]) -> None:
    try:
        said = incident_of(record).title
    except BadDocument as error:
        said = str(error)
    assert said
