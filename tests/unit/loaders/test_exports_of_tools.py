"""Past incidents as Opsgenie, Jira, ServiceNow, incident.io and FireHydrant export them."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from bot.cli.import_ import app
from knowledge.errors import BadDocument
from knowledge.loaders.exported import TOOLS
from knowledge.loaders.exported.paths import parse_path, values_at
from knowledge.loaders.exported.reading import mapping_of
from knowledge.loaders.exported.rich_text import plain
from knowledge.loaders.incidents import IncidentFormat, detect, open_incidents
from knowledge.loaders.mapping import FIELDS
from knowledge.loaders.outcome import Loaded, Problem
from knowledge.model import EVERYONE, PastIncident, Visibility
from tests.support.databases import sqlite_url

OPSGENIE = {
    "data": [
        {
            "id": "70413a06-38d6-4c85-92b8-5ebc900d42e2",
            "tinyId": "1791",
            "message": "Disk of orders-db is full",
            "description": "No space left on device.\nRoot cause: dumps were never removed.",
            "status": "closed",
            "priority": "P1",
            "createdAt": "2026-05-01T10:00:00.000Z",
            "updatedAt": "2026-05-02T10:00:00.000Z",
            "report": {"ackTime": 15702, "closeTime": 3600000, "closedBy": "a@example.org"},
            "tags": ["disk", "prod"],
            "details": {"host": "db-1"},
            "entity": "orders-db",
        },
        {"tinyId": "1792", "message": "Still burning", "status": "open"},
    ],
    "paging": {"next": ""},
}
JIRA = {
    "startAt": 0,
    "issues": [
        {
            "key": "OPS-12",
            "fields": {
                "summary": "Checkout answers 500",
                "description": {
                    "type": "doc",
                    "version": 1,
                    "content": [
                        {"type": "paragraph", "content": [{"type": "text", "text": "All fail."}]},
                        {
                            "type": "paragraph",
                            "content": [
                                {"type": "text", "text": "Root cause: "},
                                {"type": "text", "text": "an old certificate"},
                            ],
                        },
                    ],
                },
                "created": "2026-05-01T10:00:00.000+0200",
                "resolutiondate": "2026-05-01T12:00:00.000+0200",
                "priority": {"name": "Highest"},
                "components": [{"name": "checkout"}, {"name": "edge"}],
                "labels": ["tls"],
                "comment": {"comments": [{"body": "Resolution: renewed it"}]},
                "customfield_10010": "renewed by hand",
            },
        },
        {"key": "OPS-13", "fields": {"summary": "Open", "resolutiondate": None}},
    ],
}
SERVICENOW = {
    "result": [
        {
            "number": "INC0010012",
            "short_description": "Mail queue grows",
            "description": "Deferred mails since noon",
            "opened_at": "2026-05-01 10:00:00",
            "resolved_at": "2026-05-01 11:30:00",
            "state": "6",
            "priority": {"display_value": "1 - Critical", "value": "1"},
            "business_service": {"display_value": "mail", "link": "https://x.example/sys/1"},
            "cause": "DNS entry was missing",
            "close_notes": "Added the entry",
            "category": "network",
        },
        {
            "number": "INC0010013",
            "short_description": "Open",
            "opened_at": "2026-05-01 10:00:00",
            "resolved_at": "",
        },
    ]
}
INCIDENT_IO = {
    "incidents": [
        {
            "id": "01FDAG4SAP5TYPT98WGR2N7W91",
            "reference": "INC-123",
            "name": "Payments fail",
            "summary": "Card payments are refused",
            "visibility": "public",
            "created_at": "2026-05-01T10:05:00Z",
            "permalink": "https://app.incident.example/incidents/123",
            "severity": {"name": "Major"},
            "incident_status": {"category": "closed", "name": "Closed"},
            "incident_timestamp_values": [
                {
                    "incident_timestamp": {"name": "Reported at"},
                    "value": {"value": "2026-05-01T10:00:00Z"},
                },
                {
                    "incident_timestamp": {"name": "Resolved at"},
                    "value": {"value": "2026-05-01T11:00:00Z"},
                },
            ],
            "custom_field_entries": [
                {
                    "custom_field": {"name": "Affected services"},
                    "values": [
                        {"value_catalog_entry": {"name": "checkout"}},
                        {"value_catalog_entry": {"name": "ledger"}},
                    ],
                },
                {
                    "custom_field": {"name": "Root cause"},
                    "values": [{"value_text": "The acquirer was down"}],
                },
            ],
        },
        {
            "reference": "INC-124",
            "name": "Secret one",
            "visibility": "private",
            "slack_team_id": "T1",
            "slack_channel_id": "C9",
            "created_at": "2026-05-01T10:05:00Z",
            "incident_status": {"category": "closed"},
        },
        {
            "reference": "INC-125",
            "name": "Secret one without a channel",
            "visibility": "private",
            "created_at": "2026-05-01T10:05:00Z",
            "incident_status": {"category": "closed"},
        },
        {
            "reference": "INC-126",
            "name": "Open",
            "visibility": "public",
            "created_at": "2026-05-01T10:05:00Z",
            "incident_status": {"category": "live"},
        },
    ]
}
FIREHYDRANT = {
    "data": [
        {
            "id": "b1a5",
            "number": 77,
            "name": "Search is slow",
            "summary": "p95 above 4 s. \nFix: rolled the build back",
            "severity": "SEV2",
            "current_milestone": "postmortem_completed",
            "created_at": "2026-05-01T10:10:00Z",
            "milestones": [
                {"type": "started", "occurred_at": "2026-05-01T10:00:00Z"},
                {"type": "resolved", "occurred_at": "2026-05-01T10:45:00Z"},
            ],
            "services": [{"name": "search"}],
            "environments": [{"name": "prod"}],
            "labels": {"team": "find"},
            "tag_list": ["slow"],
            "incident_url": "https://app.firehydrant.example/incidents/b1a5",
            "restricted": False,
        },
        {"number": 78, "name": "Open", "current_milestone": "detected"},
        {
            "number": 79,
            "name": "Restricted",
            "current_milestone": "resolved",
            "restricted": True,
        },
    ]
}
BODIES = {
    "opsgenie": OPSGENIE,
    "jira": JIRA,
    "servicenow": SERVICENOW,
    "incident-io": INCIDENT_IO,
    "firehydrant": FIREHYDRANT,
}


def _read(
    path: Path, explicit: dict[str, str] | None = None
) -> tuple[list[PastIncident], list[str]]:
    source = open_incidents(path, explicit=explicit)
    found, problems = [], []
    for one in source.load():
        if isinstance(one, Loaded):
            assert isinstance(one.document, PastIncident)
            found.append(one.document)
        else:
            assert isinstance(one, Problem)
            problems.append(one.reason)
    return found, problems


def _file(folder: Path, body: object, *, indent: int | None = None) -> Path:
    path = folder / "export.json"
    path.write_text(json.dumps(body, indent=indent))
    return path


def _table(folder: Path, *rows: list[str]) -> Path:
    path = folder / "export.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("tool", sorted(TOOLS))
def test_each_export_is_recognised_by_what_it_holds(
    tool: str, indent: int | None, tmp_path: Path
) -> None:
    assert detect(_file(tmp_path, BODIES[tool], indent=indent)) is IncidentFormat(tool)
    [records] = [value for value in BODIES[tool].values() if isinstance(value, list)]
    assert detect(_file(tmp_path, records, indent=indent)) is IncidentFormat(tool)
    lines = tmp_path / "lines.jsonl"
    lines.write_text("\n".join(json.dumps(one) for one in records))
    assert detect(lines) is IncidentFormat(tool)
    assert [one.id for one in _read(lines)[0]] == [
        one.id for one in _read(_file(tmp_path, BODIES[tool]))[0]
    ]


def test_opsgenie(tmp_path: Path) -> None:
    [one], problems = _read(_file(tmp_path, OPSGENIE))
    assert (one.id, one.title, one.severity) == ("OG-1791", "Disk of orders-db is full", "P1")
    assert one.cause == "dumps were never removed."
    assert one.resolution == ""
    assert one.resolved_at == datetime(2026, 5, 1, 11, tzinfo=UTC)
    assert (one.services, one.tags) == (("orders-db",), ("disk", "prod"))
    assert one.labels == {"host": "db-1"}
    assert problems == ["is not over yet; import it when it is"]


def test_jira(tmp_path: Path) -> None:
    path = _file(tmp_path, JIRA)
    [one], problems = _read(path)
    assert (one.id, one.symptom.split("\n")[0]) == ("OPS-12", "All fail.")
    assert (one.cause, one.resolution) == ("an old certificate", "renewed it")
    assert one.started_at == datetime(2026, 5, 1, 8, tzinfo=UTC)
    assert (one.services, one.tags) == (("checkout", "edge"), ("tls",))
    assert len(problems) == 1
    [mapped], _ = _read(path, {"resolution": "fields.customfield_10010"})
    assert mapped.resolution == "renewed by hand"


def test_a_jira_table_names_columns_more_than_once(tmp_path: Path) -> None:
    path = _table(
        tmp_path,
        ["Issue key", "Summary", "Created", "Resolved", "Labels", "Labels", "Comment", "Comment"],
        ["OPS-1", "Down", "2026-05-01 10:00", "2026-05-01 11:00", "tls", "edge", "hm", "Fix: cert"],
        ["OPS-2", "Open", "2026-05-01 10:00", "", "", "", "", ""],
    )
    assert detect(path) is IncidentFormat.JIRA
    [one], problems = _read(path)
    assert (one.id, one.tags, one.resolution) == ("OPS-1", ("tls", "edge"), "cert")
    assert problems == ["is not over yet; import it when it is"]


def test_servicenow(tmp_path: Path) -> None:
    [one], problems = _read(_file(tmp_path, SERVICENOW))
    assert (one.id, one.title) == ("INC0010012", "Mail queue grows")
    assert (one.cause, one.resolution) == ("DNS entry was missing", "Added the entry")
    assert (one.severity, one.services) == ("1 - Critical", ("mail",))
    assert one.resolved_at == datetime(2026, 5, 1, 11, 30, tzinfo=UTC)
    assert len(problems) == 1


def test_a_servicenow_list_as_a_table(tmp_path: Path) -> None:
    path = _table(
        tmp_path,
        ["Number", "Short description", "Opened", "Resolved", "Service", "Resolution notes"],
        ["INC1", "Mail", "2026-05-01 10:00:00", "2026-05-01 11:00:00", "mail", "Restarted"],
    )
    assert detect(path) is IncidentFormat.SERVICENOW
    [one], _ = _read(path)
    assert (one.id, one.services, one.resolution) == ("INC1", ("mail",), "Restarted")


def test_incident_io_and_what_is_private_there(tmp_path: Path) -> None:
    [one, secret], problems = _read(_file(tmp_path, INCIDENT_IO))
    assert (one.id, one.services) == ("INC-123", ("checkout", "ledger"))
    assert one.cause == "The acquirer was down"
    assert one.started_at == datetime(2026, 5, 1, 10, tzinfo=UTC)
    assert one.resolved_at == datetime(2026, 5, 1, 11, tzinfo=UTC)
    assert one.visibility == EVERYONE
    assert secret.visibility == Visibility(frozenset({"T1/C9"}))
    assert "is private in incident.io" in problems[0]
    assert "is not over yet" in problems[1]


def test_firehydrant_and_what_is_restricted_there(tmp_path: Path) -> None:
    [one], problems = _read(_file(tmp_path, FIREHYDRANT))
    assert (one.id, one.severity, one.environments) == ("FH-77", "SEV2", ("prod",))
    assert one.resolution == "rolled the build back"
    assert one.started_at == datetime(2026, 5, 1, 10, tzinfo=UTC)
    assert one.resolved_at == datetime(2026, 5, 1, 10, 45, tzinfo=UTC)
    assert one.labels == {"team": "find"}
    assert "is not over yet" in problems[0]
    assert "is private in FireHydrant" in problems[1]


def test_pagerduty_and_plain_records_are_still_told_apart(tmp_path: Path) -> None:
    pager = {"incidents": [{"incident_number": 1, "created_at": "x", "title": "T"}]}
    assert detect(_file(tmp_path, pager)) is IncidentFormat.PAGERDUTY
    path = tmp_path / "own.jsonl"
    path.write_text('{"title": "T", "logs": ["x"]}\n')
    assert detect(path) is IncidentFormat.JSONL


@pytest.mark.parametrize("tool", sorted(TOOLS))
def test_every_mapping_file_names_fields_and_paths_that_there_are(tool: str) -> None:
    mapping = mapping_of(tool)
    assert set(mapping.fields) <= set(FIELDS)
    paths = [one for several in mapping.fields.values() for one in several]
    for path in [*paths, *mapping.over.path, *mapping.notes]:
        parse_path(path) if "(" not in path else None


@pytest.mark.parametrize(
    "record",
    [
        {"tinyId": "1", "message": "m", "status": "closed", "report": {"closeTime": 1e300},
         "createdAt": "2026-05-01T10:00:00Z"},
        {"tinyId": "1 2", "message": "m", "status": "closed"},
        {"tinyId": "1", "message": "m", "status": "closed", "createdAt": "11/12/2026"},
        {"tinyId": "1", "message": "m", "status": ["closed"]},
        7,
    ],
)  # fmt: skip
def test_a_broken_record_is_named_and_the_others_are_read(record: object, tmp_path: Path) -> None:
    found, problems = _read(_file(tmp_path, {"data": [OPSGENIE["data"][0], record]}))  # type: ignore[index]
    assert [one.id for one in found] == ["OG-1791"]
    assert len(problems) == 1


@pytest.mark.parametrize("explicit", [{"nothing": "x"}, {"cause": "a[b"}, {"cause": "]"}])
def test_a_choice_that_cannot_be_is_refused(explicit: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(BadDocument):
        open_incidents(_file(tmp_path, OPSGENIE), explicit=explicit)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=10,
)


@given(JSON, st.text(alphabet="ab.[]=", max_size=10))
def test_no_record_and_no_path_bring_the_reader_down(value: object, path: str) -> None:
    assert isinstance(plain(value), str)
    try:
        values_at({"a": value}, path)
    except BadDocument:
        return


# --- what was chosen is remembered --------------------------------------------------------------


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    data = tmp_path / "data"
    data.mkdir()
    sqlite_url(data)
    monkeypatch.setenv("RECALL_DATA_DIR", str(data))
    return CliRunner()


def test_columns_chosen_once_are_shown_and_taken_for_the_next_file(
    cli: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.importing.Importer._embed", lambda self, passages: None)
    rows = ["Name", "Went wrong", "When"], ["Down", "a cable", "2026-05-01"]
    path = str(_table(tmp_path, *rows))
    first = cli.invoke(app, ["incidents", path, "--map", "cause=Went wrong"])
    assert first.exit_code == 0, first.output
    assert "cause         <- Went wrong" in first.stderr
    again = cli.invoke(app, ["incidents", path, "--dry-run"])
    assert "as they were chosen the last time" in again.stderr
    assert "cause         <- Went wrong" in again.stderr
    assert "1 unchanged" in again.stderr
    _table(tmp_path, ["Name", "Went wrong", "Other"], rows[1])
    other = cli.invoke(app, ["incidents", path, "--dry-run"])
    assert "chosen the last time" not in other.stderr
    _table(tmp_path, *rows)
    assert cli.invoke(app, ["incidents", path, "--fresh"]).exit_code == 0
    fresh = cli.invoke(app, ["incidents", path, "--dry-run"])
    assert "not used: Went wrong" in fresh.stderr
