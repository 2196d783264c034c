"""What relays and hand-made senders make of Alertmanager's body: less than it always writes."""

from typing import Any

import pytest

from bot.alerts.sources import SOURCES
from bot.errors import BadPayload


def parsed(*alerts: dict[str, Any], **more: Any) -> list[Any]:
    body = {"status": "firing", "groupLabels": {}, "commonLabels": {}, **more}
    return SOURCES["alertmanager"].parse({**body, "alerts": list(alerts)})


def test_a_label_that_is_null_is_left_out() -> None:
    labels = {"alertname": "Down", "job": None}
    annotations = {"summary": "it is down", "description": None}
    [alert] = parsed({"labels": labels, "annotations": annotations})
    assert dict(alert.labels) == {"alertname": "Down"}
    assert (alert.summary, alert.description) == ("it is down", "")


def test_an_alert_without_a_name_goes_by_its_summary_and_is_told_by_its_labels() -> None:
    named = {"labels": {"alertname": "Down", "job": "api"}}

    def unnamed(summary: str, job: str = "api") -> dict[str, Any]:
        return {"labels": {"job": job}, "annotations": {"summary": summary}}

    first, other = parsed(unnamed("p99 is 3 s"), named)
    assert (first.name, other.name) == ("p99 is 3 s", "Down")
    [later] = parsed(unnamed("p99 is 4 s"))
    [elsewhere] = parsed(unnamed("p99 is 3 s", job="web"))
    assert later.fingerprint == first.fingerprint != elsewhere.fingerprint


def test_an_alert_without_labels_has_those_that_all_share() -> None:
    shared = {"alertname": "Down", "service": "api"}
    [alert] = parsed({"status": "resolved"}, commonLabels=shared)
    assert (alert.name, dict(alert.labels)) == ("Down", shared)


@pytest.mark.parametrize(
    ("alert", "reason"),
    [
        ({}, r"\$\.alerts\[0\]\.labels is missing"),
        ({"labels": {"job": "api"}}, r"\$\.alerts\[0\]\.labels\.alertname is missing"),
        ({"labels": {"alertname": 3}}, r"is a number; a text is expected"),
    ],
)
def test_what_says_nothing_that_can_be_told_apart_is_refused(
    alert: dict[str, Any], reason: str
) -> None:
    with pytest.raises(BadPayload, match=reason):
        parsed(alert)
