"""Evidence beyond the alert's name must tell causes apart better than plain answers do.

With word hashes, which know no meaning: the advantage of the whole product is measured by
tests/bench/test_causes.py with the real model. What is lost here is lost there.
"""

import pytest

from knowledge.embed.hashing import HashingEmbedder
from tests.generated.causes_measure import Told, advantage, outcomes, retriever_over, share
from tests.generated.causes_world import Profile, make_world


@pytest.fixture(scope="module")
def told() -> list[Told]:
    world = make_world(seed=5, names=80)
    with retriever_over(world, HashingEmbedder(512)) as retriever:
        return outcomes(world, retriever)


def test_the_plain_answers_are_beaten(told: list[Told]) -> None:
    print(advantage(told, lambda case: case.recent), advantage(told, lambda case: case.frequent))
    assert advantage(told, lambda case: case.recent)[0] >= 0.1


def test_evidence_of_every_kind_tells_more_than_none(told: list[Told]) -> None:
    known = [one for one in told if one.case.profile is Profile.EVERYTHING]
    assert share(known, lambda one: one.right) >= 0.7


def test_where_nothing_tells_several_causes_are_said(told: list[Told]) -> None:
    blind = [one for one in told if one.case.profile is Profile.NOTHING]
    assert share(blind, lambda one: not one.separated) >= 0.9


def test_a_cause_told_as_the_one_is_hardly_ever_wrong(told: list[Told]) -> None:
    sure = [one for one in told if one.separated]
    assert share(told, lambda one: one.separated and not one.right) <= 0.05
    assert sure


def test_the_world_is_the_same_for_the_same_seed() -> None:
    assert make_world(seed=3, names=4).cases == make_world(seed=3, names=4).cases
    assert make_world(seed=3, names=4).cases != make_world(seed=4, names=4).cases
