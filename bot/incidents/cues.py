"""Text cues: whether a chat message says that something was done, or what it was. Pure.

A cue is only ever a proposal: a person confirms it before anything is kept. What is measured on
labelled messages, and how well it must do, is in tests/unit/incidents/test_cues.py.
"""

import re
from dataclasses import dataclass

from bot.incidents.cue_patterns import DID_NOT_HELP, FILLERS, PATTERNS, VETOES, CueKind

LONGEST = 600
"""Characters of a message that is read; whoever writes more is telling a story, or pastes."""

_QUOTED_LINE = re.compile(r"^\s*>.*$", re.MULTILINE)
_QUOTED = re.compile(r"\"[^\"\n]*\"|“[^”\n]*”|„[^“”\n]*[“”]|```.*?(?:```|\Z)", re.DOTALL)
_CODE = re.compile(r"`([^`\n]*)`")
# A full stop inside a version or a file's name ends no sentence.
_SENTENCE = re.compile(r"[^.!?\n]*(?:[.!?](?=\S)[^.!?\n]*)*[.!?]*")
_SPACES = re.compile(r"\s+")


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{one})" for one in patterns))


_PATTERNS = {kind: _any_of(patterns) for kind, patterns in PATTERNS.items()}
_FILLERS = re.compile(FILLERS)
_VETOES = _any_of(VETOES)
_DID_NOT_HELP = _any_of(DID_NOT_HELP)


@dataclass(frozen=True, slots=True)
class Cue:
    """What a message says, and the sentence that says it (lower case, quotations left out)."""

    kind: CueKind
    sentence: str


def cue_in(text: str) -> Cue | None:
    """The most telling cue of a person's message as plain text; None where it has none, or where
    what it says can be meant otherwise."""
    if len(text) > LONGEST:
        return None
    lowered = _without_quotations(text).lower().replace("’", "'")
    if _DID_NOT_HELP.search(lowered):
        return None
    found: dict[CueKind, str] = {}
    for sentence in _sentences(lowered):
        if sentence.endswith("?") or _VETOES.search(sentence):
            continue
        for kind, pattern in _PATTERNS.items():
            if kind not in found and pattern.search(sentence):
                found[kind] = sentence
    return next((Cue(kind, found[kind]) for kind in CueKind if kind in found), None)


def _without_quotations(text: str) -> str:
    text = _QUOTED.sub(" … ", _QUOTED_LINE.sub(" ", text))
    return _CODE.sub(r"\1", text)


def _sentences(text: str) -> list[str]:
    found = (
        _FILLERS.sub("", _SPACES.sub(" ", match[0]).strip()) for match in _SENTENCE.finditer(text)
    )
    return [sentence for sentence in found if sentence]
