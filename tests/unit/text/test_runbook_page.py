"""A runbook written as a page and read again is the same runbook."""

from datetime import date

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
