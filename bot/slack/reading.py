"""SlackReader: what is known of a channel, of a message and of a person, asked when needed."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from slack_sdk import WebClient

from bot.errors import ChatRefused
from bot.slack import payloads
from bot.slack.client import api_call
from bot.slack.room_payloads import PUSHPIN, is_other_app, post_text

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


def optional(feature: str, call: Callable[[], T], otherwise: T) -> T:
    """What `call` gives; where Slack refuses it (a scope is missing, the server does not know
    the method), one line in the log and `otherwise`. ChatUnavailable comes through."""
    try:
        return call()
    except ChatRefused as error:
        _log.warning("%s is left out: %s", feature, error)
        return otherwise


@dataclass(slots=True)
class _Self:
    """Who the bot is; asked once."""

    user: str = ""
    app: str = ""
    known: bool = field(default=False)


class SlackReader:
    """Asks Slack. Raises ChatUnavailable and ChatRefused, but where a method says otherwise."""

    def __init__(self, client: WebClient) -> None:
        self._client = client
        self._self = _Self()

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

        return optional("joining incident channels", join, otherwise=False)

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

        return optional("the link to a message", ask, otherwise="")

    def somebody(self, user_id: str) -> Somebody:
        """users.info, as far as that is allowed."""
        call = self._client.users_info

        def ask() -> Somebody:
            told = api_call("users.info", call, user=user_id)["user"]
            profile = told.get("profile") or {}
            name = profile.get("display_name") or told.get("name") or user_id
            return Somebody(
                id=user_id,
                name=str(name)[:80],
                is_guest=bool(told.get("is_restricted") or told.get("is_ultra_restricted")),
            )

        return optional("people's names", ask, otherwise=Somebody(id=user_id, name=user_id))

    def read(self, message: Mapping[str, Any]) -> ReadMessage:
        """A message as a payload holds it."""
        return self._read(message)

    def _read(self, message: Mapping[str, Any]) -> ReadMessage:
        me = self._me()
        body = {
            "api_app_id": me.app,
            "authorizations": [{"user_id": me.user, "is_bot": True}],
        }
        is_app = is_other_app(message, body)
        typed = str(message.get("text") or "")
        text = post_text(message) if is_app else payloads.readable(typed, me.user)
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
            is_own=message.get("user") == me.user,
            is_app=is_app,
            pinned_by=frozenset(
                str(user)
                for reaction in message.get("reactions") or ()
                if reaction.get("name") == PUSHPIN
                for user in reaction.get("users") or ()
            ),
        )

    def _me(self) -> _Self:
        if not self._self.known:
            answer = api_call("auth.test", self._client.auth_test)
            self._self = _Self(
                str(answer.get("user_id") or ""), str(answer.get("app_id") or ""), True
            )
        return self._self


def _value(told: Any) -> str:
    """Topic and purpose come as an object with a value, in Slack's markup."""
    text = str(told.get("value") or "") if isinstance(told, Mapping) else ""
    return payloads.readable(text, None, with_addresses=True)
