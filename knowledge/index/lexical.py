"""The lexical index: BM25 over named fields, kept by tantivy. The only file that imports it.

tantivy finds candidates and keeps the postings; the scores are computed here, from statistics
of exactly those passages that the reader may see. tantivy's own scores count deleted passages
until a merge and cannot leave hidden ones out, so two replicas would differ, and a private
passage could be noticed by its effect on the others' scores.
"""

import json
import math
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tantivy

from knowledge.errors import IndexDamaged
from knowledge.index.files import MANIFEST, read_manifest, write_manifest
from knowledge.index.lexical_files import changed_files, digests_of
from knowledge.index.port import Scored
from knowledge.text.words import split_identifiers

FIELDS = ("title", "alerts", "services", "body")
"""The text fields of a passage; unknown ones in `add` or `weights` are a ValueError."""

K1 = 1.2
B = 0.75
"""Robertson and Zaragoza 2009, the values Lucene and tantivy use as well."""

MOST_TERMS = 256
"""Distinct words of one query that are looked for; of more, the rarest ones."""

_SEGMENTS = "segments"
_WRITER_BYTES = 32_000_000
_MARKER = -1
"""The id of the one document that carries the log position, committed with the rest."""

_TOKENIZER = "whitespace"
_HIDDEN_SETS_KEPT = 32
_COUNTS_KEPT = 20_000
"""Passages whose word counts stay in memory, about 5 kB each: reading them is most of a search."""

Counts = dict[str, dict[str, int]]
"""How often each word stands in each field of one passage."""


@dataclass(frozen=True, slots=True)
class _Statistics:
    """Of a set of passages: how many, how many words a field, in how many a word stands."""

    passages: int
    lengths: Mapping[str, int]
    frequencies: Mapping[str, Counter[str]]


