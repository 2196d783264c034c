"""The records that an earlier answer was made of, as far as a place's readers may see them now."""

from collections.abc import Iterable, Iterator, Mapping

from bot.suggestions.model import Suggestion
from bot.uow import UnitOfWork
from knowledge.model import Audience, Document

MOST_LOOKED_AT = 12
"""Candidates of a kind whose records are read: more are never named."""


def seen_records(
    uow: UnitOfWork, suggestion: Suggestion, audience: Audience
) -> Mapping[str, Document]:
    """By id. One that was removed, is not served any more or may not be seen is not there."""
    wanted = dict.fromkeys(named_in(suggestion))
    found = (uow.knowledge.get(name) for name in wanted)
    return {
        one.id: one
        for one in found
        if one is not None and one.state.is_served and audience.may_see(one.visibility)
    }


def named_in(suggestion: Suggestion) -> Iterator[str]:
    """The documents that an answer names, then the best candidates of its receipt."""
    yield from told_in(suggestion)
    for kind in ("incidents", "runbooks"):
        rows = suggestion.receipt.get(kind, ())
        yield from (str(row["id"]) for row in rows[:MOST_LOOKED_AT])


def told_in(suggestion: Suggestion) -> Iterator[str]:
    """The documents that were shown as the answer: the leading case, or each cause's; pages."""
    yield from (each.id for each in suggestion.incidents[:1])
    for cause in suggestion.causes:
        yield from cause.incident_ids
    yield from pages_in(suggestion)
    if suggestion.nearest is not None:
        yield suggestion.nearest.id


def pages_in(suggestion: Suggestion) -> Iterator[str]:
    """The runbooks that an answer cites: those whose steps it shows first."""
    yield from (each.citation.document_id for each in suggestion.steps)
    yield from (each.document_id for each in suggestion.passages)
    if suggestion.check_first is not None:
        yield suggestion.check_first.citation.document_id


def told_in_all(suggestions: Iterable[Suggestion]) -> frozenset[str]:
    """Everything that was shown so far."""
    return frozenset(name for one in suggestions for name in told_in(one))
