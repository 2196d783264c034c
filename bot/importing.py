"""The import use case: documents from any loader into the knowledge, in batches.

Each batch is embedded first and then written in one transaction, so a document is there whole or
not at all, and an import that was interrupted goes on where it stopped. What did not change costs
one comparison: no model is loaded for it.

A runbook that was edited here since its last import is never overwritten: news of the file are
merged into it, and where both changed the same lines it stays and a proposal waits for a lead.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice

from bot.clock import Clock
from bot.drafts.incoming import Conflict, propose
from bot.errors import DatabaseBusy
from bot.redact import redact, redact_labels
from bot.uow import UnitOfWork, UnitOfWorkFactory
from knowledge.curate.incoming import Verdict, judge
from knowledge.curate.model import ImportedPage
from knowledge.embed.port import Embedder
from knowledge.index.embedding import embed_documents
from knowledge.index.source import KnowledgeSource
from knowledge.loaders.outcome import Known, Loaded, Outcome, Problem
from knowledge.model import Document, DocumentState, Passage, PastIncident, Runbook
from knowledge.text.passages import passages_of
from knowledge.text.runbook_page import page_of

ATTEMPTS = 5
_IMPORTERS = ("cli:", "sync:")
BATCH = 50
"""Documents a transaction: short enough for others to write in between."""

Progress = Callable[[int], None]
"""Told how many outcomes were dealt with so far."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. `documents` are all that were usable, `passages` those written.

    Of the changed ones `merged` hold edits made here and in the file; `conflicts` are the ids of
    pages that stayed as they are while a proposal waits. `missing` came from this source before
    and are no more in it; they stay."""

    added: int
    changed: int
    unchanged: int
    failed: tuple[Problem, ...]
    passages: int
    seconds: float
    merged: int = 0
    conflicts: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def documents(self) -> int:
        return self.added + self.changed + self.unchanged + len(self.conflicts)

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
    merged: int = 0
    conflicts: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Comparison:
    """One batch beside what is stored. `vouched_for` are drafts imported again on purpose.

    `versions` are those that were compared with, by id. `files` is what is to be remembered of
    the pages' files, `merged` the ids among the changed whose text is both sides'."""

    new: list[Document] = field(default_factory=list)
    changed: list[Document] = field(default_factory=list)
    vouched_for: list[Document] = field(default_factory=list)
    unchanged: int = 0
    failed: list[Problem] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)
    files: dict[str, ImportedPage] = field(default_factory=dict)
    merged: set[str] = field(default_factory=set)
    conflicts: list[Conflict] = field(default_factory=list)

    @property
    def has_news(self) -> bool:
        return bool(self.new or self.changed or self.vouched_for or self.files or self.conflicts)


class _Overtaken(Exception):
    """Somebody published one of the pages while the batch was made ready."""


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
        outcomes: Iterable[Outcome] | Callable[[Known], Iterable[Outcome]],
        *,
        subject: str,
        dry_run: bool = False,
        progress: Progress | None = None,
        rivals: Collection[str] = (),
    ) -> ImportReport:
        """Import all that is usable; `subject` is what the audit record calls the source, and
        `rivals` are subjects of other sources, whose pages are theirs. `outcomes` may be asked to
        leave out files that are the same as at the last import of this subject.

        With `dry_run` everything is read and compared and nothing is written. Raises
        DatabaseBusy when the database cannot be written: the batches before it stand, the one
        under way is undone. Raises ModelError when vectors are needed and there is no model.
        """
        began = self._clock.monotonic()
        known = Known()
        if callable(outcomes):
            with self._units.read() as unit:
                known = Known(unit.knowledge.imported_digests(subject))
            outcomes = outcomes(known)
        tally, failed, done = _Tally(), list[Problem](), 0
        seen: dict[str, Loaded] = {}
        for batch in _batches(outcomes, BATCH):
            usable: list[Loaded] = []
            for outcome in batch:
                problem = outcome if isinstance(outcome, Problem) else _double(outcome, seen, known)
                if problem is not None:
                    failed.append(problem)
                elif isinstance(outcome, Loaded):
                    seen[outcome.document.id] = outcome
                    usable.append(replace(outcome, document=_redacted(outcome.document)))
            failed += self._take_patiently(usable, tally, subject, rivals, dry_run=dry_run)
            done += len(batch)
            if progress is not None:
                progress(done)
        present = seen.keys() | known.unchanged.keys()
        with self._units.read() as unit:
            before = unit.knowledge.imported_from(subject)
        return ImportReport(
            added=tally.added,
            changed=tally.changed,
            unchanged=tally.unchanged + len(known.unchanged),
            failed=tuple(failed),
            passages=tally.passages,
            seconds=self._clock.monotonic() - began,
            merged=tally.merged,
            conflicts=tuple(tally.conflicts),
            # Of a source that was read in part only nobody knows what it lacks.
            missing=() if failed else tuple(one for one in before if one not in present),
        )

    def _take_patiently(
        self,
        batch: Sequence[Loaded],
        tally: _Tally,
        subject: str,
        rivals: Collection[str],
        *,
        dry_run: bool,
    ) -> list[Problem]:
        """Take a batch in, compared anew for as long as people publish pages of it."""
        for _ in range(ATTEMPTS):
            with suppress(_Overtaken):
                return self._take(batch, tally, subject, rivals, dry_run=dry_run)
        raise DatabaseBusy("the pages are being edited all the time; import them again later")

    def _take(
        self,
        batch: Sequence[Loaded],
        tally: _Tally,
        subject: str,
        rivals: Collection[str],
        *,
        dry_run: bool,
    ) -> list[Problem]:
        found = self._compare(batch, subject, rivals)
        rows = [(document, passages_of(document)) for document in (*found.new, *found.changed)]
        if dry_run:
            tally.added += len(found.new)
            tally.changed += len(found.changed) + len(found.vouched_for)
            tally.passages += sum(len(passages) for _, passages in rows)
        elif found.has_news:
            if rows:
                self._embed([passage for _, passages in rows for passage in passages])
            with self._units.begin() as unit:
                self._require_unedited(unit, found)
                self._write(unit, rows, found, tally, subject)
        tally.unchanged += found.unchanged
        tally.merged += len(found.merged)
        tally.conflicts += [one.document_id for one in found.conflicts]
        return found.failed

    def _compare(
        self, batch: Sequence[Loaded], subject: str, rivals: Collection[str]
    ) -> _Comparison:
        found = _Comparison()
        with self._units.read() as unit:
            known = unit.knowledge.imported([loaded.document.id for loaded in batch])
            for loaded in batch:
                document = loaded.document
                stored = unit.knowledge.get(document.id)
                before = known.get(document.id)
                if stored is not None and stored.kind is not document.kind:
                    reason = f"the id {document.id!r} belongs to a {_spoken_kind(stored)} already"
                    found.failed.append(Problem(loaded.file, loaded.line, reason))
                elif before is not None and before.source in rivals:
                    reason = f"the id {document.id!r} belongs to {before.source} already"
                    found.failed.append(Problem(loaded.file, loaded.line, reason))
                elif isinstance(document, Runbook):
                    known_page = stored if isinstance(stored, Runbook) else None
                    file = ImportedPage(subject, page_of(document), loaded.digest)
                    self._compare_page(unit, found, document, known_page, before, file)
                elif stored is None:
                    found.new.append(document)
                elif replace(document, version=stored.version, state=stored.state) != stored:
                    found.changed.append(document)
                    found.versions[document.id] = stored.version
                else:
                    _same(found, document, stored)
        return found

    def _compare_page(
        self,
        unit: UnitOfWork,
        found: _Comparison,
        page: Runbook,
        stored: Runbook | None,
        before: ImportedPage | None,
        file: ImportedPage,
    ) -> None:
        if file != before:
            found.files[page.id] = file
        if stored is None:
            found.new.append(page)
            return
        if before is None and page_of(stored) != file.page:
            base = _base_of_old(unit, page.id, self._actor)
        else:
            base = before.page if before is not None else None
        found.versions[page.id] = stored.version
        told = judge(page, stored, base, file.source)
        if told.page is not None:
            found.changed.append(told.page)
            if told.verdict is Verdict.MERGED:
                found.merged.add(page.id)
        elif told.verdict is Verdict.CONFLICT:
            found.conflicts.append(
                Conflict(page.id, stored.version, told.text, told.reason, file.source)
            )
        else:
            _same(found, page, stored)

    def _require_unedited(self, unit: UnitOfWork, found: _Comparison) -> None:
        """Raises _Overtaken when a page that is to be changed is not what it was compared as.
        Nobody publishes from here on until the transaction ends."""
        unit.knowledge.claim_curating()
        for document_id in {document.id for document in found.changed}:
            now = unit.knowledge.get(document_id)
            if now is None or now.version != found.versions[document_id]:
                raise _Overtaken
        if any(unit.knowledge.get(document.id) is not None for document in found.new):
            raise _Overtaken

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
        found: _Comparison,
        tally: _Tally,
        subject: str,
    ) -> None:
        """One batch in one transaction, with its audit event; counted once nothing can fail."""
        now = self._clock.now()
        by_change: dict[str, list[str]] = {"added": [], "changed": [], "same": []}
        for document_id, change in unit.knowledge.upsert(rows, actor=self._actor, now=now):
            by_change[change].append(document_id)
        for document in found.vouched_for:
            unit.knowledge.set_state(document.id, document.state, actor=self._actor, now=now)
            by_change["changed"].append(document.id)
        unit.knowledge.keep_imported(found.files, now)
        for conflict in found.conflicts:
            propose(unit, conflict, actor=self._actor, now=now)
        written = {*by_change["added"], *by_change["changed"]}
        if written or found.conflicts:
            told = {"added": by_change["added"], "changed": by_change["changed"]}
            if found.conflicts:
                told["proposed"] = [one.document_id for one in found.conflicts]
            unit.audit.append(
                at=now,
                actor=self._actor,
                action="knowledge.import",
                subject=subject,
                data=told,
            )
        tally.added += len(by_change["added"])
        tally.changed += len(by_change["changed"])
        tally.unchanged += len(by_change["same"])
        tally.passages += sum(len(parts) for document, parts in rows if document.id in written)


def _batches(outcomes: Iterable[Outcome], size: int) -> Iterator[list[Outcome]]:
    source = iter(outcomes)
    while batch := list(islice(source, size)):
        yield batch


def _double(loaded: Loaded, seen: Mapping[str, Loaded], known: Known) -> Problem | None:
    first = seen.get(loaded.document.id)
    if first is not None:
        where = first.file if first.line is None else f"{first.file} line {first.line}"
    elif loaded.document.id in known.unchanged:
        where = known.unchanged[loaded.document.id]
    else:
        return None
    reason = f"the id {loaded.document.id!r} is already used by {where}"
    return Problem(loaded.file, loaded.line, reason)


def _same(found: _Comparison, document: Document, stored: Document) -> None:
    if stored.state is DocumentState.DRAFT and document.state.is_served:
        found.vouched_for.append(document)
    else:
        found.unchanged += 1


def _base_of_old(unit: UnitOfWork, document_id: str, actor: str) -> str | None:
    """What the file of a page said, for pages from before that was kept: the newest version that
    an import wrote."""
    for line in unit.knowledge.versions(document_id):
        if line.by == actor or line.by.startswith(_IMPORTERS):
            version = unit.knowledge.version(document_id, line.version)
            return version.text if version is not None else None
    return None


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
