"""What the API keeps to itself: what only some channels may see, and answers made of it.

Whoever has the API's token sees what everyone may see, as `POST /v1/suggest` does. An answer
that was given in a channel may have been made of more; then its place is shown, and no more.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from bot.incidents.model import TimelineEntry, TimelineKind
from bot.suggestions.model import Suggestion, SuggestionKind
from bot.suggestions.naming import documents_named, is_private
from bot.suggestions.ports import StoredSuggestion
from bot.uow import UnitOfWork

WITHHELD = "Withheld: made of records that only some channels may see."


def for_everyone(uow: UnitOfWork, rows: Sequence[StoredSuggestion]) -> list[StoredSuggestion]:
    """`rows`, those made of restricted records emptied of all but their id.

    A record that was removed since can no longer be known to have been restricted.
    """
    named = {row.suggestion.id: frozenset(documents_named(row.suggestion)) for row in rows}
    restricted = uow.knowledge.restricted(sorted(frozenset().union(*named.values())))
    return [
        replace(row, suggestion=_emptied(row.suggestion))
        if named[row.suggestion.id] & restricted or is_private(row.suggestion)
        else row
        for row in rows
    ]


def timeline_for_everyone(uow: UnitOfWork, entries: Sequence[TimelineEntry]) -> list[TimelineEntry]:
    """`entries`, without what they quote of restricted records."""
    quoted = {source for each in entries if (source := _quoted_from(each))}
    restricted = uow.knowledge.restricted(sorted(quoted))
    notes = {str(each.data.get("note", "")) for each in entries if _quoted_from(each) in restricted}
    told = (uow.suggestions.get(name) for name in _suggestions_in(entries))
    shown = for_everyone(uow, [row for row in told if row is not None])
    hidden = {row.suggestion.id for row in shown if row.suggestion.headline == WITHHELD}
    return [
        replace(entry, text=WITHHELD, data={})
        if entry.data.get("only")
        or _quoted_from(entry) in restricted
        or (entry.data.get("note") in notes and entry.data.get("note"))
        or (entry.kind is TimelineKind.SUGGESTION and entry.data.get("suggestion_id") in hidden)
        else entry
        for entry in entries
    ]


def _quoted_from(entry: TimelineEntry) -> str:
    """The past incident whose words an entry may hold, "" for none: a form that was filled in
    from one keeps that, whatever was made of its words."""
    return str(entry.data.get("resolved_like") or entry.data.get("like") or "")


def _suggestions_in(entries: Iterable[TimelineEntry]) -> Iterator[str]:
    for entry in entries:
        if entry.kind is TimelineKind.SUGGESTION and entry.data.get("suggestion_id"):
            yield str(entry.data["suggestion_id"])


def _emptied(suggestion: Suggestion) -> Suggestion:
    return Suggestion(
        id=suggestion.id,
        kind=SuggestionKind.ABSTENTION,
        answered=False,
        confidence=0.0,
        confidence_words="withheld",
        headline=WITHHELD,
        silent=suggestion.silent,
        receipt={},
    )
