"""What a query says, taken apart once: words, exact tokens, error names, log lines."""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from knowledge.model import Query
from knowledge.text.concepts import amount_in, concepts_of
from knowledge.text.logs import lines_in, lines_of, read_log, what_matters
from knowledge.text.logs.pasted import divide
from knowledge.text.masking import PLACEHOLDER, mask
from knowledge.text.words import spoken, words_of

MOST_TEXT = 200_000
"""Characters of prose that are read; of more, the first and the last halves. Logs have bounds of
their own (`knowledge.text.logs`)."""

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

_ERROR_NAME = re.compile(
    r"\b(?:[A-Za-z_$][\w$]*\.)*([A-Z]\w*(?:Error|Exception|Failure|Timeout|Fault)|[A-Z]\w+BackOff"
    r"|OOMKilled|SIG[A-Z]{3,5}|E[A-Z]{4,12}|[A-Z]{2,6}-\d{3,7})\b"
)
_SHORTEST_EXACT = 2
"""Characters; any two texts share a digit."""

_STEMS_KEPT = 50_000
_MOST_TIMES = 2
_SHORTEST_LINE = 3
_LONGEST_LINE = 300
_LONGEST_RAW = 1_000
_PUNCTUATION = " \t.,;:!?()[]{}<>\"'`*|=~"
_DIGIT_WORD = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Reading:
    """A query as ranking sees it.

    `prose` is the masked text that is embedded; `log_text` the masked log lines that matter,
    embedded on their own ("" when none were given). `masked` is both, for receipts. `words`
    are stemmed content words; `exact` are tokens that masking takes out (versions, ticket
    numbers, ports); `errors` are exception and error-code names; `templates` are the word sets
    of the distinct log lines; `concepts` are the states it speaks of ("~down"), and
    `amount` is how much it says is left ("none", "some", "").
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
    amount: str = ""

    @property
    def masked(self) -> str:
        return "\n".join(part for part in (self.prose, self.log_text) if part)

    @property
    def is_empty(self) -> bool:
        """True when nothing is left to look for (no words at all)."""
        return not self.words and not self.exact


def read_query(query: Query) -> Reading:
    """Take a query apart. Log lines inside `query.text` are found and treated as logs."""
    prose_lines, pasted = divide(query.text)
    digest = read_log(chain(pasted, *map(lines_in, query.logs)))
    name = spoken(query.alert_name) if query.alert_name else ""
    prose_raw = _cut(
        "\n".join(line for line in prose_lines if line.strip() != query.alert_name).strip()
    )
    said = ". ".join(part for part in (name, prose_raw) if part)
    prose = mask(said)
    matter = what_matters(
        digest, asked=frozenset(words_of(prose)) - STOP_WORDS, most=MOST_LINES_IN_QUERY
    )
    log_text = "\n".join(_plain(one.text) for one in matter)
    log_lines = lines_of(digest, MOST_LOG_TEMPLATES)
    raw = "\n".join((said, *(line[:_LONGEST_RAW] for _, line in log_lines)))
    seen = f"{prose}\n{log_text}"
    return Reading(
        prose=prose,
        log_text=log_text,
        lexical=_telling(f"{said}\n{log_text}"),
        words=content_words(seen),
        exact=exact_tokens(raw, words_of(mask(raw))),
        errors=error_names(raw),
        templates=tuple(dict.fromkeys(line_words(text) for text, _ in log_lines)),
        said=masked_lines(_cut("\n".join(prose_lines))) if query.alert_name else frozenset(),
        concepts=concepts_of(said),
        amount=amount_in(said),
    )


def masked_lines(text: str) -> frozenset[str]:
    """The lines of a text that say something (three words or more), masked."""
    lines = (mask(line.strip()) for line in text.splitlines())
    return frozenset(line for line in lines if len(line.split()) >= _SHORTEST_LINE)


def content_words(text: str) -> frozenset[str]:
    """Stemmed words of masked text, stop words left out."""
    return stems(words_of(text))


def stems(words: Iterable[str]) -> frozenset[str]:
    """Words stemmed, without stop words and single letters."""
    return frozenset(stem(word) for word in words if word not in STOP_WORDS and len(word) > 1)


def exact_tokens(raw: str, kept: Collection[str]) -> frozenset[str]:
    """Tokens with digits that masking took out: versions, numbers of tickets, ports.

    `kept` are the words of `mask(raw)`, which the caller needs as well.
    """
    return frozenset(
        word
        for word in set(words_of(raw)).difference(kept)
        if len(word) >= _SHORTEST_EXACT and _DIGIT_WORD.search(word)
    )


def error_names(raw: str) -> frozenset[str]:
    """Exception classes, signals and error codes named in the text, lower case, unqualified."""
    return frozenset(match.group(1).lower() for match in _ERROR_NAME.finditer(raw))


def line_words(line: str) -> frozenset[str]:
    """What makes a log line the same line another day: its words without its values."""
    return frozenset(words_of(line)) - STOP_WORDS


@lru_cache(maxsize=_STEMS_KEPT)
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


def _plain(text: str) -> str:
    return " ".join(PLACEHOLDER.sub(" ", text).split())[:_LONGEST_LINE]


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
