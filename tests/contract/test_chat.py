"""The Chat port: the fake and the real Slack client must not differ in what callers rely on."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from bot.chat.messages import AnyMessage, Notice, OutputFile
from bot.chat.ports import Chat, Destination
from bot.clock import SystemClock
from bot.errors import ChatRefused, ChatUnavailable
from bot.slack.client import SlackChat
from bot.slack.connect import web_client
from bot.workspace.server import LocalWorkspace, Room
from tests.support.chat import FakeChat
from tests.support.saying import abstention, answer, card, one_cause, several_causes


@dataclass
class Case:
    """A chat to talk to, where to, and a look at what stands there."""

    chat: Chat
    to: Destination
    count: Callable[[], int]


@pytest.fixture(scope="module")
def workspace() -> Iterator[LocalWorkspace]:
    rooms = (Room("incidents"), Room("elsewhere", bot=False), Room("old"))
    with LocalWorkspace(channels=rooms) as running:
        running.user("alice").archives("old")
        yield running


def slack(workspace: LocalWorkspace, timeout: int = 10, token: str | None = None) -> SlackChat:
    return SlackChat(
        web_client(token or workspace.bot_token, base_url=workspace.api_url, timeout=timeout)
    )


def room(workspace: LocalWorkspace, name: str = "incidents", thread: str | None = None):
    return Destination(workspace.team_id, workspace.channel_id(name), thread)


@pytest.fixture(params=["fake", "slack"])
def case(request: pytest.FixtureRequest, workspace: LocalWorkspace) -> Iterator[Case]:
    if request.param == "fake":
        fake = FakeChat(SystemClock())
        yield Case(fake, Destination("T1", "C1"), lambda: len(fake.posts))
    else:
        yield Case(slack(workspace), room(workspace), lambda: len(workspace.messages("incidents")))
        workspace.faults.clear()


def recently() -> datetime:
    return datetime.now(UTC) - timedelta(seconds=60)


MESSAGES: list[AnyMessage] = [
    Notice(text="Hello & <!channel>"),
    card(),
    card(suggestion=several_causes()),
    card(state="resolved"),
    card(suggestion=None),
    answer(suggestion=one_cause()),
    answer(suggestion=abstention()),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.type)
def test_what_was_said_is_found_by_its_key(case: Case, message):
    key = f"key-{id(message)}"
    ref = case.chat.post(case.to, message, key=key)
    assert case.chat.find(case.to, key, recently()) == ref


def test_what_was_never_said_is_not_found(case: Case):
    assert case.chat.find(case.to, "never", recently()) is None


def test_what_was_said_before_that_time_is_not_found(case: Case):
    case.chat.post(case.to, Notice(text="early"), key="early")
    later = datetime.now(UTC) + timedelta(seconds=5)
    assert case.chat.find(case.to, "early", later) is None


def test_a_change_is_made_in_place_and_is_still_found(case: Case):
    ref = case.chat.post(case.to, card(), key="card:1")
    before = case.count()
    case.chat.update(case.to, ref, card(state="resolved"), key="card:1")
    assert case.count() == before
    assert case.chat.find(case.to, "card:1", recently()) == ref


def test_a_reply_is_found_in_its_thread(case: Case):
    root = case.chat.post(case.to, card(), key="card:2")
    thread = Destination(case.to.team_id, case.to.channel, root)
    reply = case.chat.post(thread, answer(), key="answer:2")
    assert case.chat.find(thread, "answer:2", recently()) == reply


def test_changing_what_is_not_there_is_refused_for_good(case: Case):
    with pytest.raises(ChatRefused) as refusal:
        case.chat.update(case.to, "1.000001", Notice(text="x"), key="k")
    assert refusal.value.code == "message_not_found"


# What only a real client can meet ---------------------------------------------------------


def test_a_rate_limit_is_later_with_its_time(workspace: LocalWorkspace):
    workspace.faults.rate_limit("chat.postMessage", retry_after=7)
    with pytest.raises(ChatUnavailable) as trouble:
        slack(workspace).post(room(workspace), card(), key="k")
    assert trouble.value.retry_after == 7


def test_a_server_error_is_later(workspace: LocalWorkspace):
    workspace.faults.server_error("chat.postMessage")
    with pytest.raises(ChatUnavailable):
        slack(workspace).post(room(workspace), card(), key="k")


def test_silence_is_later(workspace: LocalWorkspace):
    workspace.faults.hang("chat.postMessage")
    with pytest.raises(ChatUnavailable):
        slack(workspace, timeout=1).post(room(workspace), card(), key="k")


def test_nobody_listening_is_later():
    nowhere = SlackChat(web_client("xoxb-1", base_url="http://127.0.0.1:9/api/"))
    with pytest.raises(ChatUnavailable):
        nowhere.post(Destination("T1", "C1"), card(), key="k")


def test_a_lost_answer_is_later_and_the_message_is_found(workspace: LocalWorkspace):
    workspace.faults.lose_answer("chat.postMessage")
    chat = slack(workspace)
    with pytest.raises(ChatUnavailable):
        chat.post(room(workspace), card(), key="lost")
    assert chat.find(room(workspace), "lost", recently()) is not None


@pytest.mark.parametrize(
    ("name", "code", "advice"),
    [("elsewhere", "not_in_channel", "invite the bot"), ("old", "is_archived", "archived")],
)
def test_a_channel_that_cannot_be_spoken_in_is_refused(workspace, name, code, advice):
    with pytest.raises(ChatRefused, match=advice) as refusal:
        slack(workspace).post(room(workspace, name), card(), key="k")
    assert refusal.value.code == code


def test_an_unknown_channel_and_a_bad_token_are_refused(workspace: LocalWorkspace, caplog):
    with pytest.raises(ChatRefused) as refusal:
        slack(workspace).post(Destination(workspace.team_id, "C0NOSUCHONE"), card(), key="k")
    assert refusal.value.code == "channel_not_found"
    with caplog.at_level(logging.DEBUG), pytest.raises(ChatRefused) as refusal:
        slack(workspace, token="xoxb-secret-thing").post(room(workspace), card(), key="k")
    assert refusal.value.code == "invalid_auth"
    assert "xoxb-secret-thing" not in str(refusal.value)


def test_a_missing_scope_is_named(workspace: LocalWorkspace):
    with LocalWorkspace(scopes=("chat:write",)) as poor:
        with pytest.raises(ChatRefused, match="history") as refusal:
            slack(poor).find(room(poor, "general"), "k", recently())
        assert refusal.value.code == "missing_scope"


def test_the_message_unfurls_nothing_and_carries_its_key(workspace: LocalWorkspace):
    ref = slack(workspace).post(room(workspace), card(), key="card:RCL-9")
    kept = workspace.message("incidents", ref)
    assert kept.metadata == {
        "event_type": "recall_message",
        "event_payload": {"key": "card:RCL-9"},
    }


def test_a_message_is_found_past_the_first_page(workspace: LocalWorkspace):
    chat = slack(workspace)
    ref = chat.post(room(workspace), Notice(text="first"), key="deep")
    for number in range(205):
        workspace.user("alice").says("incidents", f"talk {number}")
    assert chat.find(room(workspace), "deep", recently()) == ref


def test_a_long_output_is_a_file_in_the_thread_and_found_again(workspace: LocalWorkspace) -> None:
    chat, key = slack(workspace), "action-file:ACT-7-output-1.txt"
    parent = chat.post(room(workspace), Notice(text="ran"), key="action:ACT-7")
    at = room(workspace, thread=parent)
    file = OutputFile(name="ACT-7-output-1.txt", title="All of it", text="a\n<!channel> b\n" * 9)
    assert chat.find(at, key, recently()) is None
    assert chat.post(at, file, key=key)
    shared = [m for m in workspace.thread("incidents", parent) if m.files]
    assert [m.files[0]["name"] for m in shared] == ["ACT-7-output-1.txt"]
    assert chat.find(at, key, recently()) == shared[0].ts
    chat.update(at, shared[0].ts, file, key=key)
    assert len(workspace.thread("incidents", parent)) == 2


def test_without_the_right_to_share_files_it_says_where_the_output_is() -> None:
    with LocalWorkspace(
        channels=(Room("incidents"),), scopes=("chat:write", "channels:read")
    ) as poor:
        file = OutputFile(name="ACT-1-output-1.txt", title="ACT-1: all that it printed", text="x")
        slack(poor).post(room(poor), file, key="action-file:ACT-1-output-1.txt")
        [said] = poor.messages("incidents")
        assert "files:write" in said.text
        assert not said.files
