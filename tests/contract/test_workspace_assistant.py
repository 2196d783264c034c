"""The app's own corner of the local workspace: status, prompts, panes, feedback, groups."""

from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.workspace import LocalWorkspace, Room
from bot.workspace.delivery import Delivery
from bot.workspace.model import Message


class Moment:
    """A clock that stands still until it is moved, in seconds."""

    def __init__(self) -> None:
        self.now = 1_782_900_000.0  # 1 July 2026: summer time in London

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def moment() -> Moment:
    return Moment()


@pytest.fixture
def ws(moment: Moment) -> Iterator[LocalWorkspace]:
    rooms = ("incidents", Room("quiet", bot=False))
    with LocalWorkspace(channels=rooms, clock=moment) as workspace:
        yield workspace


@pytest.fixture
def pane() -> Iterator[LocalWorkspace]:
    with LocalWorkspace(agent_view=False) as workspace:
        yield workspace


def client_of(ws: LocalWorkspace) -> WebClient:
    return WebClient(ws.bot_token, base_url=ws.api_url)


@pytest.fixture
def client(ws: LocalWorkspace) -> WebClient:
    return client_of(ws)


def refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        call(**arguments)
    return str(caught.value.response["error"])


def events(ws: LocalWorkspace, kind: str) -> list[dict[str, Any]]:
    sent = [d.payload["event"] for d in ws.deliveries if d.kind == "events_api"]
    return [event for event in sent if event["type"] == kind]


def works_on(client: WebClient, message: Message, status: str = "is searching", **more: Any) -> Any:
    where = {"channel_id": message.channel, "thread_ts": message.ts}
    return client.assistant_threads_setStatus(**where, status=status, **more)


PROMPTS = [
    {"title": "What is open?", "message": "Which incidents are open?"},
    {"title": "Who is on call?", "message": "Who is on call for orders?"},
]


def test_a_status_is_shown_until_the_app_answers(ws: LocalWorkspace, client: WebClient) -> None:
    asked = ws.user("alice").tells_bot("orders are slow")
    works_on(client, asked, loading_messages=["Reading runbooks", "Comparing"])
    shown = ws.assistant_thread(asked)
    assert shown.status == "is searching"
    assert shown.loading_messages == ("Reading runbooks", "Comparing")
    client.chat_postMessage(channel=asked.channel, thread_ts=asked.ts, text="Seen before.")
    assert ws.assistant_thread(asked).status == ""


def test_an_empty_status_takes_it_away_and_two_minutes_do_too(
    ws: LocalWorkspace, client: WebClient, moment: Moment
) -> None:
    asked = ws.user("alice").mentions_bot("incidents", "orders are slow")
    works_on(client, asked)
    works_on(client, asked, "")
    assert ws.assistant_thread(asked).status == ""
    works_on(client, asked)
    moment.now += 120
    assert ws.assistant_thread(asked).status == "is searching"
    moment.now += 1
    assert ws.assistant_thread(asked).status == ""


def test_a_status_needs_a_thread_that_is_there(ws: LocalWorkspace, client: WebClient) -> None:
    call, here = client.assistant_threads_setStatus, ws.channel_id("incidents")
    said = ws.user("alice").says("quiet", "hello")
    nowhere = {"channel_id": here, "thread_ts": "1.000001", "status": "x"}
    assert refusal(call, **nowhere) == "invalid_thread_ts"
    assert refusal(call, **nowhere | {"channel_id": "C0NONE"}) == "channel_not_found"
    outside = {"channel_id": said.channel, "thread_ts": said.ts, "status": "x"}
    assert refusal(call, **outside) == "not_in_channel"
    asked = ws.user("alice").says("incidents", "hello")
    many = {"channel_id": here, "thread_ts": asked.ts, "status": "x"}
    assert refusal(call, **many, loading_messages=["a"] * 11) == "invalid_arguments"


def test_without_the_scope_nothing_of_it_works() -> None:
    with LocalWorkspace(scopes=("chat:write", "im:write")) as ws:
        client, asked = client_of(ws), ws.user("alice").tells_bot("hello")
        assert works_on(client, asked)["ok"]  # chat:write is enough for this one
        where = {"channel_id": asked.channel, "prompts": PROMPTS}
        with pytest.raises(SlackApiError) as caught:
            client.assistant_threads_setSuggestedPrompts(**where)
        assert caught.value.response["needed"] == "assistant:write"


