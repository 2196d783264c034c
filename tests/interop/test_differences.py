"""Where emulate 0.12.2 is not like Slack, as far as Recall could notice: the table, and its proof.

A newer emulate that fails one of these has become more like Slack: take the line out, and let
the tests beside this one do without their exception.
"""

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.interop.emulated import WITNESS, EmulatedWorkspace

pytestmark = pytest.mark.interop

DIFFERENCES = {
    "apps.connections.open": "no Socket Mode: the bot runs in HTTP mode here",
    "event subscriptions": "nothing registers a request URL: the tests send the signed events",
    "app_mention": "not made of a message that names the bot: the tests send it",
    "clicks, commands, submissions": "not there: the tests send the signed payloads",
    "redelivery, 429, 5xx": "not there: these scenarios stay with the local workspace",
    "assistant.*, usergroups.*, users.conversations": "404 with other JSON, no unknown_method",
    "oldest and latest of conversations.history": "not read: every message comes",
    "include_all_metadata": "not read: metadata always comes along",
    "a public channel that the bot is not in": "may be posted in; Slack says not_in_channel",
    "a thread that is not there": "may be replied to; Slack says thread_not_found",
    "Block Kit": "any list of objects is taken",
    "an unknown token": "is the first user's; Slack says invalid_auth",
    "x-oauth-scopes": "the header is not sent: the doctor cannot compare scopes",
}


@pytest.fixture
def client(emulated: EmulatedWorkspace) -> WebClient:
    return emulated.client(WITNESS)


@pytest.mark.parametrize(
    "method",
    [
        "apps.connections.open",
        "assistant.threads.setStatus",
        "usergroups.users.list",
        "users.conversations",
    ],
)
def test_methods_that_are_not_there(client: WebClient, method: str) -> None:
    with pytest.raises(SlackApiError) as caught:
        client.api_call(method)
    assert caught.value.response.status_code == 404
    assert "error" not in caught.value.response.data


def test_history_is_neither_cut_by_time_nor_spared_of_metadata(
    emulated: EmulatedWorkspace, client: WebClient
) -> None:
    here = emulated.channel_id("incidents")
    metadata = {"event_type": "t", "event_payload": {}}
    sent = client.chat_postMessage(channel=here, text="x", metadata=metadata)
    later = f"{float(sent['ts']) + 3600:.6f}"
    [newest] = client.conversations_history(channel=here, oldest=later, limit=1)["messages"]
    assert newest["metadata"] == metadata


def test_what_slack_would_refuse_is_taken(emulated: EmulatedWorkspace, client: WebClient) -> None:
    here, outside = emulated.channel_id("incidents"), emulated.channel_id("general")
    bot = client.auth_test()["user_id"]
    assert bot not in client.conversations_members(channel=outside)["members"]
    assert client.chat_postMessage(channel=outside, text="x")["ok"]
    assert client.chat_postMessage(channel=here, text="x", thread_ts="1.000001")["ok"]
    assert client.chat_postMessage(channel=here, text="x", blocks=[{"type": "no such"}] * 51)["ok"]
    assert emulated.client("xoxb-never-given-out").auth_test()["ok"]


def test_the_scopes_are_not_told(client: WebClient) -> None:
    assert "x-oauth-scopes" not in {name.lower() for name in client.auth_test().headers}
