"""What plain methods reach on the same corpus: BM25, dense passages, rank fusion of both.

They share nothing with the retriever that they are compared with but the embedding model's
files: whole pages by Okapi BM25 over lower-cased words, passages of 150 words by the plain
model without masking or an adapter, and reciprocal rank fusion of the two (Cormack et al.,
SIGIR 2009, k = 60).
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from knowledge.embed.port import Embedder
from knowledge.evaluate.corpus import CorpusRow, QueryRow

K1, B = 1.2, 0.75
WORDS_A_PASSAGE = 150
RRF_K = 60
METHODS = ("bm25", "dense", "rank_fusion")

_WORD = re.compile(r"[a-z0-9]+")
Floats = npt.NDArray[np.float64]


def places(
    rows: Sequence[CorpusRow], queries: Sequence[QueryRow], embedder: Embedder
) -> Mapping[str, list[int | None]]:
    """For each method the place (from 1) of the first right document of each query.

    `embedder` must be the plain model. Excluded documents take no place.
    """
    at = {row.id: number for number, row in enumerate(rows)}
    left_out = np.zeros((len(queries), len(rows)), dtype=bool)
    for number, query in enumerate(queries):
        left_out[number, [at[one] for one in query.exclude if one in at]] = True
    texts = [f"{row.title}\n{row.text}" for row in rows]
    scores = {
        "bm25": bm25(texts, [query.text for query in queries]),
        "dense": dense(texts, [query.text for query in queries], embedder),
    }
    ranks = {name: _ranks(np.where(left_out, -np.inf, of)) for name, of in scores.items()}
    ranks["rank_fusion"] = _ranks(
        np.where(left_out, -np.inf, sum(1.0 / (RRF_K + each) for each in ranks.values()))
    )
    return {
        name: [
            _first(ranks[name][number], [at[one] for one in query.relevant - query.exclude])
            for number, query in enumerate(queries)
        ]
        for name in METHODS
    }


def bm25(texts: Sequence[str], queries: Sequence[str]) -> Floats:
    """Scores of every text for every query, shape (queries, texts); a full scan."""
    counted = [Counter(_WORD.findall(text.lower())) for text in texts]
    lengths = np.array([sum(words.values()) for words in counted], dtype=np.float64)
    norm = K1 * (1 - B + B * lengths / max(float(lengths.mean()), 1.0))
    postings: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for number, words in enumerate(counted):
        for word, count in words.items():
            postings[word].append((number, count))
    scores = np.zeros((len(queries), len(texts)))
    for number, query in enumerate(queries):
        for word in _WORD.findall(query.lower()):
            found = postings.get(word, [])
            idf = math.log(1 + (len(texts) - len(found) + 0.5) / (len(found) + 0.5))
            for at, count in found:
                scores[number, at] += idf * count * (K1 + 1) / (count + norm[at])
    return scores


def dense(texts: Sequence[str], queries: Sequence[str], embedder: Embedder) -> Floats:
    """The best cosine of any passage of each text, shape (queries, texts)."""
    pieces, owner = [], []
    for number, text in enumerate(texts):
        words = text.split()
        for start in range(0, max(len(words), 1), WORDS_A_PASSAGE):
            pieces.append(" ".join(words[start : start + WORDS_A_PASSAGE]))
            owner.append(number)
    cosines = embedder.embed(queries) @ embedder.embed(pieces).T
    scores = np.full((len(queries), len(texts)), -np.inf)
    np.maximum.at(scores.T, np.array(owner), cosines.T)
    return scores


def _ranks(scores: Floats) -> Floats:
    """The place of each text, from 1; ties in the order of the corpus."""
    order = np.argsort(-scores, axis=1, kind="stable")
    ranks = np.empty_like(scores)
    np.put_along_axis(ranks, order, np.arange(1.0, scores.shape[1] + 1)[np.newaxis], axis=1)
    return ranks


def _first(ranks: Floats, right: Sequence[int]) -> int | None:
    return int(ranks[right].min()) if right else None
