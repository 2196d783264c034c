"""The lexical index: BM25 over named fields, kept by tantivy. The only file that imports it.

tantivy finds candidates and keeps the postings; the scores are computed here, from statistics
of exactly those passages that the reader may see. tantivy's own scores count deleted passages
until a merge and cannot leave hidden ones out, so two replicas would differ, and a private
passage could be noticed by its effect on the others' scores.
"""

import math
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tantivy

from knowledge.errors import IndexDamaged
from knowledge.index import bm25
from knowledge.index.bm25 import FIELDS, Bm25, State, Statistics, Texts, check_fields
from knowledge.index.files import MANIFEST, read_manifest, write_manifest
from knowledge.index.lexical_files import changed_files, digests_of, set_small_blocks
from knowledge.index.lexical_tail import Tail, words_in
from knowledge.index.port import Ids, Scored, checksum_of
from knowledge.text.words import split_identifiers

MOST_TERMS = 256
"""Distinct words of one query that are looked for; of more, the rarest ones."""

LOOKED_THROUGH_MOST = 800_000
"""Passages that a query's words may stand in, added up: those that are looked for are its rarest
ones within that. The others find nothing that matters, and still count in every score."""

_SEGMENTS = "segments"
_WRITER_BYTES = 32_000_000
_MARKER = -1
"""The id of the documents that carry the state, one a commit: the latest counts."""

_MARKERS_LEFT = 5_000
"""After so many commits the older markers are deleted. Seldom: a deleted document makes tantivy
count the words of its whole segment one by one; opening reads them all, 10 microseconds each."""

_HIDDEN_SETS_KEPT = 32
_TEXTS_KEPT = 100_000
"""Passages whose words stay in memory, below 1 kB each: reading them is most of a search."""

_FREQUENCIES_KEPT = 200_000
_SHOWN_MOST = 200
"""Passages that are searched beside what is committed; scoring all of them takes a millisecond."""


