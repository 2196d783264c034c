"""The hard form of a set: no titles, the alert's name in no text, so that only meaning is left.

Runbook pages are mostly named after their alert and repeat the name in their body; a retriever
may then find them by the name's words alone. Here each page loses its title and every mention of
it, and the query is the row's `text_strict`, which lacks the name's words as well.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from knowledge.evaluate.corpus import CorpusRow, QueryRow, TextField, read_queries
from knowledge.text.words import pieces_of

_STAND_IN = "it"


def without_names(rows: Sequence[CorpusRow]) -> list[CorpusRow]:
    """The pages without their titles and without any mention of these in their own text."""
    return [replace(row, title="", text=_masked(row.text, row.title)) for row in rows]


def hard_queries(path: Path, known: Sequence[CorpusRow]) -> list[QueryRow]:
    """The rows that have a `text_strict`, asked by it; those without one are left out."""
    ids = {row.id for row in known}
    return [
        row for row in read_queries(path, ids.__contains__, TextField.STRICT) if row.text.strip()
    ]


def _masked(text: str, name: str) -> str:
    pieces = pieces_of(name)
    if not pieces:
        return text
    spelled = r"[\W_]{0,3}".join(re.escape(piece) for piece in pieces)
    return re.sub(rf"{re.escape(name)}|{spelled}", _STAND_IN, text, flags=re.IGNORECASE)
