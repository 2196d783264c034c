from datetime import UTC, datetime

import pytest

from knowledge.model import Audience, DocumentKind, Origin, Query, Visibility
from knowledge.retrieve.candidates import MOST_BY_STRUCTURE
from tests.support.memory_knowledge import THREE_CAUSES, case, page, searchable

DISK = page("disk-full", "Disk full", "# Disk full\n\nNo space left on the device of the node.")
CLOCK = page(
    "clock-skew", "Clock skew", "# Clock skew\n\nThe clock of a host drifts from its peers."
)
CERT = page("cert", "Certificate expires", "# Certificate expires\n\nRenew the TLS certificate.")
NOW = datetime(2026, 11, 1, tzinfo=UTC)
PRIVATE = Visibility(frozenset({"T1/C9"}))
FULL = Query(text="No space left on the device of the node, the disk is full")


def test_the_page_that_says_the_same_comes_first() -> None:
    with searchable(DISK, CLOCK, CERT) as (retriever, _):
        assert retriever.search(FULL).runbooks[0].document_id == "disk-full"


def test_the_alerts_own_page_comes_first_whatever_the_text_says() -> None:
    with searchable(DISK, CLOCK, CERT) as (retriever, _):
        query = Query(text=FULL.text, runbook_url="https://wiki.example/runbooks/cert.md#top")
        assert retriever.search(query).runbooks[0].document_id == "cert"


def test_a_page_named_like_the_alert_comes_before_a_similar_one() -> None:
    named = page("a", "NodeDiskFull", "Look at the node.")
    similar = page("b", "Volumes", "The volume of a database is low on space.")
    with searchable(named, similar, CLOCK) as (retriever, _):
        query = Query(text="A volume is low on space", alert_name="NodeDiskFull")
        assert retriever.search(query).runbooks[0].document_id == "a"


@pytest.mark.parametrize(
    ("text", "first", "told"),
    [
        ("Some checkout api pods are running but not ready", "low", {"low": 1.0, "none": -1.0}),
        ("No checkout api pod is ready", "none", {"low": -1.0, "none": 1.0}),
        ("Checkout api pods became unready", None, {}),
    ],
)
def test_pages_for_none_left_and_for_some_left_are_told_apart(
    text: str, first: str | None, told: dict[str, float]
) -> None:
    pages = (
        page("low", "LowReadyCheckoutApiCount", "Checkout api pods are not ready."),
        page("none", "NoReadyCheckoutApi", "Checkout api pods are not ready."),
    )
    with searchable(*pages, CLOCK) as (retriever, _):
        ranking = retriever.search(Query(text=text))
    found = {h.document_id: h.features["amount"] for h in ranking.ranked if "amount" in h.features}
    assert found == told
    assert first in (None, ranking.runbooks[0].document_id)


@pytest.mark.parametrize("hide", ["audience", "excluded"])
def test_a_hidden_document_changes_nothing_in_the_answer(hide: str) -> None:
    secret = page(
        "secret",
        "Disk full secret",
        FULL.text,
        visibility=Visibility(frozenset({"T1/C9"})) if hide == "audience" else Visibility(),
    )
    excluded = frozenset({"secret"}) if hide == "excluded" else frozenset()
    query = Query(text=FULL.text, audience=Audience(channel="T1/C1"), excluded=excluded)
    with searchable(DISK, CLOCK, CERT) as (retriever, _):
        without = retriever.search(query)
    with searchable(DISK, CLOCK, CERT, secret) as (retriever, _):
        with_hidden = retriever.search(query)
    assert [(h.document_id, h.score) for h in with_hidden.ranked] == [
        (h.document_id, h.score) for h in without.ranked
    ]
    assert with_hidden.confidence == without.confidence
    assert with_hidden.features == without.features


def test_a_starter_page_gives_way_to_a_team_page_that_fits() -> None:
    starter = page("generic", "DiskFull", FULL.text, origin=Origin.STARTER, alerts=("DiskFull",))
    team = page("ours", "Disk full on our nodes", "No space left: clean up.", alerts=("DiskFull",))
    query = Query(text=FULL.text, alert_name="DiskFull")
    with searchable(starter, team, CLOCK, CERT) as (retriever, _):
        ranking = retriever.search(query)
    scores = {hit.document_id: hit.score for hit in ranking.runbooks}
    assert scores["generic"] > scores["ours"]
    assert [hit.document_id for hit in ranking.runbooks][:2] == ["ours", "generic"]


def test_a_starter_page_stays_in_front_of_a_team_page_that_does_not_fit() -> None:
    starter = page("generic", "Disk full", FULL.text, origin=Origin.STARTER)
    with searchable(starter, CLOCK, CERT) as (retriever, _):
        assert retriever.search(FULL).runbooks[0].document_id == "generic"


