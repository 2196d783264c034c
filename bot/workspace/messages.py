"""Posting, editing and deleting: each changes the state and tells the app what happened."""

from dataclasses import replace
from typing import Any

from bot.workspace.assistant import Prompts
from bot.workspace.errors import SlackError
from bot.workspace.model import JSON, Channel, File, Message, User
from bot.workspace.state import State


def _event(channel: Channel, body: JSON, ts: str) -> JSON:
    return {
        **body,
        "channel": channel.id,
        "channel_type": channel.kind,
        "event_ts": ts,
    }


def _bot_hears(state: State, channel: Channel) -> bool:
    return state.bot.id in channel.members


def post(state: State, channel: Channel, user: User, text: str, **fields: Any) -> Message:
    """Add a message and emit `message`, and `app_mention` when it names the bot.

    `fields` are further fields of `Message`. Raises SlackError: `is_archived`,
    `thread_not_found` when `thread_ts` names no message.
    """
    if channel.is_archived:
        raise SlackError("is_archived")
    thread_ts = fields.get("thread_ts")
    if thread_ts is not None:
        root = channel.messages.get(thread_ts)
        if root is None:
            raise SlackError("thread_not_found")
        # A reply to a reply belongs to the thread of the first message, as in Slack.
        thread_ts = fields["thread_ts"] = root.thread_ts or root.ts
        first = channel.messages[thread_ts]
        channel.messages[thread_ts] = replace(first, thread_ts=thread_ts)
    message = Message(
        channel=channel.id,
        ts=state.next_ts(),
        user=user.id,
        team_id=user.team_id,
        text=text,
        bot_id=user.bot_id,
        app_id=user.app_id,
        **fields,
    )
    channel.messages[message.ts] = message
    _end_status(state, channel, message)
    _announce(state, channel, message, user)
    state.touch()
    return message


def _end_status(state: State, channel: Channel, message: Message) -> None:
    """An answer of the app ends its status; whoever writes has no more need of prompts."""
    root, by_bot = message.thread_ts or message.ts, message.user == state.bot.id
    thread = channel.assistant.get(root)
    if thread is not None:
        channel.assistant[root] = thread.answered() if by_bot else thread.spoken_to()
    if not by_bot:
        channel.prompts = Prompts()


def _announce(state: State, channel: Channel, message: Message, user: User) -> None:
    if not _bot_hears(state, channel):
        return
    state.emit(_event(channel, message.json(), message.ts))
    named = f"<@{state.bot.id}>" in message.text
    if named and channel.kind != "im" and user.id != state.bot.id and message.subtype is None:
        mention = {key: value for key, value in message.json().items() if key != "type"}
        event = _event(channel, {"type": "app_mention", **mention}, message.ts)
        del event["channel_type"]
        state.emit(event)


def post_ephemeral(
    state: State, channel: Channel, author: User, reader: str, text: str, **fields: Any
) -> Message:
    """Add a message that only `reader` (a user id) sees. The app hears no event of it."""
    message = Message(
        channel=channel.id,
        ts=state.next_ts(),
        user=author.id,
        team_id=state.team_id,
        text=text,
        bot_id=author.bot_id,
        app_id=author.app_id,
        ephemeral_to=reader,
        **fields,
    )
    channel.ephemeral[message.ts] = message
    state.touch()
    return message


def edit(state: State, channel: Channel, ts: str, editor: User, **fields: Any) -> Message:
    """Change fields of a message, mark it edited and emit `message_changed`.

    An edit that changes nothing leaves the mark and the message alone.
    """
    before = state.message(channel, ts)
    changed = replace(before, **fields)
    if changed == before:
        return before
    moment = state.next_ts()
    after = replace(changed, edited=(editor.id, moment))
    channel.messages[ts] = after
    if _bot_hears(state, channel):
        body = {
            "type": "message",
            "subtype": "message_changed",
            "hidden": True,
            "message": after.json(),
            "previous_message": before.json(),
            "ts": moment,
        }
        state.emit(_event(channel, body, moment))
    state.touch()
    return after


def delete(state: State, channel: Channel, ts: str) -> None:
    """Remove a message and emit `message_deleted`. Replies stay, as in Slack."""
    before = state.message(channel, ts)
    del channel.messages[ts]
    channel.pins.pop(ts, None)
    moment = state.next_ts()
    if _bot_hears(state, channel):
        body = {
            "type": "message",
            "subtype": "message_deleted",
            "hidden": True,
            "deleted_ts": ts,
            "previous_message": before.json(),
            "ts": moment,
        }
        state.emit(_event(channel, body, moment))
    state.touch()


