"""`docs/contracts.md` and the code say the same; whichever moves alone makes a test fail."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.routing import Route

from bot.actions.catalogue import ActionCatalogue, Mistake
from bot.actions.frozen import freeze
from bot.actions.model import ActionRequest, Phase, RequestState
from bot.actions.parameters import Known
from bot.actions.template import ActionTemplate
from bot.alerts.changes import Change, ChangeStatus, KnownChange
from bot.alerts.model import Alert, AlertStatus, Severity, StoredAlert
from bot.alerts.sources import all_sources
from bot.alerts.unresolved import ResolvedShare, Unresolved, label_sets
from bot.audit.model import AuditEvent
from bot.audit.verify import event_line, verify
from bot.backup import BackupReport
from bot.cli import (
    COMMANDS,
    actions,
    audit,
    backtest_report,
    backup,
    demo,
    doctor,
    importing,
    inbox,
    sources,
)
from bot.clock import ManualClock
from bot.demo.director import Beat, Seen
from bot.demo.play import PlayedBeat
from bot.doctor import model as doctor_model
from bot.importing import ImportReport
from bot.incidents.model import Incident, IncidentState, TimelineEntry, TimelineKind
from bot.jobs.ports import InboxItem, InboxKind, InboxState
from bot.people.model import Role
from bot.slack.client import EVENT_TYPE
from bot.slack.pieces import OUR_BUTTONS
from bot.strict_yaml import parse
from bot.suggestions.build import SuggestionBuilder
from bot.suggestions.model import Citation, Suggestion, SuggestionKind
from bot.suggestions.ports import StoredSuggestion
from bot.suggestions.public import PUBLIC_KEYS
from bot.web import actions_api, views
from bot.web.slack_events import slack_router
from knowledge.embed.hashing import HashingEmbedder
from knowledge.evaluate.assess import Asking, Assessment, assess
from knowledge.evaluate.backtest.replay import replay
from knowledge.evaluate.bench import bench
from knowledge.loaders.outcome import Problem
from knowledge.loaders.records import RECORD_SCHEMA
from knowledge.model import DocumentState, PastIncident, Query
from tests.support.actions import TOUCH
from tests.support.databases import sqlite_database
from tests.support.front_fakes import AUTHORIZED, JSON, a_suggestion, front
from tests.support.memory_knowledge import THREE_CAUSES, searchable
from tests.support.settings_table import PAGE, RENEW, settings_table, table_in

TEXT = PAGE.read_text(encoding="utf-8")
NOW = datetime(2026, 11, 19, 3, 12, tzinfo=UTC)
QUOTED = re.compile(r"`([^`]+)`")
KEY_AND_PARTS = re.compile(r"`([^`]+)`(?:\s*\(([^)]*)\))?")

Shape = Mapping[str, frozenset[str]]
"""Keys of an object; for those that hold objects, the keys of these."""


# -- reading the page ------------------------------------------------------------------------


def section(title: str) -> str:
    """What stands under a heading, its sub-headings left out."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", TEXT, re.DOTALL | re.MULTILINE)
    assert found is not None, f"the page has no section {title!r}"
    return found.group(1)


