"""Why an answer was given: its receipt in words, with no new search. Pure.

What may not be seen where the explanation goes is not in it: no name, no number, no count.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.chat.messages import Board, BoardLine, BoardPart, Opener
from bot.suggestions.model import Suggestion, SuggestionKind
from bot.suggestions.words import FEW_WORDS, first_line, why_too_far
from knowledge.model import Document, PastIncident
from knowledge.retrieve.reading import STOP_WORDS, stem
from knowledge.text.masking import mask
from knowledge.text.words import words_of

WORDS_SHOWN = 8
OTHERS_SHOWN = 3
_CLOSE_MEANING = ((0.75, "very close in meaning"), (0.55, "close in meaning"))
_LOG_SHARE = 0.3
_EXACT_SHARE = 0.1
_NEAR_RIVAL = 0.08
"""Scores so near to each other hardly tell two candidates apart."""

NOT_HERE = "What this answer was made of may not be shown here, or is not on record any more."


def explain(
    suggestion: Suggestion,
    records: Mapping[str, Document],
    *,
    asked_by: str = "",
    incident_key: str = "",
) -> Board:
    """`records` are those that the readers may see now, by id. Of an incident's answer, its key
    lets people say what they think of the runbook's steps."""
    best = _best(suggestion)
    record = records.get(best) if best is not None else None
    note = _receipt(suggestion)
    if best is not None and record is None:
        return Board(
            title="Why this answer",
            parts=(BoardPart(lines=(BoardLine(text=NOT_HERE),)),),
            note=note,
            asked_by=asked_by,
        )
    row = _row(suggestion.receipt, best)
    parts = [
        BoardPart(heading="How sure", lines=tuple(_sure(suggestion, records))),
        BoardPart(heading="Came close", lines=tuple(_others(suggestion, records, best))),
    ]
    if record is not None:
        against = BoardPart(
            heading="What speaks against it", lines=tuple(_against(suggestion, row, records, best))
        )
        speaks = BoardPart(heading="What speaks for it", lines=tuple(_for(suggestion, row, record)))
        parts[0:0] = [speaks, against]
    if incident_key and any(one.document_id in records for one in suggestion.passages):
        parts.append(BoardPart(heading="The runbook", lines=(_say_so(incident_key),)))
    return Board(
        title=_title(suggestion, record),
        parts=tuple(part for part in parts if part.lines),
        note=note,
        asked_by=asked_by,
    )


def _say_so(incident_key: str) -> BoardLine:
    opener = Opener(form="page_word", about=incident_key, label="Say so…")
    return BoardLine(text="Is a step wrong or missing? Did it work?", opener=opener)


def _best(suggestion: Suggestion) -> str | None:
    """The document that the answer stands with; the nearest of an abstention."""
    match suggestion.kind:
        case SuggestionKind.RUNBOOK_ONLY if suggestion.passages:
            return suggestion.passages[0].document_id
        case SuggestionKind.ABSTENTION:
            return suggestion.nearest.id if suggestion.nearest is not None else None
        case SuggestionKind.SEVERAL_CAUSES if suggestion.causes:
            return suggestion.causes[0].incident_ids[0]
        case _:
            return suggestion.incidents[0].id if suggestion.incidents else None


def _title(suggestion: Suggestion, record: Document | None) -> str:
    if record is None:
        return "Why I do not know"
    name = record.id if isinstance(record, PastIncident) else f"“{first_line(record.title, 60)}”"
    match suggestion.kind:
        case SuggestionKind.ABSTENTION:
            return f"Why I do not know; {name} is the nearest"
        case SuggestionKind.SEVERAL_CAUSES:
            return f"Why several causes; {name} leads the first"
        case _:
            return f"Why {name}"


def _row(receipt: Mapping[str, Any], document_id: str | None) -> Mapping[str, float]:
    for kind in ("incidents", "runbooks"):
        for row in receipt.get(kind, ()):
            if row["id"] == document_id:
                features: Mapping[str, float] = row["features"]
                return features
    return {}


# -- for and against ---------------------------------------------------------------------------


def _for(suggestion: Suggestion, row: Mapping[str, float], record: Document) -> Iterator[BoardLine]:
    for name, said in _FACTS:
        if row.get(name, 0.0) > 0.0:
            yield BoardLine(text=said)
    if row.get("log_lines", 0.0) >= _LOG_SHARE:
        yield BoardLine(text=f"{row['log_lines']:.0%} of the log lines were in its log, too")
    if row.get("errors", 0.0) > 0.0:
        yield BoardLine(text="it names the same errors")
    common = words_in_common(str(suggestion.receipt.get("masked_query", "")), record)
    if common:
        share = row.get("coverage")
        detail = f"{share:.0%} of what tells, by weight" if share is not None else ""
        yield BoardLine(text=f"it says the same words: {', '.join(common)}", detail=detail)
    if row.get("exact", 0.0) >= _EXACT_SHARE:
        yield BoardLine(text="the same versions, ports or numbers")
    near = _meaning(max(row.get("dense", 0.0), row.get("logs_dense", 0.0)))
    if near:
        logs = row.get("logs_dense", 0.0) > row.get("dense", 0.0)
        yield BoardLine(text=f"its {'log' if logs else 'text'} is {near}")


