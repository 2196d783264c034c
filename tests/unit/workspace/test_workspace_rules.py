"""Slack's limits as pure functions: complaints name the place, and nothing makes them crash."""

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.workspace import SlackError, rules

_KINDS = [*rules.IN_MESSAGE, "button", "static_select", "overflow", "mrkdwn", "plain_text", "modal"]
_KEYS = ["type", "text", "elements", "element", "accessory", "fields", "options", "label"]
_KEYS += ["block_id", "action_id", "confirm", "title", "blocks", "value", "option_groups"]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(_KINDS),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=6)
    ),
    max_leaves=25,
)


@settings(max_examples=300, deadline=None)
@given(blocks=st.lists(_JSON, max_size=4), text=st.text(max_size=8), attachments=_JSON)
def test_any_json_is_accepted_or_refused_but_never_crashes(
    blocks: list[Any], text: str, attachments: Any
) -> None:
    with contextlib.suppress(SlackError):
        rules.check_message(text, blocks, attachments)
    with contextlib.suppress(SlackError):
        rules.check_view({"type": "modal", "blocks": blocks, "title": attachments}, 10)


def modal(**fields: Any) -> dict[str, Any]:
    title = {"type": "plain_text", "text": "Title"}
    return {"type": "modal", "title": title, "blocks": [], **fields}


INPUT = {
    "type": "input",
    "label": {"type": "plain_text", "text": "L"},
    "element": {"type": "plain_text_input", "action_id": "a"},
}
SUBMIT = {"type": "plain_text", "text": "Save"}


@pytest.mark.parametrize(
    ("view", "words"),
    [
        (modal(title={"type": "plain_text", "text": "x" * 25}), "less than 25"),
        (modal(title={"type": "mrkdwn", "text": "x"}), "must be one of plain_text"),
        (modal(private_metadata="x" * 3001), "less than 3001"),
        (modal(callback_id="x" * 256), "less than 256"),
        (modal(blocks=[{"type": "divider"}] * 101), "no more than 100"),
        (modal(blocks=[INPUT]), "submit is required"),
        (modal(blocks=[{"type": "markdown", "text": "x"}]), "unsupported type"),
        ({"type": "sheet", "blocks": []}, "must be one of modal, home"),
    ],
)
def test_a_view_beyond_the_limits_is_refused_with_the_rule(
    view: dict[str, Any], words: str
) -> None:
    with pytest.raises(SlackError) as caught:
        rules.check_view(view, 100)
    assert words in str(caught.value.details)


def test_a_modal_at_its_limits_is_accepted() -> None:
    blocks = [INPUT, *[{"type": "divider"}] * 99]
    title = {"type": "plain_text", "text": "x" * 24}
    rules.check_view(modal(title=title, submit=SUBMIT, blocks=blocks), 100)


def test_a_view_of_over_250_kilobytes_is_refused() -> None:
    with pytest.raises(SlackError, match="view_too_large"):
        rules.check_view(modal(), rules.VIEW_BYTES + 1)


def test_the_total_counts_every_visible_character_once() -> None:
    block = {
        "type": "section",
        "text": {"type": "mrkdwn", "text": "12345"},
        "fields": [{"type": "mrkdwn", "text": "678"}],
        "accessory": {"type": "button", "text": {"type": "plain_text", "text": "90"}},
    }
    assert rules.characters([block, block]) == 20


@pytest.mark.parametrize("most", [rules.TOTAL_CHARACTERS, rules.TOTAL_CHARACTERS + 1])
def test_the_total_is_refused_one_character_too_late(most: int) -> None:
    sizes = [3000] * (most // 3000) + [most % 3000]
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * n}} for n in sizes]
    if most > rules.TOTAL_CHARACTERS:
        with pytest.raises(SlackError, match="msg_blocks_too_long"):
            rules.check_message("", blocks, None)
    else:
        rules.check_message("", blocks, None)
