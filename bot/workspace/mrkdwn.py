"""From what a person types to what Slack puts on the wire.

Slack escapes the three control characters and turns the names a person picked into ids;
everything the bot receives has been through this.
"""

import re
from collections.abc import Mapping

from bot.workspace.model import JSON

_NAME = re.compile(r"(?<![\w@#])([@#])([a-z0-9][a-z0-9._-]*)", re.IGNORECASE)
_LINK = re.compile(r"(?<!\S)(https?://[^\s`|]+[^\s`|.,;:!?)'\"])")
_TOKEN = re.compile(
    r"```(?P<code>.+?)```|<@(?P<user>[UW][A-Z0-9]+)>|<(?P<link>https?://[^>]+)>", re.DOTALL
)


def escape(text: str) -> str:
    """Escape the three characters that mean something in mrkdwn."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """Undo `escape`."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def typed(text: str, users: Mapping[str, str], channels: Mapping[str, str]) -> str:
    """Escape typed text, mark web addresses as links, and resolve `@name` and `#name`.

    `users` and `channels` map lower-case names to ids. A name that is not known stays as it
    was typed, as do names inside ``` code.
    """

    def resolve(match: re.Match[str]) -> str:
        mark, name = match.group(1), match.group(2)
        rest = ""
        while name and name.lower() not in (users if mark == "@" else channels):
            if name[-1] not in "._-":
                return match.group(0)
            name, rest = name[:-1], name[-1] + rest
        if not name:
            return match.group(0)
        if mark == "@":
            return f"<@{users[name.lower()]}>{rest}"
        return f"<#{channels[name.lower()]}|{name.lower()}>{rest}"

    pieces = escape(text).split("```")
    return "```".join(
        piece if number % 2 else _NAME.sub(resolve, _LINK.sub(r"<\1>", piece))
        for number, piece in enumerate(pieces)
    )


def rich_text(text: str) -> JSON:
    """The rich_text block that Slack sends along with a person's escaped `text`."""
    elements: list[JSON] = []
    section: list[JSON] = []

    def plain(part: str) -> None:
        if part:
            section.append({"type": "text", "text": unescape(part)})

    def close() -> None:
        if section:
            elements.append({"type": "rich_text_section", "elements": section.copy()})
            section.clear()

    end = 0
    for match in _TOKEN.finditer(text):
        plain(text[end : match.start()])
        if match["user"]:
            section.append({"type": "user", "user_id": match["user"]})
        elif match["link"]:
            section.append({"type": "link", "url": unescape(match["link"])})
        else:
            close()
            code = [{"type": "text", "text": unescape(match["code"])}]
            elements.append({"type": "rich_text_preformatted", "elements": code})
        end = match.end()
    plain(text[end:])
    close()
    return {"type": "rich_text", "elements": elements}
