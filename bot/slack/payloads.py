"""Reading Slack's payloads: what somebody said or pressed, from verified bodies. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.people.model import Actor
from bot.slack.assistant import pane_opened
from bot.slack.escape import unescape
from bot.slack.files import SharedFile, shared_files
from bot.slack.pieces import FILL_PREFIX, OPEN_PREFIX, OUR_BUTTONS

JSON = Mapping[str, Any]

_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^>]*)?>")
_CHANNEL = re.compile(r"<#([A-Z0-9]+)(?:\|([^>]*))?>")
_SPECIAL = re.compile(r"<!([a-z]+)[^>]*>")
_LINK = re.compile(r"<((?:https?|mailto):[^|>]+)(?:\|([^>]*))?>")
_ADDRESS = re.compile(r"https?://[^\s<>]{4,2000}")
_FENCE = re.compile(r"```(.*?)(?:```|\Z)", re.DOTALL)
_READ_SUBTYPES = (None, "file_share", "thread_broadcast")
_IN_LINE = ("view_submission", "message_action", "shortcut")
HOME_OPENED = "app_home_opened"
_LINES_OF_A_LOG = 4
_PREVIEW = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A message that may be for the bot. `question` and `logs` are plain text as typed; `logs`
    has the beginnings of small files, `typed_logs` has not. `is_paste`: the logs are a code
    block or a snippet, not just several lines.

    `team_id` is the workspace that the bot is in; a person in a shared channel may be of
    another one.
    """

    team_id: str
    actor: Actor
    channel: str
    ts: str
    thread_ts: str | None
    question: str
    logs: str
    mentions_bot: bool
    is_direct: bool
    is_shared: bool
    is_paste: bool = False
    typed_logs: str = ""
    files: tuple[SharedFile, ...] = ()

    @property
    def is_addressed(self) -> bool:
        return self.mentions_bot or self.is_direct


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """A press of one of our buttons."""

    actor: Actor
    name: str
    token: str
    action_ts: str
    channel: str
    message_ts: str
    thread_ts: str | None
    action: str = ""


def is_wanted(body: JSON) -> bool:
    """Whether an event can concern the bot at all; cheap, looked at before anything is kept.

    Wanted are mentions, direct messages, replies in threads (one of them may be under a card),
    and that somebody looks at the bot's home tab. Not wanted: what bots say, edits and
    deletions, and the rest of a channel's talk.
    """
    event = body.get("event")
    if not isinstance(event, Mapping) or not body.get("team_id") or not body.get("event_id"):
        return False
    if pane_opened(body) is not None:
        return True
    if event.get("bot_id") or event.get("user") in (None, "", bot_user_of(body)):
        return False
    if event.get("subtype") not in _READ_SUBTYPES:
        return False
    if event.get("type") == "app_mention":
        return True
    if event.get("type") == HOME_OPENED:
        return event.get("tab") == "home"
    if event.get("type") != "message":
        return False
    if event.get("channel_type") == "im":
        return True
    if _names(event, bot_user_of(body)):
        # A mention comes a second time as app_mention, which is the one that is kept; one beside
        # a file may not, and both are answered under one key.
        return event.get("subtype") == "file_share"
    return bool(event.get("thread_ts"))


def is_answered_in_line(body: JSON) -> bool:
    """Whether a person waits for the answer: a command, a form, a shortcut, or a button that
    opens or fills a form. Everything else goes through the inbox."""
    if body.get("command") or body.get("type") in _IN_LINE:
        return True
    if body.get("type") != "block_actions":
        return False
    actions = body.get("actions")
    first = actions[0] if isinstance(actions, list) and actions else None
    action_id = str(first.get("action_id") or "") if isinstance(first, Mapping) else ""
    return action_id.startswith((OPEN_PREFIX, FILL_PREFIX))


def bot_user_of(body: JSON) -> str | None:
    """The bot's own user id, as the event names it."""
    for authorization in body.get("authorizations") or ():
        if isinstance(authorization, Mapping) and authorization.get("is_bot"):
            return str(authorization.get("user_id"))
    return None


def _names(event: JSON, user_id: str | None) -> bool:
    return user_id is not None and f"<@{user_id}" in str(event.get("text") or "")


def said(body: JSON) -> Said | None:
    """What an event_callback body says; None when it is nothing for the bot."""
    if not is_wanted(body) or body["event"].get("type") not in ("message", "app_mention"):
        return None
    return heard(body)


