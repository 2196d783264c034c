"""`/recall ask`, `similar` and `runbook`: what is on record, for the caller alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.chat.messages import Answer, Board, BoardLine, BoardPart
from bot.commands.finding import incident_and_rest, incident_called
from bot.commands.model import Caller, Refused, Reply, Tools
from bot.commands.parsing import split_key
from bot.incidents.model import Incident
from bot.incidents.query import query_of
from bot.suggestions.jobs import with_corrections
from bot.suggestions.model import Suggestion, SuggestionKind
from bot.suggestions.seen import pages_in, seen_records
from bot.suggestions.speak import keep
from bot.suggestions.words import first_line, trimmed
from knowledge.model import Document, PastIncident, Query, Runbook, SectionRole
from knowledge.retrieve.confidence import in_words
from knowledge.text.passages import passages_of

QUESTION_LIMIT = 4_000
CASES_SHOWN = 5
PAGES_SHOWN = 5
_EXCERPT = 220
_ROLES = (SectionRole.MITIGATION, SectionRole.CONFIRM, SectionRole.SYMPTOM)

GOOD_SCORE = 0.3
"""Score of a page from which it is offered without a word of doubt."""


@dataclass(frozen=True, slots=True)
class _Looked:
    """A search that was made, with the records that may be seen."""

    suggestion: Suggestion
    records: Mapping[str, Document]
    rows: Sequence[tuple[Document, float]]


def ask(tools: Tools, caller: Caller, words: str) -> Reply:
    """The answer to a question, kept with its receipt."""
    if not words.strip():
        raise Refused("Ask something: /recall ask checkout answers 502 since the deploy")
    return Reply(message=answer_to(tools, caller, words))


def answer_to(tools: Tools, caller: Caller, words: str, logs: str = "") -> Answer:
    """What is known of these words, for the readers of the caller's channel."""
    query = question(tools, caller, words)
    if logs:
        query = replace(query, logs=(logs,))
    found = tools.builder.suggest(query, asked=True)
    with tools.units.begin() as uow:
        keep(uow, found, None, caller.actor.key, tools.clock.now())
    return Answer(asked_by=caller.actor.key, suggestion=found)


def question(tools: Tools, caller: Caller, words: str) -> Query:
    """The query for free words; a declared service or environment that they name is taken."""
    text = words.strip()[:QUESTION_LIMIT]
    about = tools.catalogue.named_in_text(text)
    query = Query(
        text=text,
        service=about.service,
        environment=about.environment,
        audience=caller.audience,
    )
    return with_corrections(tools.units, query)


def similar(tools: Tools, caller: Caller, words: str) -> Reply:
    """The most alike past incidents: how sure, what fixed them, where to read on."""
    query, subject = _subject(tools, caller, words)
    looked = _look(tools, caller, query, "incidents")
    lines = tuple(
        _case(record, score)
        for record, score in looked.rows[:CASES_SHOWN]
        if isinstance(record, PastIncident)
    )
    if not lines:
        return Reply(
            message=Board(
                title=f"Nothing like {subject} is on record",
                note=f"No past incident that may be seen here is near. {_receipt(looked)}",
            )
        )
    is_near = looked.suggestion.kind in (SuggestionKind.ONE_CAUSE, SuggestionKind.SEVERAL_CAUSES)
    return Reply(
        message=Board(
            title=f"Most like {subject}" if is_near else f"Nearest to {subject}, but not near",
            parts=(BoardPart(heading=_how_sure(looked.suggestion), lines=lines),),
            note=_receipt(looked),
        )
    )


def runbook(tools: Tools, caller: Caller, words: str) -> Reply:
    """The runbook sections that fit best, with their owners."""
    query, subject = _subject(tools, caller, words)
    looked = _look(tools, caller, query, "runbooks")
    records = looked.records
    cited = [records[name] for name in pages_in(looked.suggestion) if name in records]
    ranked = {one.id: score for one, score in looked.rows}
    found = {one.id: one for one in (*cited, *(one for one, _ in looked.rows))}
    pages = [one for one in found.values() if isinstance(one, Runbook)]
    lines = tuple(_page(tools, page, looked.suggestion, query) for page in pages[:PAGES_SHOWN])
    if not lines:
        return Reply(
            message=Board(
                title=f"No runbook fits {subject}",
                note=f"No page that may be seen here is near. {_receipt(looked)}",
            )
        )
    is_good = bool(cited) or ranked[pages[0].id] >= GOOD_SCORE
    heading = "Best first" if is_good else "None fits well; the nearest first"
    part = BoardPart(heading=heading, lines=lines)
    return Reply(
        message=Board(title=f"Runbooks for {subject}", parts=(part,), note=_receipt(looked))
    )


