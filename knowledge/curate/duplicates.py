"""Runbooks that say nearly the same. Pure; by their lines, so that it can be shown why."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from knowledge.model import Origin, Runbook
from knowledge.text.masking import mask

LEAST_LINES = 4
"""Lines that two pages must have in common."""

LEAST_SHARE = 0.8
"""Of the shorter page's lines."""

_SHORT = 12
"""Characters below which a line says nothing of its own: a heading, a brace."""

_COMMON = 20
"""Pages from which on a line is a habit of the house rather than a copy."""

_MARKS = re.compile(r"^[\s>#*+\-]*(?:\d{1,9}[.)])?\s*")


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Two pages, the longer first; `shared` of the `of` lines of the shorter are in both."""

    page: Runbook
    other: Runbook
    shared: int
    of: int


def duplicates(pages: Iterable[Runbook]) -> list[Duplicate]:
    """Pairs of the team's own pages that are served and that everyone may see, the most alike
    first. Numbers, ids and the like do not tell two lines apart."""
    own = [
        page
        for page in pages
        if page.state.is_served and page.origin is Origin.TEAM and page.visibility.is_everyone
    ]
    by_id = {page.id: page for page in own}
    lines = {page.id: _lines(page.body) for page in own}
    where: dict[str, list[str]] = defaultdict(list)
    for document_id, said in lines.items():
        for line in said:
            where[line].append(document_id)
    shared: Counter[tuple[str, str]] = Counter()
    for holders in where.values():
        if 1 < len(holders) <= _COMMON:
            shared.update(combinations(sorted(holders), 2))
    found = []
    for (one, other), count in shared.items():
        longer, shorter = sorted((one, other), key=lambda name: (-len(lines[name]), name))
        of = len(lines[shorter])
        if count >= LEAST_LINES and count >= LEAST_SHARE * of:
            found.append(Duplicate(by_id[longer], by_id[shorter], count, of))
    return sorted(found, key=lambda pair: (-pair.shared / pair.of, pair.page.id, pair.other.id))


def _lines(body: str) -> frozenset[str]:
    plain = (" ".join(_MARKS.sub("", line).split()) for line in body.split("\n"))
    return frozenset(mask(line).casefold() for line in plain if len(line) >= _SHORT)
