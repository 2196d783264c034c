"""Pages that say nearly the same are found by their lines."""

from dataclasses import replace

import pytest

from knowledge.curate.duplicates import duplicates
from knowledge.model import DocumentState, Origin, Runbook, Visibility

LINES = [f"Look at part {word} of the machine." for word in "abcdefghij"]


def page(name: str, lines: list[str], **more: object) -> Runbook:
    body = "\n".join(f"{n}. {line}" for n, line in enumerate(lines, 1))
    return Runbook(id=name, title=name.title(), body=f"# T\n\n{body}\n", **more)  # type: ignore[arg-type]


def test_a_copy_with_a_line_more_is_found_and_the_shorter_one_is_the_copy() -> None:
    [found] = duplicates([page("a", LINES[:5]), page("b", LINES[:6])])
    assert (found.page.id, found.other.id, found.shared, found.of) == ("b", "a", 5, 5)


@pytest.mark.parametrize(("shared", "found"), [(8, 1), (7, 0)])
def test_four_fifths_of_the_shorter_page_make_a_copy(shared: int, found: int) -> None:
    own = [f"Ask team {word} for what they changed." for word in "klmno"]
    one = [*LINES[:shared], *own[: 10 - shared]]
    assert len(duplicates([page("a", one), page("b", LINES)])) == found


def test_three_lines_in_common_are_too_few() -> None:
    assert duplicates([page("a", LINES[:3]), page("b", LINES[:3])]) == []


def test_numbers_marks_and_case_tell_no_lines_apart() -> None:
    one = ["Restart pod checkout-7f9c4d5b6-x2k9p now", *LINES[:4]]
    other = ["restart pod checkout-6d8b5c7f9-q4w8z now", *LINES[:4]]
    bulleted = Runbook(id="b", title="B", body="\n".join(f"- {line}" for line in other))
    [found] = duplicates([page("a", one), bulleted])
    assert found.shared == 5


def test_what_many_pages_say_is_no_copy() -> None:
    assert duplicates([page(f"p{n}", LINES[:5]) for n in range(21)]) == []


@pytest.mark.parametrize(
    "more",
    [
        {"state": DocumentState.RETIRED},
        {"origin": Origin.STARTER},
        {"visibility": Visibility(frozenset({"T1/C1"}))},
    ],
)
def test_pages_that_are_not_the_teams_own_for_all_are_left_out(more: dict[str, object]) -> None:
    one = page("a", LINES)
    assert len(duplicates([one, replace(one, id="b")])) == 1
    assert duplicates([one, replace(one, id="b", **more)]) == []  # type: ignore[arg-type]


def test_pages_without_words_are_no_copies() -> None:
    assert duplicates([page("a", []), page("b", [])]) == []
