"""The local workspace and emulate are asked the same and give the same answers.

Where one of them is wrong about Slack, both being asked shows it; test_differences names the rest.
"""

import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.slack.connect import web_client
from bot.workspace import LocalWorkspace
from tests.interop.emulated import WITNESS, EmulatedWorkspace

pytestmark = pytest.mark.interop


@dataclass
class Server:
    """One of the two, as the bot with every scope; `says` is Alice typing, and gives the ts."""

    client: WebClient
    here: str
    alice: str
    says: Callable[[str], str]


@pytest.fixture(scope="module")
def local() -> Iterator[LocalWorkspace]:
    with LocalWorkspace(users=("alice", "bob"), channels=("general", "incidents")) as running:
        yield running


@pytest.fixture(params=["local", "emulate"])
def server(
    request: pytest.FixtureRequest, local: LocalWorkspace, emulated: EmulatedWorkspace
) -> Server:
    workspace: Any = local if request.param == "local" else emulated
    token = local.bot_token if request.param == "local" else WITNESS
    alice = workspace.user("alice")
    return Server(
        web_client(token, base_url=workspace.api_url),
        workspace.channel_id("incidents"),
        alice.id,
        lambda text: alice.says("incidents", text).ts,
    )


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        call(**arguments)
    return str(caught.value.response["error"])


def test_a_thread_stays_out_of_history_and_counts(server: Server) -> None:
    root = server.client.chat_postMessage(channel=server.here, text="root")["ts"]
    for text in ("one", "two"):
        server.client.chat_postMessage(channel=server.here, text=text, thread_ts=root)
    replies = server.client.conversations_replies(channel=server.here, ts=root)["messages"]
    assert [message["text"] for message in replies] == ["root", "one", "two"]
    newest = server.client.conversations_history(channel=server.here, limit=1)["messages"][0]
    assert (newest["text"], newest["reply_count"]) == ("root", 2)


def test_history_is_read_page_by_page(server: Server) -> None:
    for number in range(3):
        server.client.chat_postMessage(channel=server.here, text=f"page {number}")
    first = server.client.conversations_history(channel=server.here, limit=2)
    assert [message["text"] for message in first["messages"]] == ["page 2", "page 1"]
    cursor = first["response_metadata"]["next_cursor"]
    second = server.client.conversations_history(channel=server.here, limit=1, cursor=cursor)
    assert [message["text"] for message in second["messages"]] == ["page 0"]


def test_an_edit_with_text_alone_takes_the_blocks_away(server: Server) -> None:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "rich"}}]
    sent = server.client.chat_postMessage(channel=server.here, text="before", blocks=blocks)
    server.client.chat_update(channel=server.here, ts=sent["ts"], text="after")
    newest = server.client.conversations_history(channel=server.here, limit=1)["messages"][0]
    assert (newest["text"], newest.get("blocks"), newest["ts"]) == ("after", None, sent["ts"])
    assert newest["edited"]["user"] == server.client.auth_test()["user_id"]


def test_what_cannot_be_said_is_refused_in_the_same_words(server: Server) -> None:
    post = server.client.chat_postMessage
    assert refused(post, channel=server.here, text="") == "no_text"
    assert refused(post, channel="C0NOWHERE9", text="x") == "channel_not_found"
    metadata = {"channel": server.here, "text": "x", "metadata": "[]"}
    assert refused(post, **metadata) == "invalid_metadata_format"


def test_only_own_messages_can_be_changed(server: Server) -> None:
    theirs = server.says("mine")
    update, delete = server.client.chat_update, server.client.chat_delete
    assert refused(update, channel=server.here, ts=theirs, text="x") == "cant_update_message"
    assert refused(delete, channel=server.here, ts=theirs) == "cant_delete_message"
    assert refused(update, channel=server.here, ts="1.000001", text="x") == "message_not_found"
    assert refused(delete, channel=server.here, ts="1.000001") == "message_not_found"


def test_a_reaction_is_given_once_and_taken_once(server: Server) -> None:
    ts = server.says("look")
    one = {"channel": server.here, "timestamp": ts, "name": "eyes"}
    server.client.reactions_add(**one)
    assert refused(server.client.reactions_add, **one) == "already_reacted"
    read = server.client.reactions_get(channel=server.here, timestamp=ts)["message"]["reactions"]
    assert [(each["name"], each["count"]) for each in read] == [("eyes", 1)]
    server.client.reactions_remove(**one)
    assert refused(server.client.reactions_remove, **one) == "no_reaction"


def test_a_message_is_pinned_once(server: Server) -> None:
    ts = server.says("keep this")
    one = {"channel": server.here, "timestamp": ts}
    server.client.pins_add(**one)
    assert refused(server.client.pins_add, **one) == "already_pinned"
    pins = server.client.pins_list(channel=server.here)["items"]
    assert [pin["message"]["ts"] for pin in pins] == [ts]
    server.client.pins_remove(**one)
    assert refused(server.client.pins_remove, **one) == "no_pin"