def react(state: State, channel: Channel, ts: str, user: User, name: str) -> None:
    """Add a reaction; `already_reacted` when this user gave it before."""
    message = state.message(channel, ts)
    reactions = dict(message.reactions)
    users = reactions.get(name, ())
    if user.id in users:
        raise SlackError("already_reacted")
    reactions[name] = (*users, user.id)
    channel.messages[ts] = replace(message, reactions=tuple(reactions.items()))
    _emit_reaction(state, channel, message, user, name, "reaction_added")


def unreact(state: State, channel: Channel, ts: str, user: User, name: str) -> None:
    """Take a reaction back; `no_reaction` when this user has not given it."""
    message = state.message(channel, ts)
    reactions = dict(message.reactions)
    users = reactions.get(name, ())
    if user.id not in users:
        raise SlackError("no_reaction")
    reactions[name] = tuple(other for other in users if other != user.id)
    kept = tuple((key, given) for key, given in reactions.items() if given)
    channel.messages[ts] = replace(message, reactions=kept)
    _emit_reaction(state, channel, message, user, name, "reaction_removed")


def _emit_reaction(
    state: State, channel: Channel, message: Message, user: User, name: str, kind: str
) -> None:
    if _bot_hears(state, channel):
        state.emit(
            {
                "type": kind,
                "user": user.id,
                "reaction": name,
                "item": {"type": "message", "channel": channel.id, "ts": message.ts},
                "item_user": message.user,
                "event_ts": state.next_ts(),
            }
        )
    state.touch()


def join(state: State, channel: Channel, user: User, inviter: str | None = None) -> bool:
    """Make `user` a member; False when it was one. Emits `member_joined_channel`."""
    if channel.is_archived:
        raise SlackError("is_archived")
    if user.id in channel.members:
        return False
    channel.members.append(user.id)
    if _bot_hears(state, channel):
        event: JSON = {
            "type": "member_joined_channel",
            "user": user.id,
            "channel": channel.id,
            "channel_type": channel.id[0],
            "team": state.team_id,
            "event_ts": state.next_ts(),
        }
        if inviter is not None:
            event["inviter"] = inviter
        state.emit(event)
    state.touch()
    return True


def leave(state: State, channel: Channel, user: User) -> None:
    """End a membership and tell the app: `member_left_channel`, or that it was put out."""
    if user.id not in channel.members:
        raise SlackError("not_in_channel")
    heard = _bot_hears(state, channel)
    channel.members.remove(user.id)
    kind = "channel" if channel.kind == "channel" else "group"
    if user.id == state.bot.id:
        state.emit({"type": f"{kind}_left", "channel": channel.id, "event_ts": state.next_ts()})
    elif heard:
        state.emit(
            {
                "type": "member_left_channel",
                "user": user.id,
                "channel": channel.id,
                "channel_type": channel.id[0],
                "team": state.team_id,
                "event_ts": state.next_ts(),
            }
        )
    state.touch()


def archive(state: State, channel: Channel, user: User) -> None:
    """Archive a channel: nobody can post any more."""
    if channel.is_archived:
        raise SlackError("already_archived")
    channel.is_archived = True
    event = {"type": "channel_archive", "channel": channel.id, "user": user.id}
    state.emit({**event, "is_moved": 0, "event_ts": state.next_ts()})
    state.touch()


def delete_channel(state: State, channel: Channel, user: User) -> None:
    """Delete a channel with everything in it and emit `channel_deleted`."""
    if channel.kind == "im":
        raise SlackError("method_not_supported_for_channel_type")
    heard = channel.kind == "channel" or _bot_hears(state, channel)
    del state.channels[channel.id]
    if heard:
        kind = "channel_deleted" if channel.kind == "channel" else "group_deleted"
        event = {"type": kind, "channel": channel.id, "actor_id": user.id}
        state.emit({**event, "event_ts": state.next_ts()})
    state.touch()


def share_file(
    state: State, channel: Channel, user: User, file: File, text: str, thread_ts: str | None = None
) -> Message:
    """Post `file` in a channel and emit `file_shared` besides the message."""
    if channel.id not in file.channels:
        file = replace(file, channels=(*file.channels, channel.id))
        state.files[file.id] = file
    subtype = None if user.is_bot else "file_share"
    message = post(
        state, channel, user, text, files=(file.json(),), subtype=subtype, thread_ts=thread_ts
    )
    if _bot_hears(state, channel):
        state.emit(
            {
                "type": "file_shared",
                "file_id": file.id,
                "file": {"id": file.id},
                "user_id": user.id,
                "channel_id": channel.id,
                "event_ts": state.next_ts(),
            }
        )
    return message
