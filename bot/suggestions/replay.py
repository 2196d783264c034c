"""An answer checked afterwards: does its receipt still give it, and would the search again?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.suggestions.receipt import KEPT, query_of, rank_again
from knowledge.embed.port import Embedder
from knowledge.evaluate.memory_source import KnownVectors, MemorySource
from knowledge.index.projection import Projection
from knowledge.model import Document
from knowledge.retrieve.retriever import Retriever

KINDS = ("incidents", "runbooks")
CLOSE = 0.01
"""Two machines' scores of one candidate differ by less: number types round differently."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A candidate whose score came out differently; None where one side does not have it."""

    kind: str
    id: str
    stored: float | None
    again: float | None


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of it. `why_not` says why it could not be done at all, "" when it was."""

    differences: tuple[Difference, ...] = ()
    why_not: str = ""

    @property
    def same(self) -> bool:
        return not self.differences and not self.why_not


def replay(receipt: Mapping[str, Any]) -> Replay:
    """Rank the stored features again: scores and order must be exactly those of the receipt."""
    try:
        again = rank_again(receipt)
    except (KeyError, TypeError) as error:
        return Replay(why_not=f"the receipt lacks a part: {error}")
    stored = {kind: _stored(receipt, kind) for kind in KINDS}
    differences = _differences(stored, again, 0.0)
    if not differences and any(
        [one for one, _ in stored[kind]] != [one for one, _ in again[kind]] for kind in KINDS
    ):
        return Replay(why_not="the scores are the same, but the order is not")
    return Replay(differences)


def search_again(
    receipt: Mapping[str, Any],
    documents: Sequence[Document],
    embedder: Embedder,
    known: KnownVectors | None = None,
) -> Replay:
    """Search `documents`, the knowledge of that time, with the query that the receipt keeps.

    Needs a receipt of version 2 and the model that it names; candidates that both found must
    have scores within `CLOSE`, and the first of each kind must be the same document.
    """
    try:
        query = query_of(receipt)
    except LookupError as error:
        return Replay(why_not=str(error))
    generation = embedder.generation
    for name, mine in (
        ("model_digest", generation.model_digest),
        ("text_version", generation.text_version),
    ):
        if receipt[name] != mine:
            return Replay(
                why_not=f"it was made with another {name.replace('_', ' ')} ({receipt[name]}); "
                f"this one is {mine}"
            )
    source = MemorySource(documents, known)
    projection = Projection(source, embedder, None)
    projection.open()
    try:
        projection.catch_up()
        retriever = Retriever(
            projection, source, threshold=receipt["threshold"], embed=embedder.embed
        )
        if dict(receipt["weights"]) != retriever.weights:
            return Replay(why_not="it was ranked with other weights than those in force now")
        ranking = retriever.search(query)
    finally:
        projection.close()
    again = {
        "incidents": [(hit.document_id, hit.score) for hit in ranking.incidents[:KEPT]],
        "runbooks": [(hit.document_id, hit.score) for hit in ranking.runbooks[:KEPT]],
    }
    stored = {kind: _stored(receipt, kind) for kind in KINDS}
    found = [each for each in _differences(stored, again, CLOSE) if _matters(each, stored, again)]
    return Replay(tuple(found))


Scores = Mapping[str, Sequence[tuple[str, float]]]


def _stored(receipt: Mapping[str, Any], kind: str) -> list[tuple[str, float]]:
    return [(row["id"], row["score"]) for row in receipt[kind]]


def _differences(stored: Scores, again: Scores, tolerance: float) -> tuple[Difference, ...]:
    told = []
    for kind in KINDS:
        before, now = dict(stored[kind]), dict(again[kind])
        for one in dict.fromkeys([*before, *now]):
            left, right = before.get(one), now.get(one)
            if left is None or right is None or abs(left - right) > tolerance:
                told.append(Difference(kind, one, left, right))
    return tuple(told)


def _matters(one: Difference, stored: Scores, again: Scores) -> bool:
    """A candidate at the very end of one list may be cut from the other; that is no difference."""
    if one.stored is not None and one.again is not None:
        return True
    full = [kept for kept in (stored[one.kind], again[one.kind]) if len(kept) >= KEPT]
    score = one.stored if one.stored is not None else one.again
    return not any(score is not None and score <= kept[-1][1] + CLOSE for kept in full)
