"""What is read out of Slack's payloads, and what is dropped before it is kept."""

import pytest

from bot.slack import payloads

BOT = "U0BOT"


def event(**changes):
    inner = {
        "type": "app_mention",
        "user": "U0ALICE",
        "text": f"<@{BOT}> why is checkout slow?",
        "channel": "C1",
        "ts": "5.0",
    } | changes
    return {
        "type": "event_callback",
        "team_id": "T1",
        "event_id": "Ev1",
        "authorizations": [{"user_id": BOT, "is_bot": True, "team_id": "T1"}],
        "event": {key: value for key, value in inner.items() if value is not None},
    }


def message(**changes):
    return event(**({"type": "message", "channel_type": "channel", "text": "hello"} | changes))


def test_a_mention_is_a_question_without_the_bots_name():
    said = payloads.said(event())
    assert said is not None
    assert said.question == "why is checkout slow?"
    assert said.actor.key == "T1/U0ALICE"
    assert said.is_addressed
    assert said.thread_ts is None


def test_slack_markup_becomes_what_was_typed():
    text = f"<@{BOT}> is <https://a.example/x|a.example> &lt;pod&gt; in <#C9|ops> by <@U7> <!here>?"
    said = payloads.said(event(text=text))
    assert said is not None
    assert said.question == "is a.example <pod> in #ops by @U7 @here?"


@pytest.mark.parametrize(
    "body",
    [
        message(),
        message(thread_ts="1.0", bot_id="B1"),
        message(thread_ts="1.0", user=BOT),
        message(thread_ts="1.0", subtype="message_changed"),
        message(thread_ts="1.0", text=f"<@{BOT}> twice"),
        message(channel_type="im", user=None),
        event(type="reaction_added"),
        event(bot_id="B2"),
        {"type": "event_callback", "team_id": "T1"},
        {"type": "event_callback", "event": []},
    ],
)
def test_what_cannot_concern_the_bot_is_dropped(body):
    assert not payloads.is_wanted(body)
    assert payloads.said(body) is None


@pytest.mark.parametrize(
    "body",
    [
        event(),
        message(channel_type="im"),
        message(thread_ts="1.0"),
        message(thread_ts="1.0", subtype="file_share"),
    ],
)
def test_mentions_direct_messages_and_replies_are_kept(body):
    assert payloads.is_wanted(body)
    assert payloads.said(body) is not None


def test_code_blocks_are_logs_and_the_rest_is_the_question():
    assert payloads.split("what is this ```a\nb``` please") == ("what is this please", "a\nb")
    assert payloads.split("```never closed\nb") == ("", "never closed\nb")


def test_several_lines_are_logs_and_a_first_question_stays_one():
    assert payloads.split("a\nb\nc\nd") == ("", "a\nb\nc\nd")
    assert payloads.split("what is this?\nb\nc\nd") == ("what is this?", "b\nc\nd")
    assert payloads.split("one\ntwo") == ("one two", "")
    assert payloads.split("") == ("", "")


def test_a_small_snippet_is_read_from_its_preview():
    files = [{"mimetype": "text/plain", "preview": "ERROR &lt;x&gt;"}, {"mimetype": "image/png"}]
    said = payloads.said(event(files=files))
    assert said is not None
    assert said.logs == "ERROR <x>"


def test_somebody_of_another_organisation_keeps_their_own_team():
    body = event(user_team="T2") | {"is_ext_shared_channel": True}
    said = payloads.said(body)
    assert said is not None
    assert (said.team_id, said.actor.team_id, said.is_shared) == ("T1", "T2", True)


def action(**changes):
    return {
        "type": "block_actions",
        "user": {"id": "U0ALICE", "team_id": "T1", "name": "alice"},
        "team": {"id": "T1"},
        "container": {"type": "message", "message_ts": "5.0", "channel_id": "C1"},
        "actions": [{"action_id": "recall_feedback_helpful", "value": "token", "action_ts": "9.1"}],
    } | changes


def test_a_press_is_who_pressed_what_where():
    click = payloads.click(action())
    assert click is not None
    assert (click.actor.key, click.token, click.channel) == ("T1/U0ALICE", "token", "C1")


@pytest.mark.parametrize(
    "changes",
    [
        {"actions": []},
        {"actions": [{"action_id": "somebody_elses", "value": "x"}]},
        {"actions": ["x"]},
        {"user": None},
        {"user": {}},
        {"container": {"type": "view"}},
        {"team": None, "user": {"id": "U1"}},
    ],
)
def test_what_is_no_press_of_ours_is_none(changes):
    assert payloads.click(action(**changes)) is None