def rows(title: str) -> list[list[str]]:
    """The cells of the table in a section, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def names(text: str) -> list[str]:
    return QUOTED.findall(text)


def told_shape(text: str) -> Shape:
    """`a`, `b` (each `c`, `d`) as {"a": {}, "b": {"c", "d"}}."""
    return {key: frozenset(names(parts)) for key, parts in KEY_AND_PARTS.findall(text)}


def shape(value: Mapping[str, Any], leaves: Sequence[str] = ()) -> Shape:
    return {
        key: frozenset(part[0])
        if key not in leaves and isinstance(part, list) and part and isinstance(part[0], dict)
        else frozenset()
        for key, part in value.items()
    }


def keys_of(command: str) -> Shape:
    """The JSON keys that the page tells of a command."""
    told = {names(row[0])[0]: row[2] for row in rows("Commands")}
    return told_shape(told[command].replace("with `--once`:", ""))


# -- settings and commands -------------------------------------------------------------------


def test_the_settings_table_is_what_the_settings_are() -> None:
    assert table_in(TEXT) == settings_table(), f"renew it with: {RENEW}"


def leaf_commands() -> Iterator[tuple[str, Any]]:
    for name, entry in COMMANDS.items():
        if entry.hidden:
            continue
        command = typer.main.get_command(import_module(entry.module).app)
        leaves = getattr(command, "commands", None)
        if leaves is None:
            yield f"recall {name}", command
        else:
            yield from ((f"recall {name} {inner}", one) for inner, one in leaves.items())


def test_every_command_is_there_with_its_options_and_no_other() -> None:
    told = {names(row[0])[0]: set(names(row[1])) for row in rows("Commands")}
    real = {
        name: {
            parameter.opts[0]
            for parameter in command.params
            if parameter.opts[0].startswith("--") and not getattr(parameter, "hidden", False)
        }
        for name, command in leaf_commands()
    }
    assert told == real


def test_every_command_with_json_tells_its_keys_and_no_other() -> None:
    told = {names(row[0])[0] for row in rows("Commands") if row[2]}
    real = {name for name, one in leaf_commands() if any("--json" in p.opts for p in one.params)}
    assert told == real


def test_the_json_of_an_import() -> None:
    report = ImportReport(1, 2, 3, (Problem("a.md", 4, "why"),), 5, 6.0, 7, ("a",), ("b",))
    assert keys_of("recall import runbooks") == shape(importing.as_dict(report))


def test_the_json_of_eval_and_a_row_of_its_predictions(tmp_path: Path) -> None:
    corpus, queries = tmp_path / "corpus.jsonl", tmp_path / "queries.jsonl"
    corpus.write_text('{"id": "disk", "title": "Disk full", "text": "No space left."}')
    queries.write_text('{"id": "1", "text": "no space left", "relevant": ["disk"]}')
    plain = HashingEmbedder()
    asking = Asking(removed=(0.5,))
    one = assess("one", corpus, queries, HashingEmbedder(), asking=asking, plain=plain)
    alone, both = Assessment((one,)), Assessment((one, one))
    assert keys_of("recall eval") == shape(alone.as_dict())
    text = section("Commands").replace("\n", " ")
    (several,) = re.findall(r"With several sets `recall eval --json` gives (.*?)\.  ?", text)
    assert set(re.findall(r"`(\w+)`", several)) == set(both.as_dict())
    report = one.report
    (row,) = re.findall(r"one JSON object a line and query: (.*?)\.  ?", text)
    assert told_shape(row) == shape(report.predictions[0].as_row())


def test_the_json_of_a_bench() -> None:
    told = bench(HashingEmbedder(), HashingEmbedder(), passages=100)
    assert keys_of("recall bench") == shape(told)
    assert all(set(told[name]) == {"p50", "p95"} for name in told if name.endswith("_ms"))


def test_the_json_of_a_backtest() -> None:
    cases = [
        PastIncident(id=f"INC-{n}", title="T", symptom="s", started_at=NOW + timedelta(days=n))
        for n in range(2)
    ]
    told = {"now": replay(cases, [], HashingEmbedder())}
    made = backtest_report.as_json(told, None, [Problem("a.csv", 4, "why")])
    assert keys_of("recall backtest") == shape(made)


def test_the_json_of_doctor() -> None:
    told = keys_of("recall doctor")
    assert set(told) == {"ok", "checks"}
    assert told["checks"] == set(doctor.as_dict(doctor_model.ok("disk", "3 GiB free")))


def test_the_json_of_the_demo() -> None:
    seen = Seen()
    seen.check("it came", True)
    made = demo.as_dict(
        1, True, [PlayedBeat(Beat("0:10", "it fires", "a card comes", lambda: seen), seen)]
    )
    assert keys_of("recall demo") == shape(made)
    assert {"check", "ok"} == set(made["beats"][0]["seen"][0])  # type: ignore[index]
    assert "(each `check`, `ok`)" in section("Commands")


def test_the_json_of_backup_restore_and_the_inbox() -> None:
    told = {command: keys_of(f"recall {command}") for command in ("backup", "restore")}
    made = backup.as_dict(BackupReport("0002", {"alerts": 1}))
    assert told["restore"] == shape(made)
    assert set(told["backup"]) == {"file", "bytes", *made}
    assert keys_of("recall inbox list") == {"items": frozenset(inbox.as_dict(DELIVERY))}


def test_the_json_of_the_unresolved_share() -> None:
    seen = ResolvedShare(alerts=2, without_service=1, without_environment=0, unresolved=1)
    one = Unresolved(source="a", name="A", labels={}, has_service=False, has_environment=True)
    made = sources.unresolved_as_dict(7, seen, label_sets([one]))
    assert keys_of("recall sources unresolved") == shape(made)


def test_the_json_of_actions_and_of_the_audit_record() -> None:
    mistake = Mistake("a.yaml", 3, "why")
    assert keys_of("recall actions check") == shape(actions.check_as_dict(1, [mistake]))
    template = ActionTemplate.model_validate(parse(TOUCH, "t").content)
    assert keys_of("recall actions list") == {"actions": frozenset(actions.as_dict(template))}
    assert keys_of("recall audit verify") == shape(audit.as_dict(verify([]), 0))
    event = AuditEvent(
        seq=1, at=NOW, actor="a", action="b", subject="c", previous_hash="d", hash="e"
    )
    text = section("Commands").replace("\n", " ")
    (told,) = re.findall(r"one JSON object a line and event: (.*?);", text)
    assert names(told) == list(json.loads(event_line(event)))


# -- the values that rows are made from ------------------------------------------------------

DELIVERY = InboxItem(
    id="d1",
    kind=InboxKind.ALERT,
    source="generic",
    body=b"{}",
    content_type="application/json",
    received_at=NOW,
)
ALERT = StoredAlert(
    id=1,
    alert=Alert(source="generic", fingerprint="f", name="A", status=AlertStatus.FIRING),
    service=None,
    environment=None,
    incident_id=None,
    first_seen_at=NOW,
    last_seen_at=NOW,
    times_seen=1,
)
INCIDENT = Incident(
    id=1,
    key="RCL-1",
    title="A",
    service=None,
    environment=None,
    severity=Severity.INFO,
    state=IncidentState.OPEN,
    group_key="g",
    opened_at=NOW,
)
TEMPLATE = ActionTemplate.model_validate(
    {
        "id": "look",
        "version": 1,
        "title": "Look",
        "risk": "read",
        "executor": "command",
        "command": {"argv": ["/bin/ls"]},
    }
)
REQUEST = ActionRequest(
    id=1,
    team_id="T1",
    channel="C1",
    thread=None,
    incident_id=None,
    frozen=freeze(ActionCatalogue(), TEMPLATE, {}, Known(), environment=None, incident_key=""),
    digest="d",
    requested_by="T1/U1",
    requester_role=Role.RESPONDER,
    reason="",
    state=RequestState.PROPOSED,
    phase=Phase.NONE,
    created_at=NOW,
    expires_at=NOW,
)
CHANGE = KnownChange(
    change=Change(
        source="change",
        key="change:1:a",
        service="checkout",
        environment="",
        version="2",
        status=ChangeStatus.SUCCEEDED,
        at=NOW,
    ),
    at=NOW,
    began_at=NOW,
    previous="1",
)
SAID = StoredSuggestion(suggestion=a_suggestion(), incident_id=None, asked_by="", created_at=NOW)


def test_the_rows_of_the_read_api() -> None:
    told = {row[0]: set(names(row[1])) for row in rows("Rows")}
    assert told == {
        "alert": set(views.alert_view(ALERT)),
        "incident": set(views.incident_view(INCIDENT, [])),
        "timeline entry": set(
            views.timeline_view(TimelineEntry(at=NOW, kind=TimelineKind.NOTE, text=""))
        ),
        "suggestion": set(views.suggestion_view(SAID)),
        "receipt": set(views.receipt_view(SAID)),
        "delivery": set(views.inbox_view(DELIVERY)),
        "action template": set(actions_api.action_view(TEMPLATE)),
        "action request": set(actions_api.request_view(REQUEST, [])),
        "change": set(views.change_view(CHANGE)),
    }


VALUES: Mapping[str, type[StrEnum]] = {
    "`status` of an alert": AlertStatus,
    "`severity`": Severity,
    "`state` of an incident": IncidentState,
    "`kind` of a timeline entry": TimelineKind,
    "`status` of a change": ChangeStatus,
    "`state` of a delivery": InboxState,
    "`kind` of a delivery": InboxKind,
    "`state` of an action request": RequestState,
    "`kind` of a suggestion": SuggestionKind,
    "`state` of a document": DocumentState,
    "`status` of a doctor's check": doctor_model.Status,
}


def test_the_values_of_states_and_kinds() -> None:
    told = {row[0]: names(row[1]) for row in rows("Values")}
    assert told == {what: [one.value for one in kind] for what, kind in VALUES.items()}


# -- HTTP ------------------------------------------------------------------------------------


class _NoSlack:
    def handle(self, headers: Any, raw_body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        return 200, [], b""


@pytest.fixture
def front_app(tmp_path: Path) -> Iterator[tuple[Any, FastAPI]]:
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database, front(database, clock) as (client, _):
        app = client.app
        assert isinstance(app, FastAPI)
        app.include_router(slack_router(_NoSlack(), 1024))
        yield client, app


def routes_of(holder: Any) -> Iterator[Route]:
    """Every route; newer versions of the framework keep included routers as they are."""
    for one in holder.routes:
        included = getattr(one, "original_router", None)
        if included is not None:
            yield from routes_of(included)
        elif isinstance(one, Route):
            yield one


def test_every_route_is_there_with_its_parameters_and_no_other(
    front_app: tuple[Any, FastAPI],
) -> None:
    _, app = front_app
    told = {names(row[0])[0]: set(names(row[1])) for row in rows("HTTP")}
    real = {
        f"{method} {route.path}": {one.alias for one in route.dependant.query_params}
        if isinstance(route, APIRoute)
        else set[str]()
        for route in routes_of(app)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert told == real


def test_the_sources_of_alerts() -> None:
    (line,) = re.findall(r"Sources of alerts: ([^.]*)\.", section("HTTP"))
    assert set(names(line)) == set(all_sources())


def test_lists_answer_with_the_keys_that_are_told(front_app: tuple[Any, FastAPI]) -> None:
    client, _ = front_app
    for row in rows("HTTP"):
        (route,) = names(row[0])
        if "`items`" in row[2]:
            answer = client.get(route.removeprefix("GET "), headers=AUTHORIZED).json()
            assert set(answer) == set(names(row[2])), route


def test_health_answers_with_the_keys_that_are_told(front_app: tuple[Any, FastAPI]) -> None:
    client, _ = front_app
    (told,) = [row[2] for row in rows("HTTP") if "/healthz" in row[0]]
    assert set(client.get("/healthz").json()) == set(names(told))
    assert set(client.get("/readyz").json()) == set(names(told))


def test_the_limits_of_a_page(front_app: tuple[Any, FastAPI]) -> None:
    client, _ = front_app
    (least, most, default) = re.findall(r"`limit` is (\d+) to (\d+), (\d+) where", section("HTTP"))[
        0
    ]
    parameters = client.get("/openapi.json").json()["paths"]["/v1/alerts"]["get"]["parameters"]
    (limit,) = [one["schema"] for one in parameters if one["name"] == "limit"]
    found = (limit["minimum"], limit["maximum"], limit["default"])
    assert found == (int(least), int(most), int(default))


def test_an_error_has_the_keys_that_are_told(front_app: tuple[Any, FastAPI]) -> None:
    client, _ = front_app
    plain, extra = section("Errors").split(";")[0], section("Errors").split(";")[1]
    keys = set(names(plain)) - {"application/problem+json"}
    refused = client.post("/v1/alerts/generic", content=b"{", headers=JSON)
    assert refused.headers["content-type"] == "application/problem+json"
    assert set(refused.json()) == keys
    invalid = client.get("/v1/alerts?limit=0", headers=AUTHORIZED).json()
    errors = {key: value for key, value in invalid.items() if key not in keys}
    assert shape(errors) == told_shape(extra.split(".")[0])


def test_the_metrics(front_app: tuple[Any, FastAPI]) -> None:
    client, _ = front_app
    assert client.post("/v1/alerts/generic", content=b"{}", headers=JSON).status_code == 202
    told = told_shape(section("Metrics"))
    real = re.findall(r"^# TYPE (recall_\w+) (?:counter|gauge|histogram)", metrics(client), re.M)
    assert set(told) == {name for name in real if not name.endswith("_created")}
    for name, labels in told.items():
        for sample in re.findall(rf"^{name}(?:_count)?{{(.*?)}} ", metrics(client), re.M):
            assert set(re.findall(r'(\w+)="', sample)) == labels


def metrics(client: Any) -> str:
    return str(client.get("/metrics").text)


# -- suggestions -----------------------------------------------------------------------------


def parts_of(annotation: Any) -> frozenset[str]:
    """The keys of the objects that a field holds."""
    found = [
        one
        for one in (annotation, *get_args(annotation))
        if isinstance(one, type) and issubclass(one, BaseModel)
    ]
    return frozenset(found[0].model_fields) if found else frozenset()


def test_a_suggestion_has_the_keys_that_are_told() -> None:
    told = {names(row[0])[0]: frozenset(names(row[1])) for row in rows("A suggestion")}
    assert tuple(told) == PUBLIC_KEYS
    assert told["check_first"] == {"steps"}
    real = {
        key: parts_of(Suggestion.model_fields[key].annotation)
        for key in PUBLIC_KEYS
        if key != "check_first"
    }
    assert {key: told[key] for key in real} == real


def test_a_citation_and_a_receipt_have_the_keys_that_are_told() -> None:
    text = section("A suggestion")
    (cited,) = re.findall(r"^A `citation` has (.*)\.$", text, re.M)
    assert names(cited) == list(Citation.model_fields)
    (whole, candidate) = re.findall(
        r"^A receipt has (.*?); each candidate in\n`incidents` and `runbooks` has (.*?)\.$",
        text,
        re.M | re.DOTALL,
    )[0]
    with searchable(*THREE_CAUSES) as (retriever, source):
        query = Query(text="Many orders fail", service="checkout")
        receipt = SuggestionBuilder(retriever, source).suggest(query, asked=True).receipt
    assert names(whole) == list(receipt)
    assert receipt["incidents"]
    for row in (*receipt["incidents"], *receipt["runbooks"]):
        assert names(candidate) == list(row)


# -- Slack and records -----------------------------------------------------------------------


def test_the_action_ids_of_buttons_and_the_type_of_metadata() -> None:
    ids, metadata = section("Slack").split("A button's value")
    assert {name for name in names(ids) if name != "action_id"} == OUR_BUTTONS
    assert names(metadata) == [EVENT_TYPE]


def test_an_incident_record_has_the_keys_that_are_told() -> None:
    told = [name for row in rows("Incident record") for name in names(row[0])]
    assert len(told) == len(set(told))
    assert set(told) == set(RECORD_SCHEMA["properties"])
    states = {row[0]: set(re.findall(r'"(\w+)"', row[1])) for row in rows("Incident record")}
    assert states["`state`"] == set(RECORD_SCHEMA["properties"]["state"]["enum"])
