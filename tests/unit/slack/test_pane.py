"""The assistant pane: prompts and status, and a workspace that has neither."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from bot.alerts.model import Severity
from bot.chat.messages import Answer
from bot.chat.ports import Destination
from bot.clock import ManualClock
from bot.incidents.model import Incident, IncidentState
from bot.jobs.ports import InboxKind
from bot.slack.assistant import MOST_PROMPTS, Pane, pane_opened, prompts
from bot.slack.blocks import render
from bot.slack.client import SlackChat
from bot.slack.degrade import REMEMBERED_SECONDS, OptionalCalls
from bot.slack.payloads import click, is_wanted, said
from bot.slack.pieces import PAIR_ID
from tests.support.asking_world import AskingWorld, asking_world
from tests.support.databases import sqlite_database
from tests.support.saying import answer
from tests.support.slack_world import GUEST, TEAM


class Web(WebClient):
    """Remembers calls; refuses those methods that have a code here."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, Any]] = []
        self.refuses: dict[str, str] = {}

    def api_call(self, api_method: str, **arguments: Any) -> SlackResponse:  # type: ignore[override]
        self.calls.append((api_method, arguments.get("json") or arguments.get("params")))
        code = self.refuses.get(api_method)
        body = {"ok": code is None, "ts": "1.0", **({"error": code} if code else {})}
        answer = SlackResponse(
            client=self,
            http_verb="POST",
            api_url="",
            req_args={},
            data=body,
            headers={},
            status_code=200,
        )
        if code is not None:
            raise SlackApiError("refused", answer)
        return answer

    def named(self, method: str) -> list[Any]:
        return [arguments for name, arguments in self.calls if name == method]


@pytest.fixture
def web() -> Web:
    return Web()


@pytest.fixture
def world(tmp_path: Path, web: Web) -> Iterator[AskingWorld]:
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database:
        pane = Pane(web, database, OptionalCalls(clock))
        with asking_world(database, clock, pane=pane) as made:
            yield made


def opened(**event: object) -> dict[str, Any]:
    return {"type": "event_callback", "team_id": TEAM, "event_id": "Ev9", "event": event}


HOME = opened(type="app_home_opened", tab="messages", user="U0ALICE", channel="D1")
LEGACY = opened(
    type="assistant_thread_started",
    assistant_thread={"user_id": "U0ALICE", "channel_id": "D1", "thread_ts": "7.1"},
)


def test_opening_the_pane_offers_what_is_open_now(world: AskingWorld, web: Web) -> None:
    world.alert_fires()
    world.process(InboxKind.SLACK_EVENT, json.dumps(HOME).encode())
    [call] = web.named("assistant.threads.setSuggestedPrompts")
    assert call["channel_id"] == "D1"
    assert "thread_ts" not in call
    assert call["prompts"][0]["message"] == "similar RCL-1"
    assert 3 <= len(call["prompts"]) <= MOST_PROMPTS


def test_a_guest_is_offered_nothing(world: AskingWorld, web: Web) -> None:
    world.alert_fires()
    looking = opened(type="app_home_opened", tab="messages", user=GUEST, channel="D1")
    world.process(InboxKind.SLACK_EVENT, json.dumps(looking).encode())
    assert web.calls == []


def test_the_older_kind_of_pane_gets_them_in_its_thread(world: AskingWorld, web: Web) -> None:
    world.process(InboxKind.SLACK_EVENT, json.dumps(LEGACY).encode())
    [call] = web.named("assistant.threads.setSuggestedPrompts")
    assert call["thread_ts"] == "7.1"


@pytest.mark.parametrize("body", [HOME, LEGACY])
def test_such_an_event_is_kept_and_says_nothing(body: dict[str, Any]) -> None:
    assert is_wanted(body)
    assert said(body) is None


@pytest.mark.parametrize(
    "event",
    [
        {"type": "app_home_opened", "tab": "home", "user": "U1", "channel": "D1"},
        {"type": "app_home_opened", "tab": "messages", "user": "U1"},
        {"type": "assistant_thread_started", "assistant_thread": 7},
        {"type": "message", "tab": "messages"},
    ],
)
def test_other_events_open_no_pane(event: dict[str, object]) -> None:
    assert pane_opened(opened(**event)) is None


