"""Commands said to the bot in a mention or a direct message: which words are one. Pure.

Most of what people write to the bot are questions, and a question may begin with any word; so a
command is only what looks like nothing else.
"""

import difflib
import re
from collections.abc import Collection

from bot.commands.parsing import length_of, split_key

_SLASH = re.compile(r"/[a-z][a-z0-9_-]{0,20}\s*", re.IGNORECASE)
_ANY_WORDS = frozenset({"similar", "runbook"})
"""Commands that look for words: everything after them is what is looked for."""

_ARGUMENTS = frozenset({"on", "off", "here", "me", "mine", "all", "list", "settings"})
_ALIKE = 0.75
_SHORTEST = 3


def command_line(question: str, names: Collection[str]) -> str | None:
    """The line for the book of commands, without "/recall"; None for a question.

    A word that is nearly a command's name, and stands alone or before an incident's key, is
    taken for a typing mistake: the book says what was probably meant.
    """
    text = question.strip()
    slash = _SLASH.match(text)
    if slash is not None:
        return text[slash.end() :]
    first, _, rest = text.partition(" ")
    name, rest = first.lower().rstrip("?!.,:"), rest.strip()
    if name in names:
        return f"{name} {rest}".strip() if name in _ANY_WORDS or _is_argument(rest) else None
    is_alone = not rest or split_key(rest)[0] is not None
    if is_alone and len(name) >= _SHORTEST and _is_nearly(name, names):
        return text
    return None


def without_ask(question: str) -> str:
    """The question itself, where it begins with the word "ask" as the command does."""
    first, _, rest = question.strip().partition(" ")
    return rest.strip() if first.lower() == "ask" and rest.strip() else question


def _is_argument(rest: str) -> bool:
    if not rest or rest.lower() in _ARGUMENTS or length_of(rest) is not None:
        return True
    return split_key(rest)[0] is not None and not rest.endswith("?")


def _is_nearly(name: str, names: Collection[str]) -> bool:
    return bool(difflib.get_close_matches(name, list(names), n=1, cutoff=_ALIKE))
