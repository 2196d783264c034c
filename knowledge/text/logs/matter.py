"""The few things in a log that matter: stack traces, errors, what is new and what is rare."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from knowledge.text.logs.formats import read_line
from knowledge.text.logs.model import Level, LogDigest, LogTemplate, StackTrace
from knowledge.text.masking import mask
from knowledge.text.words import words_of

MOST = 12
"""Things that are chosen unless told otherwise."""

_RARE_SHARE = 0.001
"""Of all lines; so in less than 1,000 lines nothing counts as rare."""

_LONGEST = 1_000
_TROUBLE = re.compile(
    r"error|fail|fatal|critical|panic|exception|refused|denied|timed? ?out|exhausted|unavailable"
    r"|cannot|could not|unable|killed|oom|warn|reject|exceed|corrupt|abort",
    re.IGNORECASE,
)


class Reason(StrEnum):
    """Why something matters; the first that holds."""

    TRACE = "stack trace"
    ERROR = "error"
    NEW = "new"
    RARE = "rare"
    ASKED = "asked about"
    COMMON = "common"


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing of a log that matters.

    `text` is masked and fit to be embedded; `example` is what was logged, verbatim; `count` how
    often. `key` is that of the template or trace.
    """

    key: str
    text: str
    example: str
    count: int
    reason: Reason
    first_line: int


def what_matters(
    digest: LogDigest,
    *,
    asked: Collection[str] = frozenset(),
    known: Collection[str] | None = None,
    most: int = MOST,
) -> tuple[Matter, ...]:
    """The things in a log that matter, the most important first, at most `most`.

    Traces come first, then errors, then lines with words of trouble; among equals what is not
    in `known` (keys of earlier logs; None where there is no history), what says words that were
    `asked` about (lower case), and what is repeated. What is neither is told only when there is
    nothing better. Deterministic.
    """
    asked = frozenset(asked)
    rated: list[tuple[float, Reason, StackTrace | LogTemplate]] = []
    for trace in digest.traces:
        is_new = known is not None and trace.key not in known
        rated.append((9.0 + is_new, Reason.TRACE, trace))
    rare = _RARE_SHARE * digest.lines
    for template in digest.templates:
        score, reason = _rating(template, asked, known, rare)
        rated.append((score, reason, template))
    best = [item for item in rated if item[0] >= 1.0] or rated
    best.sort(key=lambda item: (-item[0], -item[2].count, item[2].first_line))
    return tuple(_matter(one, reason) for _, reason, one in best[:most])


def is_trouble(template: LogTemplate) -> bool:
    """Whether its level or its words say that something went wrong."""
    return template.level.is_trouble or bool(_TROUBLE.search(template.example))


def said(line: str) -> str:
    """What a line says, as its writer would say it: the line itself, or of JSON, logfmt and
    other formats made of fields the level, the logger and the message."""
    record = read_line(line[:_LONGEST])
    if line[:_LONGEST].endswith(record.message):
        return line[:_LONGEST].strip()
    parts = (record.level.upper(), record.fields.get("logger", ""), record.message)
    return " ".join(part for part in parts if part)


def _rating(
    template: LogTemplate, asked: frozenset[str], known: Collection[str] | None, rare: float
) -> tuple[float, Reason]:
    is_new = known is not None and template.key not in known
    is_rare = template.count <= rare
    is_asked = bool(asked) and not asked.isdisjoint(words_of(template.text))
    score = 0.6 * is_new + 0.4 * is_asked + 0.1 * is_rare
    if is_trouble(template):
        score += {Level.FATAL: 5.0, Level.ERROR: 4.0, Level.WARN: 3.0}.get(template.level, 2.5)
        return score, Reason.ERROR
    if is_new:
        return score + 0.5, Reason.NEW
    if is_asked:
        return score, Reason.ASKED
    return score, Reason.RARE if is_rare else Reason.COMMON


def _matter(one: StackTrace | LogTemplate, reason: Reason) -> Matter:
    text = one.text if isinstance(one, StackTrace) else mask(said(one.example))
    return Matter(one.key, text, one.example, one.count, reason, one.first_line)


def lines_of(digest: LogDigest, most: int) -> Sequence[tuple[str, str]]:
    """(masked text, line as written) of traces and templates, trouble first, each part in the
    order of the log: what two logs are compared by."""
    traces = [(trace.text, trace.example) for trace in digest.traces[:most]]
    templates = sorted(digest.templates, key=lambda template: not is_trouble(template))
    told = (
        (mask(said(template.example)), template.example)
        for template in templates[: most - len(traces)]
    )
    return [*traces, *told]
