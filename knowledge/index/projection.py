"""The projection: a vector index and a lexical index kept in step with the database.

The database is the truth. A projection reads its log, applies what is new, and remembers how
far it came, in each index by itself. What does not fit is built again from the database, with
one line in the log that says why; it never answers from what it cannot trust.
"""

import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from knowledge.embed.port import Embedder, Vectors
from knowledge.errors import IndexDamaged
from knowledge.index.backends import VECTOR_BACKENDS
from knowledge.index.catalogue import Catalogue
from knowledge.index.embedding import embed_documents, vectors_of
from knowledge.index.files import MANIFEST, read_manifest, write_manifest
from knowledge.index.folder_lock import FolderLock
from knowledge.index.lexical import TantivyIndex
from knowledge.index.port import Scored
from knowledge.index.source import DocumentCard, KnowledgeSource
from knowledge.model import Audience, Generation, Passage

__all__ = ["Projection", "embed_documents"]

_log = logging.getLogger(__name__)
_BATCH = 512
_SAVE_AFTER_ENTRIES = 2_000
_SAVE_AFTER_SECONDS = 60.0
_TRIES_TO_MATCH = 3


class Projection:
    """Searchable knowledge on this machine; `open` first, `close` at the end.

    Searches may run in several threads while one applies changes: embedding happens outside
    the lock, only the short change of the indexes inside. Hold `reading()` around several
    calls that must see one revision.
    """

    def __init__(
        self,
        source: KnowledgeSource,
        embedder: Embedder,
        folder: Path | None,
        *,
        bulk: Embedder | None = None,
        backend: str = "faiss",
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`folder` None keeps all in memory. `bulk` embeds passages (default: `embedder`)."""
        self._source = source
        self._embedder = embedder
        self._bulk = bulk or embedder
        self._folder = folder
        self._backend = VECTOR_BACKENDS[backend]
        self._backend_name = backend
        self._monotonic = monotonic
        self._lock = threading.RLock()
        self._applying = threading.Lock()
        self._owner = FolderLock(folder) if folder is not None else None
        self._vectors = self._backend(self.generation.dimension)
        self._lexical: TantivyIndex | None = None
        self._catalogue = Catalogue()
        self._revision = 0
        self._unsaved = 0
        self._saved_at = monotonic()

    # --- life ---------------------------------------------------------------------------

    def open(self) -> None:
        """Take the folder, load or rebuild, and catch up. Raises IndexInUse."""
        if self._owner is not None:
            self._owner.acquire()
        try:
            with self._applying:
                self._load_or_rebuild()
        except BaseException:
            self._release()
            raise

    def close(self) -> None:
        """Save what is not saved yet and give the folder free."""
        with self._applying:
            try:
                if self._lexical is not None and self._unsaved:
                    self._save()
            finally:
                self._release()

    def save(self) -> None:
        """Write both indexes as they are; without it, the log is replayed at the next open."""
        with self._applying:
            self._save()

    # --- what it holds ------------------------------------------------------------------

    @property
    def revision(self) -> int:
        """The sequence number of the last change that searches see."""
        return self._revision

    @property
    def generation(self) -> Generation:
        return self._embedder.generation

    @property
    def cards(self) -> Mapping[str, DocumentCard]:
        return self._catalogue.cards

    def __len__(self) -> int:
        """Passages that can be found."""
        return len(self._vectors)

    def document_of(self, passage_id: int) -> str:
        """Raises KeyError for a passage that is not indexed."""
        with self._lock:
            return self._catalogue.document_of(passage_id)

    def passage_ids_of(self, document_id: str) -> tuple[int, ...]:
        """In ascending order; empty for a document that is not indexed."""
        with self._lock:
            return tuple(sorted(self._catalogue.passage_ids_of(document_id)))

    def hidden_from(
        self, audience: Audience, excluded: frozenset[str] = frozenset()
    ) -> frozenset[int]:
        """Passages that these readers may not be answered from, `excluded` documents' included."""
        with self._lock:
            return self._catalogue.hidden_from(audience, excluded)

    @contextmanager
    def reading(self) -> Iterator[int]:
        """One revision for all calls inside; keep it short and embed before it."""
        with self._lock:
            yield self._revision

    # --- searches -----------------------------------------------------------------------

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors of masked texts, shape (len(texts), dimension), for `vector_search`."""
        return self._embedder.embed(texts)

    def vector_search(
        self, query: str | Vectors, k: int, without: frozenset[int] = frozenset()
    ) -> list[Scored]:
        """The `k` nearest passages with their cosine; `query` is masked text or one vector."""
        vector = self.embed([query])[0] if isinstance(query, str) else query
        with self._lock:
            return self._vectors.search(vector[np.newaxis], k, without=without)[0]

    def lexical_search(
        self,
        text: str,
        k: int,
        weights: Mapping[str, float],
        without: frozenset[int] = frozenset(),
    ) -> list[Scored]:
        """The `k` best passages by BM25; the fields are `knowledge.index.lexical.FIELDS`."""
        with self._lock:
            return self._open_lexical().search(text, k, weights=weights, without=without)

    # --- keeping up ---------------------------------------------------------------------

    def catch_up(self) -> int:
        """Apply what the database has that this has not; returns the number of log entries.

        Costs one small query when nothing is new. A database whose log is shorter than what
        was applied is another one (restored, replaced): everything is built again.
        """
        with self._applying:
            head = self._source.head()
            if head == self._revision:
                return 0
            if head < self._revision:
                self._rebuild(f"the database is at change {head}, the index at {self._revision}")
                return head
            applied = self._apply_new()
            due = self._monotonic() - self._saved_at >= _SAVE_AFTER_SECONDS
            if self._unsaved >= _SAVE_AFTER_ENTRIES or (self._unsaved and due):
                self._save()
            return applied

    def check(self) -> list[str]:
        """What differs between database and index, one sentence each; empty when nothing does."""
        with self._applying:
            head = self._source.head()
            live = self._source.live_passage_ids()
            found = []
            if head != self._revision:
                found.append(f"the index is at change {self._revision}, the database at {head}")
            for name, ids in (
                ("vector", self._vectors.ids()),
                ("lexical", self._open_lexical().ids()),
            ):
                missing, extra = live - ids, ids - live
                if missing:
                    found.append(f"the {name} index lacks {_some(missing)}")
                if extra:
                    found.append(f"the {name} index holds {_some(extra)} that are not served")
            return found

    # --- inside -------------------------------------------------------------------------

    def _open_lexical(self) -> TantivyIndex:
        if self._lexical is None:
            raise IndexDamaged("the index is not open")
        return self._lexical

    def _release(self) -> None:
        if self._lexical is not None:
            self._lexical.close()
            self._lexical = None
        if self._owner is not None:
            self._owner.release()

    def _load_or_rebuild(self) -> None:
        try:
            self._load()
            self._fill_catalogue()
            self._apply_new()
        except IndexDamaged as error:
            is_first = self._folder is None or not (self._folder / MANIFEST).exists()
            self._rebuild(str(error), logging.INFO if is_first else logging.WARNING)
        for _ in range(_TRIES_TO_MATCH):
            difference = self._difference()
            if not difference:
                break
            if self._apply_new() == 0:
                self._rebuild(difference)
        if self._unsaved:
            self._save()

    def _load(self) -> None:
        """Both indexes from the folder; IndexDamaged says why they cannot be used."""
        if self._folder is None or not (self._folder / MANIFEST).exists():
            self._lexical = self._empty()
            self._revision = 0
            if self._source.head():
                raise IndexDamaged("there is no index yet")
            return
        facts = read_manifest(self._folder)
        if facts.get("generation") != self.generation.name:
            raise IndexDamaged(
                f"the index is of generation {facts.get('generation')}, "
                f"wanted is {self.generation.name}"
            )
        self._vectors = self._backend.load(self._folder / "vectors", self.generation.dimension)
        self._lexical = TantivyIndex(self._folder / "lexical")
        if self._lexical.seq < self._vectors.seq:  # it is always committed first
            raise IndexDamaged("the lexical index is older than the vector index")
        # A crash may have come between the two; changes may be applied twice, never skipped.
        self._revision = min(self._vectors.seq, self._lexical.seq)
        head = self._source.head()
        if self._revision > head:
            raise IndexDamaged(f"the index is at change {self._revision}, the database at {head}")

    def _empty(self) -> TantivyIndex:
        """Both indexes new and empty, nothing left of older ones."""
        if self._lexical is not None:
            self._lexical.close()
            self._lexical = None
        self._vectors = self._backend(self.generation.dimension)
        if self._folder is None:
            return TantivyIndex(None)
        (self._folder / MANIFEST).unlink(missing_ok=True)
        for name in ("vectors", "lexical"):
            shutil.rmtree(self._folder / name, ignore_errors=True)
        return TantivyIndex(self._folder / "lexical")

    def _rebuild(self, reason: str, level: int = logging.WARNING) -> None:
        """Everything from the database, at its newest change."""
        started = self._monotonic()
        _log.log(level, "building the index from the database: %s", reason)
        with self._lock:
            self._lexical = self._empty()
            self._catalogue = Catalogue()
            self._revision = 0
        head = self._source.head()
        ids = sorted(self._source.live_passage_ids())
        for start in range(0, len(ids), _BATCH):
            self._put(dict.fromkeys(ids[start : start + _BATCH], True), seq=0)
        with self._lock:
            self._open_lexical().commit(head)
            self._revision = head
        self._apply_new()
        self._save()
        seconds = self._monotonic() - started
        _log.info("built the index of %d passages in %.1f s", len(self._vectors), seconds)

    def _fill_catalogue(self) -> None:
        ids = sorted(self._vectors.ids() | self._open_lexical().ids())
        cards = {card.id: card for card in self._source.cards()}
        for start in range(0, len(ids), _BATCH):
            passages = self._source.passages(ids[start : start + _BATCH])
            added = {p.id: p.document_id for p in passages if p.document_id in cards}
            self._catalogue.change(added, (), {})
        self._catalogue.change({}, (), cards)

    def _difference(self) -> str:
        """Why indexes and database cannot be of the same change, "" when they fit."""
        live = self._source.live_passage_ids()
        for name, ids in (
            ("vector", self._vectors.ids()),
            ("lexical", self._open_lexical().ids()),
            ("catalogue", self._catalogue.ids()),
        ):
            if ids != live:
                return f"the {name} index differs from the database in {_some(ids ^ live)}"
        return ""

    def _apply_new(self) -> int:
        applied = 0
        while entries := self._source.changes(self._revision, _BATCH):
            self._put({entry.passage_id: entry.added for entry in entries}, entries[-1].seq)
            applied += len(entries)
            self._unsaved += len(entries)
        return applied

    def _put(self, wanted: Mapping[int, bool], seq: int) -> None:
        """Bring the named passages into the state that the database has now."""
        found = self._source.passages([i for i, added in wanted.items() if added])
        documents = {p.document_id for p in found} | self._catalogue.documents_of(wanted)
        cards: dict[str, DocumentCard | None] = dict.fromkeys(documents)
        cards.update({card.id: card for card in self._source.cards(sorted(documents))})
        kept = [p for p in found if cards[p.document_id] is not None]
        gone = sorted(set(wanted) - {p.id for p in kept})
        vectors = vectors_of(kept, self._source, self._bulk)
        rows = {p.id: _row(p, cards[p.document_id]) for p in kept}
        with self._lock:
            lexical = self._open_lexical()
            self._vectors.remove(gone)
            self._vectors.add([p.id for p in kept], vectors)
            lexical.remove(gone)
            lexical.add(rows)
            lexical.commit(seq)
            self._catalogue.change({p.id: p.document_id for p in kept}, gone, cards)
            self._revision = seq

    def _save(self) -> None:
        if self._folder is not None:
            self._vectors.save(self._folder / "vectors", self._revision)
            facts = {
                "generation": self.generation.name,
                "applied_seq": self._revision,
                "backend": self._backend_name,
                "passages": len(self._vectors),
                "dtype": self.generation.dtype,
            }
            write_manifest(self._folder, facts)
        self._unsaved = 0
        self._saved_at = self._monotonic()


def _row(passage: Passage, card: DocumentCard | None) -> dict[str, str]:
    """The lexical fields of a passage. The body is unmasked: versions, ticket numbers and ports
    that two texts share are evidence, and values that mean nothing match nothing."""
    return {
        "title": " ".join(passage.title_path),
        "alerts": " ".join(card.alerts) if card else "",
        "services": " ".join(card.services) if card else "",
        "body": passage.text,
    }


def _some(ids: Sequence[int] | frozenset[int] | set[int]) -> str:
    shown = ", ".join(str(one) for one in sorted(ids)[:5])
    more = ", ..." if len(ids) > 5 else ""
    return f"{len(ids)} passages ({shown}{more})"
