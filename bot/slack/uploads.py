"""Files that the bot shares: uploaded to an address that Slack gives, then shared in a thread."""

from collections.abc import Mapping
from typing import Any

from slack_sdk import WebClient

from bot.actions.notices import FILE_PREFIX
from bot.chat.messages import OutputFile
from bot.chat.ports import Destination
from bot.slack.calling import api_call

CALLS = ("files.getUploadURLExternal", "files.completeUploadExternal")
"""What one upload calls, beside the address in between."""


def upload(client: WebClient, to: Destination, file: OutputFile) -> str:
    """Share the file in the thread `to`; gives Slack's id of the file. Raises ChatUnavailable or
    ChatRefused (without the scope files:write, for one)."""
    answer = api_call(
        CALLS[1],
        client.files_upload_v2,
        channel=to.channel,
        thread_ts=to.thread,
        content=file.text,
        filename=file.name,
        title=file.title,
    )
    shared = answer.get("files") or [{}]
    return str(shared[0].get("id") or "")


def has_file(message: Mapping[str, Any], key: str) -> bool:
    """Whether a message shares the file of that key: it carries no metadata, but its name."""
    if not key.startswith(FILE_PREFIX):
        return False
    name = key.removeprefix(FILE_PREFIX)
    return any(one.get("name") == name for one in message.get("files") or ())
