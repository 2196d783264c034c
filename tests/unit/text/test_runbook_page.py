"""A runbook written as a page and read again is the same runbook."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.errors import BadDocument
from knowledge.model import NamedAction, Origin, Runbook, Visibility
from knowledge.text.pages import parse_runbook
from knowledge.text.runbook_page import page_of

FULL = Runbook(
    id="db/connections",
    title="Connections",
    services=("checkout", "orders-db"),
    environments=("prod/eu",),
    alerts=("OrdersFail",),
    tags=("yes", "123", "2026-01-31", "a: b"),
    owner="alice",
    actions=(
        NamedAction(template="restart-pod"),
        NamedAction(template="scale", parameters={"replicas": "3", "note": "a: b\nc", "day": "on"}),
    ),
    reviewed=date(2026, 3, 1),
    review_by=date(2026, 9, 1),
    visibility=Visibility(frozenset({"T1/C2", "T1/C1"})),
    origin=Origin.STARTER,
    url="https://wiki.example/x",
    body="# Connections\n\nCount.",
)


def test_every_field_survives() -> None:
    assert parse_runbook(page_of(FULL), slug=FULL.id) == FULL


def test_a_page_of_one_kind_only_has_one_text() -> None:
    plain = Runbook(id="x", title="Disk full", body="# Disk full\n\nLook.")
    assert page_of(plain) == "# Disk full\n\nLook.\n"


def test_a_title_that_the_body_does_not_say_stands_in_the_front_matter() -> None:
    named = Runbook(id="x", title="Another", body="# Disk full\n\nLook.")
    assert page_of(named).startswith("---\ntitle: Another\n---\n")
    assert parse_runbook(page_of(named), slug="x") == named


def test_a_body_that_looks_like_a_front_matter_stays_a_body() -> None:
    page = Runbook(id="x", title="x", body="---\nservices: [all]\n---\nLook.")
    assert parse_runbook(page_of(page), slug="x") == page


@given(st.text(max_size=300))
def test_what_was_read_once_is_read_the_same_again(text: str) -> None:
    try:
        first = parse_runbook(text, slug="a-page")
    except BadDocument:
        return
    assert parse_runbook(page_of(first), slug="a-page") == first


def test_what_nobody_here_knows_stays_in_the_front_matter() -> None:
    text = (
        "---\nowner: alice\nteam_pager: '#pay'\nlevels:\n- 1\n- high: true\n  since: 2026-01-31\n"
        "---\n\n# Disk full\n\nLook.\n"
    )
    page = parse_runbook(text, slug="x")
    assert page.extra == {
        "levels": [1, {"high": True, "since": "2026-01-31"}],
        "team_pager": "#pay",
    }
    again = parse_runbook(page_of(page), slug="x")
    assert again == page
    assert page_of(again) == page_of(page)


def test_what_has_no_plain_form_is_left_out() -> None:
    page = parse_runbook("---\na: !!binary aGVsbG8=\nb: .nan\nc: 1\n---\nLook.", slug="x")
    assert page.extra == {"c": 1}


def test_aliases_that_unfold_without_end_are_refused() -> None:
    rows = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 3)}]" for n in range(1, 6)]
    long = "x" * 900
    head = "\n".join([f"a0: &a0 [{long}]", *rows])
    with pytest.raises(BadDocument, match="64 KiB"):
        parse_runbook(f"---\n{head}\n---\nLook.", slug="x")
