"""A deterministic embedder made of word hashes: for unit tests only, never a silent fallback."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from knowledge.embed.port import Vectors
from knowledge.model import Generation
from knowledge.text import TEXT_VERSION
from knowledge.text.words import words_of


class HashingEmbedder:
    """Bag of words by feature hashing (Weinberger et al. 2009), signed, square-root counts.

    Texts that share words have a positive cosine. It knows no meaning: "disk" and "volume"
    are as far apart as any two words.
    """

    def __init__(self, dimension: int = 256) -> None:
        if dimension < 1:
            raise ValueError("dimension must be at least 1")
        self._generation = Generation(
            model_digest=hashlib.sha256(f"word-hashing-{dimension}".encode()).hexdigest(),
            pooling="sum",
            max_length=1_000_000,
            dimension=dimension,
            text_version=TEXT_VERSION,
            build=1,
        )

    @property
    def generation(self) -> Generation:
        return self._generation

    def embed(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self._generation.dimension), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for word, count in Counter(words_of(text)).items():
                place, sign = _slot(word, self._generation.dimension)
                row[place] += sign * count**0.5
            norm = float(np.linalg.norm(row))
            if norm == 0.0:  # no words, or words that cancel out: still a unit vector
                row[0] = norm = 1.0
            row /= norm
        return vectors


@lru_cache(maxsize=100_000)
def _slot(word: str, dimension: int) -> tuple[int, int]:
    digest = hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest()
    number = int.from_bytes(digest, "big")
    return (number >> 1) % dimension, 1 if number & 1 else -1
