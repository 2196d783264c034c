"""When a page needs somebody's eyes again."""

from datetime import UTC, date, datetime, timedelta

import pytest

from knowledge.curate.staleness import RECENT, StaleKind, Word, due, stale
from knowledge.model import DocumentState, NamedAction, Origin, Runbook

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def page(name: str = "db/disk", body: str = "# Disk\n\nLook.", **more: object) -> Runbook:
    return Runbook(id=name, title="Disk", body=body, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reviewed", "review_by", "is_stale"),
    [
        (None, None, False),
        (None, date(2026, 11, 19), True),
        (None, date(2026, 11, 20), False),
        (date(2025, 11, 19), None, True),
        (date(2025, 11, 21), None, False),
        (date(2020, 1, 1), date(2027, 1, 1), False),
    ],
)
def test_a_page_is_due_by_its_date_or_a_year_after_its_review(
    reviewed: date | None, review_by: date | None, is_stale: bool
) -> None:
    found = stale([page(reviewed=reviewed, review_by=review_by)], NOW)
    assert [one.kind for one in found] == ([StaleKind.PAST_REVIEW] if is_stale else [])
    assert (due(reviewed, review_by) is None) == (reviewed is review_by is None)


def test_an_owner_who_left_is_named_where_people_are_known() -> None:
    owned = page(owner="Ann")
    assert stale([owned], NOW, people=frozenset({"ann"})) == []
    assert stale([owned], NOW) == []
    [found] = stale([owned], NOW, people=frozenset({"ben"}))
    assert found.kind is StaleKind.OWNER_LEFT
    assert "Ann" in found.detail


def test_relative_links_must_lead_to_pages() -> None:
    body = (
        "See [a](other.md#x), [b](../net/dns), [c](https://x.example/gone.md), [d](#here), "
        "[e](mailto:a@b.example), [f](graph.png), [g](gone.md), [h](/top.md), [i](../../out.md)\n"
        "```\n[j](in-code.md)\n```\n"
    )
    pages = [page(body=body), page("db/other"), page("net/dns"), page("top")]
    found = stale(pages, NOW)
    assert [one.kind for one in found] == [StaleKind.DEAD_LINK] * 2
    assert ["gone.md" in found[0].detail, "../../out.md" in found[1].detail] == [True, True]


def test_a_link_to_a_retired_page_is_dead() -> None:
    retired = page("db/other", state=DocumentState.RETIRED)
    assert len(stale([page(body="[a](other.md)"), retired], NOW)) == 1


def test_actions_that_are_in_no_catalogue_are_named() -> None:
    bound = page(actions=(NamedAction(template="restart-pod"), NamedAction(template="drain")))
    assert stale([bound], NOW) == []
    [found] = stale([bound], NOW, actions=frozenset({"drain"}))
    assert (found.kind, "restart-pod" in found.detail) == (StaleKind.UNKNOWN_ACTION, True)


def words(helpful: int, not_helpful: int, at: datetime) -> list[Word]:
    return [Word(at, True)] * helpful + [Word(at, False)] * not_helpful


def test_falling_helpfulness_needs_enough_words_and_a_clear_fall() -> None:
    lately, before = NOW - timedelta(days=3), NOW - RECENT - timedelta(days=1)
    for then, now, is_stale in (
        ((5, 0), (2, 3), True),
        ((5, 0), (4, 1), False),
        ((3, 0), (0, 9), False),
        ((9, 0), (0, 3), False),
        ((1, 4), (0, 5), False),
    ):
        said = [*words(*then, before), *words(*now, lately)]
        found = stale([page()], NOW, words={"db/disk": said})
        assert bool(found) == is_stale, (then, now)


def test_generic_and_retired_pages_are_nobodys_worry() -> None:
    old = date(2000, 1, 1)
    pages = [page("a", origin=Origin.STARTER, review_by=old)]
    pages.append(page("b", state=DocumentState.RETIRED, review_by=old))
    assert stale(pages, NOW) == []


def test_an_action_in_a_block_of_the_body_is_looked_at_too() -> None:
    body = "# Disk\n\n```recall-action\ntemplate: gone\n```\n\nRun the gone action."
    [found] = stale([page(body=body)], NOW, actions=frozenset({"drain"}))
    assert found.kind is StaleKind.UNKNOWN_ACTION
    assert "gone" in found.detail