def test_an_agent_suggests_prompts_that_are_said_when_picked(
    ws: LocalWorkspace, client: WebClient
) -> None:
    alice = ws.user("alice")
    alice.opens_home("messages")
    (opened,) = events(ws, "app_home_opened")
    assert opened["tab"] == "messages"
    client.assistant_threads_setSuggestedPrompts(channel_id=opened["channel"], prompts=PROMPTS)
    assert [prompt.title for prompt in ws.prompts("alice").offered] == [
        "What is open?",
        "Who is on call?",
    ]
    said = alice.picks_prompt("What is open?")
    assert said.text == "Which incidents are open?"
    assert events(ws, "message")[-1]["channel_type"] == "im"
    assert ws.prompts("alice").offered == ()


def test_an_agents_prompts_for_a_thread_are_accepted_and_never_shown(
    ws: LocalWorkspace, client: WebClient
) -> None:
    asked = ws.user("alice").tells_bot("hello")
    where = {"channel_id": asked.channel, "thread_ts": asked.ts}
    assert client.assistant_threads_setSuggestedPrompts(**where, prompts=PROMPTS)["ok"]
    assert ws.assistant_thread(asked).prompts.offered == ()
    with pytest.raises(LookupError, match="there are: none"):
        ws.user("alice").picks_prompt("What is open?")


@pytest.mark.parametrize("prompts", [[], PROMPTS * 3, [{"title": "no message"}], ["words"]])
def test_prompts_are_one_to_four_with_title_and_message(
    ws: LocalWorkspace, client: WebClient, prompts: list[Any]
) -> None:
    asked = ws.user("alice").tells_bot("hello")
    call = client.assistant_threads_setSuggestedPrompts
    assert refusal(call, channel_id=asked.channel, prompts=prompts) == "invalid_arguments"


def test_the_assistant_pane_tells_what_the_person_looks_at(pane: LocalWorkspace) -> None:
    alice, client = pane.user("alice"), client_of(pane)
    root = alice.opens_assistant("incidents")
    (started,) = events(pane, "assistant_thread_started")
    thread = started["assistant_thread"]
    assert (thread["user_id"], thread["thread_ts"]) == (alice.id, root.ts)
    assert thread["context"]["channel_id"] == pane.channel_id("incidents")
    where = {"channel_id": thread["channel_id"], "thread_ts": thread["thread_ts"]}
    client.assistant_threads_setSuggestedPrompts(**where, prompts=PROMPTS, title="Try")
    client.assistant_threads_setTitle(**where, title="Slow orders")
    assert pane.assistant_thread(root).prompts.title == "Try"
    alice.moves_assistant(root, "general")
    (moved,) = events(pane, "assistant_thread_context_changed")
    assert moved["assistant_thread"]["context"]["channel_id"] == pane.channel_id("general")
    said = alice.picks_prompt("What is open?", root)
    assert said.thread_ts == root.ts
    after = pane.assistant_thread(root)
    assert (after.title, after.prompts.offered) == ("Slow orders", ())
    assert events(pane, "message")[-1]["thread_ts"] == root.ts


def test_an_agent_has_no_assistant_pane(ws: LocalWorkspace) -> None:
    with pytest.raises(ValueError, match="agent_view=False"):
        ws.user("alice").opens_assistant()


def feedback(**more: Any) -> list[dict[str, Any]]:
    def one(text: str, value: str) -> dict[str, Any]:
        return {"text": {"type": "plain_text", "text": text}, "value": value}

    element: dict[str, Any] = {
        "type": "feedback_buttons",
        "action_id": "was_it_good",
        "positive_button": one("Good", "yes:1"),
        "negative_button": one("Bad", "no:1"),
    }
    return [{"type": "context_actions", "elements": [element | more]}]


