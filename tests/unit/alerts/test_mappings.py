"""Mapping files: a tool is added without programming, and every mistake is told."""

from pathlib import Path
from time import perf_counter

import pytest

from bot.alerts.sources import MAPPINGS, all_sources, find_source, mapped_source, shipped_sources
from bot.alerts.sources.expressions import MAX_LENGTH, BadExpression, Expression, Look
from bot.errors import BadPayload, NotAnAlert, SettingsError

OWN = """
version: 1
title: Our own watcher
authentication: [header X-Watcher, query]
each: events
when: kind == 'alarm'
alert:
  name: [title, "'Alarm'"]
  status: {of: state, resolved: [off, 0], otherwise: refuse, firing: [on, 1]}
  severity: {of: level, critical: [red], warning: yellow}
  key: [root().site, id]
  changed_at: when
  summary: text
  labels:
    take: [tags]
    named: {service: app, environment: root().stage}
    drop: [noise]
  links: {source: url, runbook: [book, page]}
"""
BODY = {
    "site": "berlin",
    "stage": "prod",
    "events": [
        {
            "kind": "alarm",
            "id": 7,
            "title": "Too hot",
            "state": "on",
            "level": "RED",
            "when": 1763521920,
            "text": "41 degrees",
            "tags": ["rack:4", "noise:x"],
            "app": "cooling",
            "url": "https://watcher.example/7",
            "book": "javascript:alert(1)",
        },
        {"kind": "note"},
    ],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "watcher.yaml").write_text(OWN, encoding="utf-8")
    return tmp_path


def test_a_file_makes_a_source(folder: Path) -> None:
    source = all_sources(folder)["watcher"]
    [alert] = source.parse(BODY)
    assert (alert.source, alert.name, alert.status) == ("watcher", "Too hot", "firing")
    assert alert.severity == "critical"
    assert alert.starts_at is not None
    assert alert.starts_at.isoformat() == "2025-11-19T03:12:00+00:00"
    assert dict(alert.labels) == {"service": "cooling", "environment": "prod", "rack": "4"}
    assert dict(alert.links) == {"source": "https://watcher.example/7"}
    for state in ("off", "OFF", 0):
        event = {"kind": "alarm", "id": 7, "state": state}
        [over] = source.parse({"site": "berlin", "events": [event]})
        assert (over.status, over.fingerprint) == ("resolved", alert.fingerprint)


def test_an_unknown_state_is_refused_where_the_file_says_so(folder: Path) -> None:
    body = {**BODY, "events": [{"kind": "alarm", "state": "maybe"}]}
    with pytest.raises(BadPayload, match="`status` at 'state' is 'maybe'"):
        all_sources(folder)["watcher"].parse(body)


def test_a_file_of_the_teams_replaces_a_mapping_but_no_code(folder: Path) -> None:
    (folder / "splunk.yaml").write_text(OWN, encoding="utf-8")
    assert all_sources(folder)["splunk"].title == "Our own watcher"
    (folder / "grafana.yaml").write_text(OWN, encoding="utf-8")
    with pytest.raises(SettingsError, match="grafana is a source of its own"):
        all_sources(folder)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("version: 1", "version: 2"), "version: input should be 1"),
        (("title: Our own watcher", ""), "title: field required"),
        (("name: [title", "name: ['title.['"), "alert.name.0: is not an expression"),
        (("each: events", "each: 'root('"), "each: is not an expression"),
        (("each: events", "each: 'shout(events)'"), r"there is no function shout\(\)"),
        (("each: events", "each: 'lower()'"), r"lower\(\) takes 1 argument"),
        (("each: events", "each: 'events[::0]'"), "each: is not an expression"),
        (("alert:", "alarm:"), "alarm: extra inputs are not permitted"),
        (("header X-Watcher", "handshake"), "'handshake' is no kind of authentication"),
        (("otherwise: refuse", "otherwise: ask"), "alert.status.otherwise"),
        (("\nwhen:", "\n\twhen:"), "it is not YAML"),
        (("links: {source: url", "links: {source: []"), "nothing"),
    ],
)
def test_every_mistake_names_file_field_and_reason(
    tmp_path: Path, change: tuple[str, str], reason: str
) -> None:
    written = OWN.replace(*change, 1)
    assert written != OWN
    file = tmp_path / "watcher.yaml"
    file.write_text(written, encoding="utf-8")
    if reason == "nothing":
        assert all_sources(tmp_path)["watcher"].parse(BODY)
        return
    with pytest.raises(SettingsError, match=reason) as told:
        all_sources(tmp_path)
    assert str(file) in str(told.value)


@pytest.mark.parametrize("name", ["Watcher.yaml", "1.yaml", "a b.yaml"])
def test_a_files_name_must_be_fit_for_an_address(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(OWN, encoding="utf-8")
    with pytest.raises(SettingsError, match="name becomes the source's"):
        all_sources(tmp_path)


def test_the_shipped_files_are_those_that_are_listed() -> None:
    import bot.alerts.sources as package

    folder = Path(package.__file__).parent / "mappings"
    assert sorted(path.stem for path in folder.glob("*.yaml")) == sorted(MAPPINGS)
    assert set(MAPPINGS) < set(shipped_sources())


def test_names_and_aliases_lead_to_one_source_each() -> None:
    sources = shipped_sources()
    for source in sources.values():
        for spoken in (source.name, *source.aliases):
            assert find_source(sources, spoken) is source
    for spelling in ("Uptime-Kuma", "uptimekuma", "kuma"):
        found = find_source(sources, spelling)
        assert found is not None
        assert found.name == "uptime_kuma"
    assert find_source(sources, "abacus") is None


def test_an_expression_has_an_end_however_large_the_body() -> None:
    body = {"a": [{"b": list(range(2000))} for _ in range(2000)]}
    expression = Expression("a[].[root().a[].b[], root().a[].b[]]")
    started = perf_counter()
    with pytest.raises(BadPayload, match="too large"):
        expression.find(body, Look(body))
    assert perf_counter() - started < 20
    with pytest.raises(BadExpression, match="1024"):
        Expression("a" * (MAX_LENGTH + 1))
    with pytest.raises(BadExpression):
        Expression("(" * 1000 + "a" + ")" * 1000)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("lower(a)", "x: y"),
        ("before(a, ':')", "X"),
        ("after(a, ':')", "Y"),
        ("after(a, '#')", None),
        ("split(a, ':')", ["X", "Y"]),
        ("from_json(j).k", 1),
        ("from_json(a)", None),
        ("pairs(p).env", "prod"),
        ("words(l, '-')", "1-2"),
        ("lower(l)", None),
        ("root().a", "X: Y"),
    ],
)
def test_the_functions_of_our_own(written: str, found: object) -> None:
    body = {"a": "X: Y", "j": '{"k": 1}', "p": "env:prod,x", "l": [1, None, 2]}
    assert Expression(written).find(body, Look(body)) == found


def test_a_mapping_alone_can_be_tried(folder: Path) -> None:
    assert mapped_source(folder / "watcher.yaml", "here").parse(BODY)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("rollbar", {"event_name": "test", "data": {"message": "This is a test payload"}}),
        ("rollbar", {"event_name": "deploy", "data": {"deploy": {"id": 1}}}),
        ("thousandeyes", {"eventType": "WEBHOOK_TEST", "eventId": "a1"}),
        ("cloudflare", {"text": "Hello World! This is a test message sent from somewhere."}),
    ],
)
def test_what_a_tools_test_button_sends_is_understood_and_no_failure(
    name: str, body: dict[str, object]
) -> None:
    with pytest.raises(NotAnAlert):
        shipped_sources()[name].parse(body)
