"""What a loader yields: a document, or a problem that names the file and says why."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from knowledge.model import Document


@dataclass(frozen=True, slots=True)
class Loaded:
    """A document and where it was found; `line` counts from 1 where the file has records.
    `digest` tells the file's content from any other (`file_digest`), "" where that is not told."""

    document: Document
    file: str
    line: int | None = None
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be used. `reason` is a plain sentence fit to be shown."""

    file: str
    line: int | None
    reason: str


Outcome = Loaded | Problem
Outcomes = Iterator[Outcome]

READING = 1
"""Raised whenever files are read in another way: what was read the old way is read again."""


@dataclass(slots=True)
class Known:
    """Files that were imported before, so that those that are the same need not be read again.

    `digests` are by document id; a loader asks `is_unchanged` of each file, and leaves out those
    that are. Their documents are then in `unchanged`.
    """

    digests: Mapping[str, str] = field(default_factory=dict)
    unchanged: dict[str, str] = field(default_factory=dict)

    def is_unchanged(self, document_id: str, digest: str, file: str) -> bool:
        is_same = self.digests.get(document_id) == digest
        if is_same:
            self.unchanged.setdefault(document_id, file)
        return is_same


def file_digest(content: bytes, name: str, url: str | None) -> str:
    """SHA-256 hex over all that the document is made of: the bytes (or git's name for them), the
    file's name, and the address it is given."""
    head = f"{READING}\0{name}\0{url or ''}\0".encode("utf-8", "replace")
    return hashlib.sha256(head + content).hexdigest()
