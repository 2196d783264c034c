"""What a large memory is filled with and asked: real texts, repeated with changes.

The texts are those of the public development sets, runbooks and problem reports, and the
questions are these sets' own; where the sets are not there, both are the generator's. A
repetition leaves out one word in ten and gets a number of its own, and its vector lies around
the real one.
"""

import dataclasses
import hashlib
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from knowledge.embed.port import Vectors
from knowledge.evaluate.corpus import read_corpus, read_queries
from knowledge.evaluate.filler import filler, sentences
from knowledge.model import Document, Passage, PastIncident
from knowledge.text.passages import passages_of

SEED = 20_261_126
_GENERATED = 4_000
"""Distinct passages where the generator makes them."""

_WORDS = 25
_NEAR = 0.03
"""Standard deviation a dimension of a repetition's vector around the real one: their cosine is
about 0.86, as between two reports of one trouble."""

_LEFT_OUT = 0.1

Cut = tuple[Document, Sequence[Passage]]
"""A document with its passages."""


def cut_documents(data: Path | None) -> list[Cut]:
    """The real documents, in an order that mixes the sets; `data` is the sets' folder."""
    if data is None:
        documents = [one.document for one in filler(_GENERATED, SEED)]
    else:
        documents = [one for folder in _sets(data) for one in _documents(folder)]
        random.Random(SEED).shuffle(documents)
    return [(one, passages_of(one)) for one in documents]


def questions(data: Path | None, most: int) -> list[str]:
    """At most so many texts to ask, the same ones each time."""
    if data is None:
        return sentences(most, _WORDS, SEED + 1)
    texts = [one.text for folder in _sets(data) for one in read_queries(folder / _ASKED, _any)]
    random.Random(SEED + 1).shuffle(texts)
    return texts[:most]


def repeated(
    documents: Sequence[Cut], vectors: dict[str, Vectors]
) -> Iterator[tuple[Document, list[Passage], dict[str, Vectors]]]:
    """Documents without end, each with its passages and their vectors by hash."""
    chance, noise, turn = random.Random(SEED), np.random.default_rng(SEED), 0
    while True:
        for document, cut in documents:
            passages, around = [], {}
            for one in cut:
                name = hashlib.sha256(f"{one.hash} {turn}".encode()).hexdigest()
                near = vectors[one.hash] + _NEAR * noise.standard_normal(len(vectors[one.hash]))
                around[name] = (near / np.linalg.norm(near)).astype(np.float32)
                passages.append(
                    dataclasses.replace(
                        one,
                        document_id=f"{document.id}-{turn}",
                        hash=name,
                        text=_changed(one.text, chance),
                    )
                )
            yield dataclasses.replace(document, id=f"{document.id}-{turn}"), passages, around
        turn += 1


def _changed(text: str, chance: random.Random) -> str:
    words = [word for word in text.split(" ") if chance.random() >= _LEFT_OUT]
    return f"{' '.join(words)} build {chance.randint(1000, 99999)}"


_CORPUS, _ASKED = "corpus.jsonl", "queries.jsonl"


def _sets(data: Path) -> list[Path]:
    return sorted(path.parent for path in data.glob(f"*-dev/*/{_CORPUS}"))


def _documents(folder: Path) -> Iterator[Document]:
    for row in read_corpus(folder / _CORPUS):
        name = f"{folder.name}-{row.id}"
        if folder.parent.name.startswith("runbooks"):
            yield dataclasses.replace(row.as_runbook(with_title=True), id=name)
        else:
            yield PastIncident(id=name, title=row.title, symptom=row.text)


def _any(_document_id: str) -> bool:
    return True
