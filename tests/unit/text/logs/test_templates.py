"""Templates: what is one, what is two, what is kept of them, and the bounds."""

import random

from hypothesis import given
from hypothesis import strategies as st

from knowledge.text.logs import WILDCARD, read_log
from knowledge.text.logs.drain import MOST_GROUPS
from knowledge.text.logs.mining import MOST_VALUES
from knowledge.text.logs.tokens import TokenMasker
from knowledge.text.masking import mask


def texts(lines: list[str]) -> list[str]:
    return [template.text for template in read_log(lines).templates]


def test_few_plain_words_in_a_place_are_different_things_said() -> None:
    assert texts(["vm 7 was started by hand", "vm 9 was paused by hand"]) == [
        "vm <num> was started by hand",
        "vm <num> was paused by hand",
    ]


def test_many_words_in_a_place_are_values() -> None:
    names = ["ann", "bob", "cleo", "dan", "eve", "fred"]
    assert texts([f"login of {name} was refused today" for name in names]) == [
        f"login of {WILDCARD} was refused today"
    ]


def test_words_behind_a_key_switches_and_calendars_are_values() -> None:
    assert texts(["login by user ann was fine", "login by user bob was fine"]) == [
        f"login by user {WILDCARD} was fine"
    ]
    assert texts(["the feature is on for all", "the feature is off for all"]) == [
        f"the feature is {WILDCARD} for all"
    ]
    assert texts(["backup of Mon is done now", "backup of Tue is done now"]) == [
        f"backup of {WILDCARD} is done now"
    ]


def test_states_in_capitals_may_be_many() -> None:
    states = ["NEW", "QUEUED", "RUNNING", "FAILED", "DONE", "LOST"]
    assert len(texts([f"task 1 went over to {state} at last" for state in states])) == 6


def test_a_number_and_its_unit_are_one_value_and_so_is_a_list() -> None:
    assert texts(["took 12 ms for 3.5 KB", "took 1 s for 9 B"]) == ["took <dur> for <size>"]
    assert texts(["freed 1 2 3", "freed 7 8"]) == ["freed <num>"]


def test_levels_tell_templates_apart() -> None:
    digest = read_log(["ERROR: pool is empty", "WARN: pool is empty"])
    assert len(digest.templates) == 2
    assert len({template.key for template in digest.templates}) == 2


def test_values_are_kept_up_to_a_bound_and_the_rest_is_said_to_be_cut() -> None:
    (template,) = read_log([f"order {number} is late" for number in range(1_000, 1_400)]).templates
    assert len(template.values[1]) == MOST_VALUES
    assert template.values[1][0].text == "1000"
    assert template.cut == {1}


def test_mostly_distinct_lines_are_bounded_and_counted() -> None:
    chance = random.Random(7)
    letters = "abcdefghijklmnopqrstuvwxyz"
    lines = [
        " ".join("".join(chance.choices(letters, k=6)) for _ in range(chance.randint(3, 9)))
        for _ in range(15_000)
    ]
    digest = read_log(lines)
    assert len(digest.templates) <= MOST_GROUPS + 1
    assert sum(template.count for template in digest.templates) == len(lines)


def test_one_endless_line_is_read_in_part() -> None:
    (template,) = read_log("word " * 2_000_000).templates
    assert len(template.tokens) <= 200
    (template,) = read_log("x" * 10_000_000).templates
    assert len(template.text) <= 200


_WORDS = st.sampled_from(
    [
        *("took", "12", "ms", "3.5", "KB,", "503", "status=404", "10.0.0.1:80", "user", "ann"),
        *("a=b", "x=1.5", "id=7f3a9c2e11", "checkout-7d9f8b6c5-x2x9q", "1732243200", "<num>"),
        *("<*>", "http2", "E1234", "0x80070005", "12ms", "99%", "2026-11-22", "سلام", "日本語"),
    ]
)
_LINES = st.lists(st.lists(_WORDS, min_size=1, max_size=8).map(" ".join), min_size=1, max_size=20)


@given(_LINES)
def test_a_template_is_its_own_template(lines: list[str]) -> None:
    masker = TokenMasker()
    for line in lines:
        text = " ".join(masker.tokens(line)[0])
        assert " ".join(TokenMasker().tokens(text)[0]) == text


@given(st.one_of(_WORDS, st.text(min_size=1, max_size=30)))
def test_a_word_is_masked_the_same_whatever_came_before(word: str) -> None:
    warm = TokenMasker()
    for other in ("999", "a=1", "10.1.1.1", "12ms", word.translate(str.maketrans("012", "987"))):
        warm.tokens(other)
    assert warm.tokens(word) == TokenMasker().tokens(word)


@given(st.text(alphabet=st.characters(categories=["Ll", "Lu"]), min_size=1, max_size=20))
def test_plain_words_stay_as_they_are(word: str) -> None:
    assert TokenMasker().tokens(word)[0] == [mask(word)] == [word]


@given(_LINES)
def test_values_add_up_to_the_lines_they_came_from(lines: list[str]) -> None:
    for template in read_log(lines).templates:
        for place, values in template.values.items():
            counted = sum(value.count for value in values)
            assert counted == template.count or place in template.cut
