"""A page from a file beside the one that people edit: no edit of either side is lost."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from knowledge.curate.incoming import Verdict, judge
from knowledge.model import EVERYONE, Origin, Runbook, Visibility
from knowledge.text.pages import parse_runbook
from knowledge.text.runbook_page import page_of

BASE = "# Disk full\n\n## Check\n\n- df -h\n\n## Mitigation\n\n- Delete old logs."
SOURCE = "sync:docs"


def _page(text: str) -> Runbook:
    return parse_runbook(text, slug="disk")


def test_a_file_without_news_leaves_an_edit_alone() -> None:
    edited = _page(BASE.replace("old logs", "old dumps"))
    told = judge(_page(BASE), edited, page_of(_page(BASE)), SOURCE)
    assert (told.verdict, told.page) == (Verdict.KEPT, None)


def test_a_changed_file_replaces_what_nobody_edited() -> None:
    news = _page(BASE.replace("df -h", "df -i"))
    told = judge(news, _page(BASE), page_of(_page(BASE)), SOURCE)
    assert (told.verdict, told.page) == (Verdict.TAKEN, news)


def test_edits_of_different_places_are_both_kept() -> None:
    news = _page(BASE.replace("df -h", "df -i"))
    edited = _page(BASE.replace("old logs", "old dumps"))
    told = judge(news, edited, page_of(_page(BASE)), SOURCE)
    assert told.verdict is Verdict.MERGED
    assert told.page is not None
    assert "df -i" in told.page.body
    assert "old dumps" in told.page.body


def test_edits_of_one_line_are_shown_side_by_side_and_nothing_is_decided() -> None:
    news = _page(BASE.replace("df -h", "df -i"))
    edited = _page(BASE.replace("df -h", "du -sh"))
    told = judge(news, edited, page_of(_page(BASE)), SOURCE)
    assert (told.verdict, told.page) == (Verdict.CONFLICT, None)
    assert "- df -i" in told.text
    assert "- du -sh" in told.text
    assert SOURCE in told.text


def test_a_page_of_unknown_origin_is_never_replaced() -> None:
    told = judge(_page(BASE), _page("# Disk full\n\nAsk Alice."), None, SOURCE)
    assert told.verdict is Verdict.CONFLICT


def test_the_same_text_needs_no_base() -> None:
    assert judge(_page(BASE), _page(BASE), None, SOURCE).verdict is Verdict.SAME


def test_a_restriction_made_here_outlives_a_changed_file() -> None:
    secret = Visibility(frozenset({"T1/C1"}))
    edited = replace(_page(BASE), visibility=secret)
    told = judge(_page(BASE.replace("df -h", "df -i")), edited, page_of(_page(BASE)), SOURCE)
    assert told.page is not None
    assert told.page.visibility == secret != EVERYONE


def test_a_generic_page_never_changes_the_teams_own() -> None:
    generic = replace(_page(BASE), origin=Origin.STARTER)
    told = judge(generic, _page("# Disk full\n\nAsk Alice."), None, "starter")
    assert told.verdict is Verdict.KEPT


def test_two_edits_that_are_no_page_together_wait_for_a_person() -> None:
    tags = [f"tag-{number}" for number in range(150)]
    base = replace(_page(BASE), tags=tuple(tags))
    here = replace(base, tags=(*(f"here-{number}" for number in range(40)), *tags))
    file = replace(base, tags=(*tags, *(f"file-{number}" for number in range(40))))
    told = judge(file, here, page_of(base), SOURCE)
    assert (told.verdict, told.page) == (Verdict.CONFLICT, None)
    assert "no valid page together" in told.reason


LINES = st.lists(st.sampled_from(["alpha", "beta", "gamma", "delta"]), min_size=1, max_size=6)


@given(LINES, LINES, LINES)
def test_no_line_of_an_edit_is_ever_lost(base: list[str], here: list[str], file: list[str]) -> None:
    def page(lines: list[str]) -> Runbook:
        return _page("# T\n\n" + "\n".join(lines))

    told = judge(page(file), page(here), page_of(page(base)), SOURCE)
    result = told.page.body if told.page is not None else (told.text or page(here).body)
    added = {line for line in here if line not in base}
    assert added <= set(result.split("\n"))
