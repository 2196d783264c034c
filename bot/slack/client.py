"""SlackChat: the Chat port over the Web API."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from slack_sdk import WebClient

from bot.chat.messages import Answer, AnyMessage, OutputFile
from bot.chat.ports import Destination
from bot.errors import ChatRefused
from bot.slack.blocks import Rendered, render
from bot.slack.calling import api_call
from bot.slack.uploads import has_file, upload

_log = logging.getLogger(__name__)

__all__ = ["EVENT_TYPE", "SlackChat", "api_call", "is_direct"]

EVENT_TYPE = "recall_message"
_NO_PAIR = ("invalid_blocks", "invalid_blocks_format")
_PAGE = 200
_PAGES = 10


class SlackChat:
    """Says, edits and finds messages. Each call is tried once; errors are ours (see errors)."""

    def __init__(self, client: WebClient) -> None:
        self._client = client
        self._has_pair = True

    def post(self, to: Destination, message: AnyMessage, *, key: str) -> str:
        if isinstance(message, OutputFile):
            try:
                return upload(self._client, to, message)
            except ChatRefused as error:
                _log.warning("%s is told of instead of shown: %s", key, error)
        answer = self._said(
            "chat.postMessage",
            self._client.chat_postMessage,
            to,
            message,
            thread_ts=to.thread,
            metadata=_metadata(key),
            unfurl_links=False,
            unfurl_media=False,
        )
        return str(answer["ts"])

    def update(self, to: Destination, ref: str, message: AnyMessage, *, key: str) -> None:
        if isinstance(message, OutputFile):
            return  # a file never changes
        self._said(
            "chat.update",
            self._client.chat_update,
            to,
            message,
            ts=ref,
            metadata=_metadata(key),
        )

    def _said(
        self,
        method: str,
        call: Callable[..., Any],
        to: Destination,
        message: AnyMessage,
        **arguments: Any,
    ) -> dict[str, Any]:
        """The call with the message drawn for the place. A workspace that does not take the
        pane's own buttons gets plain ones, from then on at once."""
        in_pane = is_direct(to.channel) and self._has_pair and isinstance(message, Answer)
        try:
            return self._drawn(method, call, to, render(message, in_pane=in_pane), arguments)
        except ChatRefused as error:
            if not in_pane or error.code not in _NO_PAIR:
                raise
            self._has_pair = False
            _log.warning("plain buttons are used from now on: %s", error)
            return self._drawn(method, call, to, render(message), arguments)

    def _drawn(
        self,
        method: str,
        call: Callable[..., Any],
        to: Destination,
        drawn: Rendered,
        arguments: dict[str, Any],
    ) -> dict[str, Any]:
        return self._call(
            method,
            call,
            channel=to.channel,
            text=drawn.text,
            blocks=list(drawn.blocks),
            **arguments,
        )

    def find(self, to: Destination, key: str, since: datetime) -> str | None:
        """Looks through the channel (or the thread) from `since` on, newest page first."""
        arguments: dict[str, Any] = {
            "channel": to.channel,
            "oldest": f"{since.timestamp():.6f}",
            "include_all_metadata": True,
            "limit": _PAGE,
        }
        method = "conversations.history"
        call: Callable[..., Any] = self._client.conversations_history
        if to.thread is not None:
            method, call = "conversations.replies", self._client.conversations_replies
            arguments["ts"] = to.thread
        for _ in range(_PAGES):
            answer = self._call(method, call, **arguments)
            for message in answer.get("messages") or ():
                if has_file(message, key):
                    return str(message["ts"])
                metadata = message.get("metadata") or {}
                payload = metadata.get("event_payload") or {}
                if metadata.get("event_type") == EVENT_TYPE and payload.get("key") == key:
                    return str(message["ts"])
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return None
            arguments["cursor"] = cursor
        return None

    def _call(self, method: str, call: Callable[..., Any], **arguments: Any) -> dict[str, Any]:
        return api_call(method, call, **arguments)


def is_direct(channel: str) -> bool:
    """Whether this is a conversation with one person: the assistant pane, where there is one."""
    return channel.startswith("D")


def _metadata(key: str) -> dict[str, Any]:
    return {"event_type": EVENT_TYPE, "event_payload": {"key": key}}