class TantivyIndex:
    """BM25 with English stemming. Not thread-safe; one process owns the folder.

    What holds with `without`: the scores and their order are those of an index that never held
    the hidden passages. tantivy proposes the best 4k + 100 candidates by its own statistics; a
    query that matches no more than that is exact, and in a longer one only a passage that
    differs from the k-th by less than the two statistics differ could be missed.
    """

    def __init__(self, folder: Path | None) -> None:
        """Open or create; None keeps it in memory. Raises IndexDamaged."""
        self._folder = folder
        self._schema = _schema()
        self._stem = (
            tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
            .filter(tantivy.Filter.stemmer("english"))
            .build()
        )
        self._digests: dict[str, str] = {}
        self._counts: OrderedDict[int, Counts] = OrderedDict()
        try:
            self._index = self._open()
            self._writer: Any = self._index.writer(heap_size=_WRITER_BYTES, num_threads=1)
            self._refresh()
            self._lengths = self._read_lengths()
            self._totals = {
                field: sum(lengths[field] for lengths in self._lengths.values()) for field in FIELDS
            }
            self.seq = self._read_seq()
        except (ValueError, OSError, RuntimeError) as error:
            raise IndexDamaged(f"the lexical index in {folder} cannot be read: {error}") from error
        self._pending: dict[int, dict[str, int] | None] = {}

    def __len__(self) -> int:
        return len(self._lengths)

    def ids(self) -> frozenset[int]:
        """Of the committed passages."""
        return frozenset(self._lengths)

    def add(self, rows: Mapping[int, Mapping[str, str]]) -> None:
        """Add or replace passages; searchable after `commit`."""
        for identity, texts in rows.items():
            if identity < 0:
                raise ValueError("passage ids are not negative")
            _check_fields(texts)
            self._delete(identity)
            document = tantivy.Document()
            document.add_integer("id", identity)
            counts: Counts = {}
            for field in FIELDS:
                words = self._words(texts.get(field, ""))
                counts[field] = dict(Counter(words))
                document.add_text(field, " ".join(words))
                document.add_integer(_length_field(field), len(words))
            document.add_bytes("counts", json.dumps(counts, ensure_ascii=False).encode())
            self._writer.add_document(document)
            self._pending[identity] = {field: sum(counts[field].values()) for field in FIELDS}

    def remove(self, ids: Sequence[int]) -> None:
        """Remove those that are there, effective after `commit`."""
        for identity in ids:
            if identity >= 0:
                self._delete(identity)
                self._pending[identity] = None

    def commit(self, seq: int | None = None) -> None:
        """Make changes durable and searchable; `seq` is the log position they stand for."""
        if seq is not None:
            self._delete(_MARKER)
            marker = tantivy.Document()
            marker.add_integer("id", _MARKER)
            marker.add_integer("seq", seq)
            self._writer.add_document(marker)
        self._writer.commit()
        self.seq = self.seq if seq is None else seq
        for identity, lengths in self._pending.items():
            self._counts.pop(identity, None)
            self._note_lengths(identity, lengths)
        self._pending.clear()
        self._refresh()
        if self._folder is not None:
            self._digests = digests_of(self._folder / _SEGMENTS, self._digests)
            write_manifest(self._folder, {"kind": "lexical", "files": self._digests})

    def close(self) -> None:
        """Give the folder free; what was not committed is dropped."""
        if self._writer is not None:
            self._writer.rollback()
            self._writer.wait_merging_threads()
            self._writer = None

    def search(
        self,
        text: str,
        k: int,
        *,
        weights: Mapping[str, float],
        without: frozenset[int] = frozenset(),
    ) -> list[Scored]:
        """The `k` best passages that share a word with `text`, ties by id, smaller first."""
        _check_fields(weights)
        fields = [field for field in FIELDS if weights.get(field, 0.0) > 0.0]
        hidden = self._hidden(frozenset(without & self._lengths.keys()))
        visible = len(self._lengths) - hidden.passages
        asked = Counter(self._words(text))
        rarity = self._rarities(asked, fields, hidden, visible)
        if k <= 0 or not rarity:
            return []
        averages = {
            field: (self._totals[field] - hidden.lengths.get(field, 0)) / visible
            for field in fields
        }
        scored = [
            (identity, _score(counts, self._lengths[identity], rarity, asked, weights, averages))
            for identity, counts in self._candidates(rarity, weights, 4 * k + 100, without)
        ]
        scored.sort(key=lambda pair: (-pair[1], pair[0]))
        return scored[:k]

    def _note_lengths(self, identity: int, lengths: dict[str, int] | None) -> None:
        """Put a passage's words a field in place of what it had; None takes it out."""
        before = self._lengths.pop(identity, None)
        if lengths is not None:
            self._lengths[identity] = lengths
        for field in FIELDS:
            self._totals[field] += (lengths[field] if lengths else 0) - (
                before[field] if before else 0
            )

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
        self._frequency: dict[tuple[str, str], int] = {}
        self._hidden_sets: OrderedDict[frozenset[int], _Statistics] = OrderedDict()

    def _read_lengths(self) -> dict[int, dict[str, int]]:
        everything = self._searcher.search(
            tantivy.Query.all_query(), limit=max(1, self._searcher.num_docs)
        )
        places = [place for _, place in everything.hits]
        columns = [self._searcher.fast_field_values(_length_field(f), places) for f in FIELDS]
        ids = self._searcher.fast_field_values("id", places)
        return {
            identity: {f: column[at] or 0 for f, column in zip(FIELDS, columns, strict=True)}
            for at, identity in enumerate(ids)
            if identity != _MARKER
        }

    def _read_seq(self) -> int:
        marker = tantivy.Query.term_query(self._schema, "id", _MARKER)
        hits = self._searcher.search(marker, limit=1).hits
        return int(self._searcher.doc(hits[0][1]).get_first("seq")) if hits else 0

    def _words(self, text: str) -> list[str]:
        words: list[str] = self._stem.analyze(split_identifiers(text))
        return words

    def _rarities(
        self, asked: Counter[str], fields: Sequence[str], hidden: _Statistics, visible: int
    ) -> dict[tuple[str, str], float]:
        """Inverse document frequency by (field, word), of visible passages only."""
        found: dict[str, dict[str, int]] = {}
        for word in asked:
            for field in fields:
                count = self._frequency_of(field, word) - hidden.frequencies[field][word]
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
            query = tantivy.Query.term_query(self._schema, field, word, "freq")
            self._frequency[key] = int(self._searcher.search(query, limit=1, count=True).count)
        return self._frequency[key]

    def _candidates(
        self,
        rarity: Mapping[tuple[str, str], float],
        weights: Mapping[str, float],
        limit: int,
        without: frozenset[int],
    ) -> list[tuple[int, Counts]]:
        query = tantivy.Query
        clauses = [
            (
                tantivy.Occur.Should,
                query.boost_query(query.term_query(self._schema, f, word, "freq"), weights[f]),
            )
            for f, word in rarity
        ]
        wanted = query.boolean_query(clauses)
        if without:
            hidden = query.term_set_query(self._schema, "id", sorted(without))
            wanted = query.boolean_query(
                [(tantivy.Occur.Must, wanted), (tantivy.Occur.MustNot, hidden)]
            )
        hits = self._searcher.search(wanted, limit=limit, count=False).hits
        places = [place for _, place in hits]
        ids = self._searcher.fast_field_values("id", places) if places else []
        return [(i, self._counts_of(i, place)) for i, place in zip(ids, places, strict=True)]

    def _counts_of(self, identity: int, place: Any) -> Counts:
        """The word counts of a committed passage, the latest ones remembered."""
        counts = self._counts.get(identity)
        if counts is None:
            counts = self._counts[identity] = self._stored(place)[1]
            if len(self._counts) > _COUNTS_KEPT:
                self._counts.popitem(last=False)
        else:
            self._counts.move_to_end(identity)
        return counts

    def _stored(self, place: Any) -> tuple[int, Counts]:
        document = self._searcher.doc(place)
        counts: Counts = json.loads(bytes(document.get_first("counts")))
        return int(document.get_first("id")), counts

    def _hidden(self, ids: frozenset[int]) -> _Statistics:
        """Statistics to subtract; kept for the last few audiences, until the next commit."""
        known = self._hidden_sets.get(ids)
        if known is not None:
            self._hidden_sets.move_to_end(ids)
            return known
        frequencies: dict[str, Counter[str]] = {field: Counter() for field in FIELDS}
        if ids:
            query = tantivy.Query.term_set_query(self._schema, "id", sorted(ids))
            for _, place in self._searcher.search(query, limit=len(ids), count=False).hits:
                for field, counts in self._stored(place)[1].items():
                    frequencies[field].update(counts.keys())
        lengths = {f: sum(self._lengths[i][f] for i in ids) for f in FIELDS}
        statistics = _Statistics(len(ids), lengths, frequencies)
        self._hidden_sets[ids] = statistics
        if len(self._hidden_sets) > _HIDDEN_SETS_KEPT:
            self._hidden_sets.popitem(last=False)
        return statistics