@pytest.mark.parametrize(("words", "value"), [("Good", "yes:1"), ("Bad", "no:1")])
def test_feedback_buttons_are_pressed_by_their_words(
    ws: LocalWorkspace, client: WebClient, words: str, value: str
) -> None:
    sent = client.chat_postMessage(channel="#incidents", text="an answer", blocks=feedback())
    card = ws.message("incidents", sent["ts"])
    delivery: Delivery = ws.user("alice").clicks(card, words)
    (action,) = delivery.payload["actions"]
    assert (action["type"], action["action_id"], action["value"]) == (
        "feedback_buttons",
        "was_it_good",
        value,
    )


def test_feedback_buttons_need_words_and_values_and_their_own_block(client: WebClient) -> None:
    long = {"text": {"type": "plain_text", "text": "x" * 76}, "value": "v"}
    wordless = {"value": "v"}
    for wrong in ({"positive_button": long}, {"negative_button": wordless}):
        blocks = feedback(**wrong)
        call = client.chat_postMessage
        assert refusal(call, channel="#incidents", text="x", blocks=blocks) == "invalid_blocks"
    in_actions = [{"type": "actions", "elements": feedback()[0]["elements"]}]
    call = client.chat_postMessage
    assert refusal(call, channel="#incidents", text="x", blocks=in_actions) == "invalid_blocks"


def test_groups_of_people_are_listed_with_their_members(
    ws: LocalWorkspace, client: WebClient
) -> None:
    group = ws.add_user_group("orders-oncall", ["bob"])
    (listed,) = client.usergroups_list(include_users=True)["usergroups"]
    assert (listed["handle"], listed["users"]) == ("orders-oncall", [ws.user("bob").id])
    assert client.usergroups_users_list(usergroup=group.id)["users"] == [ws.user("bob").id]
    assert ws.add_user_group("orders-oncall", ["alice"]).id == group.id
    assert client.usergroups_users_list(usergroup=group.id)["users"] == [ws.user("alice").id]
    assert refusal(client.usergroups_users_list, usergroup="S0NONE") == "no_such_subteam"


def test_a_person_has_a_time_zone_with_its_offset_of_that_day(
    ws: LocalWorkspace, client: WebClient, moment: Moment
) -> None:
    alice = ws.user("alice").id
    kolkata = ws.add_user("asha", tz="Asia/Kolkata").id
    assert client.users_info(user=alice)["user"]["tz_offset"] == 3600
    moment.now += 182 * 86_400
    assert client.users_info(user=alice)["user"]["tz_offset"] == 0
    asha = client.users_info(user=kolkata)["user"]
    assert (asha["tz"], asha["tz_label"], asha["tz_offset"]) == ("Asia/Kolkata", "IST", 19_800)


def test_purpose_and_reactions_can_be_read_back(ws: LocalWorkspace, client: WebClient) -> None:
    here = ws.channel_id("incidents")
    client.conversations_setPurpose(channel=here, purpose="Trouble goes here")
    channel = client.conversations_info(channel=here)["channel"]
    assert channel["purpose"]["value"] == "Trouble goes here"
    assert refusal(client.conversations_setPurpose, channel=here, purpose="x" * 251) == "too_long"
    said = ws.user("alice").says("incidents", "hello")
    ws.user("bob").reacts(said, "eyes")
    read = client.reactions_get(channel=here, timestamp=said.ts)["message"]["reactions"]
    assert read == [{"name": "eyes", "users": [ws.user("bob").id], "count": 1}]


def test_the_app_hears_of_every_change_of_a_channel(ws: LocalWorkspace) -> None:
    alice = ws.user("alice")
    made = alice.creates_channel("inc-7")
    alice.invites(ws.bot.name, "inc-7")
    alice.invites("bob", "inc-7")
    ws.user("bob").leaves("inc-7")
    alice.archives("inc-7")
    alice.deletes_channel("inc-7")
    heard = [
        (d.payload["event"]["type"], d.payload["event"].get("user"))
        for d in ws.deliveries
        if d.kind == "events_api"
    ]
    bob = ws.user("bob").id
    assert heard == [
        ("channel_created", None),
        ("member_joined_channel", ws.bot.id),
        ("member_joined_channel", bob),
        ("member_left_channel", bob),
        ("channel_archive", alice.id),
        ("channel_deleted", None),
    ]
    assert events(ws, "channel_deleted")[0]["channel"] == made.id
    call = client_of(ws).conversations_info
    assert refusal(call, channel=made.id) == "channel_not_found"
