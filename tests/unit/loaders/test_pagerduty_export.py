"""PagerDuty's CSV export and REST JSON: open incidents, missing causes, labelled notes."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from knowledge.errors import BadDocument
from knowledge.loaders.incidents import IncidentFormat, open_incidents
from knowledge.loaders.outcome import Loaded, Problem
from knowledge.loaders.pagerduty import load
from knowledge.model import PastIncident

HEADER = (
    "id,incident_number,description,service_id,service_name,escalation_policy_id,"
    "escalation_policy_name,created_on,resolved_on,seconds_to_first_ack,seconds_to_resolve,"
    "auto_resolved,escalation_count,urgency,resolved_by_user_name\n"
)
API = {
    "id": "Q1",
    "incident_number": 77,
    "title": "High error rate on checkout",
    "status": "resolved",
    "created_at": "2026-05-01T10:00:00Z",
    "last_status_change_at": "2026-05-01T10:40:00Z",
    "service": {"id": "S1", "type": "service_reference", "summary": "checkout"},
    "priority": {"summary": "P2"},
    "urgency": "high",
    "html_url": "https://example.pagerduty.com/incidents/Q1",
    "body": {"type": "incident_body", "details": {"firing": "5xx over 2%", "cluster": "eu-1"}},
}


def _split(path: Path) -> tuple[list[PastIncident], list[Problem]]:
    outcomes = list(load(path))
    incidents = [o.document for o in outcomes if isinstance(o, Loaded)]
    assert all(isinstance(incident, PastIncident) for incident in incidents)
    return incidents, [o for o in outcomes if isinstance(o, Problem)]  # type: ignore[return-value]


def test_the_csv_export_is_recognised_and_says_no_more_than_it_knows(tmp_path: Path) -> None:
    path = tmp_path / "incidents.csv"
    path.write_text(
        HEADER
        + "Q1,1234,Disk full on db-3,S1,postgres,E1,DBA,2026-05-01T10:00:00Z,"
        + "2026-05-01T11:00:00Z,60,3600,false,0,high,Dana\n"
        + "Q2,1235,Still burning,S1,postgres,E1,DBA,2026-05-01T12:00:00Z,,,,false,0,high,\n"
    )
    assert open_incidents(path).format is IncidentFormat.PAGERDUTY
    (incident,), (problem,) = _split(path)
    assert incident.id == "PD-1234"
    assert incident.title == "Disk full on db-3"
    assert incident.services == ("postgres",)
    assert incident.severity == "high"
    assert incident.duration_seconds == 3600
    assert (incident.cause, incident.resolution, incident.symptom) == ("", "", "")
    assert (problem.line, "not resolved" in problem.reason) == (3, True)


@pytest.mark.parametrize("form", ["document", "list", "lines", "single"])
def test_every_json_form_of_the_api_is_read(tmp_path: Path, form: str) -> None:
    path = tmp_path / "incidents.json"
    text = {
        "document": json.dumps({"incidents": [API], "more": False}, indent=2),
        "list": json.dumps([API]),
        "lines": json.dumps({"incidents": [API]}) + "\n" + json.dumps({"incidents": []}),
        "single": json.dumps(API),
    }[form]
    path.write_text(text)
    assert open_incidents(path).format is IncidentFormat.PAGERDUTY
    (incident,), problems = _split(path)
    assert not problems
    assert incident.id == "PD-77"
    assert incident.symptom == "firing: 5xx over 2%\ncluster: eu-1"
    assert incident.services == ("checkout",)
    assert incident.severity == "P2"
    assert incident.resolved_at == datetime(2026, 5, 1, 10, 40, tzinfo=UTC)
    assert incident.url == "https://example.pagerduty.com/incidents/Q1"


def test_a_cause_is_taken_only_from_a_note_that_says_so(tmp_path: Path) -> None:
    path = tmp_path / "incidents.json"
    labelled = [{"content": "looking"}, {"content": "Root cause: expired certificate\n\nbye"}]
    guesses = [{"content": "maybe the deploy was the cause"}, {"content": "Root cause: tbd"}]
    path.write_text(
        json.dumps(
            {"incidents": [{**API, "notes": labelled}, {**API, "id": "Q2", "notes": guesses}]}
        )
    )
    (first, second), _ = _split(path)
    assert first.cause == "expired certificate"
    assert second.cause == ""


def test_a_json_file_of_another_shape_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "incidents.json"
    for text in ('{"services": []}', "{", '{"incidents": 3}'):
        path.write_text(text)
        with pytest.raises(BadDocument):
            list(load(path))


def test_a_table_without_pagerdutys_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,title\n1,x\n")
    with pytest.raises(BadDocument, match="--map"):
        list(load(path))
