import pytest

from knowledge.evaluate.metrics import answering, first_right, mrr_at, percentile, recall_at


def test_recall_is_the_share_of_queries_with_a_right_document_in_front() -> None:
    places = [1, 3, None, 11]
    assert recall_at(places, 1) == 0.25
    assert recall_at(places, 5) == 0.5
    assert mrr_at(places, 10) == pytest.approx((1 + 1 / 3) / 4)


def test_any_right_document_counts() -> None:
    assert first_right(["a", "b", "c"], frozenset({"c", "b"})) == 2
    assert first_right(["a"], frozenset({"z"})) is None


def test_nothing_asked_gives_zero_and_no_error() -> None:
    assert recall_at([], 1) == mrr_at([], 10) == percentile([], 0.5) == 0.0
    assert answering([]).wrong_when_answered == 0.0


def test_an_answer_to_the_unanswerable_is_wrong() -> None:
    told = answering([(True, True, True), (True, False, False), (False, True, False)])
    assert told.wrong_when_answered == 0.5
    assert told.coverage == 0.5
