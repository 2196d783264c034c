"""Statements that people label themselves: "Root cause: ...", "Resolution: ...".

Only what stands behind such a label is taken, word for word. A guess, a question or a
placeholder ("tbd") is no statement.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_MARKS = r"[\s>*_`#•\-–]*"
_CAUSE = re.compile(rf"^{_MARKS}(?:the\s+)?(?:root[\s-]cause|cause|rca){_MARKS}:{_MARKS}", re.I)
_RESOLUTION = re.compile(
    rf"^{_MARKS}(?:the\s+)?(?:resolution|resolved[\s-]by|fixed[\s-]by|fix|"
    rf"what[\s-]fixed[\s-]it){_MARKS}:{_MARKS}",
    re.I,
)
_ANY_LABEL = re.compile(rf"^{_MARKS}[A-Za-z][A-Za-z \-]{{1,30}}{_MARKS}:(?!/)")
_NOTHING = re.compile(
    r"^\W*(?:tbd|tbc|todo|to be (?:determined|confirmed|defined)|unknown|n/?a|none|"
    r"not known(?: yet)?|still unknown|pending|under investigation|investigating)?\W*$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Statements:
    """The last labelled statement of each sort; empty where nobody made one."""

    cause: str = ""
    resolution: str = ""


def labelled_statements(messages: Iterable[str]) -> Statements:
    """What messages, oldest first, say under a label. The last word on a matter counts."""
    cause = resolution = ""
    for message in messages:
        cause = _statement(message, _CAUSE) or cause
        resolution = _statement(message, _RESOLUTION) or resolution
    return Statements(cause, resolution)


def _statement(message: str, label: re.Pattern[str]) -> str:
    lines = message.split("\n")
    for at, line in enumerate(lines):
        found = label.match(line)
        if found is None:
            continue
        kept = [line[found.end() :]]
        for following in lines[at + 1 :]:
            if _ANY_LABEL.match(following) or (not following.strip() and any(kept)):
                break
            kept.append(following)
        text = "\n".join(kept).strip()
        if not _NOTHING.match(text) and not text.endswith("?"):
            return text
    return ""
