"""The local workspace under the client library that talks to Slack: what it accepts and refuses."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from bot.workspace import LocalWorkspace, Room
from bot.workspace.api import METHODS


@pytest.fixture
def ws() -> Iterator[LocalWorkspace]:
    rooms = ("incidents", Room("secret", private=True, bot=False), Room("quiet", bot=False))
    with LocalWorkspace(channels=rooms) as workspace:
        yield workspace


@pytest.fixture
def client(ws: LocalWorkspace) -> WebClient:
    return WebClient(ws.bot_token, base_url=ws.api_url)


@pytest.fixture(scope="module")
def strict() -> Iterator[WebClient]:
    """A client of a workspace that only sees refusals, and is therefore shared."""
    with LocalWorkspace(channels=("incidents", Room("quiet", bot=False))) as workspace:
        yield WebClient(workspace.bot_token, base_url=workspace.api_url)


def refusal(call: Any, **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        call(**arguments)
    return str(caught.value.response["error"])


def section(text: str = "hello", **more: Any) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def button(action_id: str = "a", text: str = "Go", **more: Any) -> dict[str, Any]:
    label = {"type": "plain_text", "text": text}
    return {"type": "button", "action_id": action_id, "text": label, **more}


def actions(*elements: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements), **more}


def test_auth_test_names_the_bot_and_its_scopes(ws: LocalWorkspace, client: WebClient) -> None:
    answer = client.auth_test()
    assert (answer["user_id"], answer["team_id"]) == (ws.bot.id, ws.team_id)
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


def test_a_posted_message_is_in_the_channel_and_in_history(
    ws: LocalWorkspace, client: WebClient
) -> None:
    posted = client.chat_postMessage(channel="#incidents", text="one &lt;two&gt;")
    history = client.conversations_history(channel=posted["channel"])["messages"]
    assert [m["text"] for m in history] == ["one &lt;two&gt;"]
    assert ws.messages("incidents")[0].ts == posted["ts"]
    assert history[0]["bot_id"] == ws.bot.bot_id


def test_timestamps_are_unique_and_increase(client: WebClient) -> None:
    stamps = [client.chat_postMessage(channel="#incidents", text=str(n))["ts"] for n in range(5)]
    assert stamps == sorted(set(stamps), key=float)


def test_an_update_edits_in_place_and_marks_it(ws: LocalWorkspace, client: WebClient) -> None:
    posted = client.chat_postMessage(channel="#incidents", text="before", blocks=[section()])
    client.chat_update(channel=posted["channel"], ts=posted["ts"], text="after")
    (message,) = ws.messages("incidents")
    assert (message.text, message.ts) == ("after", posted["ts"])
    assert message.edited is not None


def test_metadata_comes_back_only_when_asked_for(client: WebClient) -> None:
    metadata = {"event_type": "recall_card", "event_payload": {"key": "INC-1"}}
    posted = client.chat_postMessage(channel="#incidents", text="x", metadata=metadata)
    plain = client.conversations_history(channel=posted["channel"])["messages"][0]
    full = client.conversations_history(channel=posted["channel"], include_all_metadata=True)
    assert "metadata" not in plain
    assert full["messages"][0]["metadata"] == metadata


def test_replies_stay_out_of_history_and_in_their_thread(client: WebClient) -> None:
    root = client.chat_postMessage(channel="#incidents", text="root")
    where = root["channel"]
    first = client.chat_postMessage(channel=where, text="one", thread_ts=root["ts"])
    client.chat_postMessage(channel=where, text="two", thread_ts=first["ts"])
    history = client.conversations_history(channel=where)["messages"]
    assert [m["text"] for m in history] == ["root"]
    assert history[0]["reply_count"] == 2
    replies = client.conversations_replies(channel=where, ts=root["ts"])["messages"]
    assert [m["text"] for m in replies] == ["root", "one", "two"]


def test_history_is_paged_by_cursor_and_cut_by_time(client: WebClient) -> None:
    posts = [client.chat_postMessage(channel="#incidents", text=str(n)) for n in range(5)]
    where = posts[0]["channel"]
    pages = client.conversations_history(channel=where, limit=2)
    assert [m["text"] for page in pages for m in page["messages"]] == ["4", "3", "2", "1", "0"]
    later = client.conversations_history(channel=where, oldest=posts[2]["ts"])
    assert [m["text"] for m in later["messages"]] == ["4", "3"]
    exact = client.conversations_history(
        channel=where, oldest=posts[2]["ts"], latest=posts[2]["ts"], inclusive=True
    )
    assert [m["text"] for m in exact["messages"]] == ["2"]


def test_a_file_is_uploaded_in_two_steps_and_shared(ws: LocalWorkspace, client: WebClient) -> None:
    client.files_upload_v2(
        channel=ws.channel_id("incidents"),
        filename="log.txt",
        content="a\nb",
        initial_comment="see",
    )
    (message,) = ws.messages("incidents")
    assert (message.text, message.files[0]["name"]) == ("see", "log.txt")
    assert client.files_info(file=message.files[0]["id"])["content"] == "a\nb"


def test_reactions_pins_and_bookmarks_are_kept_once(ws: LocalWorkspace, client: WebClient) -> None:
    posted = client.chat_postMessage(channel="#incidents", text="x")
    place = {"channel": posted["channel"], "timestamp": posted["ts"]}
    client.reactions_add(name="eyes", **place)
    assert refusal(client.reactions_add, name="eyes", **place) == "already_reacted"
    client.pins_add(**place)
    assert refusal(client.pins_add, **place) == "already_pinned"
    assert [m.ts for m in ws.pinned("incidents")] == [posted["ts"]]
    client.bookmarks_add(
        channel_id=posted["channel"], title="Runbook", type="link", link="https://example.org/"
    )
    listed = client.bookmarks_list(channel_id=posted["channel"])["bookmarks"]
    assert [b["title"] for b in listed] == ["Runbook"]


def test_users_are_found_by_id_and_address(ws: LocalWorkspace, client: WebClient) -> None:
    alice = ws.user("alice").user
    assert client.users_lookupByEmail(email=alice.email)["user"]["id"] == alice.id
    assert client.users_info(user=alice.id)["user"]["name"] == "alice"
    assert refusal(client.users_info, user="U404") == "user_not_found"


def test_a_message_to_a_user_id_is_a_direct_message(ws: LocalWorkspace, client: WebClient) -> None:
    posted = client.chat_postMessage(channel=ws.user("alice").id, text="psst")
    opened = client.conversations_open(users=ws.user("alice").id)
    assert posted["channel"] == opened["channel"]["id"]
    assert [m.text for m in ws.direct_messages("alice")] == ["psst"]


@pytest.mark.filterwarnings("ignore:The top-level `text` argument")
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"channel": "C404", "text": "x"}, "channel_not_found"),
        ({"channel": "#quiet", "text": "x"}, "not_in_channel"),
        ({"channel": "#incidents", "text": ""}, "no_text"),
        ({"channel": "#incidents", "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": "#incidents", "text": "x", "thread_ts": "1.000001"}, "thread_not_found"),
        ({"channel": "#incidents", "blocks": "not json"}, "invalid_blocks_format"),
        ({"channel": "#incidents", "text": "x", "metadata": {"a": 1}}, "invalid_metadata_format"),
        (
            {"channel": "#incidents", "blocks": [section("x" * 2900) for _ in range(5)]},
            "msg_blocks_too_long",
        ),
    ],
)
def test_what_cannot_be_posted_is_refused_with_its_code(
    strict: WebClient, arguments: dict[str, Any], code: str
) -> None:
    assert refusal(strict.chat_postMessage, **arguments) == code


HEADER = {"type": "header", "text": {"type": "mrkdwn", "text": "no"}}
FIELD = {"type": "mrkdwn", "text": "x" * 2001}
LONG_OPTION = {"text": {"type": "plain_text", "text": "x" * 76}, "value": "v"}
SELECT = {"type": "static_select", "action_id": "s", "options": [LONG_OPTION]}


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        ([section()] * 51, "no more than 50 items"),
        ([section("x" * 3001)], "less than 3001"),
        ([section("")], "more than 0"),
        ([{"type": "section", "fields": [FIELD]}], "less than 2001"),
        ([{"type": "section", "fields": [section()["text"]] * 11}], "no more than 10"),
        ([HEADER], "must be one of plain_text"),
        ([actions(button(text="x" * 76))], "less than 76"),
        ([actions(button(value="x" * 2001))], "less than 2001"),
        ([actions(*[button(str(n)) for n in range(26)])], "no more than 25"),
        ([actions(button("a"), button("a"))], "`action_id` a already exists"),
        ([actions(button("a")), actions(button("a"))], "`action_id` a already exists"),
        ([section(block_id="b"), section(block_id="b")], "`block_id` b already exists"),
        ([section(block_id="b" * 256)], "less than 256"),
        ([actions(SELECT)], "less than 76"),
        ([{"type": "context", "elements": [section()["text"]] * 11}], "no more than 10"),
        ([{"type": "image", "image_url": "https://example.org/a.png"}], "alt_text"),
        ([{"type": "marquee"}], "unsupported type"),
    ],
)
def test_blocks_beyond_slacks_limits_are_refused_with_the_place(
    strict: WebClient, blocks: list[dict[str, Any]], words: str
) -> None:
    with pytest.raises(SlackApiError) as caught:
        strict.chat_postMessage(channel="#incidents", text="x", blocks=blocks)
    assert caught.value.response["error"] == "invalid_blocks"
    assert words in str(caught.value.response["response_metadata"]["messages"])


def test_a_message_at_every_limit_is_accepted(client: WebClient) -> None:
    blocks = [
        section("x" * 3000, block_id="b" * 255),
        {"type": "header", "text": {"type": "plain_text", "text": "h" * 150}},
        actions(*[button(str(n), "t" * 75, value="v" * 2000) for n in range(25)]),
        {"type": "context", "elements": [section()["text"]] * 10},
        *[{"type": "divider"}] * 46,
    ]
    assert client.chat_postMessage(channel="#incidents", text="x" * 4000, blocks=blocks)["ok"]


def test_only_the_bots_own_messages_can_be_changed(ws: LocalWorkspace, client: WebClient) -> None:
    theirs = ws.user("alice").says("incidents", "mine")
    place = {"channel": theirs.channel, "ts": theirs.ts}
    assert refusal(client.chat_update, text="x", **place) == "cant_update_message"
    assert refusal(client.chat_delete, **place) == "cant_delete_message"
    assert refusal(client.chat_update, text="x", channel=theirs.channel, ts="1.1") == (
        "message_not_found"
    )


def test_an_edit_longer_than_4000_characters_is_refused(client: WebClient) -> None:
    posted = client.chat_postMessage(channel="#incidents", text="x")
    place = {"channel": posted["channel"], "ts": posted["ts"]}
    assert refusal(client.chat_update, text="x" * 4001, **place) == "msg_too_long"


def test_archived_and_hidden_channels_refuse_the_bot(ws: LocalWorkspace, client: WebClient) -> None:
    assert refusal(client.conversations_info, channel=ws.channel_id("secret")) == (
        "channel_not_found"
    )
    ws.user("alice").archives("incidents")
    assert refusal(client.chat_postMessage, channel="#incidents", text="x") == "is_archived"


def test_a_kicked_bot_may_not_post_until_it_joins_again(
    ws: LocalWorkspace, client: WebClient
) -> None:
    ws.user("alice").kicks("recall", "incidents")
    assert refusal(client.chat_postMessage, channel="#incidents", text="x") == "not_in_channel"
    client.conversations_join(channel=ws.channel_id("incidents"))
    assert client.chat_postMessage(channel="#incidents", text="x")["ok"]


def test_tokens_are_checked(ws: LocalWorkspace, client: WebClient) -> None:
    wrong = WebClient("xoxb-nobody", base_url=ws.api_url)
    assert refusal(wrong.auth_test) == "invalid_auth"
    assert refusal(WebClient(base_url=ws.api_url).auth_test) == "not_authed"
    assert refusal(client.apps_connections_open, app_token=ws.bot_token) == (
        "not_allowed_token_type"
    )


def test_a_missing_scope_is_named() -> None:
    with LocalWorkspace(scopes=("chat:write",)) as workspace:
        client = WebClient(workspace.bot_token, base_url=workspace.api_url)
        with pytest.raises(SlackApiError) as caught:
            client.users_list()
    answer = caught.value.response
    assert (answer["error"], answer["needed"]) == ("missing_scope", "users:read")


def test_an_unknown_method_is_answered_as_slack_does(client: WebClient) -> None:
    assert refusal(client.api_call, api_method="agents.dance") == "unknown_method"


def test_a_token_in_the_body_and_json_and_multipart_bodies_are_read(
    ws: LocalWorkspace, client: WebClient
) -> None:
    where = ws.channel_id("incidents")
    client.api_call("chat.postMessage", json={"channel": where, "text": "as json"})
    client.api_call(
        "chat.postMessage", data={"channel": where, "text": "multi"}, files={"x": b"part"}
    )
    bare = WebClient(base_url=ws.api_url)
    bare.chat_postMessage(token=ws.bot_token, channel=where, text="token in call")
    assert [m.text for m in ws.messages("incidents")] == ["as json", "multi", "token in call"]


def test_a_rate_limit_says_when_to_come_back(ws: LocalWorkspace, client: WebClient) -> None:
    ws.faults.rate_limit("chat.postMessage", retry_after=7)
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel="#incidents", text="x")
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "7"
    assert client.chat_postMessage(channel="#incidents", text="x")["ok"]


def test_an_app_that_posts_faster_than_slack_allows_is_told_to_wait() -> None:
    moment = [1_000.0]
    with LocalWorkspace(clock=lambda: moment[0], message_interval=1.0) as workspace:
        client = WebClient(workspace.bot_token, base_url=workspace.api_url)
        client.chat_postMessage(channel="#incidents", text="one")
        client.chat_postMessage(channel="#general", text="elsewhere")
        with pytest.raises(SlackApiError) as caught:
            client.chat_postMessage(channel="#incidents", text="two")
        moment[0] += 1.0
        client.chat_postMessage(channel="#incidents", text="two")
        assert [m.text for m in workspace.messages("incidents")] == ["one", "two"]
    assert caught.value.response.headers["Retry-After"] == "1"


def test_a_client_that_obeys_retry_after_gets_through(ws: LocalWorkspace) -> None:
    client = WebClient(
        ws.bot_token, base_url=ws.api_url, retry_handlers=[RateLimitErrorRetryHandler(2)]
    )
    ws.faults.rate_limit("chat.postMessage", calls=2, retry_after=0)
    assert client.chat_postMessage(channel="#incidents", text="x")["ok"]
    assert len(ws.messages("incidents")) == 1


def test_a_lost_answer_has_posted_all_the_same(ws: LocalWorkspace, client: WebClient) -> None:
    ws.faults.lose_answer("chat.postMessage")
    with pytest.raises(SlackApiError):
        client.chat_postMessage(channel="#incidents", text="once")
    assert [m.text for m in ws.messages("incidents")] == ["once"]


def test_a_method_can_be_missing_or_fail_on_demand(ws: LocalWorkspace, client: WebClient) -> None:
    ws.faults.unknown_method("views.publish")
    ws.faults.fail("users.info", "fatal_error")
    home = {"user_id": ws.user("alice").id, "view": {"type": "home", "blocks": []}}
    assert refusal(client.views_publish, **home) == "unknown_method"
    assert refusal(client.users_info, user=ws.user("alice").id) == "fatal_error"
    assert client.users_info(user=ws.user("alice").id)["ok"]
    ws.faults.clear()
    assert client.views_publish(**home)["ok"]


def test_a_server_error_has_done_nothing(ws: LocalWorkspace, client: WebClient) -> None:
    ws.faults.server_error("chat.postMessage")
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel="#incidents", text="x")
    assert caught.value.response.status_code == 500
    assert ws.messages("incidents") == []


def test_a_hanging_call_ends_when_the_client_gives_up(ws: LocalWorkspace) -> None:
    impatient = WebClient(ws.bot_token, base_url=ws.api_url, timeout=1, retry_handlers=[])
    ws.faults.hang("chat.postMessage")
    with pytest.raises(TimeoutError):
        impatient.chat_postMessage(channel="#incidents", text="x")
    assert ws.messages("incidents") == []


def test_an_ephemeral_message_reaches_one_person_only(
    ws: LocalWorkspace, client: WebClient
) -> None:
    client.chat_postEphemeral(
        channel=ws.channel_id("incidents"), user=ws.user("alice").id, text="only you"
    )
    assert [m.text for m in ws.ephemeral("incidents", "alice")] == ["only you"]
    assert ws.ephemeral("incidents", "bob") == []
    assert ws.messages("incidents") == []


def test_a_modal_needs_a_live_trigger(ws: LocalWorkspace, client: WebClient) -> None:
    modal = {"type": "modal", "title": {"type": "plain_text", "text": "T"}, "blocks": [section()]}
    assert refusal(client.views_open, trigger_id="1.x", view=modal) == "invalid_trigger_id"


def test_the_home_tab_is_published_and_updated_by_hash(
    ws: LocalWorkspace, client: WebClient
) -> None:
    alice = ws.user("alice")
    home = {"type": "home", "blocks": [section("one")]}
    first = client.views_publish(user_id=alice.id, view=home)["view"]
    second = client.views_publish(
        user_id=alice.id, view={"type": "home", "blocks": [section("two")]}, hash=first["hash"]
    )["view"]
    assert second["id"] == first["id"]
    stale = {"user_id": alice.id, "view": home, "hash": "0.stale"}
    assert refusal(client.views_publish, **stale) == "hash_conflict"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])
def test_the_workspace_refuses_to_listen_beyond_loopback(host: str) -> None:
    with pytest.raises(ValueError, match="loopback"):
        LocalWorkspace(host=host)


@pytest.mark.parametrize("method", sorted(METHODS))
def test_no_argument_makes_a_method_fail_other_than_in_slacks_way(
    ws: LocalWorkspace, method: str
) -> None:
    names = "channel user users ts timestamp name text blocks attachments metadata view files "
    names += "limit cursor trigger_id channel_id file length filename link type thread_ts types "
    names += "oldest latest email view_id user_id bot bookmark_id message_ts hash topic title"
    channel, user = ws.channel_id("incidents"), ws.user("alice").id
    ts = ws.user("alice").says("incidents", "x").ts
    real = {"channel": channel, "channel_id": channel, "user": user, "ts": ts, "timestamp": ts}
    for value in (None, "", "x", "[]", "{}", '[{"id": 1}]', '{"type": "modal"}', 7, [1], {"a": 1}):
        for base in ({}, real):
            arguments = {**dict.fromkeys(names.split(), value), **base}
            request = urllib.request.Request(
                f"{ws.api_url}{method}",
                json.dumps(arguments).encode(),
                {"Authorization": f"Bearer {ws.bot_token}", "Content-Type": "application/json"},
            )
            with urllib.request.urlopen(request, timeout=5) as response:
                assert isinstance(json.load(response)["ok"], bool)
        if method in ("conversations.kick", "conversations.leave", "conversations.archive"):
            break  # they take away what the next round needs


def test_channels_are_made_listed_filled_and_emptied(ws: LocalWorkspace, client: WebClient) -> None:
    made = client.conversations_create(name="inc-7")["channel"]
    assert refusal(client.conversations_create, name="inc-7") == "name_taken"
    assert refusal(client.conversations_create, name="No Spaces") == "invalid_name_specials"
    alice = ws.user("alice").id
    client.conversations_invite(channel=made["id"], users=alice)
    assert client.conversations_members(channel=made["id"])["members"] == [ws.bot.id, alice]
    client.conversations_kick(channel=made["id"], user=alice)
    assert client.conversations_info(channel=made["id"])["channel"]["num_members"] == 1
    listed = [c["name"] for page in client.conversations_list(limit=1) for c in page["channels"]]
    own = [c["name"] for c in client.users_conversations()["channels"]]
    assert listed == ["incidents", "quiet", "inc-7"]
    assert own == ["incidents", "inc-7"]
    client.conversations_archive(channel=made["id"])
    left = client.conversations_list(exclude_archived=True)["channels"]
    assert [c["name"] for c in left] == ["incidents", "quiet"]


def test_a_permalink_leads_to_the_page(ws: LocalWorkspace, client: WebClient) -> None:
    posted = client.chat_postMessage(channel="#incidents", text="x")
    link = client.chat_getPermalink(channel=posted["channel"], message_ts=posted["ts"])
    address = link["permalink"]
    assert address.endswith(f"/archives/{posted['channel']}/p{posted['ts'].replace('.', '')}")
    with urllib.request.urlopen(address, timeout=5) as response:
        assert b"<main" in response.read()


def test_modals_stack_to_three_and_are_updated_by_hash(
    ws: LocalWorkspace, client: WebClient
) -> None:
    def modal(text: str, **more: Any) -> dict[str, Any]:
        title = {"type": "plain_text", "text": text}
        return {"type": "modal", "title": title, "blocks": [section()], **more}

    def trigger() -> str:
        return str(ws.user("alice").runs("/recall", "incidents").payload["trigger_id"])

    first = client.views_open(trigger_id=trigger(), view=modal("one", external_id="e"))["view"]
    taken = {"trigger_id": trigger(), "view": modal("x", external_id="e")}
    assert refusal(client.views_push, **taken) == "duplicate_external_id"
    client.views_push(trigger_id=trigger(), view=modal("two"))
    third = client.views_push(trigger_id=trigger(), view=modal("three"))["view"]
    assert third["root_view_id"] == first["id"]
    full = {"trigger_id": trigger(), "view": modal("four")}
    assert refusal(client.views_push, **full) == "push_limit_reached"
    updated = client.views_update(external_id="e", hash=first["hash"], view=modal("new"))["view"]
    assert (updated["id"], updated["title"]["text"]) == (first["id"], "new")
    stale = {"view_id": first["id"], "hash": first["hash"], "view": modal("old")}
    assert refusal(client.views_update, **stale) == "hash_conflict"
