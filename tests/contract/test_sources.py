"""What every alert source must do: read its own golden bodies, and never raise a surprise."""

import copy
import json
import random
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.alerts.changes import Change
from bot.alerts.json_body import parse_json
from bot.alerts.model import Alert, AlertStatus
from bot.alerts.reading import MAX_ALERTS, MAX_LABELS, MAX_TEXT
from bot.alerts.sources import all_sources, find_source
from bot.cli.sources import change_as_dict
from bot.errors import BadPayload, NotAnAlert
from tests.support.dev_data import dev_data, payloads

DATA = Path(__file__).parents[1] / "data" / "sources"
SOURCES = all_sources()


def read(name: str, body: object) -> list[Alert] | list[Change]:
    """What comes out of a body of a source: alerts, or changes."""
    source = SOURCES[name]
    return source.changes(body) if source.changes is not None else source.parse(body)


def as_json(alert: Alert) -> dict[str, Any]:
    """An alert as the golden files write it."""
    return {
        "source": alert.source,
        "fingerprint": alert.fingerprint,
        "name": alert.name,
        "status": alert.status.value,
        "severity": alert.severity.value,
        "starts_at": alert.starts_at.isoformat() if alert.starts_at else None,
        "ends_at": alert.ends_at.isoformat() if alert.ends_at else None,
        "summary": alert.summary,
        "description": alert.description,
        "labels": dict(alert.labels),
        "links": dict(alert.links),
        "group_key": alert.group_key,
    }


def golden_files() -> list[Path]:
    return sorted(DATA.glob("*/*.json"))


def golden_bodies(source: str) -> list[Any]:
    return [json.loads(path.read_text())["body"] for path in sorted((DATA / source).glob("*.json"))]


@pytest.mark.parametrize("path", golden_files(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_golden_body_gives_the_alerts_written_beside_it(path: Path) -> None:
    golden = json.loads(path.read_text(encoding="utf-8"))
    found = read(path.parent.name, golden["body"])
    assert [
        as_json(one) if isinstance(one, Alert) else change_as_dict(one) for one in found
    ] == golden.get("alerts", golden.get("changes"))


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_is_registered_under_its_own_name_and_has_golden_bodies(name: str) -> None:
    assert SOURCES[name].name == name
    assert SOURCES[name].title
    bodies = golden_bodies(name)
    assert bodies
    assert {one.source for body in bodies for one in read(name, body)} == {name}


@pytest.mark.parametrize("name", SOURCES)
def test_parsing_is_pure(name: str) -> None:
    for body in golden_bodies(name):
        before = copy.deepcopy(body)
        assert read(name, body) == read(name, body)
        assert body == before


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("body", [None, 1, "alert", [], True, {}, {"alerts": 5}, {"alerts": []}])
def test_what_is_no_body_of_the_tool_is_refused_with_a_path(name: str, body: object) -> None:
    with pytest.raises(BadPayload, match=r"\$"):
        read(name, body)


@pytest.mark.parametrize("name", ["alertmanager", "generic"])
def test_too_many_alerts_or_labels_are_refused_and_long_texts_are_cut(name: str) -> None:
    def body(count: int, labels: dict[str, str]) -> Any:
        one = (
            {"status": "firing", "labels": {"alertname": "A", **labels}}
            if name == "alertmanager"
            else {"name": "A", "labels": labels}
        )
        return {"alerts": [one] * count}

    assert len(SOURCES[name].parse(body(MAX_ALERTS, {}))) == MAX_ALERTS
    with pytest.raises(BadPayload, match="1000"):
        SOURCES[name].parse(body(MAX_ALERTS + 1, {}))
    with pytest.raises(BadPayload, match="128"):
        SOURCES[name].parse(body(1, {f"l{i}": "v" for i in range(MAX_LABELS + 1)}))
    with pytest.raises(BadPayload):
        SOURCES[name].parse(body(1, {"x" * 300: "v"}))
    [cut] = SOURCES[name].parse(body(1, {"long": "y" * 10_000}))
    assert len(cut.labels["long"]) == MAX_TEXT
    assert cut.labels["long"].endswith("[cut]")


ODD_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=30),
    st.sampled_from(
        [
            "",
            " ",
            "0001-01-01T00:00:00Z",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            "2026-02-30T00:00:00Z",
            "2026-11-19T03:12:00.123456789123Z",
            "9" * 5000,
            10**4000,
            "resolved",
            "x" * 100_000,
            [],
            {},
            [[]],
            {"a": {"b": {}}},
            {str(i): "v" for i in range(200)},
        ]
    ),
)


