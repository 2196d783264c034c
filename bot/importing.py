"""The import use case: documents from any loader into the knowledge, in batches.

Each batch is embedded first and then written in one transaction, so a document is there whole or
not at all, and an import that was interrupted goes on where it stopped. What did not change costs
one comparison: no model is loaded for it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from bot.clock import Clock
from bot.redact import redact, redact_labels
from bot.uow import UnitOfWork, UnitOfWorkFactory
from knowledge.embed.port import Embedder
from knowledge.index.embedding import embed_documents
from knowledge.index.source import KnowledgeSource
from knowledge.loaders.outcome import Loaded, Outcome, Problem
from knowledge.model import Document, DocumentState, Passage, PastIncident
from knowledge.text.passages import passages_of

BATCH = 50
"""Documents a transaction: short enough for others to write in between."""

Progress = Callable[[int], None]
"""Told how many outcomes were dealt with so far."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. `documents` are all that were usable, `passages` those written."""

    added: int
    changed: int
    unchanged: int
    failed: tuple[Problem, ...]
    passages: int
    seconds: float

    @property
    def documents(self) -> int:
        return self.added + self.changed + self.unchanged

    @property
    def is_useful(self) -> bool:
        """Whether something could be used, or nothing was wrong."""
        return self.documents > 0 or not self.failed


@dataclass(slots=True)
class _Tally:
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    passages: int = 0


@dataclass(slots=True)
class _Comparison:
    """One batch beside what is stored. `vouched_for` are drafts imported again on purpose."""

    new: list[Document] = field(default_factory=list)
    changed: list[Document] = field(default_factory=list)
    vouched_for: list[Document] = field(default_factory=list)
    unchanged: int = 0
    failed: list[Problem] = field(default_factory=list)


class Importer:
    """Brings documents in. `embedder` is called once, when the first vector is needed.

    Without `source` and `embedder` only the documents are written, and the engine that indexes
    them makes their vectors.
    """

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        clock: Clock,
        actor: str,
        source: KnowledgeSource | None = None,
        embedder: Callable[[], Embedder] | None = None,
    ) -> None:
        self._units = units
        self._source = source
        self._make_embedder = embedder
        self._embedder: Embedder | None = None
        self._clock = clock
        self._actor = actor

    def run(
        self,
        outcomes: Iterable[Outcome],
        *,
        subject: str,
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> ImportReport:
        """Import all that is usable; `subject` is what the audit record calls the source.

        With `dry_run` everything is read and compared and nothing is written. Raises
        DatabaseBusy when the database cannot be written: the batches before it stand, the one
        under way is undone. Raises ModelError when vectors are needed and there is no model.
        """
        began = self._clock.monotonic()
        tally, failed, done = _Tally(), list[Problem](), 0
        seen: dict[str, Loaded] = {}
        for batch in _batches(outcomes, BATCH):
            usable: list[Loaded] = []
            for outcome in batch:
                problem = outcome if isinstance(outcome, Problem) else _double(outcome, seen)
                if problem is not None:
                    failed.append(problem)
                elif isinstance(outcome, Loaded):
                    seen[outcome.document.id] = outcome
                    usable.append(replace(outcome, document=_redacted(outcome.document)))
            failed += self._take(usable, tally, subject, dry_run=dry_run)
            done += len(batch)
            if progress is not None:
                progress(done)
        return ImportReport(
            added=tally.added,
            changed=tally.changed,
            unchanged=tally.unchanged,
            failed=tuple(failed),
            passages=tally.passages,
            seconds=self._clock.monotonic() - began,
        )

    def _take(
        self, batch: Sequence[Loaded], tally: _Tally, subject: str, *, dry_run: bool
    ) -> list[Problem]:
        found = self._compare(batch)
        tally.unchanged += found.unchanged
        rows = [(document, passages_of(document)) for document in (*found.new, *found.changed)]
        if dry_run:
            tally.added += len(found.new)
            tally.changed += len(found.changed) + len(found.vouched_for)
            tally.passages += sum(len(passages) for _, passages in rows)
        elif rows or found.vouched_for:
            if rows:
                self._embed([passage for _, passages in rows for passage in passages])
            with self._units.begin() as unit:
                self._write(unit, rows, found.vouched_for, tally, subject)
        return found.failed

    def _compare(self, batch: Sequence[Loaded]) -> _Comparison:
        found = _Comparison()
        with self._units.read() as unit:
            for loaded in batch:
                document = loaded.document
                stored = unit.knowledge.get(document.id)
                if stored is None:
                    found.new.append(document)
                elif stored.kind is not document.kind:
                    reason = f"the id {document.id!r} belongs to a {_spoken_kind(stored)} already"
                    found.failed.append(Problem(loaded.file, loaded.line, reason))
                elif replace(document, version=stored.version, state=stored.state) != stored:
                    found.changed.append(document)
                elif stored.state is DocumentState.DRAFT and document.state.is_served:
                    found.vouched_for.append(document)
                else:
                    found.unchanged += 1
        return found

    def _embed(self, passages: Sequence[Passage]) -> None:
        """Store the vectors that are missing; what is there already is left alone."""
        if self._source is None or self._make_embedder is None:
            return
        if self._embedder is None:
            self._embedder = self._make_embedder()
        embed_documents(passages, self._source, self._embedder)

    def _write(
        self,
        unit: UnitOfWork,
        rows: Sequence[tuple[Document, Sequence[Passage]]],
        vouched_for: Sequence[Document],
        tally: _Tally,
        subject: str,
    ) -> None:
        """One batch in one transaction, with its audit event; counted once nothing can fail."""
        now = self._clock.now()
        by_change: dict[str, list[str]] = {"added": [], "changed": [], "same": []}
        for document_id, change in unit.knowledge.upsert(rows, actor=self._actor, now=now):
            by_change[change].append(document_id)
        for document in vouched_for:
            unit.knowledge.set_state(document.id, document.state, actor=self._actor, now=now)
            by_change["changed"].append(document.id)
        written = {*by_change["added"], *by_change["changed"]}
        if written:
            unit.audit.append(
                at=now,
                actor=self._actor,
                action="knowledge.import",
                subject=subject,
                data={"added": by_change["added"], "changed": by_change["changed"]},
            )
        tally.added += len(by_change["added"])
        tally.changed += len(by_change["changed"])
        tally.unchanged += len(by_change["same"])
        tally.passages += sum(len(parts) for document, parts in rows if document.id in written)


def _batches(outcomes: Iterable[Outcome], size: int) -> Iterator[list[Outcome]]:
    source = iter(outcomes)
    while batch := list(islice(source, size)):
        yield batch


def _double(loaded: Loaded, seen: Mapping[str, Loaded]) -> Problem | None:
    first = seen.get(loaded.document.id)
    if first is None:
        return None
    where = first.file if first.line is None else f"{first.file} line {first.line}"
    reason = f"the id {loaded.document.id!r} is already used by {where}"
    return Problem(loaded.file, loaded.line, reason)


def _redacted(document: Document) -> Document:
    """Secrets that were pasted into an incident's words stay out of the memory.

    Runbooks are written to be read and stay as they are.
    """
    if not isinstance(document, PastIncident):
        return document
    return replace(
        document,
        title=redact(document.title),
        symptom=redact(document.symptom),
        cause=redact(document.cause),
        resolution=redact(document.resolution),
        logs=tuple(redact(log) for log in document.logs),
        labels=redact_labels(document.labels),
    )


def _spoken_kind(document: Document) -> str:
    return document.kind.value.replace("_", " ")
