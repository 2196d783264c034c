"""What a loader yields: a document, or a problem that names the file and says why."""

from collections.abc import Iterator
from dataclasses import dataclass

from knowledge.model import Document


@dataclass(frozen=True, slots=True)
class Loaded:
    """A document and where it was found; `line` counts from 1 where the file has records."""

    document: Document
    file: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be used. `reason` is a plain sentence fit to be shown."""

    file: str
    line: int | None
    reason: str


Outcome = Loaded | Problem
Outcomes = Iterator[Outcome]