def _places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if here:
        yield here
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _places(child, (*here, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _places(child, (*here, index))


def mutated(body: Any, rng: random.Random, odd: Any) -> Any:
    """`body` with one place removed, replaced by `odd`, or given `odd` as a neighbour."""
    body = copy.deepcopy(body)
    *way, last = rng.choice(list(_places(body)))
    parent = body
    for step in way:
        parent = parent[step]
    match rng.randrange(3):
        case 0:
            del parent[last]
        case 1:
            parent[last] = odd
        case _ if isinstance(parent, dict):
            parent[rng.choice(["labels", "status", "startsAt", "starts_at", "key"])] = odd
        case _:
            parent.append(odd)
    return body


def _never_surprises(name: str, seed: int, odd: list[Any]) -> None:
    rng = random.Random(seed)
    body = rng.choice(golden_bodies(name))
    for value in odd:
        if any(True for _ in _places(body)):
            body = mutated(body, rng, value)
    try:
        found = read(name, body)
    except BadPayload as error:
        found, complaint = [], str(error)
    else:
        complaint = ""
    assert bool(found) != bool(complaint)
    assert len(complaint) < 2000
    for one in found:
        assert all(link.lower().startswith(("http://", "https://")) for link in one.links.values())
        if isinstance(one, Change):
            assert one.service
            assert one.key.startswith(f"{name}:1:")
            assert one.at is None or one.at.utcoffset() == timedelta(0)
            continue
        for moment in (one.starts_at, one.ends_at):
            assert moment is None or moment.utcoffset() == timedelta(0)
        assert one.name
        assert one.fingerprint.startswith(f"{name}:1:")
        assert len(one.labels) <= MAX_LABELS
        for value in (one.name, one.summary, *one.labels.values()):
            assert isinstance(value, str)
            assert len(value) <= MAX_TEXT + 600


@pytest.mark.parametrize("name", SOURCES)
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), odd=st.lists(ODD_VALUES, min_size=1, max_size=4))
def test_no_mutation_of_a_valid_body_raises_anything_but_bad_payload(
    name: str, seed: int, odd: list[Any]
) -> None:
    _never_surprises(name, seed, odd)


@pytest.mark.soak
@pytest.mark.parametrize("name", SOURCES)
@settings(max_examples=2_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32), odd=st.lists(ODD_VALUES, min_size=1, max_size=6))
def test_no_mutation_in_a_long_run_raises_anything_but_bad_payload(
    name: str, seed: int, odd: list[Any]
) -> None:
    _never_surprises(name, seed, odd)


@pytest.mark.dev_data
def test_every_recorded_body_of_an_alertmanager_parses() -> None:
    folder = dev_data("payloads")
    shaped = {
        name: body
        for name, body in payloads(folder)
        if isinstance(body, dict)
        and isinstance(body.get("alerts"), list)
        and "receiver" in body
        and all(isinstance(one, dict) and "labels" in one for one in body["alerts"])
    }
    assert len(shaped) >= 9
    for name, body in shaped.items():
        found = SOURCES["alertmanager"].parse(body)
        assert len(found) == len(body["alerts"]), name


RECORDED_AS = {
    "alerta_cloudwatch": "cloudwatch",
    "alerta_grafana": "grafana",
    "alerta_graylog": "graylog",
    "alerta_new": "newrelic",
    "alerta_pagerduty": "pagerduty",
    "alerta_pingdom": "pingdom",
    "alerta_prometheus": "alertmanager",
    "alerta_stackdriver": "gcp",
    "alerta_vmware": "vrealize",
    "alertacontrib_azuremonitor": "azure",
    "alertacontrib_sentry": "sentry",
    # What Alertmanager sends to Opsgenie.
    "alertmanager": "opsgenie",
    "alertmanager_msteams": "alertmanager",
    "alertmanager_prom2teams": "alertmanager",
    "goalert": "alertmanager",
    "pagerduty_docs": "pagerduty",
    # What those two make of an Alertmanager's body, and a tool among others.
    "alertmanager_msteams/2.json": "msteams",
    "alertmanager_prom2teams/5.json": "msteams",
    "alertmanager_prom2teams/6.json": "msteams",
    "goalert/2.json": "site24x7",
}
"""Which source the recorded bodies of a directory belong to, where its name does not say it."""
NO_ALERTS = {
    "alerta_cloudwatch/1.json": "a subscription",
    "alerta_telegram/1.json": "a button that was clicked",
    "alerta_telegram/2.json": "a button that was clicked",
    "alertmanager_msteams/1.json": "an answer to a request",
    "pagerduty_docs/4.json": "a service that was renamed",
    "pagerduty_docs/6.json": "a conference bridge",
    "pagerduty_docs/7.json": "custom fields",
    "pagerduty_docs/8.json": "a note",
    "robusta/6.json": "an answer to a query",
}


