"""Files in Slack's two steps: get an upload address, upload the bytes, share the result."""

import secrets
from dataclasses import replace

from bot.workspace import messages
from bot.workspace.api.call import Call
from bot.workspace.errors import SlackError
from bot.workspace.model import JSON, File
from bot.workspace.state import State

MAX_BYTES = 1_000_000_000
_UPLOAD = "/upload/v1/"


def get_upload_url(call: Call) -> JSON:
    """files.getUploadURLExternal"""
    name = call.required("filename")
    length = call.number("length", 0, MAX_BYTES)
    if not length:
        raise SlackError("invalid_arguments")
    file = File(
        id=call.state.next_id("F"),
        name=name,
        user=call.bot.id,
        created=int(call.state.clock()),
        length=length,
        url="",
    )
    secret = secrets.token_urlsafe(18)
    call.state.files[file.id] = replace(
        file, url=f"{call.state.base_url}/files-pri/{file.id}/{secret}"
    )
    return {"upload_url": f"{call.state.base_url}{_UPLOAD}{file.id}/{secret}", "file_id": file.id}


def receive(state: State, file_id: str, secret: str, content: bytes) -> None:
    """Take the bytes of an upload. Raises SlackError: file_not_found, wrong_length."""
    file = state.file(file_id)
    if not secrets.compare_digest(file.url.rpartition("/")[2], secret) or file.content is not None:
        raise SlackError("file_not_found")
    if len(content) != file.length:
        raise SlackError("wrong_length")
    state.files[file_id] = replace(file, content=content)


def complete_upload(call: Call) -> JSON:
    """files.completeUploadExternal: title the files and share them, if a channel is given."""
    wanted = call.objects("files", "invalid_arguments")
    if not wanted:
        raise SlackError("invalid_arguments")
    done = []
    for item in wanted:
        file = call.state.file(str(item.get("id", "")))
        if file.content is None:
            raise SlackError("file_not_found")
        done.append(replace(file, title=str(item.get("title") or file.name)))
    channel_id = call.text("channel_id") or call.text("channels").partition(",")[0]
    channel = None
    if channel_id:
        channel = call.state.channel(channel_id, viewer=call.bot.id)
        if call.bot.id not in channel.members:
            raise SlackError("not_in_channel")
    for number, file in enumerate(done):
        call.state.files[file.id] = file
        if channel is not None:
            comment = call.text("initial_comment") if number == 0 else ""
            thread_ts = call.text("thread_ts") or None
            messages.share_file(call.state, channel, call.bot, file, comment, thread_ts)
    return {"files": [call.state.files[file.id].json() for file in done]}


def info(call: Call) -> JSON:
    """files.info"""
    file = call.state.file(call.required("file", "file_not_found"))
    body: JSON = {"file": file.json(), "comments": []}
    if file.content is not None:
        body["content"] = file.content.decode("utf-8", "replace")
    return body


def delete(call: Call) -> JSON:
    """files.delete: the bot's own files only."""
    file = call.state.file(call.required("file", "file_not_found"))
    if file.user != call.bot.id:
        raise SlackError("cant_delete_file")
    del call.state.files[file.id]
    call.state.touch()
    return {}
