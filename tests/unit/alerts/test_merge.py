"""What a report means, given what is known."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.alerts.merge import MergeReason, merge
from bot.alerts.model import Alert, AlertStatus, Severity, StoredAlert

NOW = datetime(2026, 11, 19, 3, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FIRING, RESOLVED = AlertStatus.FIRING, AlertStatus.RESOLVED


def an_alert(status: AlertStatus = FIRING, starts: datetime | None = NOW, **changes: Any) -> Alert:
    return Alert(
        source="generic",
        fingerprint="generic:1:x",
        name="A",
        status=status,
        starts_at=starts,
        **changes,
    )


def known(alert: Alert, seen: datetime = NOW) -> StoredAlert:
    return StoredAlert(
        id=1,
        alert=alert,
        service=None,
        environment=None,
        incident_id=7,
        first_seen_at=seen,
        last_seen_at=seen,
        times_seen=1,
    )


def test_an_unknown_alert_that_fires_is_first_seen() -> None:
    result = merge(None, an_alert(), NOW)
    assert result.reason is MergeReason.FIRST_SEEN
    assert result.is_news


def test_an_unknown_alert_that_is_over_is_kept_but_is_no_news() -> None:
    result = merge(None, an_alert(RESOLVED), NOW)
    assert result.reason is MergeReason.RESOLVED_UNSEEN
    assert result.is_kept
    assert not result.is_news


def test_the_same_again_is_a_repeat() -> None:
    assert merge(known(an_alert()), an_alert(), NOW + MINUTE).reason is MergeReason.REPEAT


@pytest.mark.parametrize("changes", [{"summary": "94.1 % full"}, {"labels": {"pod": "b"}}])
def test_a_new_reading_in_the_text_is_still_a_repeat_but_is_kept(changes: dict[str, Any]) -> None:
    before = an_alert(summary="93.7 % full")
    changed = {"summary": "93.7 % full", **changes}
    result = merge(known(before), an_alert(**changed), NOW + MINUTE)
    assert result.reason is MergeReason.REPEAT
    assert result.alert.summary == changed["summary"]


@pytest.mark.parametrize(
    "changes",
    [
        {"severity": Severity.CRITICAL},
        {"summary": "replica lost"},
        {"links": {"runbook": "https://wiki.example/b"}},
    ],
)
def test_other_words_or_another_severity_are_a_change(changes: dict[str, Any]) -> None:
    before = an_alert(summary="primary slow", severity=Severity.WARNING)
    after = an_alert(**{"summary": "primary slow", "severity": Severity.WARNING, **changes})
    assert merge(known(before), after, NOW + MINUTE).reason is MergeReason.CHANGED


def test_a_resolve_ends_it_and_keeps_the_start_and_gets_an_end() -> None:
    result = merge(known(an_alert()), an_alert(RESOLVED, None), NOW + MINUTE)
    assert result.reason is MergeReason.RESOLVED
    assert result.alert.starts_at == NOW
    assert result.alert.ends_at == NOW + MINUTE


def test_a_resolve_that_names_an_end_in_the_future_ended_now() -> None:
    over = an_alert(RESOLVED, ends_at=datetime.max.replace(tzinfo=UTC))
    assert merge(known(an_alert()), over, NOW).alert.ends_at == NOW


def test_a_second_resolve_is_a_repeat() -> None:
    assert merge(known(an_alert(RESOLVED)), an_alert(RESOLVED), NOW).reason is MergeReason.REPEAT


def test_it_fires_again_with_a_new_start() -> None:
    result = merge(known(an_alert(RESOLVED)), an_alert(starts=NOW + MINUTE), NOW + 2 * MINUTE)
    assert result.reason is MergeReason.FIRES_AGAIN


def test_without_starts_the_order_of_arrival_counts() -> None:
    result = merge(known(an_alert(RESOLVED, None)), an_alert(starts=None), NOW + MINUTE)
    assert result.reason is MergeReason.FIRES_AGAIN


def test_a_report_of_an_earlier_episode_is_late_and_changes_nothing() -> None:
    now_known = known(an_alert(summary="this episode"))
    for status in AlertStatus:
        result = merge(now_known, an_alert(status, NOW - MINUTE, summary="the last one"), NOW)
        assert result.reason is MergeReason.LATE
        assert result.alert is now_known.alert
        assert not result.is_kept


def test_the_firing_that_arrives_just_after_its_resolve_is_late() -> None:
    over = known(an_alert(RESOLVED))
    assert merge(over, an_alert(), NOW + 4 * MINUTE).reason is MergeReason.LATE


def test_the_old_start_well_after_the_resolve_fires_again() -> None:
    over = known(an_alert(RESOLVED))
    assert merge(over, an_alert(), NOW + 6 * MINUTE).reason is MergeReason.FIRES_AGAIN


def test_a_start_in_the_far_future_does_not_make_later_reports_late() -> None:
    first = merge(None, an_alert(starts=datetime.max.replace(tzinfo=UTC)), NOW)
    assert first.alert.starts_at is None
    again = merge(known(first.alert), an_alert(RESOLVED), NOW + MINUTE)
    assert again.reason is MergeReason.RESOLVED
