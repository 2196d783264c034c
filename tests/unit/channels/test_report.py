"""What a shadow week says."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.model import Mode, Placement
from bot.channels.report import WEEK, report, wilson
from bot.suggestions.ports import Feedback

NOW = datetime(2026, 11, 19, 3, 12, tzinfo=UTC)


def placed(number: int, days_ago: float = 1.0) -> Placement:
    at = NOW - timedelta(days=days_ago)
    return Placement(incident_id=number, team_id="T1", channel="C1", mode=Mode.SHADOW, at=at)


def grade(number: int, verdict: str, actor: str = "lena") -> Feedback:
    return Feedback(
        team_id="T1",
        actor=f"T1/U0{actor.upper()}",
        suggestion_id=f"s{number}",
        incident_id=number,
        verdict=verdict,
        past_incident_id=None,
        at=NOW,
    )


def week(placements: list[Placement], grades: list[Feedback]):
    return report(placements, grades, since=NOW - WEEK, now=NOW)


def test_a_week_of_shadow_is_counted_once_an_answer() -> None:
    placements = [placed(number, 7.0) for number in range(1, 15)]
    grades = [grade(1, "graded_right"), grade(2, "graded_wrong"), grade(3, "graded_noise")]
    found = week(placements, grades)
    assert (found.posts, found.graded, found.right, found.noise) == (14, 3, 1, 1)
    assert found.posts_a_day == pytest.approx(2.0)
    assert found.precision == pytest.approx(1 / 3)
    assert "Too few" in found.advice


def test_graders_who_disagree_make_it_not_right() -> None:
    grades = [grade(1, "graded_right"), grade(1, "graded_wrong", "bob")]
    assert week([placed(1)], grades).right == 0
    grades.append(grade(1, "graded_right", "carol"))
    assert week([placed(1)], grades).right == 1


def test_a_click_that_is_no_grade_and_another_channels_grade_do_not_count() -> None:
    grades = [grade(1, "helpful"), grade(2, "graded_right")]
    assert week([placed(1)], grades).graded == 0


def test_a_shadow_that_has_only_begun_is_not_called_quiet() -> None:
    placements = [placed(number, 0.5) for number in range(1, 11)]
    assert week(placements, []).posts_a_day == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("right", "of", "said"),
    [(40, 41, "going on"), (10, 41, "staying in shadow"), (30, 36, "Not clear yet")],
)
def test_the_advice_follows_the_interval(right: int, of: int, said: str) -> None:
    grades = [grade(n, "graded_right" if n <= right else "graded_wrong") for n in range(1, of + 1)]
    assert said in week([placed(n) for n in range(1, of + 1)], grades).advice


def test_the_interval_is_wilsons() -> None:
    low, high = wilson(35, 41)
    assert (round(low, 3), round(high, 3)) == (0.716, 0.931)


@given(st.integers(0, 500), st.integers(0, 500))
def test_the_interval_holds_the_share_and_stays_in_bounds(right: int, wrong: int) -> None:
    low, high = wilson(right, right + wrong)
    assert 0.0 <= low <= high <= 1.0
    if right + wrong:
        assert low <= right / (right + wrong) + 1e-9
        assert high >= right / (right + wrong) - 1e-9
