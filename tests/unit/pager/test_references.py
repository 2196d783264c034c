"""Which page an alert comes from, and whether somebody has taken it there."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.alerts.model import Alert, AlertStatus, StoredAlert
from bot.pager.references import acknowledged_in, pagerduty_incidents

AT = datetime(2026, 11, 19, 3, 12, tzinfo=UTC)
PAGE = Alert(
    source="pagerduty", fingerprint="pagerduty:1:x", name="Checkout", status=AlertStatus.FIRING
)


def stored(**changes: Any) -> StoredAlert:
    return StoredAlert(
        id=1,
        alert=replace(PAGE, **changes),
        service=None,
        environment=None,
        incident_id=1,
        first_seen_at=AT,
        last_seen_at=AT,
        times_seen=1,
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"labels": {"pager_id": "PT4KHLK"}},
        {"labels": {"pagerduty_incident_id": "PT4KHLK"}},
        {"links": {"page": "https://larkspur.pagerduty.com/incidents/PT4KHLK"}},
        {"links": {"page": "https://larkspur.pagerduty.com/incidents/PT4KHLK/?x=1"}},
        {"labels": {"pager_id": "../users"}, "links": {"page": "https://x/incidents/PT4KHLK"}},
    ],
)
def test_the_incident_is_found(changes: dict[str, Any]) -> None:
    assert pagerduty_incidents([stored(**changes)] * 2) == ("PT4KHLK",)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"source": "alertmanager", "labels": {"pager_id": "PT4KHLK"}},
        {"labels": {"pager_id": "a b"}},
        {"links": {"page": "https://x/incidents/PT4/alerts/7", "odd": "http://[x/incidents/P1"}},
    ],
)
def test_what_names_none_gives_none(changes: dict[str, Any]) -> None:
    assert pagerduty_incidents([stored(**changes)]) == ()


def test_only_a_pagers_firing_alert_tells_that_it_is_acknowledged() -> None:
    taken = replace(PAGE, labels={"pager_status": "Acknowledged"})
    assert acknowledged_in(taken) == "PagerDuty"
    assert acknowledged_in(PAGE) is None
    assert acknowledged_in(replace(taken, status=AlertStatus.RESOLVED)) is None
    assert acknowledged_in(replace(taken, source="generic")) is None
