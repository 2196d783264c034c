"""Make the fitted weights of the ranking: `python -m knowledge.evaluate.fit_ranking DATA...`.

DATA are folders with corpus.jsonl and queries.jsonl. Every query is asked in its everyday form
and, where the set has it, in the hard form (no title, the alert's name taken out). The weights
maximise the likelihood of the right documents under a softmax over each query's candidates
(listwise logistic regression, Cao et al., ICML 2007), every set counting the same. Printed are
the weights of each fold with what they reach on the set that was left out, then the weights of
all sets: the ones to ship. With `--adapters FOLDER` the set NAME is asked with the embedding
model under `FOLDER/without-NAME.safetensors`, an adapter that never saw it.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from knowledge.embed.port import Embedder
from knowledge.evaluate.corpus import CorpusRow, QueryRow, read_corpus, read_queries
from knowledge.evaluate.hard import hard_queries, without_names
from knowledge.evaluate.run import ask_all, indexed
from knowledge.retrieve.ranking import Ranking
from knowledge.retrieve.weights import FITTED, Limits, Weights

RIDGE = 3.0
"""Strength of the pull towards 0, in queries: keeps two features that say the same in bounds."""

_FIRST = ("dense", *FITTED)
_KEPT = 1_000
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Asked:
    """One query's candidates: their standardised features, shape (n, 1 + fitted), and which of
    them are right, shape (n,)."""

    features: Floats
    right: npt.NDArray[np.bool_]


Part = Sequence[Asked]
"""One set asked in one form."""


def fit(parts: Sequence[Part]) -> Floats:
    """Weights of ("dense", *FITTED), none negative; every part counts the same."""
    weighed = [(part, 100.0 / len(part)) for part in parts if part]
    strength = RIDGE * len(weighed) / 4

    def loss(weights: Floats) -> tuple[float, Floats]:
        total, slope = strength * float(weights @ weights), 2 * strength * weights
        for part, counts in weighed:
            for one in part:
                chances = _softmax(one.features @ weights)
                right = np.where(one.right, chances, 0.0)
                mass = float(right.sum())
                if mass > 0.0:
                    total -= counts * float(np.log(mass))
                    slope = slope - counts * (one.features.T @ (right / mass - chances))
        return total, slope

    bounds = [(0.0, None)] * len(_FIRST)
    start = np.full(len(_FIRST), 0.3)
    return np.asarray(minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x)


def rate(part: Part, weights: Floats, k: int) -> float:
    """Share of the queries with a right document among the first `k`."""
    found = 0
    for one in part:
        scores = one.features @ weights
        best = scores[one.right].max(initial=-np.inf)
        found += bool(np.isfinite(best) and int((scores > best).sum()) < k)
    return found / len(part) if part else 0.0


def asked_of(row: QueryRow, ranking: Ranking) -> Asked:
    """A ranking as the fit sees it. A query whose answer is no candidate teaches nothing, and
    counts as missed in `rate`."""
    features = np.zeros((len(ranking.ranked), len(_FIRST)))
    for at, hit in enumerate(ranking.ranked):
        for place, name in enumerate(_FIRST):
            scale, value = ranking.scales.get(name), hit.features.get(name)
            features[at, place] = scale.of(value) if scale else (value or 0.0)
    right = np.array([hit.document_id in row.relevant for hit in ranking.ranked], dtype=bool)
    return Asked(features, right)


def parts_of(folder: Path, embedder: Embedder) -> dict[str, Part]:
    """The set in its everyday form ("text"), and in the hard form ("hard") where it has one."""
    rows = read_corpus(folder / "corpus.jsonl")
    known = {row.id for row in rows}
    queries = read_queries(folder / "queries.jsonl", known.__contains__)
    parts = {"text": _ask(rows, queries, embedder)}
    strict = hard_queries(folder / "queries.jsonl", rows)
    if any(row.alert_name for row in strict):
        parts["hard"] = _ask(without_names(rows), strict, embedder)
    return parts


def _ask(rows: Sequence[CorpusRow], queries: Sequence[QueryRow], embedder: Embedder) -> Part:
    with indexed(rows, embedder, limits=Limits(kept=_KEPT)) as built:
        told = ask_all(built.retriever, queries)
    return [asked_of(one.query, one.ranking) for one in told if one.answerable]


def _softmax(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max())
    return np.asarray(powers / powers.sum())


def _line(name: str, parts: Mapping[str, Part], weights: Floats) -> str:
    told = [
        f"{form} R@1 {rate(part, weights, 1):.3f} R@5 {rate(part, weights, 5):.3f} "
        f"R@10 {rate(part, weights, 10):.3f}"
        for form, part in parts.items()
    ]
    return f"{name:12} {'   '.join(told)}"


def shipped_form(weights: Floats) -> dict[str, float]:
    """The fitted weights in units of `dense`, as `Weights` has them."""
    unit = float(weights[0]) or 1.0
    return {
        name: round(float(value) / unit, 2) for name, value in zip(FITTED, weights[1:], strict=True)
    }


def model_without(name: str, adapters: Path | None) -> Embedder:
    """The embedding model as a set should meet it: under the adapter that never saw it where
    there is one, else as it is shipped."""
    from knowledge.embed.sentence_transformer import SentenceTransformerEmbedder

    own = adapters / f"without-{name}.safetensors" if adapters is not None else None
    if own is not None and own.is_file():
        return SentenceTransformerEmbedder.load(adapter=own)
    return SentenceTransformerEmbedder.load()


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description="Fit the weights of the ranking.")
    parser.add_argument("data", type=Path, nargs="+", help="folders with corpus and queries")
    parser.add_argument("--adapters", type=Path, help="folder of without-NAME.safetensors")
    chosen = parser.parse_args(arguments)
    sets = {
        folder.name: parts_of(folder, model_without(folder.name, chosen.adapters))
        for folder in chosen.data
    }
    current = np.array([1.0, *(getattr(Weights(), name) for name in FITTED)])
    lines = ["Each set with the weights made on the others:"]
    for name, parts in sets.items():
        others = [part for other, more in sets.items() if other != name for part in more.values()]
        if others:
            weights = fit(others)
            lines.append(f"{_line(name, parts, weights)}   {shipped_form(weights)}")
    lines.append("Each set with the weights that are shipped now:")
    lines += [_line(name, parts, current) for name, parts in sets.items()]
    whole = fit([part for parts in sets.values() for part in parts.values()])
    lines.append(f"The weights of all sets: {shipped_form(whole)}")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
