"""Which incident a channel is about, from the words in it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.model import Alert, AlertStatus, Severity
from bot.channels.about import (
    Ground,
    OpenIncident,
    RoomWords,
    best_fit,
    environment_named,
    services_named,
    title_of_room,
)
from bot.incidents.model import Incident, IncidentState
from bot.services.catalogue import Catalogue
from bot.services.model import Service

NOW = datetime(2026, 11, 19, 3, 12, tzinfo=UTC)
CATALOGUE = Catalogue(
    [
        Service(name="checkout", aliases=("shop-checkout",)),
        Service(name="orders-db", aliases=("db",)),
        Service(name="orders"),
    ],
    ["prod/eu-1", "staging"],
)


def open_one(number: int, alert: str = "", *, minutes: int = 5, **changes: object) -> OpenIncident:
    values: dict[str, object] = {
        "id": number,
        "key": f"RCL-{number}",
        "title": f"{alert}: it fails",
        "service": None,
        "environment": None,
        "severity": Severity.HIGH,
        "state": IncidentState.OPEN,
        "group_key": str(number),
        "opened_at": NOW - timedelta(minutes=minutes),
    }
    told = Alert(
        source="generic",
        fingerprint=str(number),
        name=alert,
        status=AlertStatus.FIRING,
        links={"source": f"https://grafana.example/alerts/{number}?x=1"},
    )
    return OpenIncident(Incident(**(values | changes)), (told,))  # type: ignore[arg-type]


def fit(words: RoomWords, *candidates: OpenIncident) -> tuple[str, Ground] | None:
    found = best_fit(words, candidates, CATALOGUE, NOW)
    return (found.incident.key, found.ground) if found is not None else None


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (RoomWords("inc-rcl-2"), ("RCL-2", Ground.KEY)),
        (RoomWords("inc-x", topic="about RCL-2 (not RCL-1)"), ("RCL-2", Ground.KEY)),
        (
            RoomWords("inc-x", messages=("see https://grafana.example/alerts/2?x=1",)),
            ("RCL-2", Ground.LINK),
        ),
        (RoomWords("inc-x", messages=("HighErrors again",)), ("RCL-1", Ground.ALERT)),
        (RoomWords("inc-orders-db-down"), ("RCL-2", Ground.SERVICE)),
        (RoomWords("inc-lunch"), None),
        (RoomWords("inc-rcl-22"), None),
        (RoomWords("inc-x", topic="HighErrorsTotal"), None),
    ],
)
def test_the_strongest_ground_wins(words: RoomWords, expected: object) -> None:
    one = open_one(1, "HighErrors")
    two = open_one(2, "Lag", service="orders-db")
    assert fit(words, one, two) == expected


def test_a_title_that_is_much_like_what_is_said_is_a_ground() -> None:
    one = open_one(1, title="Payment provider times out", minutes=30)
    said = RoomWords("inc-x", purpose="our payment provider is slow")
    assert fit(said, one) == ("RCL-1", Ground.TITLE)
    assert fit(RoomWords("inc-payment"), one) is None


def test_an_old_incident_is_not_found_by_its_service_alone() -> None:
    old = open_one(1, "A", service="checkout", minutes=60 * 13)
    assert fit(RoomWords("inc-checkout"), old) is None
    assert fit(RoomWords("inc-rcl-1"), old) == ("RCL-1", Ground.KEY)


def test_of_several_the_newest_is_taken_and_the_others_are_told() -> None:
    one, two = (
        open_one(1, "A", service="checkout", minutes=9),
        open_one(2, "B", service="checkout", minutes=3),
    )
    found = best_fit(RoomWords("inc-checkout"), [one, two], CATALOGUE, NOW)
    assert found is not None
    assert (found.incident.key, [other.key for other in found.others]) == ("RCL-2", ["RCL-1"])


@given(st.permutations(range(1, 6)))
def test_the_order_of_the_candidates_decides_nothing(order: list[int]) -> None:
    candidates = [open_one(n, "A", service="checkout", minutes=n) for n in order]
    assert fit(RoomWords("inc-checkout"), *candidates) == ("RCL-1", Ground.SERVICE)


@given(st.text(max_size=60), st.text(max_size=200), st.lists(st.text(max_size=200), max_size=4))
def test_any_words_can_be_read(name: str, topic: str, messages: list[str]) -> None:
    words = RoomWords(name, topic, messages=tuple(messages))
    assert title_of_room(words, re.compile("^inc-")) or not name
    found = fit(words, open_one(1, "HighErrors"))
    assert found is None or found[0] == "RCL-1"


def test_services_are_named_as_whole_words_and_the_longer_name_counts() -> None:
    assert services_named(RoomWords("inc-orders-db"), CATALOGUE) == ("orders-db",)
    assert services_named(RoomWords("inc-reorders"), CATALOGUE) == ()
    words = RoomWords("inc-x", topic="orders, then shop-checkout")
    assert services_named(words, CATALOGUE) == ("orders", "checkout")
    assert services_named(RoomWords("inc-db"), CATALOGUE) == ()  # too short to tell anything


def test_the_title_is_the_topic_or_the_name_without_its_prefix() -> None:
    pattern = re.compile("^inc-|^incident-")
    assert title_of_room(RoomWords("inc-a-b", topic=" Cart  is slow "), pattern) == "Cart is slow"
    assert title_of_room(RoomWords("incident-cart_is-slow"), pattern) == "cart is slow"
    assert title_of_room(RoomWords("inc-"), pattern) == "inc-"


def test_an_environment_counts_when_just_one_is_named() -> None:
    assert (
        environment_named(RoomWords("inc-x", topic="prod/eu-1 is slow"), CATALOGUE) == "prod/eu-1"
    )
    assert environment_named(RoomWords("staging-prod-eu-1"), CATALOGUE) is None
    assert environment_named(RoomWords("inc-x"), CATALOGUE) is None
