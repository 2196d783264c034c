"""What a query says, taken apart once: words, exact tokens, error names, log lines."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from knowledge.model import Query
from knowledge.text.concepts import concepts_of
from knowledge.text.masking import PLACEHOLDERS, mask
from knowledge.text.words import spoken, words_of

MOST_TEXT = 200_000
"""Characters of a query that are read; of more, the first and the last halves."""

MOST_LOG_TEMPLATES = 300
MOST_LINES_IN_QUERY = 12
MOST_WORDS = 150
"""Words sent to the lexical index: more cost time and drown the first sentence."""

STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be been but by can could do does for from had has have how if in into "
        "is it its may more not of on or our should such than that the their then there these "
        "they this to was we were what when where which who why will with would you your",
    )
)

_LOG_SIGN = re.compile(
    r"^\W{0,3}<time>|\b(?:ERROR|WARN|WARNING|INFO|DEBUG|FATAL|CRITICAL|TRACE|NOTICE|PANIC)\b"
    r"|\blevel\"?\s?[=:]|^\s+at \S|^Traceback|^Caused by:|^\s+File \"|^\{.{0,4000}\}$"
)
_TROUBLE = re.compile(
    r"error|fail|fatal|critical|panic|exception|refused|denied|timed? ?out|exhausted|unavailable"
    r"|cannot|could not|unable|killed|oom|warn|reject|exceed|corrupt|abort",
    re.IGNORECASE,
)
_ERROR_NAME = re.compile(
    r"\b(?:[A-Za-z_$][\w$]*\.)*([A-Z]\w*(?:Error|Exception|Failure|Timeout|Fault)|[A-Z]\w+BackOff"
    r"|OOMKilled|SIG[A-Z]{3,5}|E[A-Z]{4,12}|[A-Z]{2,6}-\d{3,7})\b"
)
_SHORTEST_EXACT = 2
"""Characters; any two texts share a digit."""

_MOST_TIMES = 2
_SHORTEST_LINE = 3
_PUNCTUATION = " \t.,;:!?()[]{}<>\"'`*|=~"
_DIGITS = re.compile(r"\d+")
_DIGIT_WORD = re.compile(r"\d")
_PLACEHOLDER = re.compile("<(?:" + "|".join(sorted(PLACEHOLDERS)) + ")>")


@dataclass(frozen=True, slots=True)
class Reading:
    """A query as ranking sees it.

    `prose` is the masked text that is embedded; `log_text` the masked log lines that matter,
    embedded on their own ("" when none were given). `masked` is both, for receipts. `words`
    are stemmed content words; `exact` are tokens that masking takes out (versions, ticket
    numbers, ports); `errors` are exception and error-code names; `templates` are the word sets
    of the distinct log lines; `concepts` are the states it speaks of ("~down").
    """

    prose: str
    log_text: str
    lexical: str
    words: frozenset[str]
    exact: frozenset[str]
    errors: frozenset[str]
    templates: tuple[frozenset[str], ...]
    said: frozenset[str] = frozenset()
    concepts: frozenset[str] = frozenset()

    @property
    def masked(self) -> str:
        return "\n".join(part for part in (self.prose, self.log_text) if part)

    @property
    def is_empty(self) -> bool:
        """True when nothing is left to look for (no words at all)."""
        return not self.words and not self.exact


def read_query(query: Query) -> Reading:
    """Take a query apart. Log lines inside `query.text` are found and treated as logs."""
    prose_lines, pasted = _divide(_cut(query.text))
    log_lines = _distinct(
        [*pasted, *(line for log in query.logs for line in _cut(log).splitlines())]
    )
    matter = _lines_that_matter(log_lines)
    name = spoken(query.alert_name) if query.alert_name else ""
    prose_raw = "\n".join(line for line in prose_lines if line.strip() != query.alert_name).strip()
    said = ". ".join(part for part in (name, prose_raw) if part)
    prose = mask(said)
    log_text = "\n".join(matter)
    raw = "\n".join((said, *(line for line, _ in log_lines[:MOST_LOG_TEMPLATES])))
    seen = f"{prose}\n{log_text}"
    return Reading(
        prose=prose,
        log_text=log_text,
        lexical=_telling(f"{said}\n{log_text}"),
        words=content_words(seen),
        exact=exact_tokens(raw),
        errors=error_names(raw),
        templates=tuple(line_words(line) for line, _ in _masked(log_lines[:MOST_LOG_TEMPLATES])),
        said=masked_lines("\n".join(prose_lines)) if query.alert_name else frozenset(),
        concepts=concepts_of(said),
    )


def masked_lines(text: str) -> frozenset[str]:
    """The lines of a text that say something (three words or more), masked."""
    lines = (mask(line.strip()) for line in text.splitlines())
    return frozenset(line for line in lines if len(line.split()) >= _SHORTEST_LINE)


def content_words(text: str) -> frozenset[str]:
    """Stemmed words of masked text, stop words left out."""
    return frozenset(
        stem(word) for word in words_of(text) if word not in STOP_WORDS and len(word) > 1
    )


def exact_tokens(raw: str) -> frozenset[str]:
    """Tokens with digits that masking would take out: versions, numbers of tickets, ports."""
    kept = set(words_of(mask(raw)))
    return frozenset(
        word
        for word in words_of(raw)
        if len(word) >= _SHORTEST_EXACT and word not in kept and _DIGIT_WORD.search(word)
    )


def error_names(raw: str) -> frozenset[str]:
    """Exception classes, signals and error codes named in the text, lower case, unqualified."""
    return frozenset(match.group(1).lower() for match in _ERROR_NAME.finditer(raw))


def line_words(line: str) -> frozenset[str]:
    """What makes a log line the same line another day: its words without its values."""
    return frozenset(words_of(line)) - STOP_WORDS


def stem(word: str) -> str:
    """A light stemmer: plural, -ed and -ing endings off words of letters, nothing else."""
    if not word.isalpha():
        return word
    for ending, shortest in (("ing", 6), ("ies", 5), ("ed", 5), ("es", 5), ("s", 4)):
        if len(word) >= shortest and word.endswith(ending) and not word.endswith("ss"):
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > 4 and word.endswith("e") else word


def _cut(text: str) -> str:
    if len(text) <= MOST_TEXT:
        return text
    half = MOST_TEXT // 2
    return f"{text[:half]}\n{text[-half:]}"


def _divide(text: str) -> tuple[list[str], list[str]]:
    """Lines of prose and lines of logs; a text of one or two lines is prose whatever it is."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 3:
        return lines, []
    prose: list[str] = []
    logs: list[str] = []
    for line in lines:
        shape = mask(line[:400]) if len(lines) <= 200 else line[:400]
        is_log = bool(_LOG_SIGN.search(shape)) or (len(lines) > 200 and bool(_DIGITS.match(shape)))
        (logs if is_log else prose).append(line)
    return (lines, []) if len(logs) < 2 else (prose, logs)


