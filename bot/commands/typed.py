"""Commands said to the bot in a mention or a direct message: which words are one. Pure.

Most of what people write to the bot are questions, and a question may begin with any word; so a
command is only what looks like nothing else.
"""

import difflib
import re
from collections.abc import Collection

from bot.commands.parsing import length_of, mistyped_key, split_key

_SLASH = re.compile(r"/[a-z][a-z0-9_-]{0,20}\s*", re.IGNORECASE)
_ANY_WORDS = frozenset({"similar", "runbook"})
"""Commands that look for words: everything after them is what is looked for."""

_ARGUMENTS = frozenset({"on", "off", "here", "me", "mine", "all", "list", "settings"})
_ARGUMENTS_OF = {
    "settings": frozenset({"shadow", "thread", "card"}),
    "actions": frozenset({"stop", "resume", "break-glass"}),
}
"""First words that are an argument behind that command alone; others may stand behind them."""
_CLOCK_TIME = re.compile(r"[0-9]{1,2}:[0-9]{2}", re.ASCII)
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
        is_one = name in _ANY_WORDS or _is_argument(name, rest)
        return f"{name} {rest}".strip() if is_one else None
    is_alone = not rest or _has_key(rest) or length_of(rest) is not None
    if is_alone and len(name) >= _SHORTEST and _is_nearly(name, names):
        return text
    return None


def without_ask(question: str) -> str:
    """The question itself, where it begins with the word "ask" as the command does."""
    first, _, rest = question.strip().partition(" ")
    return rest.strip() if first.lower() == "ask" and rest.strip() else question


def _is_argument(name: str, rest: str) -> bool:
    if not rest or rest.lower() in _ARGUMENTS or length_of(rest) is not None:
        return True
    if rest.lower().partition(" ")[0] in _ARGUMENTS_OF.get(name, ()) or _CLOCK_TIME.fullmatch(rest):
        return True
    return _has_key(rest) and not rest.endswith("?")


def _has_key(rest: str) -> bool:
    """An incident's key, or what was meant to be one: the book tells of the mistake."""
    return split_key(rest)[0] is not None or mistyped_key(rest) is not None


def _is_nearly(name: str, names: Collection[str]) -> bool:
    return bool(difflib.get_close_matches(name, list(names), n=1, cutoff=_ALIKE))
