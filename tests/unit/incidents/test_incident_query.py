"""What is searched for, for an incident."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.alerts.model import Alert, AlertStatus, Severity, StoredAlert
from bot.incidents.model import Incident, IncidentState, TimelineEntry, TimelineKind
from bot.incidents.query import MAX_ALERTS, MAX_CHARACTERS, MAX_EVIDENCE_CHARACTERS, query_of
from knowledge.model import Audience

NOW = datetime(2026, 11, 19, 3, 12, tzinfo=UTC)
INCIDENT = Incident(
    id=1,
    key="RCL-1",
    title="CheckoutHighErrorRate: it fails",
    service="checkout",
    environment="prod/eu-1",
    severity=Severity.HIGH,
    state=IncidentState.OPEN,
    group_key="auto:1:x",
    opened_at=NOW,
)


def stored(
    name: str = "CheckoutHighErrorRate",
    status: AlertStatus = AlertStatus.FIRING,
    summary: str = "it fails",
    description: str = "",
    labels: dict[str, str] | None = None,
    runbook: str | None = None,
) -> StoredAlert:
    return StoredAlert(
        id=1,
        alert=Alert(
            source="generic",
            fingerprint=f"generic:1:{name}",
            name=name,
            status=status,
            summary=summary,
            description=description,
            labels=labels or {},
            links={"runbook": runbook} if runbook else {},
        ),
        service="checkout",
        environment="prod/eu-1",
        incident_id=1,
        first_seen_at=NOW,
        last_seen_at=NOW,
        times_seen=1,
    )


def evidence(text: str, minutes: int = 0) -> TimelineEntry:
    at = NOW + timedelta(minutes=minutes)
    return TimelineEntry(at=at, kind=TimelineKind.EVIDENCE, text="pasted", data={"text": text})


def test_the_words_of_firing_alerts_are_the_text_each_once() -> None:
    alerts = [
        stored(description="503 from payments"),
        stored(description="503 from payments"),
        stored("Old", AlertStatus.RESOLVED, "was something else"),
    ]
    query = query_of(INCIDENT, alerts, [])
    assert query.text == "CheckoutHighErrorRate\nit fails\n503 from payments"
    assert query.alert_name == "CheckoutHighErrorRate"
    assert (query.service, query.environment) == ("checkout", "prod/eu-1")


def test_the_alert_that_came_first_leads_after_it_has_ended() -> None:
    labels = {"cluster": "eu-1"}
    first = stored(labels=labels, runbook="https://wiki.example/checkout")
    other = stored("OrdersDbConnectionsHigh", summary="19 of 20 are taken", labels=labels)
    other = replace(other, id=2, first_seen_at=NOW + timedelta(seconds=20))
    before = query_of(INCIDENT, [first, other], [])
    ended = replace(first, alert=replace(first.alert, status=AlertStatus.RESOLVED))
    after = query_of(INCIDENT, [other, ended], [])
    assert after == before
    assert after.alert_name == "CheckoutHighErrorRate"
    assert after.neighbours == ("OrdersDbConnectionsHigh: 19 of 20 are taken",)


def test_when_nothing_fires_any_more_all_alerts_speak() -> None:
    query = query_of(INCIDENT, [stored(status=AlertStatus.RESOLVED)], [])
    assert "it fails" in query.text


def test_without_alerts_the_title_is_searched_for() -> None:
    query = query_of(INCIDENT, [], [])
    assert query.text == INCIDENT.title
    assert query.alert_name is None


def test_only_labels_that_all_share_are_given() -> None:
    alerts = [
        stored(labels={"service": "checkout", "pod": "a"}),
        stored(labels={"service": "checkout", "pod": "b"}),
    ]
    assert query_of(INCIDENT, alerts, []).labels == {"service": "checkout"}


def test_the_most_named_runbook_is_taken() -> None:
    alerts = [stored(runbook="https://w/a"), stored(runbook="https://w/b")] * 2
    alerts.append(stored(runbook="https://w/b"))
    assert query_of(INCIDENT, alerts, []).runbook_url == "https://w/b"


def test_pasted_evidence_becomes_logs_in_the_order_it_was_pasted() -> None:
    note = TimelineEntry(at=NOW, kind=TimelineKind.NOTE, text="x", data={"text": "no evidence"})
    query = query_of(INCIDENT, [stored()], [evidence("second", 2), note, evidence("first", 1)])
    assert query.logs == ("first", "second")


def test_a_storm_and_a_flood_of_logs_stay_within_bounds() -> None:
    alerts = [stored(f"Alert{i}", summary="word " * 200) for i in range(500)]
    logs = [evidence(f"{i}" * MAX_EVIDENCE_CHARACTERS, i) for i in range(3)]
    query = query_of(INCIDENT, alerts, logs)
    assert len(query.text) <= MAX_CHARACTERS
    assert f"Alert{MAX_ALERTS}" not in query.text
    assert [len(text) for text in query.logs] == [MAX_EVIDENCE_CHARACTERS]
    assert query.logs[0].startswith("2")


def test_the_audience_is_the_one_that_was_named() -> None:
    readers = Audience(channel="T1/C1")
    assert query_of(INCIDENT, [stored()], [], audience=readers).audience is readers


def test_the_alert_that_came_first_leads_whatever_joined_later() -> None:
    later = replace(stored("OrdersDbLag"), id=2, first_seen_at=NOW + timedelta(seconds=20))
    query = query_of(INCIDENT, [later, stored()], [])
    assert query.alert_name == "CheckoutHighErrorRate"
    assert query.text.startswith("CheckoutHighErrorRate")
    assert "OrdersDbLag" in query.text


def test_alerts_of_other_names_are_neighbours_even_when_they_have_ended() -> None:
    alerts = [
        stored(),
        stored("OrdersDbConnectionsHigh", summary="97 of 100\n slots"),
        stored("OrdersDbConnectionsHigh", summary="97 of 100\n slots"),
        stored("NodeNotReady", AlertStatus.RESOLVED, summary=""),
    ]
    asked = query_of(INCIDENT, alerts, [])
    assert asked.alert_name == "OrdersDbConnectionsHigh"
    assert asked.neighbours == ("CheckoutHighErrorRate: it fails", "NodeNotReady")
    assert query_of(INCIDENT, alerts[:1], []).neighbours == ()
