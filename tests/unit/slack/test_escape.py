"""Outside text comes out inert: no mention, no ping, no link, no control, and never too long."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack import escape, limits

HOSTILE = st.one_of(
    st.text(max_size=400),
    st.lists(
        st.sampled_from(
            [
                "<!channel>",
                "<!here|here>",
                "<@U024BE7LH>",
                "<https://evil.example|https://bank.example>",
                "&lt;!channel&gt;",
                "```",
                "`",
                "**bold**",
                "[go](https://evil.example)",
                "[go](<!channel>)",
                "*",
                "_",
                "\u202e",
                "\x00",
                "\ud800",
                "|",
                ">",
                "\n",
                " ",
                "word",
                "日本語",
                "🔥",
            ]
        ),
        max_size=300,
    ).map("".join),
)
ENTITY = re.compile(r"&(?!amp;|lt;|gt;)")


def inert(text: str) -> bool:
    return "<" not in text and ">" not in text and not ENTITY.search(text)


@given(HOSTILE, st.integers(1, 500))
@pytest.mark.parametrize("make", [escape.words, escape.plain, escape.markdown])
def test_outside_text_is_inert_and_within_its_limit(make, text, limit):
    out = make(text, limit)
    assert inert(out)
    assert len(out) <= limit
    out.encode()
    assert "\u202e" not in out
    assert "\x00" not in out


@given(HOSTILE)
def test_one_line_text_is_one_line(text):
    assert "\n" not in escape.words(text, 300)
    assert "`" not in escape.words(text, 300)


@given(HOSTILE, st.integers(20, 500))
def test_a_code_block_is_whole_or_not_there(text, limit):
    block = escape.code_block(text, limit)
    if block is None:
        return
    assert len(block) <= limit
    assert block.startswith("```\n")
    assert block.endswith("\n```")
    inside = block[4:-4]
    assert "```" not in inside
    assert inert(inside)


@given(HOSTILE, HOSTILE)
def test_a_link_leads_only_to_web_addresses_and_says_so(url, label):
    out = escape.link(url, label, 100)
    match = re.fullmatch(r"(?:[^<>]*)<(https?://[^|<>]+)\|([^<>]*)>|[^<>]*", out, re.DOTALL)
    assert match is not None
    if match[1]:
        assert "://" not in match[2]


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "ftp://x.example/",
        "https://",
        "https://user@evil.example/",
        "https://a.example/<!channel>",
        "https://a.example/|x",
        "https://a.example/ b",
        "https://[bad",
        "slack://user?team=T1&id=U1",
        "https://a.example/" + "x" * limits.URL,
        "",
        None,
    ],
)
def test_other_addresses_are_not_linked(url):
    assert escape.safe_url(url) is None


def test_an_ordinary_address_is_linked_with_its_ampersands_escaped():
    shown = escape.link("https://wiki.example/a?b=1&c={x}", "the page", 50)
    assert shown == "<https://wiki.example/a?b=1&amp;c={x}|the page>"


def test_a_label_that_looks_like_an_address_stays_outside_of_the_link():
    shown = escape.link("https://evil.example/", "https://bank.example", 50)
    assert shown == "https://bank.example <https://evil.example/|open>"


def test_markdown_keeps_code_and_bold_and_shows_placeholders():
    shown = escape.markdown(
        "Run `kubectl get <pod> && x` **now** in [docs](https://a.example)", 300
    )
    assert shown == "Run `kubectl get &lt;pod&gt; &amp;&amp; x` *now* in docs (https://a.example)"


def test_snake_case_and_globs_are_left_as_they_are_in_code():
    assert escape.words("orders_db_pool is full", 100) == "orders_db_pool is full"
    assert escape.markdown("delete `*.log`", 100) == "delete `*.log`"


@pytest.mark.parametrize(
    "bad", ["", "alice", "U1> <!channel", "@U024BE7LH", "u024be7lh", "U024BE7LH\n"]
)
def test_only_an_id_becomes_a_person(bad):
    assert escape.person(bad) == ""
    assert escape.person("U024BE7LH") == "<@U024BE7LH>"


def test_text_is_cut_at_the_end_of_a_word():
    assert limits.clip("connections exhausted again", 23) == "connections exhausted…"
    assert limits.clip("short", 5) == "short"
    assert limits.clip("x" * 50, 10) == "x" * 9 + "…"


def test_line_ends_that_only_kept_a_file_narrow_are_folded_and_lists_are_not():
    wrapped = "Count the\n  connections\nby client."
    assert escape.markdown(wrapped, 100) == "Count the connections by client."
    listed = "Either:\n- restart it\n1. or wait\n\nThen look."
    assert escape.markdown(listed, 100) == listed
