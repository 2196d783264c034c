"""Measure retrieval on a corpus with known answers: the bot's own Retriever, nothing else.

The corpus goes into a temporary index; nothing is read from or written to a team's database.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.embed.port import Embedder
from knowledge.evaluate.calibration import Told, calibration_error
from knowledge.evaluate.corpus import CorpusRow, QueryRow
from knowledge.evaluate.memory_source import MemorySource
from knowledge.evaluate.metrics import (
    Answering,
    answering,
    first_right,
    mrr_at,
    percentile,
    recall_at,
)
from knowledge.index.projection import Projection
from knowledge.model import Query
from knowledge.retrieve.ranking import Ranking
from knowledge.retrieve.retriever import Retriever
from knowledge.retrieve.weights import Limits

RANKED_KEPT = 50
Progress = Callable[[str, int, int], None]
"""Called with what is going on ("index", "queries"), how much is done, and of how much."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What was answered to one query; `place` is that of the first right document (from 1).

    `could_be_right` is False when no right document was there to be found.
    """

    query: QueryRow
    ranking: Ranking
    place: int | None
    seconds: float
    could_be_right: bool = True

    @property
    def answerable(self) -> bool:
        return bool(self.query.relevant - self.query.exclude)

    @property
    def told(self) -> Told:
        """The answer as a statement with a confidence."""
        return Told(
            confidence=self.ranking.confidence,
            right=self.place == 1,
            answerable=self.could_be_right,
            answered=self.ranking.answered,
        )

    def as_row(self) -> dict[str, Any]:
        """The row of `recall eval --predictions`."""
        return {
            "id": self.query.id,
            "ranked": [
                {"id": hit.document_id, "score": round(hit.score, 6)}
                for hit in self.ranking.ranked[:RANKED_KEPT]
            ],
            "confidence": round(self.ranking.confidence, 6),
            "answered": self.ranking.answered,
        }


@dataclass(frozen=True, slots=True)
class EvalReport:
    """Figures of one run. Recall and MRR are over the queries that have an answer.

    `corpus` and `queries` are counts; times are seconds for building the index and
    milliseconds from a query's text to its ranking, embedding included.
    """

    corpus: int
    queries: int
    recall_1: float
    recall_5: float
    recall_10: float
    mrr_10: float
    index_seconds: float
    ms_per_query_p50: float
    ms_per_query_p95: float
    predictions: tuple[Prediction, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The object that `recall eval --json` prints; its keys are a frozen contract."""
        return {
            "corpus": self.corpus,
            "queries": self.queries,
            "recall@1": round(self.recall_1, 4),
            "recall@5": round(self.recall_5, 4),
            "recall@10": round(self.recall_10, 4),
            "mrr@10": round(self.mrr_10, 4),
            "index_seconds": round(self.index_seconds, 3),
            "ms_per_query_p50": round(self.ms_per_query_p50, 2),
            "ms_per_query_p95": round(self.ms_per_query_p95, 2),
            "answered": self.answering().answered,
            "wrong_when_answered": round(self.answering().wrong_when_answered, 4),
            "coverage": round(self.answering().coverage, 4),
            "ece": round(calibration_error(self.told), 4),
        }

    @property
    def told(self) -> tuple[Told, ...]:
        """The answers as statements with a confidence."""
        return tuple(one.told for one in self.predictions)

    def answering(self) -> Answering:
        """How often it answered and how often that was wrong, at the threshold in force."""
        return answering(
            [(p.answerable, p.ranking.answered, p.place == 1) for p in self.predictions]
        )


@dataclass(frozen=True, slots=True)
class Built:
    """A corpus ready to be asked, and how long that took."""

    retriever: Retriever
    projection: Projection
    source: MemorySource
    seconds: float


@contextmanager
def indexed(
    rows: Sequence[CorpusRow],
    embedder: Embedder,
    *,
    titles: bool = True,
    threshold: float | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Iterator[Built]:
    """The corpus in a temporary index, gone with the context."""
    tell = progress or _untold
    embedder.embed(["warm up"])
    started = time.perf_counter()
    tell("index", 0, len(rows))
    source = MemorySource(row.as_runbook(with_title=titles) for row in rows)
    with tempfile.TemporaryDirectory(prefix="recall-eval-") as folder:
        projection = Projection(source, embedder, Path(folder))
        projection.open()
        try:
            projection.catch_up()
            seconds = time.perf_counter() - started
            tell("index", len(rows), len(rows))
            retriever = Retriever(projection, source, threshold=threshold, limits=limits)
            yield Built(retriever, projection, source, seconds)
        finally:
            projection.close()


def ask_all(
    retriever: Retriever,
    queries: Sequence[QueryRow],
    *,
    names: bool = False,
    without: Callable[[QueryRow], frozenset[str]] | None = None,
    progress: Progress | None = None,
) -> tuple[Prediction, ...]:
    """Ask every query once, in order. `without` takes more documents out of one's corpus."""
    tell = progress or _untold
    predictions: list[Prediction] = []
    for number, row in enumerate(queries):
        excluded = row.exclude | (without(row) if without else frozenset())
        query = Query(
            text=row.text,
            alert_name=row.alert_name if names else None,
            service=row.labels.get("service"),
            labels=_without_name(row.labels) if not names else row.labels,
            excluded=excluded,
        )
        started = time.perf_counter()
        ranking = retriever.search(query)
        seconds = time.perf_counter() - started
        ranked = [hit.document_id for hit in ranking.ranked]
        right = row.relevant - excluded
        place = first_right(ranked, right)
        predictions.append(Prediction(row, ranking, place, seconds, bool(right)))
        tell("queries", number + 1, len(queries))
    return tuple(predictions)


def report_of(
    documents: int, index_seconds: float, predictions: Sequence[Prediction]
) -> EvalReport:
    """The figures of a run's predictions."""
    places = [one.place for one in predictions if one.answerable]
    milliseconds = [one.seconds * 1000 for one in predictions]
    return EvalReport(
        corpus=documents,
        queries=len(predictions),
        recall_1=recall_at(places, 1),
        recall_5=recall_at(places, 5),
        recall_10=recall_at(places, 10),
        mrr_10=mrr_at(places, 10),
        index_seconds=index_seconds,
        ms_per_query_p50=percentile(milliseconds, 0.5),
        ms_per_query_p95=percentile(milliseconds, 0.95),
        predictions=tuple(predictions),
    )


def _without_name(labels: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name != "alertname"}


def _untold(_stage: str, _done: int, _total: int) -> None:
    return None
