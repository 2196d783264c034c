"""The things a workspace holds: people, channels, messages, files and views.

All of them except `Channel` are frozen: a change makes a new value, so that whoever holds a
message or a view (a test, the page) holds what it was at that moment.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.workspace.assistant import AssistantThread, Prompts

JSON = dict[str, Any]
ChannelKind = Literal["channel", "group", "im"]

__all__ = [
    "JSON",
    "Bookmark",
    "Channel",
    "ChannelKind",
    "File",
    "Message",
    "User",
    "UserGroup",
    "View",
]


def _zone(name: str) -> tzinfo:
    """The time zone, or UTC on a machine that has no time zone data."""
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        return UTC


@dataclass(frozen=True, slots=True)
class User:
    """A person or a bot user of the workspace."""

    id: str
    team_id: str
    name: str
    real_name: str
    email: str
    tz: str = "Europe/London"
    bot_id: str | None = None
    app_id: str | None = None
    is_guest: bool = False
    deleted: bool = False

    @property
    def is_bot(self) -> bool:
        """Whether an app speaks through this user."""
        return self.bot_id is not None

    def json(self, *, now: float = 0.0, with_email: bool = True) -> JSON:
        """The user object of users.info; the address only with the scope for it.

        `now` (seconds since the epoch) decides between summer and winter time.
        """
        local = datetime.fromtimestamp(now, _zone(self.tz))
        offset = local.utcoffset()
        profile: JSON = {
            "real_name": self.real_name,
            "display_name": self.name,
            "team": self.team_id,
        }
        if with_email and not self.is_bot:
            profile["email"] = self.email
        if self.bot_id is not None:
            profile |= {"bot_id": self.bot_id, "api_app_id": self.app_id}
        return {
            "id": self.id,
            "team_id": self.team_id,
            "name": self.name,
            "real_name": self.real_name,
            "deleted": self.deleted,
            "tz": self.tz,
            "tz_label": local.tzname() or self.tz,
            "tz_offset": int(offset.total_seconds()) if offset else 0,
            "profile": profile,
            "is_bot": self.is_bot,
            "is_app_user": False,
            "is_restricted": self.is_guest,
            "is_ultra_restricted": False,
            "updated": 0,
        }


@dataclass(frozen=True, slots=True)
class UserGroup:
    """A group of people that can be mentioned together; `users` are user ids."""

    id: str
    handle: str
    name: str
    users: tuple[str, ...] = ()
    disabled: bool = False

    def json(self, team_id: str) -> JSON:
        """The object of usergroups.list, without its users."""
        return {
            "id": self.id,
            "team_id": team_id,
            "is_usergroup": True,
            "name": self.name,
            "description": "",
            "handle": self.handle,
            "is_external": False,
            "date_delete": 1 if self.disabled else 0,
            "user_count": len(self.users),
        }


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a channel, or one that only `ephemeral_to` can see.

    `text` is escaped mrkdwn as on the wire; `blocks` and `attachments` are JSON as posted.
    """

    channel: str
    ts: str
    user: str
    team_id: str
    text: str = ""
    blocks: tuple[JSON, ...] = ()
    attachments: tuple[JSON, ...] = ()
    thread_ts: str | None = None
    subtype: str | None = None
    bot_id: str | None = None
    app_id: str | None = None
    username: str | None = None
    client_msg_id: str | None = None
    metadata: JSON | None = None
    files: tuple[JSON, ...] = ()
    reactions: tuple[tuple[str, tuple[str, ...]], ...] = ()
    edited: tuple[str, str] | None = None
    ephemeral_to: str | None = None
    broadcast: bool = False

    @property
    def is_reply(self) -> bool:
        """Whether the message sits in a thread under another one."""
        return self.thread_ts is not None and self.thread_ts != self.ts

    def json(self) -> JSON:
        """The message object of history and of events, without its metadata."""
        body: JSON = {
            "type": "message",
            "user": self.user,
            "ts": self.ts,
            "text": self.text,
            "team": self.team_id,
        }
        optional: JSON = {
            "subtype": self.subtype,
            "bot_id": self.bot_id,
            "app_id": self.app_id,
            "username": self.username,
            "client_msg_id": self.client_msg_id,
            "thread_ts": self.thread_ts,
            "blocks": list(self.blocks),
            "attachments": list(self.attachments),
            "files": list(self.files),
        }
        body |= {key: value for key, value in optional.items() if value}
        if self.edited is not None:
            body["edited"] = {"user": self.edited[0], "ts": self.edited[1]}
        if self.reactions:
            body["reactions"] = [
                {"name": name, "users": list(users), "count": len(users)}
                for name, users in self.reactions
            ]
        return body


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A link at the top of a channel."""

    id: str
    channel: str
    title: str
    link: str
    emoji: str = ""

    def json(self) -> JSON:
        """The bookmark object of bookmarks.list."""
        return {
            "id": self.id,
            "channel_id": self.channel,
            "title": self.title,
            "link": self.link,
            "emoji": self.emoji,
            "type": "link",
        }


@dataclass(slots=True)
class Channel:
    """A public channel, a private one, or a direct conversation.

    `messages` and `pins` are keyed by and ordered by ts; `ephemeral` holds what only single
    people see; `assistant` what the app shows beside the thread with that root.
    """

    id: str
    name: str
    kind: ChannelKind
    creator: str
    created: int
    members: list[str] = field(default_factory=list)
    topic: str = ""
    purpose: str = ""
    is_archived: bool = False
    is_shared: bool = False
    messages: dict[str, Message] = field(default_factory=dict)
    ephemeral: dict[str, Message] = field(default_factory=dict)
    pins: dict[str, str] = field(default_factory=dict)
    bookmarks: dict[str, Bookmark] = field(default_factory=dict)
    assistant: dict[str, AssistantThread] = field(default_factory=dict)
    prompts: Prompts = field(default_factory=Prompts)

    def json(self, viewer: str) -> JSON:
        """The conversation object as `viewer` (a user id) sees it."""
        body: JSON = {
            "id": self.id,
            "created": self.created,
            "creator": self.creator,
            "is_archived": self.is_archived,
            "is_channel": self.kind == "channel",
            "is_group": self.kind == "group",
            "is_im": self.kind == "im",
            "is_mpim": False,
            "is_private": self.kind != "channel",
            "is_shared": self.is_shared,
            "is_ext_shared": self.is_shared,
            "is_org_shared": False,
            "is_general": False,
        }
        if self.kind == "im":
            other = next((user for user in self.members if user != viewer), viewer)
            return body | {"user": other, "is_open": True}
        return body | {
            "name": self.name,
            "name_normalized": self.name,
            "is_member": viewer in self.members,
            "num_members": len(self.members),
            "topic": {"value": self.topic, "creator": self.creator, "last_set": self.created},
            "purpose": {"value": self.purpose, "creator": self.creator, "last_set": self.created},
        }

    def replies(self) -> dict[str, list[Message]]:
        """All replies by the ts of their thread's root, oldest first."""
        found: dict[str, list[Message]] = {}
        for message in self.messages.values():
            if message.is_reply and message.thread_ts is not None:
                found.setdefault(message.thread_ts, []).append(message)
        return found

    def thread(self, root_ts: str) -> tuple[Message, ...]:
        """The root message and its replies, oldest first; empty when there is none."""
        return tuple(
            message
            for message in self.messages.values()
            if root_ts in (message.ts, message.thread_ts)
        )


