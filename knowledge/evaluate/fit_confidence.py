"""Make the shipped prior of the confidence: `python -m knowledge.evaluate.fit_confidence DATA`.

DATA holds folders with corpus.jsonl and queries.jsonl. Every second query is asked with its
answers removed from the corpus, so that half of what is seen has no right answer; each query
is asked once by its text and once with its alert's name where it has one. Prints the
coefficients for `knowledge.retrieve.confidence.Prior` and, for each set, what coefficients
fitted on the other sets give there at the default threshold.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from knowledge.embed.port import Embedder
from knowledge.evaluate.corpus import QueryRow, read_corpus, read_queries
from knowledge.evaluate.metrics import Answering, answering
from knowledge.evaluate.run import ask_all, indexed
from knowledge.retrieve.confidence import DEFAULT_THRESHOLD, FITTED

RIDGE = 1.0
"""Strength of the pull towards 0: keeps a feature that separates perfectly from running off."""

_ROUNDS = 50
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sample:
    """One asked query: the features of its top answer, whether that was right and could be."""

    features: Mapping[str, float]
    right: bool
    answerable: bool


def fit(samples: Sequence[Sample]) -> Floats:
    """Coefficients (intercept first, then FITTED) by ridge logistic regression (Newton)."""
    x, y = _matrix(samples), np.array([float(one.right) for one in samples])
    ridge = RIDGE * np.eye(x.shape[1])
    ridge[0, 0] = 0.0
    beta = np.zeros(x.shape[1])
    for _ in range(_ROUNDS):
        p = _logistic(x @ beta)
        gradient = x.T @ (y - p) - ridge @ beta
        hessian = (x * (p * (1 - p))[:, None]).T @ x + ridge
        step = np.linalg.solve(hessian, gradient)
        beta = beta + step
        if float(np.abs(step).max()) < 1e-9:
            break
    return beta


def outcome(samples: Sequence[Sample], beta: Floats, threshold: float) -> Answering:
    """How answering at `threshold` would have gone."""
    said = _logistic(_matrix(samples) @ beta) >= threshold
    return answering(
        [(one.answerable, bool(yes), one.right) for one, yes in zip(samples, said, strict=True)]
    )


def calibration_error(samples: Sequence[Sample], beta: Floats, bins: int = 10) -> float:
    """Expected calibration error over equal-width bins (Naeini et al., AAAI 2015)."""
    p = _logistic(_matrix(samples) @ beta)
    right = np.array([one.right for one in samples])
    places = np.minimum((p * bins).astype(int), bins - 1)
    gaps = [
        abs(float(p[places == place].mean()) - float(right[places == place].mean()))
        * float((places == place).mean())
        for place in range(bins)
        if (places == place).any()
    ]
    return sum(gaps)


def samples_of(folder: Path, embedder: Embedder) -> list[Sample]:
    """Ask a set's queries by text, and by name where there is one; every second unanswerable."""
    rows = read_corpus(folder / "corpus.jsonl")
    known = {row.id for row in rows}
    queries = read_queries(folder / "queries.jsonl", known.__contains__)
    removed = {row.id for number, row in enumerate(queries) if number % 2}

    def without(row: QueryRow) -> frozenset[str]:
        return row.relevant if row.id in removed else frozenset()

    samples: list[Sample] = []
    with indexed(rows, embedder) as built:
        for names in (False, True):
            asked = [row for row in queries if row.alert_name] if names else queries
            for one in ask_all(built.retriever, asked, names=names, without=without):
                if one.ranking.features:
                    able = one.answerable and one.query.id not in removed
                    samples.append(Sample(one.ranking.features, one.place == 1, able))
    return samples


def _matrix(samples: Sequence[Sample]) -> Floats:
    return np.array([[1.0, *(one.features[name] for name in FITTED)] for one in samples])


def _logistic(x: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-x)), dtype=np.float64)


def _line(name: str, samples: Sequence[Sample], beta: Floats) -> str:
    told = outcome(samples, beta, DEFAULT_THRESHOLD)
    return (
        f"{name:28} n={told.queries:4} answered {told.answered:4} "
        f"wrong {told.wrong_when_answered:.3f} of the answerable {told.coverage:.3f} "
        f"calibration error {calibration_error(samples, beta):.3f}"
    )


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description="Fit the prior of the confidence.")
    parser.add_argument("data", type=Path, nargs="+", help="folders with corpus and queries")
    folders = parser.parse_args(arguments).data
    from knowledge.embed.sentence_transformer import SentenceTransformerEmbedder

    embedder = SentenceTransformerEmbedder.load()
    sets = {folder.name: samples_of(folder, embedder) for folder in folders}
    lines = []
    for name, samples in sets.items():
        others = [one for other, more in sets.items() if other != name for one in more]
        if others:
            lines.append(_line(f"{name} (fitted on others)", samples, fit(others)))
    pooled = [one for samples in sets.values() for one in samples]
    beta = fit(pooled)
    lines.append(_line("all (fitted on all)", pooled, beta))
    named = ", ".join(
        f"{name}={value:.2f}" for name, value in zip(("intercept", *FITTED), beta, strict=True)
    )
    sys.stdout.write("\n".join([*lines, f"Prior({named})"]) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
