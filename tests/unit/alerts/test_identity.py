"""Fingerprint and family: what is the same instance, what the same kind."""

import pytest

from bot.alerts.family import family_of, normalised_name
from bot.alerts.fingerprint import digest, fingerprint_of_key, fingerprint_of_labels


def test_a_fingerprint_is_typed_and_versioned() -> None:
    kind, version, value = fingerprint_of_key("alertmanager", "abc").split(":")
    assert (kind, version, len(value)) == ("alertmanager", "1", 32)


def test_the_order_of_labels_does_not_matter_but_their_values_do() -> None:
    one = fingerprint_of_labels("generic", "A", {"x": "1", "y": "2"})
    assert one == fingerprint_of_labels("generic", "A", {"y": "2", "x": "1"})
    assert one != fingerprint_of_labels("generic", "A", {"x": "1", "y": "3"})
    assert one != fingerprint_of_labels("generic", "B", {"x": "1", "y": "2"})


def test_twin_prometheus_servers_report_one_alert() -> None:
    one = fingerprint_of_labels("generic", "A", {"x": "1", "prometheus_replica": "a"})
    assert one == fingerprint_of_labels("generic", "A", {"x": "1", "prometheus_replica": "b"})


def test_a_warning_and_a_critical_rule_of_one_name_are_two_alerts() -> None:
    one = fingerprint_of_labels("generic", "A", {"x": "1", "severity": "warning"})
    assert one != fingerprint_of_labels("generic", "A", {"x": "1", "severity": "critical"})


def test_the_same_key_of_two_sources_is_two_alerts() -> None:
    assert fingerprint_of_key("generic", "k") != fingerprint_of_key("alertmanager", "k")


def test_parts_that_join_to_the_same_text_have_different_digests() -> None:
    assert digest("ab", "c") != digest("a", "bc")
    assert digest("1:a") != digest("a")


@pytest.mark.parametrize(
    "name",
    [
        "HighErrorRate",
        "high_error_rate",
        "High error-rate",
        "High error rate #4711",
        "highErrorRate 9f3a2b1c",
    ],
)
def test_spellings_of_one_alert_are_one_family(name: str) -> None:
    assert normalised_name(name) == "high-error-rate"


@pytest.mark.parametrize(("name", "normal"), [("5xx", "5xx"), ("42", "42"), ("☠", "☠")])
def test_a_name_without_stable_words_still_has_a_family(name: str, normal: str) -> None:
    assert normalised_name(name) == normal


def test_a_family_is_about_one_service_in_one_environment() -> None:
    here = family_of("DiskFull", "orders-db", "prod/eu-1")
    assert here.key == family_of("disk_full", "orders-db", "prod/eu-1").key
    assert here.key != family_of("DiskFull", "orders-db", "prod/us-1").key
    assert here.key != family_of("DiskFull", None, "prod/eu-1").key
