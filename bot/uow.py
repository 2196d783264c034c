"""The unit of work: all repositories on one transaction, as the use cases see them."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from bot.actions.ports import ActionRepository, AskedKeys
from bot.alerts.changes import ChangeRepository
from bot.alerts.noise import HeldRepository
from bot.alerts.ports import AlertRepository
from bot.audit.model import AuditLog
from bot.channels.ports import Placements, Preferences
from bot.chat.ports import Outbox
from bot.drafts.ports import DraftRepository
from bot.incidents.bindings import BindingRepository
from bot.incidents.ports import IncidentRepository
from bot.jobs.ports import Inbox, JobQueue, Marks
from bot.people.sessions import PassRepository
from bot.people.texts import Texts
from bot.people.tokens import TokenRepository
from bot.secrets.model import SecretRepository
from bot.suggestions.corrections import CorrectionRepository
from bot.suggestions.ports import SuggestionRepository
from knowledge.curate.model import (
    ImportedPage,
    RecordLine,
    RunbookLine,
    ShelfLine,
    Version,
    VersionLine,
)
from knowledge.model import Document, DocumentState, Passage


class KnowledgeWriter(Protocol):
    """The part of the knowledge store that changes documents inside a transaction."""

    def upsert(
        self, rows: Sequence[tuple[Document, Sequence[Passage]]], *, actor: str, now: datetime
    ) -> Sequence[tuple[str, str]]:
        """(document id, "added" | "changed" | "same") for each row, in order."""
        ...

    def get(self, document_id: str) -> Document | None:
        """In any state."""
        ...

    def everything(self) -> Sequence[Document]:
        """All documents in any state, by id."""
        ...

    def imported(self, document_ids: Sequence[str]) -> Mapping[str, ImportedPage]:
        """What the files of these pages said at their last import, by document id."""
        ...

    def keep_imported(self, pages: Mapping[str, ImportedPage], now: datetime) -> None:
        """Keep what the files said; the documents must be there."""
        ...

    def forget_imported(self, document_ids: Sequence[str]) -> None:
        """The pages belong to no source any more."""
        ...

    def imported_digests(self, source: str) -> Mapping[str, str]:
        """The digests of the files that came from a source last, by document id; without those of
        drafts."""
        ...

    def imported_from(self, source: str) -> Sequence[str]:
        """The ids of all pages that came from a source last, in order."""
        ...

    def restricted(self, document_ids: Sequence[str]) -> frozenset[str]:
        """Those of the documents that not everyone may see."""
        ...

    def set_state(
        self, document_id: str, state: DocumentState, *, actor: str, now: datetime
    ) -> None: ...

    def counts(self) -> Mapping[str, int]: ...

    def claim_curating(self) -> None: ...

    def runbooks(self, ids: Sequence[str] | None = None) -> Sequence[RunbookLine]:
        """In any state, by id; those of `ids`, all where None."""
        ...

    def shelf(self, *, retired: bool = False, whole: bool = False) -> Sequence[ShelfLine]:
        """What runbooks are found by, by id: of the retired ones or of all others; with alerts
        and owner where `whole`."""
        ...

    def records(self) -> Sequence[RecordLine]: ...

    def versions(self, document_id: str) -> Sequence[VersionLine]: ...

    def version(self, document_id: str, version: int) -> Version | None: ...


class UnitOfWork(Protocol):
    """Everything in one transaction: commits on leaving without an error, else rolls back."""

    @property
    def inbox(self) -> Inbox: ...
    @property
    def jobs(self) -> JobQueue: ...
    @property
    def alerts(self) -> AlertRepository: ...
    @property
    def held(self) -> HeldRepository: ...
    @property
    def changes(self) -> ChangeRepository: ...
    @property
    def incidents(self) -> IncidentRepository: ...
    @property
    def suggestions(self) -> SuggestionRepository: ...
    @property
    def corrections(self) -> CorrectionRepository: ...
    @property
    def bindings(self) -> BindingRepository: ...
    @property
    def preferences(self) -> Preferences: ...
    @property
    def placements(self) -> Placements: ...
    @property
    def drafts(self) -> DraftRepository: ...
    @property
    def actions(self) -> ActionRepository: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def marks(self) -> Marks: ...
    @property
    def audit(self) -> AuditLog: ...
    @property
    def passes(self) -> PassRepository: ...
    @property
    def tokens(self) -> TokenRepository: ...
    @property
    def asked_keys(self) -> AskedKeys: ...
    @property
    def secrets(self) -> SecretRepository: ...
    @property
    def texts(self) -> Texts: ...
    @property
    def knowledge(self) -> KnowledgeWriter: ...


class UnitOfWorkFactory(Protocol):
    """Opens units of work. Both raise DatabaseBusy when the database cannot be used now."""

    def begin(self) -> AbstractContextManager[UnitOfWork]:
        """A unit that may write."""
        ...

    def read(self) -> AbstractContextManager[UnitOfWork]:
        """A unit that only reads; never waits for writers on SQLite."""
        ...
