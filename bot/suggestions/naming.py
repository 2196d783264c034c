"""Which documents an answer is made of, and who may therefore read it."""

from collections.abc import Iterator

from bot.suggestions.model import Suggestion
from bot.uow import UnitOfWork


def made_in_private(suggestion: Suggestion) -> Suggestion:
    """The same answer, its receipt marked: the question has words of a private channel."""
    query = {**suggestion.receipt.get("query", {}), "private": True}
    return suggestion.model_copy(update={"receipt": {**suggestion.receipt, "query": query}})


def is_private(suggestion: Suggestion) -> bool:
    """Whether the question has words of a private channel."""
    return bool(suggestion.receipt.get("query", {}).get("private"))


def may_be_read_in(uow: UnitOfWork, suggestion: Suggestion, channel_key: str) -> bool:
    """Whether an answer may stand in a channel: it was made for its readers, or is made of
    nothing but what everyone may see."""
    if suggestion.receipt.get("query", {}).get("channel") == channel_key:
        return True
    if is_private(suggestion):
        return False
    return not uow.knowledge.restricted(sorted(set(documents_named(suggestion))))


def documents_named(suggestion: Suggestion) -> Iterator[str]:
    """Every document that an answer or its receipt names."""
    yield from (each.id for each in suggestion.incidents)
    yield from (each.document_id for each in suggestion.passages)
    yield from (each.citation.document_id for each in suggestion.steps)
    for cause in suggestion.causes:
        yield from (*cause.incident_ids, cause.citation.document_id)
    if suggestion.check_first is not None:
        yield suggestion.check_first.citation.document_id
    if suggestion.nearest is not None:
        yield suggestion.nearest.id
    asked = suggestion.receipt.get("query", {})
    for kind in ("excluded", "linked", "unhelpful"):
        yield from asked.get(kind, ())
    for kind in ("incidents", "runbooks"):
        yield from (str(row["id"]) for row in suggestion.receipt.get(kind, ()))
