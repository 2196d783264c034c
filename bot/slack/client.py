"""SlackChat: the Chat port over the Web API."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from slack_sdk import WebClient

from bot.chat.messages import AnyMessage
from bot.chat.ports import Destination
from bot.slack.blocks import render
from bot.slack.errors import CALL_ERRORS, told

EVENT_TYPE = "recall_message"
_PAGE = 200
_PAGES = 10


class SlackChat:
    """Says, edits and finds messages. Each call is tried once; errors are ours (see errors)."""

    def __init__(self, client: WebClient) -> None:
        self._client = client

    def post(self, to: Destination, message: AnyMessage, *, key: str) -> str:
        drawn = render(message)
        answer = self._call(
            "chat.postMessage",
            self._client.chat_postMessage,
            channel=to.channel,
            thread_ts=to.thread,
            text=drawn.text,
            blocks=list(drawn.blocks),
            metadata=_metadata(key),
            unfurl_links=False,
            unfurl_media=False,
        )
        return str(answer["ts"])

    def update(self, to: Destination, ref: str, message: AnyMessage, *, key: str) -> None:
        drawn = render(message)
        self._call(
            "chat.update",
            self._client.chat_update,
            channel=to.channel,
            ts=ref,
            text=drawn.text,
            blocks=list(drawn.blocks),
            metadata=_metadata(key),
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


def api_call(method: str, call: Callable[..., Any], **arguments: Any) -> dict[str, Any]:
    """The body of Slack's answer. Raises ChatUnavailable or ChatRefused."""
    try:
        data = call(**arguments).data
    except CALL_ERRORS as error:
        raise told(error, method) from error
    return data if isinstance(data, dict) else {}


def _metadata(key: str) -> dict[str, Any]:
    return {"event_type": EVENT_TYPE, "event_payload": {"key": key}}
