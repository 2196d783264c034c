import dataclasses
import json

import pytest

from bot.suggestions.build import SuggestionBuilder
from bot.suggestions.model import SuggestionKind
from bot.suggestions.public import PUBLIC_KEYS, to_public_json
from bot.suggestions.receipt import rank_again
from knowledge.model import PastIncident, Query, Visibility
from tests.support.memory_knowledge import THREE_CAUSES, case, page, searchable

ALERT = Query(
    text="Many orders fail",
    alert_name="OrdersFailing",
    service="checkout",
    environment="prod/eu",
    labels={"namespace": "shop", "pod": "checkout-0; rm -rf /"},
)
SLOTS = "FATAL: sorry, too many clients already"
TOLD = Query(
    text=ALERT.text,
    alert_name=ALERT.alert_name,
    service="checkout",
    environment="prod/eu",
    labels=ALERT.labels,
    logs=(SLOTS,),
)
FOREIGN = Query(text="Espresso machine out of beans", alert_name="NoCoffee", service="kitchen")


def test_several_causes_are_shown_as_several_each_with_its_own_check() -> None:
    with searchable(*THREE_CAUSES) as (retriever, source):
        made = SuggestionBuilder(retriever, source).suggest(ALERT, asked=False)
    assert made.kind is SuggestionKind.SEVERAL_CAUSES
    assert made.answered
    assert made.headline.startswith("Three causes fit; cannot tell yet. Check first: ")
    assert {cause.check for cause in made.causes} == {
        "Call the gateway by hand.",
        "Count sessions by client.",
        "Which build runs where?",
    }
    assert {cause.citation.document_id for cause in made.causes} == {
        "payment-down",
        "db-slots",
        "rollback",
    }
    assert sum(cause.share for cause in made.causes) == pytest.approx(1.0)
    assert made.steps == ()


def test_the_alerts_own_page_says_what_to_check_first() -> None:
    triage = page("triage", "Orders fail: which is it", "## Check\n\n- Sessions first.\n")
    query = Query(text=ALERT.text, alert_name="OrdersFailing", runbook_url="https://w/triage")
    with searchable(*THREE_CAUSES, triage) as (retriever, source):
        made = SuggestionBuilder(retriever, source).suggest(query, asked=False)
    assert made.check_first is not None
    assert made.check_first.text == "Sessions first."
    assert made.check_first.citation.document_id == "triage"


def test_telling_evidence_leads_to_one_case_and_its_pages_steps() -> None:
    with searchable(*THREE_CAUSES) as (retriever, source):
        made = SuggestionBuilder(retriever, source).suggest(TOLD, asked=False)
    assert made.kind is SuggestionKind.ONE_CAUSE
    assert made.headline.startswith("Like INC-2, ")
    assert made.incidents[0].id == "INC-2"
    assert [step.text for step in made.steps] == [
        "Restart the leaking client.",
        "kubectl -n shop delete pod <pod>",
    ]
    assert [step.destructive for step in made.steps] == [False, True]
    assert made.steps[1].unfilled == ("<pod>",)
    assert made.passages[0].document_id == "db-slots"


def test_a_case_from_another_environment_is_labelled() -> None:
    query = TOLD.__class__(**{**_fields(TOLD), "environment": "staging"})
    with searchable(*THREE_CAUSES) as (retriever, source):
        made = SuggestionBuilder(retriever, source).suggest(query, asked=True)
    assert all(incident.other_environment for incident in made.incidents)
    assert "in prod/eu" in made.headline
    assert made.confidence < 0.7


@pytest.mark.parametrize("asked", [True, False])
def test_nothing_near_is_an_abstention_that_says_why(asked: bool) -> None:
    with searchable(*THREE_CAUSES) as (retriever, source):
        made = SuggestionBuilder(retriever, source).suggest(FOREIGN, asked=asked)
    assert made.kind is SuggestionKind.ABSTENTION
    assert not made.answered
    assert made.silent is not asked
    assert made.nearest is not None
    assert "other service" in made.nearest.why_too_far
    assert made.headline.startswith("Not seen before; nearest INC-")


def test_empty_knowledge_abstains_without_a_nearest() -> None:
    with searchable() as (retriever, source):
        made = SuggestionBuilder(retriever, source).suggest(ALERT, asked=True)
    assert made.nearest is None
    assert not made.answered


def test_a_page_alone_is_shown_as_a_page_alone() -> None:
    ours = page(
        "disk",
        "DiskFull",
        "## Fix\n\n- Clean up the logs.\n",
        alerts=("DiskFull",),
        url="https://w/disk",
    )
    other = page("clock", "Clock skew", "The clock drifts.")
    query = Query(text="disk full, clean logs", alert_name="DiskFull", runbook_url="https://w/disk")
    with searchable(ours, other) as (retriever, source):
        made = SuggestionBuilder(retriever, source).suggest(query, asked=False)
    assert made.kind is SuggestionKind.RUNBOOK_ONLY
    assert [step.text for step in made.steps] == ["Clean up the logs."]
    assert made.incidents == ()


def test_a_page_that_readers_may_not_see_gives_no_check() -> None:
    documents = [one for one in THREE_CAUSES if one.id != "db-slots"]
    hidden = page(
        "db-slots",
        "Database slots",
        "## Check\n\n- A secret check.\n",
        visibility=Visibility(frozenset({"T/C"})),
    )
    with searchable(*documents, hidden) as (retriever, source):
        made = SuggestionBuilder(retriever, source).suggest(ALERT, asked=True)
    assert "secret" not in made.model_dump_json()
    assert "db-slots" not in {cause.citation.document_id for cause in made.causes}