def test_one_alert_with_several_causes_and_no_telling_evidence_is_not_separated() -> None:
    with searchable(*THREE_CAUSES) as (retriever, _):
        ranking = retriever.search(Query(text="Many orders fail", alert_name="OrdersFailing"))
    assert not ranking.separated
    assert {group.incident_ids for group in ranking.causes} == {("INC-1",), ("INC-2",), ("INC-3",)}
    assert ranking.answered_by is DocumentKind.PAST_INCIDENT
    assert ranking.confidence < 0.7


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        ("ERROR authorize failed: dial gateway: connection refused", "INC-1"),
        ("FATAL: sorry, too many clients already", "INC-2"),
        ("ERROR unhandled TypeError: cannot read properties of null", "INC-3"),
    ],
)
def test_a_telling_log_line_separates_the_causes(log: str, expected: str) -> None:
    query = Query(text="Many orders fail", alert_name="OrdersFailing", logs=(log, log))
    with searchable(*THREE_CAUSES) as (retriever, _):
        ranking = retriever.search(query)
    assert ranking.separated
    assert ranking.incidents[0].document_id == expected
    assert ranking.causes[0].incident_ids[0] == expected


def test_evidence_from_another_environment_alone_is_never_confident() -> None:
    there = case(
        "INC-9",
        "Disk full",
        FULL.text,
        "Logs were never rotated.",
        alerts=("DiskFull",),
        environments=("prod/us",),
    )
    query = Query(text=FULL.text, alert_name="DiskFull", environment="prod/eu")
    with searchable(there, CLOCK) as (retriever, _):
        ranking = retriever.search(query)
    assert ranking.fits > 0.7
    assert ranking.confidence < 0.7


def test_of_equal_cases_the_newer_one_comes_first() -> None:
    old = case(
        "INC-1", "Disk full", FULL.text, "Logs.", started_at=datetime(2025, 1, 1, tzinfo=UTC)
    )
    new = case(
        "INC-2", "Disk full", FULL.text, "Logs.", started_at=datetime(2026, 9, 1, tzinfo=UTC)
    )
    with searchable(old, new) as (retriever, _):
        assert retriever.search(FULL).incidents[0].document_id == "INC-2"


@pytest.mark.parametrize("text", ["", " ", "42", "<num>", "的 磁盘 已满", "שלום", "\x00\ufffd"])
def test_odd_texts_find_something_or_nothing_but_never_fail(text: str) -> None:
    with searchable(DISK, CLOCK) as (retriever, _):
        ranking = retriever.search(Query(text=text))
    assert 0.0 <= ranking.confidence <= 1.0
    assert not ranking.answered


def test_empty_knowledge_answers_nothing() -> None:
    with searchable() as (retriever, _):
        ranking = retriever.search(FULL)
    assert ranking.ranked == ()
    assert not ranking.answered


def test_a_record_of_the_same_alert_comes_first_but_is_no_proof_of_its_cause() -> None:
    said = "Many orders fail\n12 % of the orders ended with an error"
    tonight = case(
        "RCL-1",
        "OrdersFailing: Many orders fail",
        said,
        "Like INC-2: Report worker leaked database sessions.",
        alerts=("OrdersFailing",),
        services=("checkout",),
        environments=("prod/eu",),
        runbook="db-slots",
    )
    query = Query(text=said, alert_name="OrdersFailing", service="checkout")
    with searchable(*THREE_CAUSES, tonight) as (retriever, _):
        ranking = retriever.search(query)
    assert ranking.incidents[0].document_id == "RCL-1"
    assert not ranking.separated


def test_hidden_incidents_of_the_name_take_no_place_of_a_visible_one() -> None:
    """However many there are, and also when words alone do not find what is visible."""
    secret = [
        case(f"S-{i}", "x", "x", alerts=("DiskFull",), visibility=PRIVATE, started_at=NOW)
        for i in range(MOST_BY_STRUCTURE + 5)
    ]
    old = case("OLD", "quite another thing", "nothing in common", alerts=("DiskFull",))
    query = Query(text="???", alert_name="DiskFull")
    with searchable(old, *secret) as (retriever, _), searchable(old) as (alone, _):
        found = retriever.search(query)
        assert [hit.document_id for hit in found.incidents] == ["OLD"]
        assert found.incidents == alone.search(query).incidents


def test_the_alerts_own_page_is_found_behind_any_number_of_its_incidents() -> None:
    many = [
        case(f"I-{i}", "x", "x", alerts=("DiskFull",), started_at=NOW)
        for i in range(MOST_BY_STRUCTURE + 5)
    ]
    own = page("disk", "y", "z", alerts=("DiskFull",))
    with searchable(own, *many) as (retriever, _):
        ranking = retriever.search(Query(text="???", alert_name="DiskFull"))
        assert [hit.document_id for hit in ranking.runbooks] == ["disk"]
