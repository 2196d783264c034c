"""Rules that name a stretch of a line as a secret: gitleaks', the team's, and personal data."""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

WINDOW = 2_048
"""Characters of a line that a rule looks at in one go; of a longer line, windows."""

OVERLAP = 512
"""Characters that a window shares with the one before."""

Span = tuple[int, int]


@dataclass(frozen=True)
class Allowed:
    """What is no secret after all: `regexes` found in the `target`, or `stopwords` (lower case)
    in the secret."""

    target: Literal["secret", "match", "line"] = "secret"
    regexes: tuple[str, ...] = ()
    stopwords: tuple[str, ...] = ()

    @cached_property
    def _compiled(self) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(regex, re.ASCII) for regex in self.regexes)

    def allows(self, secret: str, match: str, line: str) -> bool:
        text = {"secret": secret, "match": match, "line": line[:WINDOW]}[self.target]
        if any(regex.search(text) for regex in self._compiled):
            return True
        low = secret.lower()
        return any(word in low for word in self.stopwords)


@dataclass(frozen=True)
class ScannedRule:
    """`keywords` are lower-case; a line without any is not searched.

    A match counts when the Shannon entropy of its secret, in bits a character, is above
    `entropy`, `accepts` says yes and nothing in `allowed` holds. The secret is group `group`; with
    0 the first group that took part, or all of it. `is_led` says that a match always begins at a
    keyword.
    """

    name: str
    keywords: tuple[str, ...]
    regex: str
    entropy: float = 0.0
    group: int = 0
    is_led: bool = False
    allowed: tuple[Allowed, ...] = ()
    accepts: Callable[[str], bool] | None = None

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """Compiled when first needed: most rules never are."""
        return re.compile(self.regex, re.ASCII)

    def spans(self, line: str, starts: Sequence[int]) -> Iterator[Span]:
        """Where in `line` its secrets are; `starts` are the places of its keywords."""
        for match in self._matches(line, starts):
            span = match.span(self._secret_group(match))
            secret = line[span[0] : span[1]]
            if secret and "[redacted " not in secret and self._counts(secret, match[0], line):
                yield span

    def _matches(self, line: str, starts: Sequence[int]) -> Iterator[re.Match[str]]:
        if self.is_led:
            for start in starts:
                found = self.compiled.match(line, start, start + WINDOW)
                if found is not None:
                    yield found
            return
        for begin in range(0, max(1, len(line) - OVERLAP), WINDOW - OVERLAP):
            yield from self.compiled.finditer(line, begin, begin + WINDOW)

    def _secret_group(self, match: re.Match[str]) -> int:
        if self.group:
            return self.group
        taken = (number for number, text in enumerate(match.groups(), 1) if text)
        return next(taken, 0)

    def _counts(self, secret: str, match: str, line: str) -> bool:
        if self.entropy and entropy(secret) <= self.entropy:
            return False
        if self.accepts is not None and not self.accepts(secret):
            return False
        return not any(one.allows(secret, match, line) for one in self.allowed)


def entropy(text: str) -> float:
    """Shannon entropy of the characters, in bits a character."""
    size = len(text)
    return -sum(n / size * math.log2(n / size) for n in Counter(text).values())


def merged(spans: Sequence[Span]) -> list[Span]:
    """Spans in order, those that overlap made one."""
    joined: list[Span] = []
    for begin, end in sorted(spans):
        if joined and begin < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined
