"""What a curator needs of the store, on a transaction that somebody else opened."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from knowledge.curate.model import RunbookLine, Version, VersionLine
from knowledge.model import Document, DocumentState, Passage


class CuratedStore(Protocol):
    """Runbooks, their versions, and the two ways to change them."""

    def claim_curating(self) -> None:
        """Wait until nobody else publishes; held until the transaction ends."""
        ...

    def get(self, document_id: str) -> Document | None:
        """In any state."""
        ...

    def runbooks(self, ids: Sequence[str] | None = None) -> Sequence[RunbookLine]:
        """In any state, by id; those of `ids`, all where None."""
        ...

    def versions(self, document_id: str) -> Sequence[VersionLine]:
        """The newest first; () for an unknown page and for what is no runbook."""
        ...

    def version(self, document_id: str, version: int) -> Version | None: ...

    def upsert(
        self, rows: Sequence[tuple[Document, Sequence[Passage]]], *, actor: str, now: datetime
    ) -> Sequence[tuple[str, str]]: ...

    def set_state(
        self, document_id: str, state: DocumentState, *, actor: str, now: datetime
    ) -> None: ...