def test_bookmarks_come_and_go(server: Server) -> None:
    link = "https://runbooks.example/orders"
    added = server.client.bookmarks_add(
        channel_id=server.here, title="Orders", type="link", link=link
    )["bookmark"]
    listed = server.client.bookmarks_list(channel_id=server.here)["bookmarks"]
    assert [(one["id"], one["title"], one["link"]) for one in listed] == [
        (added["id"], "Orders", link)
    ]
    server.client.bookmarks_remove(channel_id=server.here, bookmark_id=added["id"])
    assert server.client.bookmarks_list(channel_id=server.here)["bookmarks"] == []


def test_a_file_is_uploaded_and_downloaded_with_the_token_only(server: Server) -> None:
    sent = server.client.files_upload_v2(
        channel=server.here, filename="log.txt", content="FATAL: no slots", title="Log"
    )
    file = server.client.files_info(file=sent["files"][0]["id"])["file"]
    assert (file["name"], file["size"]) == ("log.txt", 15)
    token = {"Authorization": f"Bearer {server.client.token}"}
    with urllib.request.urlopen(urllib.request.Request(file["url_private"], headers=token)) as got:
        assert got.read() == b"FATAL: no slots"
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(file["url_private"])


def test_a_channel_is_made_described_filled_and_archived(server: Server) -> None:
    made = server.client.conversations_create(name="inc-7")["channel"]["id"]
    assert refused(server.client.conversations_create, name="inc-7") == "name_taken"
    server.client.conversations_invite(channel=made, users=server.alice)
    again = {"channel": made, "users": server.alice}
    assert refused(server.client.conversations_invite, **again) == "already_in_channel"
    assert server.alice in server.client.conversations_members(channel=made)["members"]
    server.client.conversations_setTopic(channel=made, topic="Orders are slow")
    server.client.conversations_setPurpose(channel=made, purpose="Until it is over")
    told = server.client.conversations_info(channel=made)["channel"]
    assert (told["topic"]["value"], told["purpose"]["value"]) == (
        "Orders are slow",
        "Until it is over",
    )
    server.client.conversations_kick(channel=made, user=server.alice)
    server.client.conversations_archive(channel=made)
    assert refused(server.client.conversations_archive, channel=made) == "already_archived"
    assert refused(server.client.chat_postMessage, channel=made, text="x") == "is_archived"
    open_ones = server.client.conversations_list(exclude_archived=True)["channels"]
    assert made not in [channel["id"] for channel in open_ones]


def test_people_are_found_by_id_and_address(server: Server) -> None:
    alice = server.client.users_info(user=server.alice)["user"]
    assert (alice["name"], alice["is_bot"]) == ("alice", False)
    address = alice["profile"]["email"]
    assert server.client.users_lookupByEmail(email=address)["user"]["id"] == server.alice
    nobody = {"email": "nobody@elsewhere.example"}
    assert refused(server.client.users_lookupByEmail, **nobody) == "users_not_found"
    assert refused(server.client.users_info, user="U0NOBODY99") == "user_not_found"


def test_a_direct_conversation_is_opened_once(server: Server) -> None:
    first = server.client.conversations_open(users=server.alice)["channel"]["id"]
    assert first.startswith("D")
    assert server.client.conversations_open(users=server.alice)["channel"]["id"] == first
    assert server.client.chat_postMessage(channel=server.alice, text="psst")["channel"] == first


def test_an_ephemeral_message_is_not_in_history(server: Server) -> None:
    post = server.client.chat_postEphemeral
    assert post(channel=server.here, user=server.alice, text="only you")["message_ts"]
    newest = server.client.conversations_history(channel=server.here)["messages"]
    assert "only you" not in [message["text"] for message in newest]
    stranger = {"channel": server.here, "user": "U0NOBODY99", "text": "x"}
    assert refused(post, **stranger) in ("user_not_in_channel", "user_not_found")


def test_a_permalink_names_channel_and_message(server: Server) -> None:
    ts = server.says("here")
    found = server.client.chat_getPermalink(channel=server.here, message_ts=ts)["permalink"]
    assert found.endswith(f"/archives/{server.here}/p{ts.replace('.', '')}")
    missing = {"channel": server.here, "message_ts": "1.000001"}
    assert refused(server.client.chat_getPermalink, **missing) == "message_not_found"


def test_the_home_tab_is_replaced_by_its_hash_only(server: Server) -> None:
    home = {"type": "home", "blocks": [{"type": "divider"}]}
    first = server.client.views_publish(user_id=server.alice, view=home)["view"]
    stale = {"user_id": server.alice, "view": home, "hash": "0.stale"}
    assert refused(server.client.views_publish, **stale) == "hash_conflict"
    second = server.client.views_publish(user_id=server.alice, view=home, hash=first["hash"])
    assert second["view"]["id"] == first["id"]


def test_a_modal_needs_a_trigger(server: Server) -> None:
    modal = {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Resolve"},
        "blocks": [{"type": "divider"}],
    }
    unknown = {"trigger_id": "1.unknown", "view": modal}
    assert refused(server.client.views_open, **unknown) == "invalid_trigger_id"
