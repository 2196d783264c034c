"""Where incident cards go: the configured channel, looked up once and remembered."""

import re
import threading
from typing import Any

from slack_sdk import WebClient

from bot.chat.ports import CardRoom, Destination
from bot.errors import ChatRefused
from bot.slack.client import api_call

_ID = re.compile(r"[CGD][A-Z0-9]{7,}")
_PAGE = 500
_ROOM_IS_GONE = ("channel_not_found", "is_archived", "not_in_channel")


class ConfiguredRoom:
    """Resolves `wanted` (an id, or a name with or without #) when it is first needed.

    Slack may be away at start: then the call raises ChatUnavailable and the next one tries
    again. ChatRefused when there is no such channel or the token is refused. None is answered
    when no channel is configured.
    """

    def __init__(self, client: WebClient, wanted: str | None) -> None:
        self._client = client
        self._wanted = wanted.strip() if wanted else ""
        self._room: CardRoom | None = None
        self._lock = threading.Lock()

    def __call__(self) -> CardRoom | None:
        if not self._wanted:
            return None
        with self._lock:
            if self._room is None:
                self._room = self._look_up()
            return self._room

    def refused(self, to: Destination, error: ChatRefused) -> None:
        """Look the room up anew next time, when it is the room that is gone or closed to us: a
        channel that was made again under the same name has another id."""
        if error.code in _ROOM_IS_GONE:
            with self._lock:
                if self._room is not None and self._room.to.channel_key == to.channel_key:
                    self._room = None

    def _look_up(self) -> CardRoom:
        team = str(api_call("auth.test", self._client.auth_test)["team_id"])
        channel = find_channel(self._client, self._wanted)
        return CardRoom(
            to=Destination(team_id=team, channel=str(channel["id"])),
            is_shared=bool(channel.get("is_ext_shared")),
        )


def find_channel(client: WebClient, wanted: str) -> dict[str, Any]:
    """Slack's channel object for an id, or a name with or without #.

    Raises ChatRefused (channel_not_found) when the bot cannot see such a channel.
    """
    wanted = wanted.strip()
    if _ID.fullmatch(wanted):
        info = client.conversations_info
        return dict(api_call("conversations.info", info, channel=wanted)["channel"])
    name, cursor = wanted.lstrip("#"), ""
    while True:
        answer = api_call(
            "conversations.list",
            client.conversations_list,
            types="public_channel,private_channel",
            exclude_archived=True,
            limit=_PAGE,
            cursor=cursor,
        )
        for channel in answer.get("channels") or ():
            if channel.get("name") == name:
                return dict(channel)
        cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
        if not cursor:
            raise ChatRefused(
                f"there is no channel #{name} that the bot can see; check "
                "RECALL_SLACK_CHANNEL, and invite the bot if the channel is private",
                code="channel_not_found",
            )