@pytest.mark.dev_data
def test_each_source_reads_every_recorded_body_of_its_tool() -> None:
    for name, body in payloads(dev_data("payloads")):
        if name in NO_ALERTS:
            continue
        folder = name.partition("/")[0]
        wanted = RECORDED_AS.get(name) or RECORDED_AS.get(folder) or folder.removeprefix("keep_")
        source = find_source(SOURCES, wanted)
        assert source is not None, name
        assert read(source.name, body), name


@pytest.mark.parametrize(
    ("name", "cases"),
    [
        ("grafana", ("unified_firing", "unified_resolved")),
        ("grafana", ("legacy_alerting", "legacy_no_data", "legacy_ok", "legacy_paused")),
        ("pagerduty", ("v3_triggered", "v3_acknowledged", "v3_resolved", "v2_resolve")),
        ("pagerduty", ("event_trigger", "event_acknowledge", "event_resolve")),
        ("datadog", ("proposed_triggered", "proposed_recovered")),
        ("datadog", ("custom_triggered", "custom_recovered")),
        ("cloudwatch", ("sns_alarm", "sns_ok", "raw_delivery", "eventbridge_ok")),
        ("sentry", ("issue_alert", "plugin", "issue_created", "issue_resolved")),
        ("sentry", ("metric_critical", "metric_warning", "metric_resolved")),
        ("opsgenie", ("api_alert", "create", "acknowledge", "close")),
        ("azure", ("metric_fired", "metric_resolved")),
        ("azure", ("service_health_active", "service_health_resolved")),
        ("gcp", ("open", "closed")),
        ("newrelic", ("activated", "acknowledged", "closed")),
        ("newrelic", ("incident_open", "incident_closed")),
        ("zabbix", ("problem", "recovery")),
        ("zabbix", ("streamed", "streamed_recovery")),
        ("elastic", ("active", "recovered")),
        ("uptime_kuma", ("down", "up")),
        ("checkly", ("failure", "degraded", "recovery")),
        ("pingdom", ("down", "up")),
        ("nagios", ("problem", "recovery")),
        ("nagios", ("environment", "state_by_number")),
        ("icinga", ("problem", "recovery")),
        ("checkmk", ("problem", "recovery")),
        ("robusta", ("sent", "resolved")),
        ("axiom", ("open", "closed")),
        ("coralogix", ("trigger", "resolve")),
        ("dash0", ("critical", "resolved")),
        ("signalfx", ("anomalous", "ok")),
        ("thousandeyes", ("trigger", "clear")),
        ("librenms", ("alert", "recovered")),
        ("grafana_oncall", ("formatted", "formatted_ok")),
        ("site24x7", ("down", "trouble", "up")),
        ("vrealize", ("active", "canceled")),
        ("msteams", ("card", "resolved")),
        ("netdata", ("critical", "clear")),
        ("kapacitor", ("critical", "ok")),
        ("cloudflare", ("unhealthy", "healthy")),
        ("slack_post", ("alertmanager_firing", "alertmanager_resolved")),
        ("slack_post", ("grafana_firing", "grafana_resolved")),
        ("slack_post", ("grafana_legacy_alerting", "grafana_legacy_ok")),
        ("slack_post", ("pagerduty_triggered", "pagerduty_acknowledged", "pagerduty_resolved")),
        ("slack_post", ("datadog_triggered", "datadog_recovered")),
        ("slack_post", ("opsgenie_open", "opsgenie_closed")),
        ("slack_post", ("sentry_issue", "sentry_resolved")),
        ("slack_post", ("any_tool_firing", "any_tool_resolved")),
        ("slack_post", ("uptime_down", "uptime_up")),
        ("slack_post", ("uptime_kuma_down", "uptime_kuma_up")),
        ("dynatrace", ("workflow", "workflow_closed")),
    ],
)
def test_an_alert_keeps_its_fingerprint_until_it_is_over(name: str, cases: tuple[str, ...]) -> None:
    found = []
    for case in cases:
        golden = json.loads((DATA / name / f"{case}.json").read_text(encoding="utf-8"))
        found += SOURCES[name].parse(golden["body"])
    assert len({alert.fingerprint for alert in found}) == 1
    assert found[0].status is AlertStatus.FIRING
    assert found[-1].status is AlertStatus.RESOLVED


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("pagerduty", {"event": {"event_type": "pagey.ping", "data": {"type": "ping"}}}),
        (
            "pagerduty",
            {"event": {"event_type": "incident.annotated", "data": {"type": "incident_note"}}},
        ),
        ("opsgenie", {"action": "AddNote", "alert": {"message": "x", "alias": "a"}}),
        ("sentry", {"action": "created", "installation": {"uuid": "u"}, "data": {}}),
        ("cloudwatch", {"Type": "SubscriptionConfirmation", "TopicArn": "arn:aws:sns:x:1:t"}),
        ("github", {"zen": "Keep it simple.", "hook": {}, "repository": {}}),
        ("gitlab", {"object_kind": "push"}),
        ("kubernetes_events", {"reason": "Pulled", "type": "Normal", "metadata": {}}),
        ("slack_post", {"attachments": [{"text": "lunch at noon"}]}),
        ("nagios", {"notification_type": "DOWNTIMESTART", "host_name": "web-7"}),
        ("icinga", {"type": "DowntimeStarted", "downtime": {"host_name": "web-7"}}),
        ("icinga", {"type": "CommentAdded", "comment": {"host_name": "web-7"}}),
        ("zabbix", {"event_name": "{EVENT.NAME}", "event_value": "{EVENT.VALUE}"}),
    ],
)
def test_what_tells_of_nothing_that_fires_is_told_apart_from_what_is_broken(
    name: str, body: object
) -> None:
    with pytest.raises(NotAnAlert, match=r"\$"):
        read(name, body)


