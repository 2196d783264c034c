"""What people said of cases, in the ranking: links are constraints, "no help" is a weight."""

from dataclasses import replace

import pytest

from knowledge.model import Audience, DocumentKind, Origin, Query, Visibility
from knowledge.retrieve.confidence import LINKED
from tests.support.memory_knowledge import THREE_CAUSES, case, page, searchable

ORDERS = Query(text="Many orders fail", alert_name="OrdersFailing")
FAR = case("INC-9", "Clock skew", "The clock drifts", "ntp was stopped", alerts=("ClockSkew",))


def test_a_linked_case_answers_whatever_its_text_says() -> None:
    with searchable(*THREE_CAUSES, FAR) as (retriever, _):
        assert retriever.search(ORDERS).incidents[0].document_id != "INC-9"
        ranking = retriever.search(replace(ORDERS, linked=frozenset({"INC-9"})))
    assert ranking.incidents[0].document_id == "INC-9"
    assert ranking.separated
    assert [group.incident_ids for group in ranking.causes] == [("INC-9",)]
    assert ranking.confidence == LINKED
    assert ranking.answered_by is DocumentKind.PAST_INCIDENT


def test_a_link_chooses_among_causes_that_nothing_tells_apart() -> None:
    with searchable(*THREE_CAUSES) as (retriever, _):
        assert not retriever.search(ORDERS).separated
        ranking = retriever.search(replace(ORDERS, linked=frozenset({"INC-2"})))
    assert ranking.separated
    assert ranking.incidents[0].document_id == "INC-2"


def test_links_to_two_causes_are_both_told() -> None:
    with searchable(*THREE_CAUSES) as (retriever, _):
        ranking = retriever.search(replace(ORDERS, linked=frozenset({"INC-1", "INC-2"})))
    assert {one for group in ranking.causes for one in group.incident_ids} == {"INC-1", "INC-2"}
    assert ranking.confidence < LINKED


def test_a_linked_runbook_leads_even_from_the_starter_pack() -> None:
    starter = page("generic", "Clock", "# Clock\n\nSet the clock.", origin=Origin.STARTER)
    team = page("ours", "Disk full", "# Disk full\n\nNo space left on the device.")
    query = Query(text="No space left on the device", linked=frozenset({"generic"}))
    with searchable(starter, team) as (retriever, _):
        ranking = retriever.search(query)
    assert [hit.document_id for hit in ranking.runbooks] == ["generic", "ours"]
    assert ranking.runbook_confidence == LINKED


@pytest.mark.parametrize("hidden_by", ["visibility", "exclusion", "being gone"])
def test_a_link_to_what_the_readers_may_not_see_changes_nothing(hidden_by: str) -> None:
    secret = Visibility(frozenset({"T1/C9"})) if hidden_by == "visibility" else Visibility()
    hidden = replace(FAR, visibility=secret)
    excluded = frozenset({"INC-9"}) if hidden_by == "exclusion" else frozenset()
    query = replace(ORDERS, audience=Audience(channel="T1/C1"), excluded=excluded)
    known = THREE_CAUSES if hidden_by == "being gone" else [*THREE_CAUSES, hidden]
    with searchable(*known) as (retriever, _):
        plain = retriever.search(query)
        linked = retriever.search(
            replace(query, linked=frozenset({"INC-9"}), unhelpful={"INC-9": 1.0})
        )
    assert linked == plain


def test_what_was_no_help_gives_way_to_an_equal_and_not_to_a_clearly_worse_one() -> None:
    disk = "No space left on the device of the node"
    first, twin, far = (
        page("a", "Disk full", disk),
        page("b", "Disk full", f"{disk}."),
        page("c", "Clock skew", "The clock of a host drifts from its peers."),
    )
    query = Query(text=f"{disk}, the disk is full")
    with searchable(first, twin, far) as (retriever, _):
        best = retriever.search(query).runbooks[0].document_id
        weighed = retriever.search(replace(query, unhelpful={best: 1.0}))
        both = retriever.search(replace(query, unhelpful={"a": 1.0, "b": 1.0}))
    assert {best, weighed.runbooks[0].document_id} == {"a", "b"}
    assert weighed.runbooks[0].document_id != best
    assert [hit.document_id for hit in both.runbooks][2] == "c"
