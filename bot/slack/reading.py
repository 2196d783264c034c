"""SlackReader: what is known of a channel, of a message and of a person, asked when needed."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from slack_sdk import WebClient

from bot.errors import ChatRefused
from bot.slack import payloads
from bot.slack.client import api_call
from bot.slack.degrade import OptionalCalls
from bot.slack.people import SlackPeople
from bot.slack.room_payloads import PUSHPIN, is_other_app, post_text
from bot.slack.whoami import WhoAmI

_log = logging.getLogger(__name__)

FIRST_MESSAGES = 50
_FIRST_SECONDS = 86_400
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A channel as Slack tells of it. `created` is in seconds since the epoch."""

    id: str
    name: str
    topic: str
    purpose: str
    created: int
    creator: str
    is_private: bool
    is_shared: bool
    is_archived: bool
    is_member: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMessage:
    """One message. `text` is all of it and `logs` what was pasted, both plain; `user` is ""
    for apps. `pinned_by` are those who put a pushpin on it."""

    ts: str
    thread_ts: str | None
    user: str
    name: str
    text: str
    logs: str
    is_own: bool
    is_app: bool
    pinned_by: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Somebody:
    """A person. What Slack does not tell is not known: then `name` is the user id."""

    id: str
    name: str
    is_guest: bool = False


class SlackReader:
    """Asks Slack. Raises ChatUnavailable and ChatRefused, but where a method says otherwise."""

    def __init__(self, client: WebClient, people: SlackPeople, optional: OptionalCalls) -> None:
        self._client = client
        self._people = people
        self._optional = optional
        self._me = WhoAmI(client)

    def room(self, channel: str) -> Room:
        """conversations.info"""
        answer = api_call("conversations.info", self._client.conversations_info, channel=channel)
        told = answer["channel"]
        return Room(
            id=str(told["id"]),
            name=str(told.get("name") or ""),
            topic=_value(told.get("topic")),
            purpose=_value(told.get("purpose")),
            created=int(told.get("created") or 0),
            creator=str(told.get("creator") or ""),
            is_private=bool(told.get("is_private") or told.get("is_group")),
            is_shared=bool(told.get("is_ext_shared") or told.get("is_pending_ext_shared")),
            is_archived=bool(told.get("is_archived")),
            is_member=bool(told.get("is_member")),
        )

    def join(self, channel: str) -> bool:
        """conversations.join; False when that is not allowed."""
        call = self._client.conversations_join

        def join() -> bool:
            api_call("conversations.join", call, channel=channel)
            return True

        return self._optional.ask("joining incident channels", join, otherwise=False)

    def first_messages(self, room: Room) -> tuple[ReadMessage, ...]:
        """What was said on the channel's first day, oldest first, at most FIRST_MESSAGES."""
        answer = api_call(
            "conversations.history",
            self._client.conversations_history,
            channel=room.id,
            oldest=str(room.created - 1),
            latest=str(room.created + _FIRST_SECONDS),
            inclusive=True,
            limit=FIRST_MESSAGES,
        )
        found = [self._read(message) for message in answer.get("messages") or ()]
        return tuple(sorted(found, key=lambda message: message.ts))

    def message(self, channel: str, ts: str) -> ReadMessage | None:
        """One message, in a thread or not; None when it is gone."""
        try:
            answer = api_call(
                "conversations.replies",
                self._client.conversations_replies,
                channel=channel,
                ts=ts,
                oldest=ts,
                latest=ts,
                inclusive=True,
                limit=1,
            )
        except ChatRefused as error:
            if error.code in ("thread_not_found", "message_not_found"):
                return None
            raise
        found = [one for one in answer.get("messages") or () if one.get("ts") == ts]
        return self._read(found[0]) if found else None

    def permalink(self, channel: str, ts: str) -> str:
        """The address of a message; "" where it is not told."""
        call = self._client.chat_getPermalink

        def ask() -> str:
            answer = api_call("chat.getPermalink", call, channel=channel, message_ts=ts)
            return str(answer.get("permalink") or "")

        return self._optional.ask("the link to a message", ask, otherwise="")

    def somebody(self, user_id: str) -> Somebody:
        """What Slack tells of a person, as far as that is allowed."""
        found = self._people.profile(user_id)
        if found is None:
            return Somebody(id=user_id, name=user_id)
        return Somebody(id=user_id, name=found.name[:80] or user_id, is_guest=found.is_guest)

    def read(self, message: Mapping[str, Any]) -> ReadMessage:
        """A message as a payload holds it."""
        return self._read(message)

    def _read(self, message: Mapping[str, Any]) -> ReadMessage:
        me = self._me()
        body = {
            "api_app_id": me.app_id,
            "authorizations": [{"user_id": me.user_id, "is_bot": True}],
        }
        is_app = is_other_app(message, body)
        typed = str(message.get("text") or "")
        text = post_text(message) if is_app else payloads.readable(typed, me.user_id)
        snippets = payloads.previews(message)
        is_paste = not is_app and ("```" in typed or bool(snippets))
        logs = payloads.split(text)[1] if is_paste and "```" in typed else ""
        return ReadMessage(
            ts=str(message.get("ts") or ""),
            thread_ts=str(message["thread_ts"]) if message.get("thread_ts") else None,
            user="" if is_app else str(message.get("user") or ""),
            name=str(message.get("username") or "")[:80],
            text=text.replace("```", " ").strip(),
            logs="\n".join(part for part in (logs, *snippets) if part),
            is_own=message.get("user") == me.user_id,
            is_app=is_app,
            pinned_by=frozenset(
                str(user)
                for reaction in message.get("reactions") or ()
                if reaction.get("name") == PUSHPIN
                for user in reaction.get("users") or ()
            ),
        )


def _value(told: Any) -> str:
    """Topic and purpose come as an object with a value, in Slack's markup."""
    text = str(told.get("value") or "") if isinstance(told, Mapping) else ""
    return payloads.readable(text, None, with_addresses=True)
