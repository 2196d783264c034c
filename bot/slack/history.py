"""Reading back what was said in a channel, threads included, within bounds."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from slack_sdk import WebClient

from bot.errors import ChatRefused
from bot.slack.client import api_call

_PAGE = 200
_HISTORY_PAGES = 25
_REPLY_PAGES = 5
_LIST_PAGES = 50
_THREADS = 100
"""Most calls for one channel: 25 for the channel itself, and 5 for each of 100 threads."""
_OLDER_THREADS = timedelta(days=1)
"""A reply may come to a thread that began before the gap; those begun this long before it are
looked for. Threads under known cards are read whatever their age."""
KINDS = {"public_channel": "channel", "private_channel": "group", "im": "im"}
"""Kinds of conversations as they are listed, and as events name them."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A conversation that the bot is in; `kind` as in an event's `channel_type`."""

    id: str
    kind: str
    is_shared: bool


class History:
    """What the Web API tells of the past. Raises ChatUnavailable and ChatRefused."""

    def __init__(self, client: WebClient) -> None:
        self._client = client

    def channels(self) -> tuple[Sequence[Channel], Mapping[str, ChatRefused]]:
        """The conversations that the bot is in, and which kinds could not be listed and why:
        each kind has a scope of its own, and one that is missing must not hide the others."""
        found: list[Channel] = []
        refused: dict[str, ChatRefused] = {}
        for kind, event_kind in KINDS.items():
            pages = self._pages(
                "users.conversations",
                self._client.users_conversations,
                _LIST_PAGES,
                types=kind,
                exclude_archived=True,
            )
            try:
                rows = [row for page in pages for row in page.get("channels") or ()]
            except ChatRefused as error:
                refused[kind] = error
                continue
            found += [
                Channel(str(row["id"]), event_kind, bool(row.get("is_ext_shared"))) for row in rows
            ]
        return found, refused

    def said(
        self, channel: str, since: datetime, until: datetime, *, known_threads: Sequence[str]
    ) -> Sequence[Mapping[str, Any]]:
        """The messages of that time, replies included, oldest first; Slack's own objects. Posts
        of apps that were edited in that time are among them, where they are a day older at most.

        `known_threads` are read for replies even when they began long before `since`.
        """
        oldest, latest = _ts(since), _ts(until)
        found: dict[str, Mapping[str, Any]] = {}
        threads: list[str] = []
        seen: set[str] = set()
        for message in self._history(channel, _ts(since - _OLDER_THREADS), latest):
            ts = str(message.get("ts"))
            seen.add(ts)
            if float(ts) >= float(oldest) or edited_post_at(message) >= float(oldest):
                found[ts] = message
            if float(message.get("latest_reply") or 0) >= float(oldest):
                threads.append(ts)
        # A known thread that the history showed without a late reply has none.
        threads += [ts for ts in known_threads if ts not in seen]
        for root in threads[:_THREADS]:
            for reply in self._replies(channel, root, oldest, latest):
                if str(reply.get("ts")) != root:
                    found.setdefault(str(reply["ts"]), reply)
        return [found[ts] for ts in sorted(found, key=float)]

    def _history(self, channel: str, oldest: str, latest: str) -> Iterator[Mapping[str, Any]]:
        pages = self._pages(
            "conversations.history",
            self._client.conversations_history,
            _HISTORY_PAGES,
            channel=channel,
            oldest=oldest,
            latest=latest,
            inclusive=True,
        )
        for page in pages:
            yield from page.get("messages") or ()

    def _replies(
        self, channel: str, root: str, oldest: str, latest: str
    ) -> Iterator[Mapping[str, Any]]:
        pages = self._pages(
            "conversations.replies",
            self._client.conversations_replies,
            _REPLY_PAGES,
            channel=channel,
            ts=root,
            oldest=oldest,
            latest=latest,
            inclusive=True,
        )
        try:
            for page in pages:
                yield from page.get("messages") or ()
        except ChatRefused as error:
            if error.code != "thread_not_found":  # somebody has deleted it
                raise

    def _pages(
        self, method: str, call: Callable[..., Any], most: int, **arguments: Any
    ) -> Iterator[Mapping[str, Any]]:
        return islice(_all_pages(method, call, arguments), most)


def _all_pages(
    method: str, call: Callable[..., Any], arguments: dict[str, Any]
) -> Iterator[Mapping[str, Any]]:
    arguments = {**arguments, "limit": _PAGE}
    while True:
        answer = api_call(method, call, **arguments)
        yield answer
        cursor = (answer.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return
        arguments["cursor"] = cursor


def edited_post_at(message: Mapping[str, Any]) -> float:
    """When an app edited its post last, in seconds since 1970; 0 for one that it did not, and for
    what people say."""
    edited = message.get("edited")
    if not (message.get("bot_id") or message.get("subtype") == "bot_message"):
        return 0.0
    try:
        return float(edited.get("ts") or 0) if isinstance(edited, Mapping) else 0.0
    except (TypeError, ValueError):
        return 0.0


def _ts(moment: datetime) -> str:
    return f"{moment.timestamp():.6f}"
