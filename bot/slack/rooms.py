"""Slack's channels as places that cards can go to, looked up once in a while."""

import re
import threading
from typing import Any

from slack_sdk import WebClient

from bot.chat.ports import CardRoom, Destination
from bot.clock import Clock
from bot.errors import ChatRefused, ChatUnavailable
from bot.slack.client import api_call
from bot.slack.whoami import WhoAmI

_ID = re.compile(r"[CGD][A-Z0-9]{7,}")
_PAGE = 500
_KEPT_SECONDS = 600.0
_ROOM_IS_GONE = ("channel_not_found", "is_archived", "not_in_channel")


class SlackRooms:
    """The Rooms port. The configured channels (an id, or a name with or without #) are looked
    up when they are first needed; whether a channel is shared is looked up again after a while,
    because it can become so at any time.

    Slack may be away at start: then a call raises ChatUnavailable and the next one tries
    again. ChatRefused when there is no such channel or the token is refused.
    """

    def __init__(
        self,
        client: WebClient,
        wanted: str | None,
        shadow: str | None,
        clock: Clock,
        *,
        admin: str | None = None,
        canary: str | None = None,
    ) -> None:
        self._client = client
        self._wanted = {
            "default": _name(wanted),
            "shadow": _name(shadow),
            "admin": _name(admin) or _name(wanted),
            "canary": _name(canary),
        }
        self._settings = {
            _name(canary): "RECALL_CANARY_CHANNEL",
            _name(admin): "RECALL_ADMIN_CHANNEL",
            _name(shadow): "RECALL_SHADOW_CHANNEL",
            _name(wanted): "RECALL_SLACK_CHANNEL",
        }
        self._clock = clock
        self._found: dict[str, tuple[float, CardRoom]] = {}
        self._who = WhoAmI(client)
        self._lock = threading.Lock()

    def default(self) -> CardRoom | None:
        return self._configured("default")

    def shadow(self) -> CardRoom | None:
        return self._configured("shadow")

    def admin(self) -> CardRoom | None:
        """The channel for notices about Recall itself; the default one where none is named."""
        return self._configured("admin")

    def canary(self) -> CardRoom | None:
        return self._configured("canary")

    def of(self, team_id: str, channel: str) -> CardRoom:
        return self._look_up(channel)

    def refused(self, to: Destination, error: ChatRefused) -> None:
        """Look the room up anew next time, when it is the room that is gone or closed to us: a
        channel that was made again under the same name has another id."""
        if error.code not in _ROOM_IS_GONE:
            return
        with self._lock:
            for name, (_, room) in list(self._found.items()):
                if room.to.channel_key == to.channel_key:
                    del self._found[name]

    def _configured(self, which: str) -> CardRoom | None:
        wanted = self._wanted[which]
        return self._look_up(wanted) if wanted else None

    def _look_up(self, wanted: str) -> CardRoom:
        with self._lock:
            kept = self._found.get(wanted)
            if kept is not None and self._clock.monotonic() - kept[0] < _KEPT_SECONDS:
                return kept[1]
            try:
                room = self._ask(wanted)
            except ChatUnavailable:
                if kept is None:
                    raise
                # What was known a while ago is better than a card that does not come.
                return kept[1]
            self._found[wanted] = (self._clock.monotonic(), room)
            return room

    def _ask(self, wanted: str) -> CardRoom:
        setting = self._settings.get(wanted, "the channel's settings")
        channel = find_channel(self._client, wanted, setting)
        return CardRoom(
            to=Destination(team_id=self._who().team_id, channel=str(channel["id"])),
            is_shared=bool(channel.get("is_ext_shared")),
        )


def _name(wanted: str | None) -> str:
    return wanted.strip() if wanted else ""


def find_channel(
    client: WebClient, wanted: str, setting: str = "RECALL_SLACK_CHANNEL"
) -> dict[str, Any]:
    """Slack's channel object for an id, or a name with or without #; `setting` is what names it.

    Raises ChatRefused (channel_not_found) when the bot cannot see such a channel.
    """
    wanted = wanted.strip()
    advice = f"check {setting}, and invite the bot if the channel is private"
    if _ID.fullmatch(wanted):
        info = client.conversations_info
        try:
            return dict(api_call("conversations.info", info, channel=wanted)["channel"])
        except ChatRefused as error:
            if error.code != "channel_not_found":
                raise
            raise _not_seen(wanted, advice) from error
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
            raise _not_seen(f"#{name}", f"{advice}; an archived one is not found")


def _not_seen(channel: str, advice: str) -> ChatRefused:
    return ChatRefused(
        f"there is no channel {channel} that the bot can see; {advice}", code="channel_not_found"
    )
