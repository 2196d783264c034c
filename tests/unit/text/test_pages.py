"""Runbook pages: what is read, and what is refused in plain words."""

import time
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.errors import BadDocument
from knowledge.model import EVERYONE, NamedAction, Origin, Visibility
from knowledge.text.pages import parse_runbook

PAGE = """---
title: Checkout is slow
services: [checkout, payments]
environments: prod
alerts:
  - CheckoutLatencyHigh
tags: [latency]
owner: team-shop
actions: [restart-checkout]
reviewed: 2026-03-01
visibility: [T1/C1, T1/C2]
origin: starter
url: https://wiki.example.org/checkout
mood: unknown keys are ignored
---

# Checkout

Text.
"""


def test_front_matter_fills_the_runbook() -> None:
    page = parse_runbook(PAGE, slug="checkout")
    assert (page.id, page.title, page.owner) == ("checkout", "Checkout is slow", "team-shop")
    assert page.services == ("checkout", "payments")
    assert page.environments == ("prod",)
    assert page.alerts == ("CheckoutLatencyHigh",)
    assert page.actions == (NamedAction(template="restart-checkout"),)
    assert page.reviewed == date(2026, 3, 1)
    assert page.visibility == Visibility(frozenset({"T1/C1", "T1/C2"}))
    assert page.origin is Origin.STARTER
    assert page.url == "https://wiki.example.org/checkout"
    assert page.body == "# Checkout\n\nText."


def test_without_front_matter_the_first_heading_is_the_title() -> None:
    page = parse_runbook(
        "intro\n\n## Disk `full` on [db](http://x)\n\ntext", slug="s", url="http://y"
    )
    assert page.title == "Disk full on db"
    assert page.visibility == EVERYONE
    assert page.url == "http://y"


def test_without_a_heading_the_slug_is_the_title() -> None:
    assert parse_runbook("just text", slug="disk-full").title == "disk-full"


def test_a_rule_at_the_top_is_no_front_matter() -> None:
    assert parse_runbook("---\n\ntext below a rule", slug="s").body.startswith("---")


def test_latin_1_and_utf_16_are_accepted() -> None:
    assert parse_runbook("# Störung\n\nText".encode("latin-1"), slug="s").title == "Störung"
    assert parse_runbook("# Störung\n\nText".encode("utf-16"), slug="s").title == "Störung"
    assert parse_runbook(b"\xef\xbb\xbf# Title\r\n\r\nText", slug="s").body == "# Title\n\nText"


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"---\ntitle: x\n---\n", "empty"),
        (b"---\ntitle: x\n\ntext", "never closed"),
        (b"---\ntitle: [x\n---\ntext", "not valid YAML"),
        (b"---\n- a\n- b\n---\ntext", "key: value"),
        (b"---\njust words\n---\ntext", "key: value"),
        (b"---\ntitle: a\ntitle: b\n---\ntext", "twice"),
        (b"---\nowner: {a: b}\n---\ntext", "'owner'"),
        (b"---\nservices: [[a]]\n---\ntext", "'services'"),
        (b"---\nreviewed: soon\n---\ntext", "date"),
        (b"---\nreviewed: 2026-13-45\n---\ntext", "impossible"),
        (b"---\nurl: javascript:alert(1)\n---\ntext", "'url'"),
        (b"---\norigin: mars\n---\ntext", "'origin'"),
        (b"---\ntitle: !!python/object/apply:os.system [id]\n---\ntext", "not valid YAML"),
        (b"---\na: " + b"[" * 50 + b"]" * 50 + b"\n---\ntext", "nested"),
        (b"---\na: &a [x]\nb: [" + b"*a, " * 40 + b"]\n---\ntext", "nested"),
        (b"PK\x03\x04\x00\x00\x00binary", "binary"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(1, 30)), "binary"),
        (b"x" * (5 * 2**20 + 1), "5 MiB"),
    ],
)
def test_a_bad_page_is_refused_with_the_reason(raw: bytes, word: str) -> None:
    with pytest.raises(BadDocument, match=word):
        parse_runbook(raw, slug="s")


@pytest.mark.parametrize("value", ["private", "[]", "[C1]", "{a: b}", "[T1/C1, 7]", "true", "null"])
def test_a_visibility_that_is_not_understood_is_never_taken_for_everyone(value: str) -> None:
    with pytest.raises(BadDocument, match="visibility"):
        parse_runbook(f"---\nvisibility: {value}\n---\ntext", slug="s")


def test_a_page_of_five_megabytes_is_read() -> None:
    started = time.perf_counter()
    page = parse_runbook("# Big\n\n" + "word " * (2**20 - 100), slug="s")
    assert page.title == "Big"
    assert time.perf_counter() - started < 20


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda t: "---\n" + t + "\n---\nx"))
def test_any_bytes_give_a_page_or_a_bad_document(raw: bytes | str) -> None:
    try:
        page = parse_runbook(raw, slug="s")
    except BadDocument:
        return
    assert page.body.strip()
    assert page.title
