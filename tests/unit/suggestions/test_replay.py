import json
from dataclasses import replace
from typing import Any

import pytest

from bot.suggestions.build import SuggestionBuilder
from bot.suggestions.receipt import MOST_TEXT, query_of
from bot.suggestions.replay import replay, search_again
from knowledge.embed.hashing import HashingEmbedder
from knowledge.model import Audience, Query
from tests.support.memory_knowledge import THREE_CAUSES, page, searchable

QUERY = Query(
    text="Orders fail: FATAL: sorry, too many clients already on db 5432",
    alert_name="OrdersFailing",
    service="checkout",
    environment="prod/eu",
    labels={"service": "checkout"},
)


def receipt_of(query: Query = QUERY) -> dict[str, Any]:
    with searchable(*THREE_CAUSES) as (retriever, source):
        made = SuggestionBuilder(retriever, source).suggest(query, asked=True)
    told: dict[str, Any] = json.loads(json.dumps(made.receipt))
    return told


def test_an_answer_replays_from_its_receipt_and_by_searching_again() -> None:
    receipt = receipt_of()
    assert replay(receipt).same
    assert search_again(receipt, THREE_CAUSES, HashingEmbedder(1024)).same


def test_what_people_said_of_cases_replays_too() -> None:
    said = replace(QUERY, linked=frozenset({"INC-3"}), unhelpful={"INC-1": 1.0})
    receipt = receipt_of(said)
    assert receipt["incidents"][0]["id"] == "INC-3"
    assert replay(receipt).same
    assert search_again(receipt, THREE_CAUSES, HashingEmbedder(1024)).same


def test_a_receipt_that_was_changed_does_not_replay() -> None:
    receipt = receipt_of()
    receipt["incidents"][0]["score"] += 1e-9
    told = replay(receipt)
    assert not told.same
    assert [one.id for one in told.differences] == [receipt["incidents"][0]["id"]]


def test_other_knowledge_is_told_by_the_document_that_differs() -> None:
    receipt = receipt_of()
    added = page("new", "Orders fail", "FATAL: sorry, too many clients already on db 5432")
    told = search_again(receipt, [*THREE_CAUSES, added], HashingEmbedder(1024))
    assert "new" in {one.id for one in told.differences}


def test_another_model_is_refused_with_both_named() -> None:
    told = search_again(receipt_of(), THREE_CAUSES, HashingEmbedder(512))
    assert "another model digest" in told.why_not
    assert not told.same


def test_a_receipt_without_its_query_or_with_a_cut_one_is_not_searched_again() -> None:
    older = receipt_of()
    del older["query"]
    assert "older version" in search_again(older, THREE_CAUSES, HashingEmbedder(1024)).why_not
    long = receipt_of(replace(QUERY, logs=("x" * MOST_TEXT, "y")))
    assert "longer than" in search_again(long, THREE_CAUSES, HashingEmbedder(1024)).why_not


def test_the_query_comes_back_as_it_was_asked() -> None:
    asked = replace(
        QUERY,
        logs=("one\ntwo",),
        neighbours=("OrdersDbDown: it is down",),
        changes=("deploy checkout 4.11",),
        audience=Audience("T/C"),
        excluded=frozenset({"a"}),
        linked=frozenset({"INC-3"}),
        unhelpful={"INC-1": 1.0},
    )
    assert query_of(receipt_of(asked)) == asked


@pytest.mark.parametrize("part", ["scales", "weights", "incidents"])
def test_a_receipt_that_lacks_a_part_is_told_plainly(part: str) -> None:
    receipt = receipt_of()
    del receipt[part]
    assert "lacks a part" in replay(receipt).why_not