def _subject(tools: Tools, caller: Caller, words: str) -> tuple[Query, str]:
    """(what to look for, its name): an incident, else words; without any, the incident here."""
    key, rest = split_key(words)
    if rest and key is None:
        return question(tools, caller, words), f"“{first_line(words, 60)}”"
    with tools.units.read() as uow:
        if key is not None:
            incident = incident_called(uow, caller, key)
        else:
            incident, _ = incident_and_rest(uow, caller, words)
    query = _query_of_incident(tools, caller, incident)
    if rest:
        query = replace(query, text=f"{rest}\n{query.text}")
    return query, incident.key


def _query_of_incident(tools: Tools, caller: Caller, incident: Incident) -> Query:
    with tools.units.read() as uow:
        alerts = uow.alerts.of_incident(incident.id)
        timeline = uow.incidents.timeline(incident.id)
    query = query_of(incident, alerts, timeline, audience=caller.audience)
    return with_corrections(tools.units, query, incident.id)


def _look(tools: Tools, caller: Caller, query: Query, kind: str) -> _Looked:
    found = tools.builder.suggest(query, asked=True)
    with tools.units.begin() as uow:
        keep(uow, found, None, caller.actor.key, tools.clock.now())
        records = seen_records(uow, found, caller.audience)
    rows = [
        (records[str(row["id"])], float(row["score"]))
        for row in found.receipt.get(kind, ())
        if row["id"] in records
    ]
    return _Looked(found, records, rows)


def _case(record: PastIncident, score: float) -> BoardLine:
    fixed = first_line(record.resolution, _EXCERPT)
    return BoardLine(
        text=f"{record.id} {first_line(record.title, 120)}",
        url=record.url,
        detail="; ".join(_told_of(record, score, fixed)),
    )


def _told_of(record: PastIncident, score: float, fixed: str) -> Iterator[str]:
    yield f"score {score:.2f}"
    if record.environments:
        yield record.environments[0]
    yield f"fixed by: {fixed}" if fixed else "what fixed it is not recorded"


def _how_sure(found: Suggestion) -> str:
    match found.kind:
        case SuggestionKind.ONE_CAUSE:
            return f"The first is {found.confidence_words} the same ({found.confidence:.0%})"
        case SuggestionKind.SEVERAL_CAUSES:
            return f"{len(found.causes)} causes fit; cannot tell yet"
        case _:
            sure = in_words(found.confidence)
            return f"None is near enough to go by ({sure})"


def _page(tools: Tools, page: Runbook, found: Suggestion, query: Query) -> BoardLine:
    passage = _best_passage(page, found)
    section = " › ".join(passage[0]) if passage else ""
    excerpt = trimmed(" ".join((passage[1] if passage else page.body).split()), _EXCERPT)
    owner = page.owner or _owner_of(tools, page, query)
    told = [excerpt, f"owner: {owner}" if owner else ""]
    return BoardLine(
        text=f"{page.title} › {section}" if section else page.title,
        url=page.url,
        detail="; ".join(part for part in told if part),
    )


def _best_passage(page: Runbook, found: Suggestion) -> tuple[tuple[str, ...], str] | None:
    """(headings, text) of a passage that the search found, if the page still has it."""
    by_hash = {one.hash: one for one in passages_of(page)}
    rows = found.receipt.get("runbooks", ())
    hashes = [each["hash"] for row in rows if row["id"] == page.id for each in row["passages"]]
    there = [by_hash[one] for one in hashes if one in by_hash and by_hash[one].text.strip()]
    if not there:
        return None
    # As on a card: what to do comes before what it looks like.
    best = min(there, key=lambda one: _ROLES.index(one.role) if one.role in _ROLES else len(_ROLES))
    return best.title_path[1:], best.text


def _owner_of(tools: Tools, page: Runbook, query: Query) -> str:
    services = (*page.services, *((query.service,) if query.service else ()))
    declared = (tools.catalogue.services.get(name) for name in services)
    return next((one.owner for one in declared if one is not None and one.owner), "")


def _receipt(looked: _Looked) -> str:
    return f"receipt {looked.suggestion.id[:8]}"
