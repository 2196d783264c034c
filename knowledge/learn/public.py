"""Make the shipped adapter: `python -m knowledge.learn.public DATA... --out FILE`.

DATA are folders with corpus.jsonl and queries.jsonl. Every query is taken in its everyday form
and in the hard form. `--folds FOLDER` makes an adapter without each set, to measure on that set.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from knowledge.evaluate.corpus import QueryRow, read_corpus, read_queries
from knowledge.evaluate.hard import hard_queries, without_names
from knowledge.learn.examples import Example, Pair, examples_of
from knowledge.learn.train import States, train
from knowledge.model import Query


def examples_of_set(folder: Path) -> list[Example]:
    """Both forms of a set's queries, with the passages of the same form."""
    rows = read_corpus(folder / "corpus.jsonl")
    known = {row.id for row in rows}
    plain = read_queries(folder / "queries.jsonl", known.__contains__)
    hard = hard_queries(folder / "queries.jsonl", rows)
    return [
        *examples_of(_pairs(plain, folder.name), [row.as_runbook(with_title=True) for row in rows]),
        *examples_of(
            _pairs(hard, folder.name),
            [row.as_runbook(with_title=False) for row in without_names(rows)],
        ),
    ]


def _pairs(queries: Sequence[QueryRow], group: str) -> list[Pair]:
    return [Pair(Query(text=row.text), row.relevant - row.exclude, group) for row in queries]


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(description="Train the adapter that comes with Recall.")
    parser.add_argument("data", type=Path, nargs="+", help="folders with corpus and queries")
    parser.add_argument("--out", type=Path, help="write the adapter of all sets to this file")
    parser.add_argument(
        "--folds", type=Path, help="write an adapter without each set into this folder"
    )
    chosen = parser.parse_args(arguments)
    sets = {
        folder.name: examples_of_set(folder)
        for folder in sorted(chosen.data, key=lambda folder: folder.name)
    }
    states: States = {}
    if chosen.folds is not None:
        for left_out in sets:
            others = {name: found for name, found in sets.items() if name != left_out}
            _train(others, chosen.folds / f"without-{left_out}.safetensors", states)
    if chosen.out is not None:
        _train(sets, chosen.out, states)


def _train(sets: Mapping[str, Sequence[Example]], target: Path, states: States) -> None:
    examples = [one for found in sets.values() for one in found]
    facts = {"sets": ",".join(sets)}
    train(examples, target, facts=facts, progress=_tell, states=states)
    sys.stderr.write(f"\n{len(examples)} examples of {facts['sets']} -> {target}\n")


def _tell(stage: str, done: int, total: int) -> None:
    if done % 5 == 0 or done == total:
        sys.stderr.write(f"\r{stage} {done}/{total} ")
        sys.stderr.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
