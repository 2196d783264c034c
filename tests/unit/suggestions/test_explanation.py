"""Why an answer was given, in words a person can read at night; pure."""

import pytest

from bot.chat.messages import Board
from bot.slack.blocks import render
from bot.suggestions.build import SuggestionBuilder
from bot.suggestions.explanation import explain, words_in_common
from bot.suggestions.model import Suggestion, SuggestionKind
from bot.suggestions.rollback import way_back
from bot.suggestions.seen import told_in_all
from knowledge.model import Document, Query, Visibility
from tests.support.memory_knowledge import THREE_CAUSES, case, page, searchable
from tests.support.saying import abstention, one_cause, several_causes

RECORDS: dict[str, Document] = {one.id: one for one in THREE_CAUSES}
ALERT = Query(
    text="Many orders fail", alert_name="OrdersFailing", service="checkout", environment="prod/eu"
)
SLOTS = "FATAL: sorry, too many clients already"


def asked(query: Query) -> Suggestion:
    with searchable(*THREE_CAUSES) as (retriever, source):
        return SuggestionBuilder(retriever, source).suggest(query, asked=True)


def told_by(said: Board) -> str:
    lines = [f"{line.text} {line.detail}" for part in said.parts for line in part.lines]
    return "\n".join([said.title, *(part.heading for part in said.parts), *lines, said.note])


def with_logs(query: Query = ALERT) -> Query:
    return Query(
        text=query.text,
        alert_name=query.alert_name,
        service=query.service,
        environment=query.environment,
        logs=(SLOTS,),
    )


def test_one_cause_is_explained_by_facts_words_and_logs() -> None:
    told = told_by(explain(asked(with_logs()), RECORDS))
    for words in ("Why INC-2", "same alert name", "same service", "log lines", "clients"):
        assert words in told


def test_what_speaks_against_it_is_said_as_well() -> None:
    elsewhere = Query(text=f"orders fail {SLOTS}", environment="staging", service="kitchen")
    told = told_by(explain(asked(elsewhere), RECORDS))
    assert "it was in another environment" in told
    assert "it is of another service" in told


def test_several_causes_say_that_it_cannot_be_told() -> None:
    told = told_by(explain(asked(ALERT), RECORDS))
    assert told.startswith("Why several causes")
    assert "fits each of the causes" in told


def test_an_abstention_names_the_nearest_and_the_threshold() -> None:
    made = asked(Query(text="Espresso machine out of beans", service="kitchen"))
    assert made.kind is SuggestionKind.ABSTENTION
    told = told_by(explain(made, RECORDS))
    assert "Why I do not know" in told
    assert "60% on" in told


def test_a_calibration_of_ones_own_is_named_with_its_day() -> None:
    made = asked(ALERT)
    fitted = made.model_copy(
        update={"receipt": {**made.receipt, "calibration": "2026-11-01T03:00:00+00:00"}}
    )
    assert "made on your own history, 2026-11-01" in told_by(explain(fitted, RECORDS))


@pytest.mark.parametrize("gone", ["INC-1", "INC-2", "INC-3"])
def test_a_record_that_may_not_be_seen_is_in_no_part_of_it(gone: str) -> None:
    seen = {name: one for name, one in RECORDS.items() if name != gone}
    for query in (ALERT, with_logs()):
        assert gone not in told_by(explain(asked(query), seen))


@pytest.mark.parametrize("suggestion", [one_cause(), several_causes(), abstention()])
def test_an_older_or_thin_receipt_is_explained_as_far_as_it_goes(suggestion: Suggestion) -> None:
    hidden = explain(suggestion, {})
    assert "may not be shown here" in told_by(hidden)
    seen = (
        case("INC-87", "orders-db", "no slots"),
        case("INC-31", "x", "y"),
        case("INC-44", "z", ""),
    )
    shown = explain(suggestion, {one.id: one for one in seen})
    assert "How sure" in told_by(shown)
    assert render(shown).blocks


def test_words_in_common_are_those_that_tell() -> None:
    record = case("INC-1", "Orders fail", "the payment gateway times out after a deploy")
    assert words_in_common("the gateway timed in <num> when payments fail", record) == [
        "gateway",
        "timed",
        "payments",
        "fail",
    ]


def test_it_is_short_on_a_phone() -> None:
    said = explain(asked(with_logs()), RECORDS)
    assert sum(len(part.lines) for part in said.parts) <= 16
    assert len(told_by(said)) < 2_000


def test_all_that_was_told_is_known() -> None:
    assert {"INC-2", "db-slots"} <= told_in_all([asked(with_logs())])


def test_a_way_back_in_prose_is_quoted() -> None:
    prose = page("p", "Deploys", "# Deploys\n\n## Rolling back\n\nAsk the release captain.\n")
    said = way_back([prose], {})
    assert [one.text for one in getattr(said, "steps", ())] == ["Ask the release captain."]


def test_without_any_page_the_way_back_is_not_known() -> None:
    assert "No runbook was cited" in getattr(way_back([], {}), "text", "")


def test_the_visibility_of_a_page_is_not_a_matter_of_this_file() -> None:
    secret = page("s", "S", "## Undo\n\n- x\n", visibility=Visibility(channels=frozenset()))
    assert getattr(way_back([secret], {}), "steps", ())
