"""What is different this time, said in short rows with the lines that show it."""

from bot.suggestions.model import Citation, Difference
from bot.suggestions.words import trimmed
from knowledge.model import PastIncident, Query
from knowledge.retrieve import differences as found
from knowledge.retrieve.differences import DifferenceKind
from knowledge.text.logs.formats import read_line

ROW = 110
"""Characters of a log line in a row: two lines on a phone."""


def different(record: PastIncident, query: Query) -> tuple[Difference, ...]:
    """At most three rows; none where the record keeps no logs and no labels to compare."""
    citation = Citation(
        document_id=record.id, version=record.version, title=record.title, url=record.url
    )
    return tuple(
        Difference(
            kind=one.kind.value, text=_text(one), then=one.then, now=one.now, citation=citation
        )
        for one in found.differences(record, query)
    )


def _text(one: found.Difference) -> str:
    """ "application_name: invoice-exporter now, report-worker then"."""
    if one.kind is DifferenceKind.NEW_LINE:
        return f"new: {_message(one.now)}"
    if one.kind is DifferenceKind.MISSING_LINE:
        return f"in the log then, not in today's: {_message(one.then)}"
    name = f"{one.name}: " if one.name else ""
    return f"{name}{one.is_now} now, {one.was} then"


def _message(line: str) -> str:
    """The line without its time and level."""
    return trimmed(read_line(line).message.strip() or line, ROW)
