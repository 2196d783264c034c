"""How often the bot may speak up: never more within any hour than the channel allows."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.budget import DAY, HOUR, is_unasked, next_token, noise_of, tokens
from bot.chat.ports import Destination, SaidMessage

NOW = datetime(2026, 11, 19, 12, 0, tzinfo=UTC)
waits = st.lists(st.integers(0, 3_000), max_size=60)
capacities = st.integers(1, 8)


@given(capacity=capacities, pauses=waits)
def test_whoever_waits_for_a_token_never_speaks_too_often(capacity: int, pauses: list[int]) -> None:
    spent: list[datetime] = []
    now = NOW
    for pause in pauses:
        now = next_token(spent, capacity, now + timedelta(seconds=pause))
        assert tokens(spent, capacity, now) > 0
        spent.append(now)
    for at in spent:
        assert sum(at <= other < at + HOUR for other in spent) <= capacity


@given(capacity=capacities, ages=waits, waiting=st.integers(0, 20))
def test_a_token_is_never_more_than_an_hour_away(
    capacity: int, ages: list[int], waiting: int
) -> None:
    spent = [NOW - timedelta(seconds=2 * age) for age in ages]
    at = next_token(spent, capacity, NOW, waiting)
    assert NOW <= at <= NOW + HOUR
    assert next_token(spent, capacity, NOW, 0) <= at
    if waiting == 0:
        assert (at == NOW) == (tokens(spent, capacity, NOW) > 0)


def test_a_days_token_is_back_a_day_later() -> None:
    spent = [NOW - timedelta(hours=20), NOW - timedelta(hours=3)]
    assert tokens(spent, 2, NOW, DAY) == 0
    assert next_token(spent, 2, NOW, within=DAY) == NOW + timedelta(hours=4)
    assert next_token(spent, 3, NOW, within=DAY) == NOW


@given(capacity=capacities, ages=waits)
def test_the_order_in_which_replicas_read_it_changes_nothing(
    capacity: int, ages: list[int]
) -> None:
    spent = [NOW - timedelta(seconds=age) for age in ages]
    assert next_token(spent, capacity, NOW) == next_token(sorted(spent), capacity, NOW)


def test_a_token_is_back_an_hour_after_it_was_spent() -> None:
    spent = [NOW - timedelta(minutes=50), NOW - timedelta(minutes=20)]
    assert next_token(spent, 2, NOW) == NOW + timedelta(minutes=10)
    assert next_token(spent, 2, NOW, waiting=1) == NOW + timedelta(minutes=40)
    assert tokens(spent, 2, NOW + timedelta(minutes=10)) == 1


def test_what_urgent_things_spent_too_much_is_waited_for() -> None:
    spent = [NOW - timedelta(minutes=50), NOW - timedelta(minutes=20)]
    assert tokens(spent, 1, NOW) == -1
    assert next_token(spent, 1, NOW) == NOW + timedelta(minutes=40)


def test_a_bucket_that_never_holds_a_token_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="ever"):
        next_token([], 0, NOW)


@pytest.mark.parametrize(
    ("key", "unasked"),
    [
        ("card:RCL-1", True),
        ("handover:T1/C1:2026-11-19T08:00", True),
        ("reminder:1:1", True),
        ("digest:T1/U1:2026-11-19", True),
        ("storm:20261119T030000000000:T1/C1", True),
        ("answer:T1:C1:1.0", False),
        ("stale:T1/C1:1.0", False),
    ],
)
def test_answers_to_people_cost_nothing(key: str, unasked: bool) -> None:
    assert is_unasked(key) is unasked


def said(key: str, channel: str, hours_ago: float, **more: object) -> SaidMessage:
    at = NOW - timedelta(hours=hours_ago)
    return SaidMessage(key=key, to=Destination("T1", channel), at=at, **more)  # type: ignore[arg-type]


def test_the_noise_is_told_by_day_and_channel() -> None:
    messages = [
        *(said(f"card:RCL-{number}", "C1", number, edits=2) for number in range(3)),
        said("card:RCL-9", "C1", 30),
        said("reminder:1:1", "C2", 1, people=("U1", "U2")),
        said("answer:T1:C1:1.0", "C1", 1),
    ]
    noise = noise_of(messages, NOW, limit=2)
    assert (noise.posts, noise.unasked, noise.edits, noise.pings) == (6, 5, 6, 2)
    assert (noise.busiest, noise.over, noise.is_over) == (3, 1, True)
    assert not noise_of(messages, NOW, limit=3).is_over
    assert noise_of([], NOW, limit=3).busiest == 0
