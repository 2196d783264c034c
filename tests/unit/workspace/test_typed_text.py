"""What a person types becomes what Slack would put on the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.workspace import mrkdwn

USERS = {"recall": "U1", "alice": "U2", "alice.moreau": "U3"}
CHANNELS = {"incidents": "C1"}


def typed(text: str) -> str:
    return mrkdwn.typed(text, USERS, CHANNELS)


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("@recall why?", "<@U1> why?"),
        ("@Recall, why?", "<@U1>, why?"),
        ("ask @alice.", "ask <@U2>."),
        ("ask @alice.moreau now", "ask <@U3> now"),
        ("see #incidents", "see <#C1|incidents>"),
        ("@nobody and mail@recall", "@nobody and mail@recall"),
        ("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"),
        ("<!channel> <@U1>", "&lt;!channel&gt; &lt;@U1&gt;"),
        ("see https://example.org/a?b=1&c=2.", "see <https://example.org/a?b=1&amp;c=2>."),
        ("```\n@recall <x>\n```", "```\n@recall &lt;x&gt;\n```"),
    ],
)
def test_typed_text_is_escaped_and_names_are_resolved(text: str, wire: str) -> None:
    assert typed(text) == wire


@given(st.text())
def test_escaping_can_be_undone_and_leaves_no_control_character(text: str) -> None:
    escaped = mrkdwn.escape(text)
    assert mrkdwn.unescape(escaped) == text
    assert not set("<>") & set(escaped)


def test_the_rich_text_block_has_mentions_links_and_code_as_elements() -> None:
    block = mrkdwn.rich_text(typed("@recall see https://example.org \n```a < b```"))
    section, code = block["elements"]
    assert [item["type"] for item in section["elements"]] == ["user", "text", "link", "text"]
    assert code["elements"] == [{"type": "text", "text": "a < b"}]