def _score(
    counts: Counts,
    lengths: Mapping[str, int],
    rarity: Mapping[tuple[str, str], float],
    asked: Mapping[str, int],
    weights: Mapping[str, float],
    averages: Mapping[str, float],
) -> float:
    """BM25 summed over fields; always in the same order, so equal input gives equal sums."""
    total = 0.0
    for (field, word), idf in rarity.items():
        tf = counts[field].get(word, 0)
        if tf:
            norm = 1 - B + B * lengths[field] / averages[field]
            total += weights[field] * asked[word] * idf * tf * (K1 + 1) / (tf + K1 * norm)
    return total


def _check_fields(given: Mapping[str, object]) -> None:
    unknown = sorted(set(given) - set(FIELDS))
    if unknown:
        raise ValueError(f"unknown field {unknown[0]!r}; the fields are {', '.join(FIELDS)}")


def _length_field(field: str) -> str:
    return f"length_{field}"


def _schema() -> Any:
    # An integer field for the id: a delete by term on an unsigned one deletes nothing.
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("id", stored=True, indexed=True, fast=True)
    builder.add_integer_field("seq", stored=True, indexed=False)
    builder.add_bytes_field("counts", stored=True, indexed=False)
    for field in FIELDS:
        builder.add_text_field(field, stored=False, tokenizer_name=_TOKENIZER, index_option="freq")
        builder.add_integer_field(_length_field(field), stored=False, indexed=False, fast=True)
    return builder.build()
