"""What people said belongs together, or never does."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bot.incidents.bindings import Binding, ties_of

AT = datetime(2026, 11, 19, 3, 12, tzinfo=UTC)


def said(one: str, other: str, together: bool = True) -> Binding:
    return Binding(one=one, other=other, together=together, incident_id=1, actor="T1/U1", at=AT)


def test_merging_carries_over_and_splitting_does_not() -> None:
    bindings = [said("a", "b"), said("b", "c"), said("c", "x", together=False)]
    assert ties_of("a", bindings).together == {"b", "c"}
    assert ties_of("a", bindings).apart == frozenset()
    assert ties_of("x", bindings).apart == {"c"}


def test_being_apart_wins_over_what_was_carried_over() -> None:
    bindings = [said("a", "b"), said("b", "c"), said("a", "c", together=False)]
    ties = ties_of("a", bindings)
    assert ties.together == {"b"}
    assert ties.apart == {"c"}


families = st.sampled_from("abcdef")


@given(st.lists(st.tuples(families, families, st.booleans()), max_size=12))
def test_ties_are_mutual_and_never_with_oneself(pairs: list[tuple[str, str, bool]]) -> None:
    last = {tuple(sorted((one, other))): together for one, other, together in pairs if one != other}
    bindings = [said(one, other, together) for (one, other), together in last.items()]
    for family in "abcdef":
        ties = ties_of(family, bindings)
        assert family not in ties.together | ties.apart
        assert not ties.together & ties.apart
        assert all(family in ties_of(other, bindings).apart for other in ties.apart)
        assert all(family in ties_of(other, bindings).together for other in ties.together)
