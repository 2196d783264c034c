"""Shortcuts on a message that open a form with the message's words in it."""

from collections.abc import Callable, Mapping
from typing import Any

from bot.chat.forms import Form
from bot.commands.book import CommandBook
from bot.commands.model import Caller
from bot.slack.payloads import readable


def form_shortcut(
    book: CommandBook, name: str, redact: Callable[[str], str]
) -> Callable[[Caller, Mapping[str, Any]], Form]:
    """The shortcut `name` of the book, as interactions run it."""

    def run(caller: Caller, body: Mapping[str, Any]) -> Form:
        text = str((body.get("message") or {}).get("text") or "")
        return book.shortcut(caller, name, redact(readable(text, None)))

    return run