@dataclass(frozen=True, slots=True)
class File:
    """A file; `content` is None until its bytes have been uploaded."""

    id: str
    name: str
    user: str
    created: int
    length: int
    title: str = ""
    content: bytes | None = None
    channels: tuple[str, ...] = ()
    url: str = ""

    def json(self) -> JSON:
        """The file object of files.info and of messages."""
        return {
            "id": self.id,
            "created": self.created,
            "name": self.name,
            "title": self.title or self.name,
            "mimetype": "text/plain",
            "filetype": "text",
            "user": self.user,
            "size": self.length,
            "mode": "hosted",
            "url_private": self.url,
            "url_private_download": self.url,
            "channels": list(self.channels),
        }


@dataclass(frozen=True, slots=True)
class View:
    """A modal or a home tab, open for one user.

    `definition` is the JSON that the app sent; `values` the state a person has typed in.
    """

    id: str
    team_id: str
    user: str
    app_id: str
    bot_id: str
    definition: JSON
    hash: str
    root_view_id: str
    previous_view_id: str | None = None
    errors: tuple[tuple[str, str], ...] = ()

    def json(self, values: JSON | None = None) -> JSON:
        """The view object of views.open and of interaction payloads."""
        shown: JSON = {
            "id": self.id,
            "team_id": self.team_id,
            "app_id": self.app_id,
            "bot_id": self.bot_id,
            "app_installed_team_id": self.team_id,
            "hash": self.hash,
            "root_view_id": self.root_view_id,
            "previous_view_id": self.previous_view_id,
            "state": {"values": values or {}},
            "callback_id": "",
            "private_metadata": "",
            "external_id": "",
            "title": {"type": "plain_text", "text": "", "emoji": True},
            "submit": None,
            "close": None,
            "clear_on_close": False,
            "notify_on_close": False,
        }
        return shown | self.definition

    def with_errors(self, errors: dict[str, str]) -> "View":
        """The same view with messages next to the blocks named in `errors`."""
        return replace(self, errors=tuple(errors.items()))