class TantivyIndex:
    """BM25 with English stemming. Not thread-safe; one process owns the folder.

    What holds with `without`: the scores and their order are those of an index that never held
    the hidden passages. tantivy proposes the best 4k + 100 candidates by its own statistics; a
    query that matches no more than that is exact, and in a longer one only a passage that
    differs from the k-th by less than the two statistics differ could be missed, or one that
    shares only words with the query that are too common to be looked for.
    """

    def __init__(self, folder: Path | None, looked_through: int = LOOKED_THROUGH_MOST) -> None:
        """Open or create; None keeps it in memory. Raises IndexDamaged."""
        self._folder = folder
        self._looked_through = looked_through
        self._schema = _schema()
        self._stem = (
            tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
            .filter(tantivy.Filter.stemmer("english"))
            .build()
        )
        self._digests: dict[str, str] = {}
        self._texts: OrderedDict[int, Texts] = OrderedDict()
        self._frequency: dict[tuple[str, str], int] = {}
        self._hidden_sets: OrderedDict[frozenset[int], Statistics] = OrderedDict()
        try:
            self._index = self._open()
            self._writer: Any = self._index.writer(heap_size=_WRITER_BYTES, num_threads=1)
            self._refresh()
            self._state = self._committed = self._read_state()
        except (ValueError, OSError, RuntimeError) as error:
            raise IndexDamaged(f"the lexical index in {folder} cannot be read: {error}") from error
        self._pending: dict[int, Texts | None] = {}
        self._tail = Tail()

    @property
    def seq(self) -> int:
        """The log position that what is searched stands for."""
        return self._state.seq

    @property
    def is_committed(self) -> bool:
        """Whether all that is searched would be there again after a crash."""
        return self._state == self._committed and not len(self._tail)

    def __len__(self) -> int:
        return self._state.passages

    def ids(self) -> Ids:
        """Of the passages that are searched; reads them all. `holds` is quicker."""
        everything = self._searcher.search(
            tantivy.Query.all_query(), limit=max(1, self._searcher.num_docs)
        )
        found = self._searcher.fast_field_values("id", [place for _, place in everything.hits])
        committed = {i for i in found if i != _MARKER}.difference(self._tail.gone)
        return np.unique(np.fromiter(committed.union(self._tail.texts), dtype=np.int64))

    def holds(self, ids: Ids) -> bool:
        """Whether exactly these passages are searched, told by their number and checksum."""
        return self._state.passages == len(ids) and self._state.checksum == checksum_of(ids)

    def add(self, rows: Mapping[int, Mapping[str, str]]) -> None:
        """Add or replace passages; searchable after `show` or `commit`."""
        for identity, given in rows.items():
            if identity < 0:
                raise ValueError("passage ids are not negative")
            check_fields(given)
            self._delete(identity)
            document = tantivy.Document()
            document.add_integer("id", identity)
            texts = tuple(" ".join(self._words(given.get(field, ""))) for field in FIELDS)
            for field, text in zip(FIELDS, texts, strict=True):
                document.add_text(field, text)
            self._writer.add_document(document)
            self._pending[identity] = texts

    def remove(self, ids: Sequence[int]) -> None:
        """Remove those that are there, effective after `show` or `commit`."""
        for identity in ids:
            if identity >= 0:
                self._delete(identity)
                self._pending[identity] = None

    def show(self, seq: int) -> None:
        """Make changes searchable, and durable with the next commit: a few of them stay in memory,
        which takes no time. `seq` is the log position they stand for."""
        if len(self._pending) + len(self._tail) > _SHOWN_MOST:
            self.commit(seq)
            return
        before = self._visible(list(self._pending))
        # The state is written by commits alone, which it counts.
        state = self._state.changed(before, self._pending, seq)
        self._state = replace(state, commits=self._state.commits)
        self._tail.change(before, self._pending)
        self._forget(before)
        self._pending.clear()

    def commit(self, seq: int | None = None) -> None:
        """Make changes durable and searchable; `seq` is the log position they stand for."""
        before = self._visible(list(self._pending))
        state = self._state.changed(before, self._pending, self.seq if seq is None else seq)
        if state.commits % _MARKERS_LEFT == 0:
            self._delete(_MARKER)
        marker = tantivy.Document()
        marker.add_integer("id", _MARKER)
        marker.add_bytes("state", state.as_bytes())
        self._writer.add_document(marker)
        self._writer.commit()
        self._state = self._committed = state
        self._forget(before)
        self._pending.clear()
        self._tail = Tail()
        self._refresh()
        self._write_manifest()

    def close(self) -> None:
        """Give the folder free; what was not committed is dropped."""
        if self._writer is not None:
            self._writer.rollback()
            self._writer.wait_merging_threads()
            self._writer = None
            self._write_manifest()  # segments may have been merged since the last commit

    def search(
        self,
        text: str,
        k: int,
        *,
        weights: Mapping[str, float],
        without: frozenset[int] = frozenset(),
    ) -> list[Scored]:
        """The `k` best passages that share a word with `text`, ties by id, smaller first."""
        hidden = self._hidden(without)
        scoring = self._scoring(text, weights, hidden)
        if k <= 0 or scoring is None:
            return []
        rarity, score = scoring
        found = self._candidates(rarity, weights, 4 * k + 100, hidden)
        found += self._tail.having(rarity, without)
        scores = score.of([texts for _, texts in found])
        ranked = zip((identity for identity, _ in found), scores, strict=True)
        return sorted(ranked, key=lambda one: (-one[1], one[0]))[:k]

    def scores_of(
        self,
        rows: Sequence[Mapping[str, str]],
        text: str,
        *,
        weights: Mapping[str, float],
        without: frozenset[int] = frozenset(),
    ) -> list[float]:
        """What passages that are not in it would score for `text`, each given as {field: text};
        0.0 where they share no word with it. How rare a word is, is read off what is in it."""
        for row in rows:
            check_fields(row)
        scoring = self._scoring(text, weights, self._hidden(without))
        if scoring is None:
            return [0.0] * len(rows)
        _, score = scoring
        return score.of(
            [tuple(" ".join(self._words(row.get(field, ""))) for field in FIELDS) for row in rows]
        )

    def _scoring(
        self, text: str, weights: Mapping[str, float], hidden: Statistics
    ) -> tuple[dict[tuple[str, str], float], Bm25] | None:
        """How rare the words of `text` are by (field, word), and the score made of that; None
        where no visible passage has any of them."""
        check_fields(weights)
        fields = [field for field in FIELDS if weights.get(field, 0.0) > 0.0]
        visible = len(self) - hidden.passages
        asked = Counter(self._words(text))
        rarity = self._rarities(asked, fields, hidden, visible)
        if not rarity:
            return None
        averages = {
            field: (self._state.lengths[at] - hidden.lengths[at]) / visible
            for at, field in enumerate(FIELDS)
        }
        return rarity, Bm25(rarity, asked, weights, averages)

    def _forget(self, before: Mapping[int, Texts]) -> None:
        """After a commit: what was remembered is made true again, or dropped."""
        for identity, texts in self._pending.items():
            self._texts.pop(identity, None)
            for sign, told in ((-1, before.get(identity)), (1, texts)):
                for words in words_in(told) if told else ():
                    if words in self._frequency:
                        self._frequency[words] += sign
        changed = self._pending.keys()
        for hidden in [one for one in self._hidden_sets if not changed.isdisjoint(one)]:
            del self._hidden_sets[hidden]

    def _write_manifest(self) -> None:
        if self._folder is not None:
            self._digests = digests_of(self._folder / _SEGMENTS, self._digests)
            write_manifest(self._folder, {"kind": "lexical", "files": self._digests})

    def _delete(self, identity: int) -> None:
        self._writer.delete_documents_by_query(
            tantivy.Query.term_query(self._schema, "id", identity)
        )

    def _open(self) -> Any:
        if self._folder is None:
            return tantivy.Index(self._schema)
        segments = self._folder / _SEGMENTS
        if not segments.exists():
            if (self._folder / MANIFEST).exists():
                raise IndexDamaged(f"the lexical index in {self._folder} has lost its segments")
            segments.mkdir(parents=True)
            tantivy.Index(self._schema, path=str(segments))
            set_small_blocks(segments)
        elif (self._folder / MANIFEST).exists():
            listed = read_manifest(self._folder).get("files")
            if not isinstance(listed, dict):
                raise IndexDamaged(f"{self._folder / MANIFEST} is not a manifest")
            broken = changed_files(segments, listed)
            if broken:
                raise IndexDamaged(f"{segments / broken[0]} does not fit its digest")
            self._digests = listed
        return tantivy.Index(self._schema, path=str(segments))

    def _refresh(self) -> None:
        self._index.reload()
        self._searcher: Any = self._index.searcher()

    def _read_state(self) -> State:
        marker = tantivy.Query.term_query(self._schema, "id", _MARKER)
        hits = self._searcher.search(marker, limit=_MARKERS_LEFT + 1, count=False).hits
        stored = (self._searcher.doc(place).get_first("state") for _, place in hits)
        states = [State.from_bytes(bytes(one)) for one in stored]
        return max(states, key=lambda one: one.commits, default=State())

    def _words(self, text: str) -> list[str]:
        words: list[str] = self._stem.analyze(split_identifiers(text))
        return words

    def _rarities(
        self, asked: Counter[str], fields: Sequence[str], hidden: Statistics, visible: int
    ) -> dict[tuple[str, str], float]:
        """Inverse document frequency by (field, word), of visible passages only."""
        found: dict[str, dict[str, int]] = {}
        for word in asked:
            for field in fields:
                count = self._frequency_of(field, word) - hidden.frequency(field, word)
                if count > 0:
                    found.setdefault(word, {})[field] = count
        rarest = sorted(found, key=lambda word: (max(found[word].values()), word))[:MOST_TERMS]
        return {
            (field, word): math.log(1 + (visible - count + 0.5) / (count + 0.5))
            for word in sorted(rarest)
            for field, count in found[word].items()
        }

    def _frequency_of(self, field: str, word: str) -> int:
        key = (field, word)
        if key not in self._frequency:
            if len(self._frequency) >= _FREQUENCIES_KEPT:
                self._frequency.clear()
            query = tantivy.Query.term_query(self._schema, field, word, "freq")
            committed = int(self._searcher.search(query, limit=1, count=True).count)
            self._frequency[key] = committed + self._tail.frequency(key)
        return self._frequency[key]

    def _candidates(
        self,
        rarity: Mapping[tuple[str, str], float],
        weights: Mapping[str, float],
        limit: int,
        hidden: Statistics,
    ) -> list[tuple[int, Texts]]:
        query = tantivy.Query
        counts = {one: self._frequency_of(*one) - hidden.frequency(*one) for one in rarity}
        clauses = [
            (
                tantivy.Occur.Should,
                query.boost_query(query.term_query(self._schema, f, word, "freq"), weights[f]),
            )
            for f, word in bm25.rarest_within(self._looked_through, counts)
        ]
        wanted = query.boolean_query(clauses)
        if hidden.query is not None:
            wanted = query.boolean_query(
                [(tantivy.Occur.Must, wanted), (tantivy.Occur.MustNot, hidden.query)]
            )
        gone = self._tail.gone
        hits = self._searcher.search(wanted, limit=limit + len(gone), count=False).hits
        places = [place for _, place in hits]
        ids = self._searcher.fast_field_values("id", places) if places else []
        return [
            (i, self._texts_of(i, place))
            for i, place in zip(ids, places, strict=True)
            if i not in gone
        ]

    def _texts_of(self, identity: int, place: Any) -> Texts:
        """The words of a committed passage, the latest ones remembered."""
        texts = self._texts.get(identity)
        if texts is None:
            texts = self._texts[identity] = self._stored(place)
            if len(self._texts) > _TEXTS_KEPT:
                self._texts.popitem(last=False)
        else:
            self._texts.move_to_end(identity)
        return texts

    def _stored(self, place: Any) -> Texts:
        document = self._searcher.doc(place)
        return tuple(document.get_first(field) or "" for field in FIELDS)

    def _visible(self, ids: Sequence[int]) -> dict[int, Texts]:
        """The words of those passages that are searched."""
        shown, gone = self._tail.texts, self._tail.gone
        found = {i: shown[i] for i in ids if i in shown}
        others = [i for i in ids if i not in shown and i not in gone]
        if not others or not self._searcher.num_docs:
            return found
        query = tantivy.Query.term_set_query(self._schema, "id", others)
        hits = self._searcher.search(query, limit=len(others), count=False).hits
        places = [place for _, place in hits]
        committed = self._searcher.fast_field_values("id", places) if places else []
        for i, place in zip(committed, places, strict=True):
            found[i] = self._stored(place)
        return found

    def _hidden(self, ids: frozenset[int]) -> Statistics:
        """Statistics to subtract; kept for the last few audiences, until one of them changes."""
        known = self._hidden_sets.get(ids)
        if known is not None:
            self._hidden_sets.move_to_end(ids)
            return known
        statistics = Statistics.of(self._visible(sorted(ids)).values())
        if ids:
            statistics.query = tantivy.Query.term_set_query(self._schema, "id", sorted(ids))
        self._hidden_sets[ids] = statistics
        if len(self._hidden_sets) > _HIDDEN_SETS_KEPT:
            self._hidden_sets.popitem(last=False)
        return statistics


def _schema() -> Any:
    # An integer field for the id: a delete by term on an unsigned one deletes nothing.
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("id", stored=True, indexed=True, fast=True)
    builder.add_bytes_field("state", stored=True, indexed=False)
    for field in FIELDS:
        builder.add_text_field(field, stored=True, tokenizer_name="whitespace", index_option="freq")
    return builder.build()
