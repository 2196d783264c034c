"""When an alert flaps, and when it has come to rest."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.flapping import FlapRule, at_rest, held_until_rest, is_at_rest, turned
from bot.alerts.merge import MergeReason
from bot.alerts.model import UNTURNED, Turning

START = datetime(2026, 11, 19, 3, 0, tzinfo=UTC)
RULE = FlapRule(quiet=timedelta(minutes=15))
FIRST, AGAIN, ENDS = MergeReason.FIRST_SEEN, MergeReason.FIRES_AGAIN, MergeReason.RESOLVED


def after(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def told(*turns: tuple[float, MergeReason], rule: FlapRule = RULE) -> Turning:
    turning = UNTURNED
    for minutes, reason in turns:
        turning = turned(turning, reason, after(minutes), rule)
    return turning


def test_one_that_ends_once_does_not_flap() -> None:
    turning = told((0, FIRST), (5, ENDS), (9, AGAIN))
    assert not turning.is_flapping
    assert turning.turned_at == after(9)


def test_one_that_ends_twice_in_a_short_time_flaps_since_its_second_end() -> None:
    turning = told((0, FIRST), (5, ENDS), (9, AGAIN), (14, ENDS))
    assert turning.flapping_since == after(14)
    assert told((0, FIRST), (5, ENDS), (9, AGAIN), (14, ENDS), (20, AGAIN)).flapping_since == (
        after(14)
    )


def test_ends_that_lie_far_apart_are_no_flapping() -> None:
    assert not told((0, FIRST), (5, ENDS), (40, AGAIN), (51, ENDS)).is_flapping
    assert told((0, FIRST), (5, ENDS), (40, AGAIN), (50, ENDS)).is_flapping


def test_it_rests_after_its_time_without_a_turn_and_not_before() -> None:
    turning = told((0, FIRST), (5, ENDS), (9, AGAIN), (14, ENDS))
    assert not is_at_rest(turning, after(28.9), RULE)
    assert is_at_rest(turning, after(29), RULE)
    assert at_rest(turning) == Turning(turned_at=after(14))


def test_a_turn_after_that_time_begins_anew_though_nobody_has_looked() -> None:
    turning = told((0, FIRST), (5, ENDS), (9, AGAIN), (14, ENDS), (29, AGAIN), (33, ENDS))
    assert not turning.is_flapping
    assert turning.ends == (after(33),)


@pytest.mark.parametrize(
    "reason", [MergeReason.REPEAT, MergeReason.CHANGED, MergeReason.LATE, MergeReason.STILL_FIRES]
)
def test_what_is_no_change_of_status_is_no_turn(reason: MergeReason) -> None:
    before = told((0, FIRST), (5, ENDS), (9, AGAIN))
    assert turned(before, reason, after(10), RULE) is before


def test_switched_off_nothing_flaps_and_what_flapped_is_at_rest() -> None:
    off = FlapRule(quiet=timedelta(0))
    many = [(minute, (AGAIN, ENDS)[minute % 2]) for minute in range(20)]
    assert not told(*many, rule=off).is_flapping
    assert is_at_rest(replace(UNTURNED, turned_at=START, flapping_since=START), START, off)


def test_it_says_what_it_does() -> None:
    assert held_until_rest(RULE) == (
        "ended 2 times within 45 min; its turns are held until it has kept still for 15 min"
    )


STEPS = st.lists(
    st.tuples(st.floats(0, 60), st.sampled_from([AGAIN, ENDS, MergeReason.REPEAT])), max_size=40
)


@given(STEPS)
def test_it_flaps_only_while_its_turns_lie_closer_than_its_rest(
    steps: list[tuple[float, MergeReason]],
) -> None:
    turning, at, ends = UNTURNED, 0.0, list[float]()
    for minutes, reason in steps:
        at += minutes
        before, turning = turning, turned(turning, reason, after(at), RULE)
        if reason is ENDS:
            ends.append(at)
        assert turning.turned_at is None or turning.turned_at <= after(at)
        if turning.is_flapping and not before.is_flapping:
            assert reason is ENDS
            assert len([end for end in ends if at - end <= 45]) >= 2
        if before.is_flapping and not turning.is_flapping:
            assert before.turned_at is not None
            assert after(at) - before.turned_at >= RULE.quiet
        assert is_at_rest(turning, after(at + 15), RULE)


@given(STEPS, st.floats(0, 60))
def test_a_turn_that_comes_in_late_moves_no_clock_back(
    steps: list[tuple[float, MergeReason]], late: float
) -> None:
    turning, at = UNTURNED, 0.0
    for minutes, reason in steps:
        at += minutes
        turning = turned(turning, reason, after(at), RULE)
    moved = turned(turning, AGAIN, after(at - late), RULE)
    assert moved.turned_at is not None
    assert turning.turned_at is None or moved.turned_at >= turning.turned_at
