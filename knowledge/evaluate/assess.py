"""One set measured from all sides: ranking, answering, plain methods beside it, removed answers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.embed.port import Embedder
from knowledge.evaluate import baselines
from knowledge.evaluate.calibration import Told, calibration_error
from knowledge.evaluate.compare import OURS, Compared, means
from knowledge.evaluate.corpus import QueryRow, TextField, read_corpus, read_queries
from knowledge.evaluate.hard import hard_queries, without_names
from knowledge.evaluate.removal import Removal, ask_with_removal, removal_of
from knowledge.evaluate.run import EvalReport, Prediction, Progress, ask_all, indexed, report_of
from knowledge.retrieve.confidence import RUNBOOK_THRESHOLD

SEEDS = 3
"""Draws of the answers that are removed; their figures are pooled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How a set is asked. `hard` is the form without titles and names; `names` gives the rows'
    alert names to the retriever, as an alert in real life does; `removed` are shares of the
    queries whose answers are taken out of the corpus."""

    text_field: TextField = TextField.TEXT
    titles: bool = True
    names: bool = False
    hard: bool = False
    threshold: float | None = None
    removed: tuple[float, ...] = ()

    @property
    def least(self) -> float:
        """The confidence from which a page of the corpus is an answer."""
        return RUNBOOK_THRESHOLD if self.threshold is None else self.threshold


@dataclass(frozen=True, slots=True)
class SetReport:
    """The figures of one set."""

    name: str
    report: EvalReport
    removals: tuple[Removal, ...] = ()
    compared: Compared | None = None

    def as_dict(self) -> dict[str, Any]:
        """The object that `recall eval --json` prints for one set; its keys are a contract."""
        told = self.report.as_dict()
        if self.removals:
            told["removed"] = [one.as_dict() for one in self.removals]
        if self.compared is not None:
            told["compare"] = self.compared.as_dict()
        return told


def assess(
    name: str,
    corpus_path: Path,
    queries_path: Path,
    embedder: Embedder,
    *,
    asking: Asking | None = None,
    plain: Embedder | None = None,
    progress: Progress | None = None,
) -> SetReport:
    """Index the corpus, ask every query, report. Raises BadCorpus before any work is done.

    `plain` is the model for the plain methods: where it is given they are measured as well.
    """
    asking = asking or Asking()
    rows = read_corpus(corpus_path)
    known = {row.id for row in rows}
    queries: Sequence[QueryRow] = read_queries(queries_path, known.__contains__, asking.text_field)
    if asking.hard:
        queries, rows = hard_queries(queries_path, rows), without_names(rows)
    removals = []
    with indexed(
        rows,
        embedder,
        titles=asking.titles,
        threshold=asking.threshold,
        progress=progress,
    ) as built:
        predictions = ask_all(built.retriever, queries, names=asking.names, progress=progress)
        for share in asking.removed:
            gone: list[Prediction] = []
            for seed in range(SEEDS):
                gone += ask_with_removal(
                    built.retriever, queries, share, seed=seed, names=asking.names
                )
            removals.append(removal_of(share, gone))
    report = report_of(len(rows), built.seconds, predictions)
    compared = None
    if plain is not None:
        theirs = baselines.places(rows, queries, plain)
        able = [number for number, one in enumerate(predictions) if one.answerable]
        compared = Compared(
            {
                OURS: [predictions[number].place for number in able],
                **{method: [of[number] for number in able] for method, of in theirs.items()},
            }
        )
    return SetReport(name, report, tuple(removals), compared)


@dataclass(frozen=True, slots=True)
class Assessment:
    """Several sets together. Means count every set the same; calibration is on all answers."""

    sets: tuple[SetReport, ...]
    threshold: float = RUNBOOK_THRESHOLD

    def as_dict(self) -> dict[str, Any]:
        """For one set its own object; for several `sets` by name, `mean` and `pooled`."""
        if len(self.sets) == 1:
            return {**self.sets[0].as_dict(), "threshold": self.threshold}
        mean: dict[str, Any] = {
            name: round(sum(one.report.as_dict()[name] for one in self.sets) / len(self.sets), 4)
            for name in ("recall@1", "recall@5", "recall@10", "mrr@10")
        }
        compared = [one.compared for one in self.sets if one.compared is not None]
        if len(compared) == len(self.sets):
            mean["compare"] = means(compared)
        return {
            "sets": {one.name: one.as_dict() for one in self.sets},
            "mean": mean,
            "pooled": self.pooled(),
            "threshold": self.threshold,
        }

    def pooled(self) -> dict[str, Any]:
        """All answers of all sets: how many, calibration, and the removals by share."""
        return {
            "asked": len(self.told()),
            "ece": round(calibration_error(self.told()), 4),
            "removed": [one.as_dict() for one in self.removals()],
        }

    def removals(self) -> tuple[Removal, ...]:
        """By share, over all sets."""
        by_share: dict[float, list[Told]] = {}
        for removal in _flat(one.removals for one in self.sets):
            by_share.setdefault(removal.share, []).extend(removal.told)
        return tuple(Removal(share, tuple(told)) for share, told in by_share.items())

    def told(self) -> tuple[Told, ...]:
        """Every answer that calibration is judged on: those with removed answers where there
        are any, else the plain run's."""
        removed = _flat(one.removals for one in self.sets)
        if removed:
            return tuple(told for removal in removed for told in removal.told)
        return tuple(told for one in self.sets for told in one.report.told)


def _flat(parts: Iterable[Sequence[Removal]]) -> list[Removal]:
    return [one for part in parts for one in part]