_FACTS = (
    ("linked", "people of your team said that this is the same"),
    ("own_page", "it is the page that the alert itself links to"),
    ("same_alert", "it bears the same alert name"),
    ("same_service", "it is of the same service"),
    ("same_environment", "it was in the same environment"),
)


def _against(
    suggestion: Suggestion,
    row: Mapping[str, float],
    records: Mapping[str, Document],
    best: str | None,
) -> Iterator[BoardLine]:
    for name, said in _AGAINST:
        if row.get(name, 0.0) > 0.0:
            yield BoardLine(text=said)
    if row.get("errors", 1.0) == 0.0:
        yield BoardLine(text="none of the errors is in it")
    if row.get("coverage", 1.0) < FEW_WORDS:
        yield BoardLine(text="few words in common")
    for one in suggestion.differences:
        if one.citation.document_id in records:
            yield BoardLine(text=one.text)
    rivals = [(name, score) for name, score, _ in _ranked(suggestion, records, best)]
    score = _score(suggestion.receipt, best)
    if rivals and score is not None and score - rivals[0][1] < _NEAR_RIVAL:
        yield BoardLine(text=f"{rivals[0][0]} is nearly as alike")


_AGAINST = (
    ("other_alert", "it is of an alert of another name"),
    ("other_service", "it is of another service"),
    ("other_environment", "it was in another environment"),
    ("unhelpful", "somebody found it no help"),
)


def words_in_common(asked: str, record: Document) -> list[str]:
    """Words of the masked question that the record says as well, the rarer-looking ones first:
    long words and identifiers tell more than short ones."""
    said = {stem(word) for word in words_of(mask(_text_of(record)))}
    common = [
        word
        for word in dict.fromkeys(words_of(asked))
        if word not in STOP_WORDS and len(word) > 2 and stem(word) in said
    ]
    best = sorted(common, key=lambda word: (-len(word), word))[:WORDS_SHOWN]
    return [word for word in common if word in best]


def _text_of(record: Document) -> str:
    if isinstance(record, PastIncident):
        return "\n".join((record.title, record.symptom, record.cause, *record.logs))
    return f"{record.title}\n{record.body}"


def _meaning(cosine: float) -> str:
    return next((words for least, words in _CLOSE_MEANING if cosine >= least), "")


# -- how sure, and what else -------------------------------------------------------------------


def _sure(suggestion: Suggestion, records: Mapping[str, Document]) -> Iterator[BoardLine]:
    receipt = suggestion.receipt
    yield BoardLine(
        text=f"{suggestion.confidence_words}, {_percent(suggestion.confidence)}",
        detail=_fitted(str(receipt.get("calibration") or "")),
    )
    if suggestion.kind is SuggestionKind.SEVERAL_CAUSES:
        seen = [one for one in suggestion.causes if records.keys() >= set(one.incident_ids)]
        shares = ", ".join(_percent(cause.share) for cause in seen[:4])
        yield BoardLine(text=f"what is known fits each of the causes (past cases: {shares})")
    threshold = receipt.get("threshold")
    if suggestion.kind is SuggestionKind.ABSTENTION and threshold is not None:
        yield BoardLine(text=f"a past incident is an answer from {_percent(threshold)} on")


def _fitted(calibration: str) -> str:
    if not calibration:
        return "by the numbers that come with Recall; no calibration of your own is in force"
    return f"by the calibration made on your own history, {calibration[:10]}"


def _others(
    suggestion: Suggestion, records: Mapping[str, Document], best: str | None
) -> Iterator[BoardLine]:
    for name, score, features in _ranked(suggestion, records, best)[:OTHERS_SHOWN]:
        record = records[name]
        told = f"{name} {first_line(record.title, 80)}"
        weaker = ", ".join(why_too_far(features)[:2])
        yield BoardLine(text=told, url=record.url, detail=f"score {score:.2f}; {weaker}")


def _ranked(
    suggestion: Suggestion, records: Mapping[str, Document], best: str | None
) -> Sequence[tuple[str, float, Mapping[str, float]]]:
    """The candidates of the answer's own kind that may be seen, without the best."""
    rows: Sequence[Mapping[str, Any]] = ()
    for kind in ("incidents", "runbooks"):
        own = suggestion.receipt.get(kind, ())
        if any(row["id"] == best for row in own) or (best is None and not rows):
            rows = own
    return [
        (str(row["id"]), float(row["score"]), row["features"])
        for row in rows
        if row["id"] != best and row["id"] in records
    ]


def _score(receipt: Mapping[str, Any], document_id: str | None) -> float | None:
    for kind in ("incidents", "runbooks"):
        for row in receipt.get(kind, ()):
            if row["id"] == document_id:
                return float(row["score"])
    return None


def _percent(share: float) -> str:
    if share > 0.99:
        return "over 99%"
    return "under 1%" if share < 0.01 else f"{share:.0%}"


def _receipt(suggestion: Suggestion) -> str:
    return f"receipt {suggestion.id[:8]}; replay it: recall replay {suggestion.id}"
