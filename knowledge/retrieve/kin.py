"""Past incidents of other alerts whose cause was like a given one: what they showed is lent.

One alert's records of one cause are few. A leaking pool shows itself alike whichever service
leaks, so the records of all of them tell more of what to expect than three of one alert do.
"""

from collections.abc import Sequence

import numpy as np

from knowledge.index.keys import family
from knowledge.model import DocumentKind, Query
from knowledge.retrieve.candidates import SearchIndex, card_of
from knowledge.retrieve.causes import Meaning
from knowledge.retrieve.facts import Facts
from knowledge.retrieve.staged import FactsOf

NEAR_CAUSE = 0.4
"""Cosine of a passage to a cause from which its record is about a cause like it."""

MOST_KIN = 12
"""Records lent to a cause: fewer show less, more are of other causes."""

MOST_CAUSES = 8
_PASSAGES = 60


def kin_of(
    index: SearchIndex, facts: FactsOf, query: Query, causes: Sequence[Meaning]
) -> list[list[Facts]]:
    """By cause, what the records say that are nearest to it, those that name the query's own alert
    left out; of causes behind the first eight nothing. What the query's readers may not see takes
    no part."""
    without = index.hidden_from(query.audience, query.excluded)
    own = family(query.alert_name or "")
    found = [
        _nearest(index, np.asarray(cause, dtype=np.float32), without, own)
        for cause in causes[:MOST_CAUSES]
    ]
    cards = index.cards
    wanted = {one for ids in found for one in ids}
    known = facts.of([cards[one] for one in sorted(wanted) if one in cards])
    told = [[known[one] for one in ids if one in known] for ids in found]
    return told + [[] for _ in causes[MOST_CAUSES:]]


def _nearest(index: SearchIndex, cause: np.ndarray, without: frozenset[int], own: str) -> list[str]:
    cards, found = index.cards, dict[str, None]()
    for passage, cosine in index.vector_search(cause, _PASSAGES, without):
        if cosine < NEAR_CAUSE or len(found) == MOST_KIN:
            break
        card = card_of(index, cards, passage)
        if card is None or card.kind is not DocumentKind.PAST_INCIDENT or not card.cause.strip():
            continue
        if own not in map(family, card.alerts):
            found[card.id] = None
    return list(found)