def heard(body: JSON) -> Said | None:
    """What a person said, to the bot or not; None for what no person said."""
    event = body.get("event")
    if not isinstance(event, Mapping) or not body.get("team_id"):
        return None
    if event.get("bot_id") or event.get("user") in (None, "", bot_user_of(body)):
        return None
    if event.get("subtype") not in _READ_SUBTYPES:
        return None
    typed = str(event.get("text") or "")
    question, logs = split(readable(typed, bot_user_of(body)))
    home = str(event.get("user_team") or event.get("team") or body["team_id"])
    return Said(
        team_id=str(body["team_id"]),
        actor=Actor(team_id=home, user_id=str(event["user"])),
        channel=str(event.get("channel") or ""),
        ts=str(event.get("ts") or event.get("event_ts") or ""),
        thread_ts=str(event["thread_ts"]) if event.get("thread_ts") else None,
        question=question,
        logs="\n".join([part for part in (logs, *previews(event)) if part]),
        mentions_bot=event.get("type") == "app_mention" or _names(event, bot_user_of(body)),
        is_direct=event.get("channel_type") == "im",
        is_shared=bool(body.get("is_ext_shared_channel")),
        is_paste="```" in typed or bool(previews(event)),
        typed_logs=logs,
        files=shared_files(event, _preview),
    )


def previews(message: JSON) -> list[str]:
    """The beginnings of the text snippets that came with a message."""
    return [text for file in message.get("files") or () if (text := _preview(file))]


def home_opened(body: JSON) -> Actor | None:
    """Who looks at the bot's home tab; None where the event is another one."""
    event = body.get("event")
    if not isinstance(event, Mapping) or not is_wanted(body):
        return None
    if event.get("type") != HOME_OPENED or event.get("tab") != "home":
        return None
    return Actor(team_id=str(body["team_id"]), user_id=str(event["user"]))


def _preview(file: Any) -> str:
    """The beginning of a small text snippet, which Slack sends along with the message."""
    if not isinstance(file, Mapping) or not str(file.get("mimetype", "")).startswith("text/"):
        return ""
    return unescape(str(file.get("preview") or ""))[:_PREVIEW]


def readable(text: str, bot_user: str | None, *, with_addresses: bool = False) -> str:
    """The text as the person typed it: Slack's markup undone, the bot's own name left out.

    A link is its label; `with_addresses`, its address too.
    """

    def mention(match: re.Match[str]) -> str:
        return "" if match[1] == bot_user else f"@{match[1]}"

    text = _MENTION.sub(mention, text)
    text = _CHANNEL.sub(lambda match: f"#{match[2] or match[1]}", text)
    text = _SPECIAL.sub(lambda match: f"@{match[1]}", text)

    def linked(match: re.Match[str]) -> str:
        address = match[1].removeprefix("mailto:")
        if with_addresses and match[2] and match[2] != address:
            return f"{match[2]} {address}"
        return match[2] or address

    text = _LINK.sub(linked, text)
    return unescape(text).strip()


def split(text: str) -> tuple[str, str]:
    """(question, logs): code blocks are logs; without any, several lines are.

    A first line that ends like a sentence to the bot ("what is this?") stays the question.
    """
    blocks = [block.strip("\n") for block in _FENCE.findall(text) if block.strip()]
    if blocks:
        return " ".join(_FENCE.sub(" ", text).split()), "\n".join(blocks)
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < _LINES_OF_A_LOG:
        return " ".join(lines), ""
    if lines[0].rstrip().endswith(("?", ":")):
        return lines[0].strip(), "\n".join(lines[1:])
    return "", "\n".join(lines)


def only_link(question: str) -> str | None:
    """The address, where a message is nothing but one."""
    text = question.strip()
    return text if _ADDRESS.fullmatch(text) else None


def click(body: JSON) -> Click | None:
    """The press of one of our buttons in a block_actions body; None for anything else."""
    actions = body.get("actions")
    user, team = body.get("user"), body.get("team")
    if not (isinstance(actions, list) and actions and isinstance(user, Mapping)):
        return None
    action = actions[0]
    team_id = (team.get("id") if isinstance(team, Mapping) else None) or user.get("team_id")
    container = body.get("container") or {}
    is_ours = isinstance(action, Mapping) and action.get("action_id") in OUR_BUTTONS
    if not is_ours or not team_id or not user.get("id") or not container.get("channel_id"):
        return None
    return Click(
        # The user's own team, which in a shared channel is not the team of the app.
        actor=Actor(team_id=str(user.get("team_id") or team_id), user_id=str(user["id"])),
        name=str(user.get("name") or user.get("username") or user["id"])[:80],
        token=str(action.get("value") or ""),
        action_ts=str(action.get("action_ts") or ""),
        channel=str(container["channel_id"]),
        message_ts=str(container.get("message_ts") or ""),
        thread_ts=str(container["thread_ts"]) if container.get("thread_ts") else None,
        action=str(action["action_id"]),
    )
