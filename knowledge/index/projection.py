"""The projection: a vector index and a lexical index kept in step with the database.

The database is the truth. A projection reads its log, applies what is new, and remembers how
far it came, in each index by itself. What does not fit is built again from the database, with
one line in the log that says why; it never answers from what it cannot trust.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import numpy as np

from knowledge.embed.port import Embedder, Vectors
from knowledge.errors import IndexDamaged
from knowledge.index.changes import BATCH, Change, change_of, live_ids, public_sample
from knowledge.index.embedding import embed_documents, vectors_of
from knowledge.index.files import MANIFEST
from knowledge.index.folder_lock import FolderLock
from knowledge.index.growing import GrowingIndex, Growth, Sizes
from knowledge.index.parts import Parts
from knowledge.index.port import Scored
from knowledge.index.source import DocumentCard, KnowledgeSource, LogEntry
from knowledge.model import Audience, Generation

__all__ = ["Projection", "embed_documents"]

_log = logging.getLogger(__name__)
_SAVE_AFTER_ENTRIES = 2_000
_SAVE_AFTER_SECONDS = 60.0
_TRIES_TO_MATCH = 3
_BATCHES_A_COMMIT = 40
"""While all is built anew: each commit makes a segment, and merging them is most of the work."""


class Follower(Protocol):
    """What keeps something of each indexed document beside the index, such as its facts."""

    def follow(self, changed: Sequence[DocumentCard], gone: Sequence[str]) -> None:
        """Documents came or changed, others went."""
        ...

    def begin_anew(self) -> None:
        """All is built again, maybe from another database."""
        ...


Progress = Callable[[int, int], None]
"""Called with (passages indexed so far, passages in all)."""


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
        sizes: Sizes | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        progress: Progress | None = None,
        follower: Follower | None = None,
    ) -> None:
        """`folder` None keeps all in memory. `bulk` embeds passages (default: `embedder`).

        `progress` is told while everything is built from the database. `follower` hears of each
        change before searches see it.
        """
        self._source = source
        self._embedder = embedder
        self._bulk = bulk or embedder
        self._folder = folder
        self._sizes = sizes
        self._monotonic = monotonic
        self._progress = progress
        self._follower = follower
        self._lock = threading.RLock()
        self._applying = threading.Lock()
        self._owner = FolderLock(folder) if folder is not None else None
        self._parts: Parts | None = None
        self._revision = 0
        self._unsaved = 0
        self._saved_at = monotonic()
        self._growing: threading.Thread | None = None
        self._closing = threading.Event()

    # --- life ---------------------------------------------------------------------------

    def open(self) -> None:
        """Take the folder, load or rebuild, and catch up. Raises IndexInUse."""
        if self._owner is not None:
            self._owner.acquire()
        try:
            with self._applying:
                self._load_or_rebuild()
                self._grow_if_due()
        except BaseException:
            self._release()
            raise

    def close(self) -> None:
        """Save what is not saved yet and give the folder free."""
        self._closing.set()
        if self._growing is not None:
            self._growing.join()
        with self._applying:
            try:
                if self._parts is not None and self._unsaved:
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
        return self._open_parts().catalogue.cards

    def __len__(self) -> int:
        """Passages that can be found."""
        return len(self._parts.vectors) if self._parts is not None else 0

    def document_of(self, passage_id: int) -> str:
        """Raises KeyError for a passage that is not indexed."""
        with self._lock:
            return self._open_parts().catalogue.document_of(passage_id)

    def passage_ids_of(self, document_id: str) -> tuple[int, ...]:
        """In ascending order; empty for a document that is not indexed."""
        with self._lock:
            return self._open_parts().catalogue.passage_ids_of(document_id)

    def named(self, alert_name: str) -> list[DocumentCard]:
        """Cards of the documents that name this alert, by id."""
        with self._lock:
            return self._open_parts().catalogue.named(alert_name)

    def pages_at(self, link: str) -> list[DocumentCard]:
        """Cards of the documents that a link means (`keys.is_own_page`), by id."""
        with self._lock:
            return self._open_parts().catalogue.pages_at(link)

    def hidden_from(
        self, audience: Audience, excluded: frozenset[str] = frozenset()
    ) -> frozenset[int]:
        """Passages that these readers may not be answered from, `excluded` documents' included."""
        with self._lock:
            return self._open_parts().catalogue.hidden_from(audience, excluded)

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
            return self._open_parts().vectors.search(vector[np.newaxis], k, without=without)[0]

    def lexical_search(
        self,
        text: str,
        k: int,
        weights: Mapping[str, float],
        without: frozenset[int] = frozenset(),
    ) -> list[Scored]:
        """The `k` best passages by BM25; the fields are `knowledge.index.bm25.FIELDS`."""
        with self._lock:
            return self._open_parts().lexical.search(text, k, weights=weights, without=without)

    def lexical_scores(
        self,
        rows: Sequence[Mapping[str, str]],
        text: str,
        weights: Mapping[str, float],
        without: frozenset[int] = frozenset(),
    ) -> list[float]:
        """What passages that are not indexed would score; see `LexicalIndex.scores_of`."""
        with self._lock:
            lexical = self._open_parts().lexical
            return lexical.scores_of(rows, text, weights=weights, without=without)

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
            self._grow_if_due()
            due = self._monotonic() - self._saved_at >= _SAVE_AFTER_SECONDS
            if self._unsaved >= _SAVE_AFTER_ENTRIES or (self._unsaved and due):
                self._save()
            return applied

    def check(self) -> list[str]:
        """What differs between database and index, one sentence each; empty when nothing does."""
        with self._applying:
            head = self._source.head()
            found = self._open_parts().differences(live_ids(self._source))
            if head != self._revision:
                found.insert(0, f"the index is at change {self._revision}, the database at {head}")
            return found

    # --- inside -------------------------------------------------------------------------

    def _open_parts(self) -> Parts:
        if self._parts is None:
            raise IndexDamaged("the index is not open")
        return self._parts

    def _release(self) -> None:
        if self._parts is not None:
            self._parts.close()
            self._parts = None
        if self._owner is not None:
            self._owner.release()

    def _load_or_rebuild(self) -> None:
        there = self._folder is not None and (self._folder / MANIFEST).exists()
        try:
            self._load(there)
            self._apply_new()
        except IndexDamaged as error:
            self._rebuild(str(error), logging.WARNING if there else logging.INFO)
        for _ in range(_TRIES_TO_MATCH):
            difference = self._open_parts().difference(live_ids(self._source))
            if not difference:
                break
            if self._apply_new() == 0:
                self._rebuild(difference)
        if self._unsaved or not there:
            self._save()

    def _load(self, there: bool) -> None:
        """The index from the folder; IndexDamaged says why it cannot be used."""
        head = self._source.head()
        if not there or self._folder is None:
            if head:
                raise IndexDamaged("there is no index yet")
            self._parts = Parts.empty(self._folder, self.generation.dimension, self._sizes)
            self._revision = 0
            return
        self._parts = Parts.load(self._folder, self.generation, self._sizes)
        self._revision = self._parts.seq
        if self._revision > head:
            raise IndexDamaged(f"the index is at change {self._revision}, the database at {head}")
        after = self._parts.catalogue.seq
        while after < self._revision and (entries := self._source.changes(after, BATCH)):
            change = self._change(entries)
            self._parts.catalogue.change(change.owners, change.gone, change.cards)
            after = entries[-1].seq

    def _rebuild(self, reason: str, level: int = logging.WARNING) -> None:
        """Everything from the database, at its newest change."""
        started = self._monotonic()
        if self._follower is not None:
            self._follower.begin_anew()
        _log.log(level, "building the index from the database: %s", reason)
        with self._lock:
            if self._parts is not None:
                self._parts.close()
            self._parts = Parts.empty(self._folder, self.generation.dimension, self._sizes)
            self._revision = 0
        head = self._source.head()
        ids = live_ids(self._source)
        self._parts.vectors.prepare(
            len(ids), lambda most: public_sample(ids, most, self._source, self._bulk)
        )
        for start in range(0, len(ids), BATCH):
            some = ids[start : start + BATCH].tolist()
            commits = (start // BATCH) % _BATCHES_A_COMMIT == _BATCHES_A_COMMIT - 1
            entries = [LogEntry(0, identity, added=True) for identity in some]
            self._put(entries, 0 if commits else None)
            if self._progress is not None:
                self._progress(min(start + BATCH, len(ids)), len(ids))
        with self._lock:
            self._parts.lexical.commit(head)
            self._revision = head
        self._apply_new()
        self._save()
        seconds = self._monotonic() - started
        _log.info("built the index of %d passages in %.1f s", len(self), seconds)

    def _change(self, entries: Sequence[LogEntry]) -> Change:
        wanted = {entry.passage_id: entry.added for entry in entries}
        return change_of(wanted, self._source, self._open_parts().catalogue)

    def _apply_new(self) -> int:
        applied = 0
        while entries := self._source.changes(self._revision, BATCH):
            self._put(entries, entries[-1].seq)
            applied += len(entries)
            self._unsaved += len(entries)
        return applied

    def _put(self, entries: Sequence[LogEntry], seq: int | None) -> None:
        """Bring the passages named into the state that the database has now.

        Without a log position it is a part of a larger change, found only after a commit.
        """
        change = self._change(entries)
        vectors = vectors_of(change.kept, self._source, self._bulk)
        if self._follower is not None:
            served = [card for card in change.cards.values() if card is not None]
            self._follower.follow(served, [one for one, card in change.cards.items() if not card])
        with self._lock:
            self._open_parts().apply(change, vectors, seq)
            self._revision = self._revision if seq is None else seq

    def _grow_if_due(self) -> None:
        """Begin to change the vector index's kind beside the searches, where it outgrew its own."""
        parts = self._open_parts()
        if not parts.vectors.is_overdue:
            return
        with self._lock:
            growth = parts.vectors.grow(parts.catalogue.public_ids())
        if growth is None:
            return
        self._growing = threading.Thread(
            target=self._grow, args=(parts.vectors, growth), name="index-growth", daemon=True
        )
        self._growing.start()

    def _grow(self, vectors: GrowingIndex, growth: Growth) -> None:
        started = self._monotonic()
        try:
            growth.run(self._closing.is_set)
        finally:
            with self._lock:
                vectors.adopt(growth)
        with self._applying:
            if growth.made is not None and self._parts is not None:
                self._save()
                seconds = self._monotonic() - started
                _log.info("learnt lists for %d passages in %.1f s", len(self), seconds)

    def _save(self) -> None:
        parts = self._open_parts()
        catalogue = parts.save(self._revision, self.generation)
        with self._lock:
            parts.catalogue = catalogue
        self._unsaved = 0
        self._saved_at = self._monotonic()