@pytest.mark.parametrize("query", [ALERT, TOLD, FOREIGN])
def test_the_receipt_ranks_again_exactly(query: Query) -> None:
    filler = [page(f"p{n}", f"Page {n}", f"Orders and requests number {n}") for n in range(30)]
    cases = [
        case(f"INC-{n}", f"Case {n}", f"Orders fail in way {n}", f"Cause {n}") for n in range(9, 40)
    ]
    with searchable(*THREE_CAUSES, *filler, *cases) as (retriever, source):
        ranking = retriever.search(query)
        made = SuggestionBuilder(retriever, source).suggest(query, asked=True)
    again = rank_again(json.loads(json.dumps(made.receipt)))
    for kind, hits in (("incidents", ranking.incidents), ("runbooks", ranking.runbooks)):
        expected = [(hit.document_id, hit.score) for hit in hits[:20]]
        assert again[kind][:20] == expected


def test_the_receipt_names_everything_the_answer_stands_on() -> None:
    with searchable(*THREE_CAUSES) as (retriever, source):
        receipt = SuggestionBuilder(retriever, source).suggest(TOLD, asked=True).receipt
    for key in ("generation", "revision", "model_digest", "text_version", "fusion_version"):
        assert receipt[key]
    first = receipt["incidents"][0]
    assert first["version"] == 1
    assert all(len(passage["hash"]) == 64 for passage in first["passages"])
    assert "checkout-0" not in receipt["masked_query"]


def test_everything_but_the_id_is_a_function_of_query_and_knowledge() -> None:
    with searchable(*THREE_CAUSES) as (retriever, source):
        builder = SuggestionBuilder(retriever, source)
        one, two = (builder.suggest(TOLD, asked=True) for _ in range(2))
        named = builder.suggest(TOLD, asked=True, suggestion_id="given")
    assert one.id != two.id
    assert one.model_copy(update={"id": two.id}) == two
    assert named.id == "given"


def test_public_json_has_its_published_keys() -> None:
    with searchable(*THREE_CAUSES) as (retriever, source):
        told = to_public_json(SuggestionBuilder(retriever, source).suggest(TOLD, asked=True))
    assert tuple(told) == PUBLIC_KEYS
    assert {"id", "title", "score", "url", "excerpt"} <= set(told["incidents"][0])
    assert {"id", "title", "score", "url", "excerpt"} <= set(told["passages"][0])
    json.dumps(told)


def _fields(query: Query) -> dict[str, object]:
    return {name: getattr(query, name) for name in query.__dataclass_fields__}


def test_what_is_different_from_the_case_is_told_with_its_lines() -> None:
    then = (
        "2026-05-01T01:00:01Z FATAL sorry, too many clients already",
        "2026-05-01T01:00:02Z ERROR order 71 not placed: no session",
        "2026-05-01T01:00:03Z WARN pool exhausted client=report-worker",
    )
    now = tuple(
        line.replace("T01", "T07").replace("report-worker", "stock-sync").replace("71", "4432")
        for line in then
    )
    kept = [one for one in THREE_CAUSES if one.id != "INC-2"]
    second = next(one for one in THREE_CAUSES if one.id == "INC-2")
    documents = [*kept, dataclasses.replace(second, logs=then)]
    query = Query(**{**_fields(TOLD), "logs": ("\n".join(now),)})
    with searchable(*documents) as (retriever, source):
        made = SuggestionBuilder(retriever, source).suggest(query, asked=False)
    (row,) = made.differences
    assert row.text == "client: stock-sync now, report-worker then"
    assert (row.then, row.now) == (then[2], now[2])
    assert row.citation.document_id == "INC-2"


def test_the_section_that_says_what_was_done_is_cited() -> None:
    second = next(one for one in THREE_CAUSES if one.id == "INC-2")
    told = dataclasses.replace(second, resolution="Counted sessions by client.")
    documents = [told, *(one for one in THREE_CAUSES if one.id != "INC-2")]
    with searchable(*documents) as (retriever, source):
        check = SuggestionBuilder(retriever, source).suggest(TOLD, asked=False)
    documents[0] = dataclasses.replace(second, resolution="Restarted the leaking client.")
    with searchable(*documents) as (retriever, source):
        fix = SuggestionBuilder(retriever, source).suggest(TOLD, asked=False)
    assert (check.passages[0].document_id, check.passages[0].section) == ("db-slots", "Check")
    assert (fix.passages[0].document_id, fix.passages[0].section) == ("db-slots", "Mitigation")


def test_without_pages_the_check_is_what_only_that_causes_records_have() -> None:
    cases = [
        dataclasses.replace(one, runbook=None)
        for one in THREE_CAUSES
        if isinstance(one, PastIncident)
    ]
    with searchable(*cases) as (retriever, source):
        made = SuggestionBuilder(retriever, source).suggest(ALERT, asked=False)
    checks = {cause.incident_ids[0]: cause.check for cause in made.causes}
    assert checks["INC-2"].startswith(f"look for “{SLOTS}” in the logs: seen in INC-2, not in ")
    assert "INC-1" in checks["INC-2"]
