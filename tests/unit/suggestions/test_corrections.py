"""What people's words on cases do to a search: at once to their own incident, to others by
agreement alone."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.suggestions.corrections import (
    A_WRONG_STEP,
    NO_HELP,
    Correction,
    Word,
    corrected,
    family_key,
)
from knowledge.model import Query
from tests.support.corrections import AT, a_word

OWN, OTHER = 1, 2
QUERY = Query(text="Orders fail", alert_name="OrdersFailing", service="checkout")


def outcome(said: list[Correction], incident_id: int | None = OTHER) -> str:
    """What holds for INC-87: "linked", "left out", "no help", "a wrong step" or "nothing"."""
    found = corrected(QUERY, incident_id, said)
    if "INC-87" in found.excluded:
        return "left out"
    if "INC-87" in found.linked:
        return "linked"
    weight = found.unhelpful.get("INC-87")
    return {None: "nothing", NO_HELP: "no help", A_WRONG_STEP: "a wrong step"}[weight]


def lead(user: str, word: Word, **changes: object) -> Correction:
    return a_word(user, word, is_lead=True, **changes)


def later(one: Correction, minutes: int = 1) -> Correction:
    return replace(one, at=AT + timedelta(minutes=minutes))


ALICE_NOT, BOB_NOT = a_word("alice", Word.NOT_SAME), a_word("bob", Word.NOT_SAME)


@pytest.mark.parametrize(
    ("word", "own"),
    [
        (Word.SAME, "linked"),
        (Word.NOT_SAME, "left out"),
        (Word.NOT_HELPFUL, "no help"),
        (Word.HELPFUL, "nothing"),
    ],
)
def test_a_word_acts_at_once_on_its_own_incident_and_on_no_other(word: Word, own: str) -> None:
    said = [a_word("alice", word)]
    assert outcome(said, OWN) == own
    assert outcome(said, OTHER) == "nothing"
    assert outcome(said, None) == "nothing"


@pytest.mark.parametrize(
    ("said", "others"),
    [
        pytest.param([ALICE_NOT, BOB_NOT], "left out", id="two persons agree"),
        pytest.param(
            [ALICE_NOT, replace(ALICE_NOT, incident_id=3)], "nothing", id="one person twice"
        ),
        pytest.param([lead("carol", Word.NOT_SAME)], "left out", id="a lead"),
        pytest.param([lead("carol", Word.SAME)], "linked", id="a lead links"),
        pytest.param(
            [ALICE_NOT, BOB_NOT, lead("carol", Word.HELPFUL)], "nothing", id="a lead overrules"
        ),
        pytest.param(
            [lead("carol", Word.NOT_SAME), later(lead("dan", Word.SAME))],
            "linked",
            id="the later of two leads",
        ),
        pytest.param(
            [ALICE_NOT, BOB_NOT, a_word("mallory", Word.SAME)],
            "left out",
            id="one against two is no veto",
        ),
        pytest.param(
            [ALICE_NOT, BOB_NOT, a_word("x", Word.HELPFUL), a_word("y", Word.HELPFUL)],
            "nothing",
            id="two against two",
        ),
        pytest.param(
            [a_word("alice", Word.NOT_HELPFUL), a_word("bob", Word.NOT_HELPFUL)],
            "no help",
            id="two found it no help",
        ),
        pytest.param(
            [ALICE_NOT, later(a_word("alice", Word.HELPFUL, incident_id=3)), BOB_NOT],
            "nothing",
            id="one of two thought better of it",
        ),
        pytest.param(
            [ALICE_NOT, later(a_word("alice", Word.NOT_HELPFUL)), BOB_NOT],
            "left out",
            id="a milder word afterwards takes nothing back",
        ),
    ],
)
def test_other_incidents_of_the_family_follow_agreement(
    said: list[Correction], others: str
) -> None:
    assert outcome(said) == others


def test_on_its_own_incident_the_last_constraint_holds() -> None:
    said = [ALICE_NOT, later(a_word("bob", Word.SAME))]
    assert outcome(said, OWN) == "linked"
    assert outcome([*said, later(a_word("bob", Word.NOT_HELPFUL), 2)], OWN) == "linked"


def test_an_own_weight_does_not_undo_what_others_agreed_on() -> None:
    said = [ALICE_NOT, BOB_NOT, a_word("dan", Word.HELPFUL, incident_id=OTHER)]
    assert outcome(said, OTHER) == "left out"
    said = [ALICE_NOT, BOB_NOT, a_word("dan", Word.SAME, incident_id=OTHER)]
    assert outcome(said, OTHER) == "linked"


def test_an_alert_without_a_name_has_no_family() -> None:
    assert family_key(Query(text="something is wrong")) == ""
    assert family_key(QUERY) == family_key(replace(QUERY, alert_name="orders_failing"))
    assert family_key(QUERY) != family_key(replace(QUERY, environment="prod"))


def test_a_wrong_step_weighs_less_than_no_help_and_only_by_agreement() -> None:
    alice, bob = a_word("alice", Word.WRONG_STEP), a_word("bob", Word.WRONG_STEP)
    assert outcome([alice], OWN) == "a wrong step"
    assert outcome([alice]) == "nothing"
    assert outcome([alice, bob]) == "a wrong step"
    assert outcome([lead("dan", Word.WRONG_STEP)]) == "a wrong step"
    assert A_WRONG_STEP < NO_HELP


def test_a_missing_step_or_a_success_speaks_for_the_page() -> None:
    against = [a_word("alice", Word.NOT_HELPFUL), a_word("bob", Word.NOT_HELPFUL)]
    assert outcome(against) == "no help"
    for word in (Word.MISSING_STEP, Word.USED):
        assert outcome([a_word("dan", word)], OWN) == "nothing"
        assert outcome([*against, a_word("dan", word), a_word("eve", word)]) == "nothing"


words = st.builds(
    lambda user, word, document, incident, minutes: later(
        a_word(user, word, document, incident_id=incident), minutes
    ),
    st.sampled_from(["alice", "bob", "dan"]),
    st.sampled_from(Word),
    st.sampled_from(["INC-87", "INC-90"]),
    st.sampled_from([1, 3, 4]),
    st.integers(0, 1_000),
)


@given(
    others=st.lists(words, max_size=12),
    hostile=st.lists(st.sampled_from(Word), min_size=1, max_size=40),
)
def test_one_person_alone_never_brings_a_word_into_force_elsewhere(
    others: list[Correction], hostile: list[Word]
) -> None:
    """Whatever one more person says all day: what then holds for another incident has at least
    one other person behind it, who says the same."""
    clicks = [
        later(a_word("mallory", word, incident_id=10 + number), 2_000 + number)
        for number, word in enumerate(hostile)
    ]
    now = outcome([*others, *clicks])
    if now != outcome(others):
        words_of_others = {one.word for one in others if one.document_id == "INC-87"}
        backed = {
            "linked": Word.SAME,
            "left out": Word.NOT_SAME,
            "no help": Word.NOT_HELPFUL,
            "a wrong step": Word.WRONG_STEP,
            "nothing": None,
        }[now]
        assert backed is None or backed in words_of_others
        # and an agreement is broken only where others were against it already
        assert now != "nothing" or len({word.is_for for word in words_of_others}) > 1


@given(st.lists(words, max_size=8), st.randoms(use_true_random=False))
def test_the_order_in_which_words_are_read_changes_nothing(said: list[Correction], random) -> None:
    numbered = [replace(one, id=number) for number, one in enumerate(said)]
    mixed = random.sample(numbered, len(numbered))
    assert corrected(QUERY, OWN, mixed) == corrected(QUERY, OWN, numbered)
