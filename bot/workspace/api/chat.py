"""chat.*: post, update, delete, ephemeral, permalink."""

import json
from typing import Any

from bot.workspace import messages, rules
from bot.workspace.api.call import Call
from bot.workspace.errors import SlackError
from bot.workspace.model import JSON, Channel, Message


def numbered(blocks: list[JSON] | None, state_id: Any) -> tuple[JSON, ...]:
    """Give every block an id where the app left it out, as Slack does."""
    return tuple(
        block if block.get("block_id") else {**block, "block_id": state_id("b")}
        for block in blocks or ()
    )


def target(call: Call) -> Channel:
    """Where to post: a channel id, `#name`, or a user id for a direct message.

    Raises SlackError: channel_not_found, is_archived, not_in_channel.
    """
    wanted = call.required("channel", "channel_not_found")
    state = call.state
    if wanted in state.users:
        if state.users[wanted].deleted:
            raise SlackError("user_disabled")
        return state.direct(call.bot.id, wanted)
    by_name = {c.name: c.id for c in state.channels.values() if c.kind == "channel"}
    channel = state.channel(by_name.get(wanted.removeprefix("#"), wanted), viewer=call.bot.id)
    if channel.is_archived:
        raise SlackError("is_archived")
    member = call.bot.id in channel.members
    if not member and not (channel.kind == "channel" and "chat:write.public" in call.scopes):
        raise SlackError("not_in_channel")
    return channel


def content(call: Call, *, limit: int = rules.POST_TEXT) -> JSON:
    """Text, blocks, attachments and metadata of a message, checked."""
    text = call.text("text")
    blocks = call.objects("blocks", "invalid_blocks_format")
    attachments = call.objects("attachments", "invalid_attachments")
    rules.check_message(text, blocks, attachments, limit=limit)
    return {
        "text": text,
        "blocks": numbered(blocks, call.state.next_id),
        "attachments": tuple(attachments or ()),
    }


def metadata(call: Call) -> JSON | None:
    """The message metadata, checked."""
    value = call.json("metadata", "invalid_metadata_format")
    if value is not None:
        rules.check_metadata(value, len(json.dumps(value).encode()))
    return value  # type: ignore[no-any-return]


def shown(message: Message, *, with_metadata: bool = True) -> JSON:
    """A message as the methods answer it."""
    body = message.json()
    if with_metadata and message.metadata is not None:
        body["metadata"] = message.metadata
    return body


def post_message(call: Call) -> JSON:
    """chat.postMessage"""
    channel = target(call)
    call.core.pace.check(channel.id)
    message = messages.post(
        call.state,
        channel,
        call.bot,
        **content(call),
        metadata=metadata(call),
        thread_ts=call.text("thread_ts") or None,
        broadcast=call.flag("reply_broadcast"),
        client_msg_id=call.text("client_msg_id") or None,
        username=call.text("username") or None,
    )
    return {"channel": channel.id, "ts": message.ts, "message": shown(message)}


def own_message(call: Call, refusal: str) -> tuple[Channel, Message]:
    """The message at `ts` in `channel`, if it is the bot's; `refusal` otherwise."""
    channel = call.channel()
    if channel.is_archived:
        raise SlackError("is_archived")
    message = call.state.message(channel, call.required("ts", "message_not_found"))
    if message.user != call.bot.id:
        raise SlackError(refusal)
    return channel, message


def update(call: Call) -> JSON:
    """chat.update: parts of the message that are not named stay, but text replaces blocks."""
    channel, message = own_message(call, "cant_update_message")
    given = {key for key in ("text", "blocks", "attachments") if call.args.get(key) is not None}
    fields = content(call, limit=rules.UPDATE_TEXT)
    if "attachments" not in given:
        del fields["attachments"]
    if "text" not in given:
        del fields["text"]
    if "metadata" in call.args:
        fields["metadata"] = metadata(call)
    after = messages.edit(call.state, channel, message.ts, call.bot, **fields)
    return {
        "channel": channel.id,
        "ts": after.ts,
        "text": after.text,
        "message": shown(after),
    }


def delete(call: Call) -> JSON:
    """chat.delete"""
    channel, message = own_message(call, "cant_delete_message")
    messages.delete(call.state, channel, message.ts)
    return {"channel": channel.id, "ts": message.ts}


def post_ephemeral(call: Call) -> JSON:
    """chat.postEphemeral"""
    channel = target(call)
    reader = call.required("user", "user_not_in_channel")
    if reader not in channel.members:
        raise SlackError("user_not_in_channel")
    message = messages.post_ephemeral(
        call.state,
        channel,
        call.bot,
        reader,
        **content(call),
        thread_ts=call.text("thread_ts") or None,
    )
    return {"message_ts": message.ts}


def permalink(call: Call) -> JSON:
    """chat.getPermalink"""
    channel = call.channel()
    message = call.state.message(channel, call.required("message_ts", "message_not_found"))
    return {"channel": channel.id, "permalink": link(call.state.base_url, message)}


def link(base_url: str, message: Message) -> str:
    """The address of a message on the workspace's page."""
    address = f"{base_url}/archives/{message.channel}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        address += f"?thread_ts={message.thread_ts}&cid={message.channel}"
    return address
