"""The one place where text from outside becomes text that Slack may be given.

Everything a block shows is `Safe`, and only the functions here make `Safe` out of strings that
came from alerts, logs, runbooks, people or names. What they let through can hold no mention, no
channel-wide ping, no link and no control sequence; links are built here alone, from http and
https addresses of citations and alerts.
"""

import re
from collections.abc import Iterable
from typing import NewType
from urllib.parse import urlsplit

from bot.slack.limits import URL, clip

Safe = NewType("Safe", str)
"""Escaped mrkdwn, fit to be shown."""

# Control characters, marks that turn the direction of writing, and lone surrogates: none of
# them is anything a person reads, and all have been used to disguise text.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
_EMPHASIS = re.compile(r"(?<![^\W_])[*_~]+|[*_~]+(?![^\W_])")
_USER_ID = re.compile(r"[UW][A-Z0-9]{1,40}", re.ASCII)
_CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{1,40}", re.ASCII)
_JOINER = "\u2060"
_UNSAFE_IN_URL = re.compile(r"[\s<>|\"`\\]")
# A line end that only kept a source file narrow: no blank line and no list item follows.
_SOFT_WRAP = re.compile(r"(?<=\S)[ \t]*\n[ \t]*(?=[^\s*+-])(?!\d+[.)]\s)")
_MARKDOWN = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|\*\*(?P<bold>[^*\n]+)\*\*"
    r"|\[(?P<label>[^\]\n]+)\]\((?P<url>[^)\s]+)\)"
)


def clean(text: str) -> str:
    """Without characters that nobody sees; line ends as `\\n`."""
    return _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def escape(text: str) -> Safe:
    """Slack's three control characters as entities; nothing else is changed."""
    return Safe(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def unescape(text: str) -> str:
    """What a person typed, from what Slack sends for it."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _one_line(text: str) -> str:
    return " ".join(clean(text).split())


def _without_marks(text: str) -> str:
    """Formatting marks made inert, so that outside text cannot restyle what stands around it."""
    quiet = text.replace("`", "'")
    return _EMPHASIS.sub(lambda match: _JOINER.join(match[0]) + _JOINER, quiet)


def _shown(text: str) -> Safe:
    return escape(_without_marks(text))


def words(text: str, limit: int) -> Safe:
    """Outside text on one line, for mrkdwn; at most `limit` characters as sent."""
    return _shown(clip(_one_line(text), limit, lambda part: len(_shown(part))))


def plain(text: str, limit: int) -> Safe:
    """Outside text on one line, for plain_text objects and the notification text."""
    return escape(clip(_one_line(text), limit, lambda part: len(escape(part))))


def join(parts: Iterable[Safe], separator: str = " · ") -> Safe:
    """The parts that are not empty; `separator` is our own text."""
    return Safe(separator.join(part for part in parts if part))


def code_block(text: str, limit: int) -> Safe | None:
    """A fenced block, verbatim but for a fence inside; None when it does not fit.

    A command is never cut: the beginning of a command is another command.
    """
    body = clean(text).strip("\n").replace("```", "`\u200b`\u200b`")
    fenced = f"```\n{escape(body)}\n```"
    return Safe(fenced) if body and len(fenced) <= limit else None


def safe_url(url: str | None) -> str | None:
    """The address if it may be linked: http or https, a host, no user in it, nothing hidden."""
    if not url or len(escape(url)) > URL or _UNSEEN.search(url) or _UNSAFE_IN_URL.search(url):
        return None
    try:
        parts = urlsplit(url)
        has_user = parts.username is not None or parts.password is not None
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname or has_user:
        return None
    return url


def link(url: str | None, label: str, limit: int) -> Safe:
    """`label` as a link where `url` may be linked, else as plain words.

    `limit` counts the label. A label that looks like an address stays outside of the link: it
    could name another place than the one it leads to.
    """
    address = safe_url(url)
    shown = words(label, limit)
    if address is None:
        return shown
    if "://" in label or not shown:
        return Safe(f"{shown} <{escape(address)}|open>".strip())
    return Safe(f"<{escape(address)}|{shown}>")


def person(user_id: str) -> Safe:
    """A person by id. Cards and answers show people in edits alone, and an edit notifies
    nobody; in a new message only `Board.people` does, for whom it asked `may_mention` first.
    Empty for anything else than an id, so that nothing else can become a mention."""
    return Safe(f"<@{user_id}>") if _USER_ID.fullmatch(user_id) else Safe("")


def channel(channel_id: str) -> Safe:
    """A channel by id, as a link to it; empty for anything else than an id."""
    return Safe(f"<#{channel_id}>") if _CHANNEL_ID.fullmatch(channel_id) else Safe("")


def markdown(text: str, limit: int) -> Safe:
    """A runbook's list item: code and bold kept, links as words, everything else inert."""
    body = _SOFT_WRAP.sub(" ", clean(text).strip())
    return _converted(clip(body, limit, lambda part: len(_converted(part))))


def _converted(text: str) -> Safe:
    out: list[str] = []
    end = 0
    for match in _MARKDOWN.finditer(text):
        out.append(_shown(text[end : match.start()]))
        if match["code"]:
            out.append(f"`{escape(match['code'])}`")
        elif match["bold"]:
            out.append(f"*{_shown(match['bold'].strip()) or ' '}*")
        else:
            out.append(_shown(f"{match['label']} ({match['url']})"))
        end = match.end()
    out.append(_shown(text[end:]))
    return Safe("".join(out))
