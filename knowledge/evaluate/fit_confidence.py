"""Make the shipped prior of the confidence: `python -m knowledge.evaluate.fit_confidence DATA`.

DATA holds folders with corpus.jsonl and queries.jsonl. Every query is asked with the answers of
10, 30 and 60 % of the queries taken out of the corpus, once by its text and once with its alert's
name where it has one. Prints the coefficients for `knowledge.retrieve.confidence.Prior` (logistic
regression, scikit-learn), the least threshold at which at most 5 % of the answers are wrong at
every share, and, for each set, what coefficients and threshold made on the other sets give there.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from knowledge.embed.port import Embedder
from knowledge.evaluate.calibration import Told, calibration_error, threshold_for
from knowledge.evaluate.corpus import read_corpus, read_queries
from knowledge.evaluate.fit_ranking import model_without
from knowledge.evaluate.removal import Removal, ask_with_removal
from knowledge.evaluate.run import indexed
from knowledge.retrieve.confidence import FITTED

STRENGTH = 1.0
"""Inverse strength of the pull towards 0: keeps a feature that separates perfectly from running
off."""

SHARES = (0.1, 0.3, 0.6)
BUDGET = 0.05
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sample:
    """One asked query: the features of its top answer, whether that was right and could be, what
    share of the answers was missing, and whether the alert's name was given."""

    features: Mapping[str, float]
    right: bool
    answerable: bool
    share: float = 0.0
    named: bool = False


def fit(samples: Sequence[Sample]) -> Floats:
    """Coefficients (intercept first, then FITTED) by logistic regression."""
    model = LogisticRegression(C=STRENGTH, max_iter=5_000)
    model.fit(_matrix(samples), [one.right for one in samples])
    return np.concatenate([model.intercept_, model.coef_[0]])


def told(samples: Sequence[Sample], beta: Floats, threshold: float = 1.0) -> list[Told]:
    """The samples as statements with the confidence that `beta` gives them."""
    confidence = _logistic(_matrix(samples) @ beta[1:] + beta[0])
    return [
        Told(float(sure), one.right, one.answerable, bool(sure >= threshold))
        for one, sure in zip(samples, confidence, strict=True)
    ]


def threshold_of(samples: Sequence[Sample], beta: Floats) -> float:
    """The least threshold that keeps the budget whatever share of the answers is missing."""
    return max(
        threshold_for(told([one for one in samples if one.share == share], beta), BUDGET)
        for share in sorted({one.share for one in samples})
    )


def samples_of(folder: Path, embedder: Embedder) -> list[Sample]:
    """Ask a set's queries by text, and by name where there is one, with answers removed."""
    rows = read_corpus(folder / "corpus.jsonl")
    known = {row.id for row in rows}
    queries = read_queries(folder / "queries.jsonl", known.__contains__)
    samples: list[Sample] = []
    with indexed(rows, embedder) as built:
        for named in (False, True):
            asked = [row for row in queries if row.alert_name] if named else queries
            for share in SHARES:
                samples += [
                    Sample(one.ranking.features, one.place == 1, one.could_be_right, share, named)
                    for one in ask_with_removal(built.retriever, asked, share, names=named)
                    if one.ranking.features
                ]
    return samples


def _matrix(samples: Sequence[Sample]) -> Floats:
    return np.array([[one.features[name] for name in FITTED] for one in samples])


def _logistic(x: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-x)), dtype=np.float64)


def _lines(name: str, samples: Sequence[Sample], beta: Floats, threshold: float) -> Iterator[str]:
    for named in (False, True):
        own = [one for one in samples if one.named is named]
        if not own:
            continue
        stated = told(own, beta, threshold)
        parts = [f"calibration error {calibration_error(stated):.3f}"]
        for share in SHARES:
            one = Removal(share, tuple(told([s for s in own if s.share == share], beta, threshold)))
            parts.append(
                f"{share:.0%} gone: wrong {one.wrong.value:.3f} covered {one.coverage.value:.3f}"
            )
        yield f"{name:12} {'named' if named else 'text':6} n={len(own):5} {'   '.join(parts)}"


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description="Fit the prior of the confidence.")
    parser.add_argument("data", type=Path, nargs="+", help="folders with corpus and queries")
    parser.add_argument("--adapters", type=Path, help="folder of without-NAME.safetensors")
    chosen = parser.parse_args(arguments)
    sets = {
        folder.name: samples_of(folder, model_without(folder.name, chosen.adapters))
        for folder in chosen.data
    }
    lines = ["Each set with the coefficients and the threshold made on the others:"]
    for name, samples in sets.items():
        others = [one for other, more in sets.items() if other != name for one in more]
        if others:
            beta = fit(others)
            lines += _lines(name, samples, beta, threshold_of(others, beta))
    pooled = [one for samples in sets.values() for one in samples]
    beta = fit(pooled)
    threshold = threshold_of(pooled, beta)
    lines.append(f"All sets, fitted on all, threshold {threshold:.2f}:")
    lines += _lines("all", pooled, beta, threshold)
    named = ", ".join(
        f"{name}={value:.2f}" for name, value in zip(("intercept", *FITTED), beta, strict=True)
    )
    sys.stdout.write("\n".join([*lines, f"Prior({named})"]) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
