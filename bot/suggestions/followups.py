"""What a short message in a thread of ours asks for: why, another, rollback, elsewhere, logs.

Pure. Only what can hardly mean anything else is a follow-up: a sentence that merely holds such
a word is a new question.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bot.services.labels import environment_word

MOST_WORDS = 9
"""A longer message is a sentence of its own."""


class FollowUp(StrEnum):
    WHY = "why"
    ANOTHER = "another"
    ROLLBACK = "rollback"
    ENVIRONMENT = "environment"
    LOGS = "logs"
    FRESH = "fresh"


@dataclass(frozen=True, slots=True)
class Understood:
    """`environments` are those that the words can mean, where they name one: more than one
    when only the part before the slash was said ("prod")."""

    kind: FollowUp
    environments: tuple[str, ...] = ()


FRESH = Understood(FollowUp.FRESH)

_NOT_SAID = re.compile(r"[^\w\s/.+-]+|(?<!\w)[./+-]+|[.+-]+(?!\w)")
_OPENING = re.compile(
    r"(?:(?:ok|okay|hm+|hey|hi|well|so|and|but|then|yes|no|nope|please|pls|thanks|thx|recall"
    r"|thank you|now|also|(?:can|could|would|will) you(?: please)?)\s+)+"
)
_CLOSING = re.compile(r"(?:\s+(?:please|pls|thanks|thx|thank you|then|now|though|again|recall))+$")

_IT = r"(?:it|so|(?:this|that)(?:\ (?:one|case|answer))?)"
_WHY = re.compile(
    rf"""(?:
    why(?:\ {_IT})?
    |why\ (?:is|was)\ {_IT}
    |why\ (?:do|did|would)\ you\ (?:think|say|suggest|show|pick|choose|believe|answer)(?:\ {_IT})?
    |how\ do\ you\ know(?:\ {_IT})?
    |how\ (?:come|so|sure)
    |how\ (?:sure|certain|confident)\ (?:are\ you|is\ {_IT})
    |are\ you\ (?:sure|certain)(?:\ about\ {_IT})?
    |(?:is|are)\ you\ sure
    |what\ makes\ you\ (?:think|say|believe|so\ sure)(?:\ {_IT})?
    |(?:based\ )?on\ what(?:\ grounds|\ basis)?
    |what\ is\ {_IT}\ based\ on
    |(?:what\ is|tell\ me|give\ me)\ the\ (?:reason|reasoning|evidence)
    |show(?:\ me)?\ the\ (?:evidence|reasons?|reasoning)
    |explain(?:\ {_IT}|\ yourself|\ why)?
    |says\ who
    )""",
    re.VERBOSE,
)
_THING = r"(?:one|case|cause|incident|runbook|page|idea|suggestion|answer|option|possibility)"
_ANOTHER = re.compile(
    rf"""(?:
    (?:(?:show|give|tell|find)(?:\ me)?\ |try\ |is\ there\ |are\ there\ |any\ |what\ about\ )?
    (?:another(?:\ {_THING})?|others?|other\ {_THING}s?|any\ others?|any\ other\ {_THING}s?
      |something\ else|anything\ else|what\ else|more|the\ next(?:\ {_THING})?)
    |what\ else(?:\ (?:is\ there|do\ you\ (?:have|know)
      |(?:could|can|might)\ (?:it|this|that)\ be))?
    |what\ (?:else\ )?(?:could|might)\ it\ be
    |next(?:\ best)?(?:\ {_THING})?
    |(?:the\ )?next(?:\ best)?\ {_THING}
    |any\ more
    |(?:what\ is|what\ are)\ the\ (?:others?|other\ {_THING}s?|next(?:\ {_THING})?)
    )""",
    re.VERBOSE,
)
_UNDO = r"(?:rollback|roll\ back|undo|revert|back\ out|roll\ (?:it|this|that)\ back)"
_CHANGED = (
    r"(?:it|this|that|(?:the|this|that|a)\ (?:change|deploy|deployment|release|version|fix"
    r"|rollout|step|steps))"
)
_PLAN = r"(?:steps?|plan|procedure|instructions?|section|path)"
_ROLLBACK = re.compile(
    rf"""(?:
    {_UNDO}(?:\ {_CHANGED})?
    |(?:(?:show|give|tell)(?:\ me)?\ |what\ (?:is|are)\ |is\ there\ |where\ (?:is|are)\ )?
      (?:the\ |a\ |any\ )?(?:{_UNDO}|undoing|reverting|rolling\ back)\ {_PLAN}
    |how\ (?:(?:do|can|would|should|could)\ (?:i|we|you|one)|to)\ {_UNDO}(?:\ {_CHANGED})?
    |how\ is\ (?:it|this|that)\ (?:rolled\ back|undone|reverted)
    |(?:show|give|tell)(?:\ me)?\ the\ rollback
    )""",
    re.VERBOSE,
)
_LOG = (
    r"(?:log|logs|log\ lines?|lines?|output|outputs|stack\ ?traces?|traces?|file|files"
    r"|attachment|dump|snippet)"
)
_LOGS = re.compile(
    rf"""(?:
    (?:(?:add|use|take|include|consider|attach|with|see|read|check|look\ at|try\ with|here\ are
      |here\ is|here\ come|these\ are|this\ is|more|with)\ )?
    (?:(?:these|those|this|that|the|my|our|some|more|all)\ )?(?:(?:more|new|other|full)\ )?
    {_LOG}
    (?:\ (?:too|as\ well|to\ (?:it|this|that|the\ incident)|from\ it|for\ you|attached|below))?
    )""",
    re.VERBOSE,
)
_ADD_LOGS = re.compile(rf"(?:add|use|take|include|consider)\ (?:{_LOGS.pattern})", re.VERBOSE)
"""Without any log lines only the request itself counts, not the bare word "logs"."""
_ELSEWHERE = re.compile(
    r"(?:(?:what about|how about|what is it|is it|and|the same|same|same question|only|not)\s+)?"
    r"(?:(?:in|for|on|at)\s+)(?:the\s+|our\s+)?(?P<place>[\w./+-]+)"
    r"(?:\s+(?:environment|env|cluster|region))?(?:\s+instead|\s+too|\s+as well)?"
    r"|(?:what about|how about)\s+(?:the\s+|our\s+)?(?P<other>[\w./+-]+)"
    r"(?:\s+(?:environment|env|cluster))?"
)


def understand(question: str, *, has_logs: bool, environments: Iterable[str]) -> Understood:
    """What `question`, and log lines beside it, ask for. `environments` are those known.

    With logs, only words that say "take these" keep it from being a question of its own.
    """
    said = plain_words(question)
    if len(said.split()) > MOST_WORDS:
        return FRESH
    if has_logs:
        return Understood(FollowUp.LOGS) if not said or _LOGS.fullmatch(said) else FRESH
    for kind, pattern in _KINDS:
        if pattern.fullmatch(said):
            return Understood(kind)
    match = _ELSEWHERE.fullmatch(said)
    if match is not None:
        meant = environments_meant(match["place"] or match["other"], environments)
        if meant:
            return Understood(FollowUp.ENVIRONMENT, meant)
    alone = _named_alone(said, environments)
    return Understood(FollowUp.ENVIRONMENT, alone) if alone else FRESH


_KINDS = (
    (FollowUp.WHY, _WHY),
    (FollowUp.ANOTHER, _ANOTHER),
    (FollowUp.ROLLBACK, _ROLLBACK),
    (FollowUp.LOGS, _ADD_LOGS),
)


def plain_words(text: str) -> str:
    """Lower case, no punctuation, no courtesies around it, "what's" as "what is"."""
    text = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    text = re.sub(r"\b(what|how|that|where|who)'s\b", r"\1 is", text).replace("'re ", " are ")
    text = " ".join(_NOT_SAID.sub(" ", text).split())
    opening = _OPENING.match(text)
    if opening is not None and opening.end() < len(text):
        text = text[opening.end() :]
    return _CLOSING.sub("", text)


def environments_meant(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """The known environments that a word names: the one of that name, else those whose part
    before the slash it is, else those whose cluster, behind the slash, it is. `production` and
    `prod` are the same."""
    wanted = environment_word(word)
    by_word = {environment_word(name): name for name in known if name}
    if wanted in by_word:
        return (by_word[wanted],)
    if "/" in wanted:
        return ()
    before = sorted(name for one, name in by_word.items() if one.startswith(f"{wanted}/"))
    behind = sorted(name for one, name in by_word.items() if one.endswith(f"/{wanted}"))
    return tuple(before or behind)


def _named_alone(word: str, known: Iterable[str]) -> tuple[str, ...]:
    """What a word that stands alone names, as the answer to "which one do you mean?". A word of
    letters alone could be anything that people say."""
    is_one = " " not in word and not word.isalpha()
    return environments_meant(word, known) if is_one and word else ()
