"""Merging by lines: each side's edits come through, and what cannot be decided is shown whole."""

from hypothesis import given
from hypothesis import strategies as st

from knowledge.curate.merge import MOST_LINES, has_marks, merge

LINES = st.lists(st.sampled_from(["a", "b", "c", "d", "", "x y"]), max_size=12)
TEXTS = LINES.map("\n".join)


def test_edits_at_different_places_both_come_through() -> None:
    base = "# Page\n\n1. Look.\n2. Count.\n3. Restart.\n"
    ours = base.replace("Look.", "Look at the graph.")
    theirs = base.replace("Restart.", "Restart one pod.")
    merged = merge(base, ours, theirs)
    assert merged.conflicts == 0
    assert merged.text == "# Page\n\n1. Look at the graph.\n2. Count.\n3. Restart one pod.\n"


def test_edits_of_the_same_line_are_both_shown_between_marks() -> None:
    merged = merge("one\ntwo\nthree", "one\nTWO\nthree", "one\n2\nthree", their_name="version 3")
    assert merged.conflicts == 1
    assert merged.text.split("\n") == [
        "one",
        "<<<<<<< yours",
        "TWO",
        "=======",
        "2",
        ">>>>>>> version 3",
        "three",
    ]
    assert has_marks(merged.text)
    assert not has_marks("one\n=======\ntwo")


def test_one_side_deletes_what_the_other_changes() -> None:
    merged = merge("a\nb\nc", "a\nc", "a\nB\nc")
    assert merged.conflicts == 1
    assert "B" in merged.text.split("\n")


def test_the_same_edit_of_both_is_taken_once() -> None:
    assert merge("a\nb", "a\nB", "a\nB").text == "a\nB"


def test_two_new_pages_of_one_name_share_what_they_agree_on() -> None:
    merged = merge("", "# Disk\nfree space", "# Disk\nrotate logs")
    assert merged.conflicts == 1
    assert merged.text.startswith("# Disk\n<<<<<<< yours\nfree space\n=======\n")


def test_huge_pages_are_one_conflict_and_not_an_hour_of_comparing() -> None:
    base = "same\n" * (MOST_LINES + 1)
    merged = merge(base, f"{base}mine", f"{base}theirs")
    assert merged.conflicts == 1
    assert {"mine", "theirs"} <= set(merged.text.split("\n"))


@given(TEXTS, TEXTS)
def test_what_only_one_side_touched_is_that_sides(base: str, changed: str) -> None:
    assert merge(base, changed, base) == merge(base, base, changed)
    assert merge(base, changed, base).text == changed
    assert merge(base, changed, changed).text == changed


@given(TEXTS, TEXTS, TEXTS)
def test_no_new_line_of_either_side_is_lost(base: str, ours: str, theirs: str) -> None:
    merged = merge(base, ours, theirs).text.split("\n")
    for side in (ours, theirs):
        assert set(side.split("\n")) - set(base.split("\n")) <= set(merged)


@given(TEXTS, TEXTS, TEXTS)
def test_conflicts_are_told_exactly_when_there_are_marks(base: str, ours: str, theirs: str) -> None:
    merged = merge(base, ours, theirs)
    assert has_marks(merged.text) == bool(merged.conflicts)