def _distinct(lines: Iterable[str]) -> list[tuple[str, int]]:
    """Lines that differ in more than numbers, with their counts, in order of appearance."""
    counts: Counter[str] = Counter()
    first: dict[str, str] = {}
    for line in lines:
        shape = _DIGITS.sub("0", line.strip())
        if shape:
            counts[shape] += 1
            first.setdefault(shape, line.strip())
    troubled = sorted(
        first.items(), key=lambda item: not _TROUBLE.search(item[1])
    )  # stable: trouble first, each part in its order
    return [(line[:1000], counts[shape]) for shape, line in troubled]


def _masked(lines: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    merged: dict[str, int] = {}
    for line, count in lines:
        template = mask(line)
        merged[template] = merged.get(template, 0) + count
    return list(merged.items())


def _lines_that_matter(lines: Sequence[tuple[str, int]]) -> list[str]:
    """Masked lines with trouble in them, rarest last so that a cut keeps what repeats."""
    templates = _masked(lines[:MOST_LOG_TEMPLATES])
    chosen = [item for item in templates if _TROUBLE.search(item[0])] or templates
    chosen.sort(key=lambda item: -item[1])
    return [_PLACEHOLDER.sub(" ", line).strip()[:300] for line, _ in chosen[:MOST_LINES_IN_QUERY]]


def _telling(text: str) -> str:
    """The words for the lexical index in their order: no stop words, none more than twice.

    What a text says twice matters more; a report's twentieth mention of a class tells nothing.
    """
    counts: Counter[str] = Counter()
    kept: list[str] = []
    for word in text.split():
        plain = word.strip(_PUNCTUATION)
        key = plain.lower()
        if plain and key not in STOP_WORDS and counts[key] < _MOST_TIMES:
            counts[key] += 1
            kept.append(plain)
    return " ".join(kept[:MOST_WORDS])