@pytest.mark.parametrize(
    ("name", "body", "change"),
    [
        ("datadog", "proposed_triggered", ("web-7", "web-8")),
        ("cloudwatch", "raw_delivery", ("alarm:orders-5xx", "alarm:orders-4xx")),
        ("nagios", "problem", ("orders-db-1", "orders-db-2")),
        ("falco", "event", ("web-7", "web-8")),
        ("kubernetes_events", "pod", ("p-1", "p-2")),
        ("wazuh", "alert", ('"003"', '"004"')),
        ("librenms", "alert", ('"device_id": "2"', '"device_id": "3"')),
        ("splunk", "search", ('"web-7"', '"web-8"')),
    ],
)
def test_two_instances_have_two_fingerprints(name: str, body: str, change: tuple[str, str]) -> None:
    golden = json.loads((DATA / name / f"{body}.json").read_text(encoding="utf-8"))["body"]
    other = json.loads(json.dumps(golden).replace(*change))
    assert other != golden
    [one], [two] = SOURCES[name].parse(golden), SOURCES[name].parse(other)
    assert one.fingerprint != two.fingerprint


@pytest.mark.dev_data
@pytest.mark.parametrize("name", SOURCES)
def test_no_recorded_body_of_any_tool_makes_a_source_crash(name: str) -> None:
    for _, body in payloads(dev_data("payloads")):
        with suppress(BadPayload):
            read(name, body)


@pytest.mark.bench
def test_alertmanager_bodies_of_five_alerts_parse_fast_enough() -> None:
    [whole] = [
        body
        for body in golden_bodies("alertmanager")
        if body["groupKey"]
        == '{}/{team="shop"}:{alertname="CheckoutHighErrorRate", service="checkout"}'
    ]
    body = {**whole, "alerts": (whole["alerts"] * 3)[:5]}
    raw = json.dumps(body).encode()
    started = process_time()
    count = 0
    while process_time() - started < 1.0:
        SOURCES["alertmanager"].parse(parse_json(raw))
        count += 1
    print(f"alertmanager: {count} bodies of five alerts a second of one core's time")
    assert count > 5_000
