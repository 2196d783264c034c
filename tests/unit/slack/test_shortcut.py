"""The message shortcut "Find similar": a modal in time, whatever the search takes."""

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk import WebClient
from slack_sdk.web import SlackResponse

from bot.clock import ManualClock
from bot.people.model import RoleBook
from bot.redact import redact
from bot.slack.interactions import SlackInteractions
from bot.slack.message_text import MOST, words_of
from bot.slack.shortcuts import FIND_SIMILAR, FindSimilar
from bot.suggestions.model import Suggestion
from knowledge.model import Query
from tests.support.asking_world import SLOTS, AskingWorld, asking_world
from tests.support.databases import sqlite_database
from tests.support.saying import one_cause
from tests.support.slack_world import CHANNEL, TEAM


class Views(WebClient):
    """Keeps the views that were opened and updated."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[Mapping[str, Any]] = []
        self.updated: list[tuple[str, Mapping[str, Any]]] = []
        self.changed = threading.Event()

    def views_open(self, *, trigger_id: str, view: Any, **more: Any) -> SlackResponse:  # type: ignore[override]
        assert trigger_id == "trigger"
        self.opened.append(view)
        return self._answer({"ok": True, "view": {"id": "V1"}})

    def views_update(self, *, view_id: str, view: Any, **more: Any) -> SlackResponse:  # type: ignore[override]
        self.updated.append((view_id, view))
        self.changed.set()
        return self._answer({"ok": True})

    def _answer(self, body: dict[str, Any]) -> SlackResponse:
        return SlackResponse(
            client=self,
            http_verb="POST",
            api_url="",
            req_args={},
            data=body,
            headers={},
            status_code=200,
        )


class Gated:
    """A search that is over when the test lets it."""

    def __init__(self) -> None:
        self.may_end = threading.Event()

    def suggest(self, query: Query, *, asked: bool) -> Suggestion:
        assert self.may_end.wait(20)
        return one_cause(id="slow")


@pytest.fixture
def views() -> Views:
    return Views()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AskingWorld]:
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database, asking_world(database, clock) as made:
        yield made


def uses(
    world: AskingWorld, views: Views, message: Mapping[str, Any], patience: float = 20.0
) -> None:
    interactions = SlackInteractions(
        world.book,
        views,
        RoleBook().role_of,
        lambda team_id, channel: world.rooms.of(team_id, channel).is_shared,
        redact,
        {FIND_SIMILAR: FindSimilar(world.tools, views, patience=patience).run},
    )
    body = {
        "type": "message_action",
        "callback_id": "recall_find_similar",
        "trigger_id": "trigger",
        "user": {"id": "U0ALICE", "name": "alice", "team_id": TEAM},
        "team": {"id": TEAM},
        "channel": {"id": CHANNEL},
        "message": message,
    }
    assert interactions.handle(body) == {}


def test_the_modal_shows_what_is_like_the_message(world: AskingWorld, views: Views) -> None:
    uses(world, views, {"text": f"orders fail: ```{SLOTS}```"})
    [view] = views.opened
    assert "INC-2" in str(view["blocks"])
    with world.database.read() as uow:
        assert len(uow.suggestions.list(5)) == 1


def test_words_of_attachments_and_blocks_count(world: AskingWorld, views: Views) -> None:
    attachment = {"title": "OrdersFailing", "text": f"many orders fail, {SLOTS}"}
    uses(world, views, {"text": "", "attachments": [attachment]})
    assert "INC-2" in str(views.opened[0]["blocks"])


def test_a_slow_search_opens_the_modal_first_and_fills_it_then(
    world: AskingWorld, views: Views
) -> None:
    gated = Gated()
    object.__setattr__(world.tools, "builder", gated)
    uses(world, views, {"text": "orders fail"}, patience=0.01)
    assert "Looking" in str(views.opened)
    assert views.updated == []
    gated.may_end.set()
    assert views.changed.wait(20)
    [(view_id, view)] = views.updated
    assert view_id == "V1"
    assert "INC-87" in str(view["blocks"])


def test_a_message_without_words_is_told_so(world: AskingWorld, views: Views) -> None:
    uses(world, views, {"text": "", "files": [{}]})
    assert "no words" in str(views.opened)


def test_in_a_shared_channel_nothing_is_searched(world: AskingWorld, views: Views) -> None:
    world.rooms.shared.add(CHANNEL)
    uses(world, views, {"text": SLOTS})
    assert "shared with another organisation" in str(views.opened)
    with world.database.read() as uow:
        assert uow.suggestions.list(5) == []


# -- the words of a message ---------------------------------------------------------------


def test_what_is_said_twice_stands_once() -> None:
    rich = {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_section",
                "elements": [{"type": "text", "text": "db "}, {"type": "text", "text": "is down"}],
            }
        ],
    }
    assert words_of({"text": "db is down", "blocks": [rich]}) == "db is down"


def test_buttons_are_no_words_and_fields_are() -> None:
    message = {
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "Disk full"}},
            {"type": "section", "fields": [{"type": "mrkdwn", "text": "*host* db-1"}]},
            {
                "type": "actions",
                "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Silence"}}],
            },
        ],
        "attachments": [{"fallback": "x", "fields": [{"title": "team", "value": "data"}]}],
    }
    assert words_of(message) == "Disk full\n*host* db-1\nx\nteam: data"


JSONS = st.recursive(
    st.none() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "elements", "fields", "blocks", "attachments"]),
            inner | st.sampled_from(["mrkdwn", "rich_text_section", "plain_text"]),
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["text", "blocks", "attachments"]), JSONS))
def test_it_is_total_and_bounded(message: Mapping[str, Any]) -> None:
    assert len(words_of(message)) <= MOST
