"""A small storm through the real intake: nothing is lost, and few incidents come of it."""

import pytest

from tests.generated.storms import CONDITIONS, make_storm
from tests.generated.storms_measure import outcome_of
from tests.generated.storms_offline import outcome_in_memory


@pytest.mark.parametrize("condition", ["cascades and nodes", "mixed tools", "out of order"])
def test_a_small_storm_becomes_few_incidents(condition: str) -> None:
    storm = make_storm(3, 400, CONDITIONS[condition])
    found = outcome_of(storm)
    assert found.right >= 0.7
    assert found.more_incidents <= 0.5
    assert found.wrongly_merged <= 0.1


def test_a_seed_makes_the_same_storm_again() -> None:
    one, other = (make_storm(5, 200, CONDITIONS["all of it"]) for _ in range(2))
    assert one.deliveries == other.deliveries
    assert one.truth == other.truth


def test_in_memory_the_same_becomes_of_a_storm_as_on_a_database() -> None:
    storm = make_storm(9, 200, CONDITIONS["all of it"])
    assert outcome_in_memory(storm) == outcome_of(storm)