def test_while_it_looks_it_says_so_in_the_pane_and_nowhere_else(
    world: AskingWorld, web: Web
) -> None:
    world.says("many orders fail", type="message", channel="D1", channel_type="im")
    [call] = web.named("assistant.threads.setStatus")
    assert (call["channel_id"], call["thread_ts"]) == ("D1", "50.1")
    world.says("<@U0BOT> many orders fail")
    assert len(web.named("assistant.threads.setStatus")) == 1


@pytest.mark.parametrize("code", ["unknown_method", "missing_scope"])
def test_a_workspace_without_it_is_asked_once_an_hour_and_logged_once(
    world: AskingWorld, web: Web, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    web.refuses["assistant.threads.setStatus"] = code
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            world.says("many orders fail", type="message", channel="D1", channel_type="im")
        assert len(web.named("assistant.threads.setStatus")) == 1
        world.clock.advance(REMEMBERED_SECONDS)
        world.says("many orders fail", type="message", channel="D1", channel_type="im")
    assert len(web.named("assistant.threads.setStatus")) == 2
    assert len(world.answers()) == 4
    assert sum("is left out" in record.message for record in caplog.records) == 1


def test_a_prompt_that_is_pressed_is_a_message_that_is_understood(world: AskingWorld) -> None:
    world.alert_fires()
    with world.database.read() as uow:
        offered = prompts(uow.incidents.active())
    for prompt in offered:
        world.says(prompt["message"], type="message", channel="D1", channel_type="im")
    assert len(world.replies("D1")) == len(offered)


def test_without_any_incident_there_are_prompts_as_well(world: AskingWorld) -> None:
    assert 3 <= len(prompts([])) <= MOST_PROMPTS


def test_prompts_stay_short_whatever_a_service_is_called() -> None:
    now = ManualClock().now()
    incident = Incident(
        id=1,
        key="RCL-1",
        title="t",
        service="s" * 500,
        environment=None,
        severity=Severity.CRITICAL,
        state=IncidentState.OPEN,
        group_key="g",
        opened_at=now,
    )
    assert all(len(one["title"]) <= 75 for one in prompts([incident]))


# -- the pane's own buttons ------------------------------------------------------------------------


def test_an_answer_in_the_pane_has_the_panes_pair_of_buttons() -> None:
    blocks = render(answer(), in_pane=True).blocks
    [row] = [block for block in blocks if block["type"] == "context_actions"]
    pair = row["elements"][0]
    assert pair["action_id"] == PAIR_ID
    assert pair["positive_button"]["value"] == "token-1"
    assert pair["negative_button"]["value"] == "token-2"


def test_a_press_of_the_pair_is_a_press_of_ours() -> None:
    body = {
        "type": "block_actions",
        "user": {"id": "U1", "team_id": TEAM},
        "team": {"id": TEAM},
        "container": {"message_ts": "1.0", "channel_id": "D1"},
        "actions": [{"type": "feedback_buttons", "action_id": PAIR_ID, "value": "token-1"}],
    }
    pressed = click(body)
    assert pressed is not None
    assert pressed.token == "token-1"


def test_a_workspace_that_does_not_take_the_pair_gets_plain_buttons(web: Web) -> None:
    chat = SlackChat(web)
    web.refuses["chat.postMessage"] = "invalid_blocks"
    message: Answer = answer()
    with pytest.raises(Exception, match="invalid_blocks"):
        chat.post(Destination(TEAM, "D1"), message, key="k")
    web.refuses.clear()
    chat.post(Destination(TEAM, "D1"), message, key="k")
    kinds = [
        [block["type"] for block in json.loads(call["blocks"]) if "actions" in block["type"]]
        if isinstance(call["blocks"], str)
        else [block["type"] for block in call["blocks"] if "actions" in block["type"]]
        for call in web.named("chat.postMessage")
    ]
    assert kinds == [["context_actions"], ["actions"], ["actions"]]


def test_in_a_channel_there_are_plain_buttons(web: Web) -> None:
    SlackChat(web).post(Destination(TEAM, "C1"), answer(), key="k")
    assert "context_actions" not in str(web.calls)
