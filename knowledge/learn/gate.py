"""Is a trained model better than the one in force: on the newest cases, which it never saw."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from knowledge.embed.port import Embedder
from knowledge.evaluate.intervals import Interval, paired_difference
from knowledge.evaluate.memory_source import MemorySource
from knowledge.index.projection import Projection
from knowledge.learn.examples import Pair
from knowledge.model import Document, PastIncident
from knowledge.retrieve.retriever import Retriever

HELD_OUT = 0.25
"""Share of the cases, the newest, that judge and are not trained on."""

LEAST_PAIRS = 30
Case = tuple[PastIncident, Pair]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Shares of held-out cases with a right document first, and the difference's interval."""

    cases: int
    before: float
    after: float
    gain: Interval

    @property
    def passed(self) -> bool:
        """Whether the candidate is better beyond chance."""
        return self.gain.low > 0.0

    @property
    def words(self) -> str:
        return (
            f"right first in {self.after:.1%} of {self.cases} held-out cases, before "
            f"{self.before:.1%}: {100 * self.gain.value:+.1f} points "
            f"({100 * self.gain.low:+.1f} to {100 * self.gain.high:+.1f})"
        )


def split(cases: Sequence[Case]) -> tuple[list[Case], list[Case]]:
    """Cases in time order as (to train on, to judge by)."""
    cut = len(cases) - round(HELD_OUT * len(cases))
    return list(cases[:cut]), list(cases[cut:])


def judge(
    cases: Sequence[Case],
    documents: Sequence[Document],
    before: Embedder,
    after: Embedder,
    progress: Callable[[int, int], None] | None = None,
) -> Verdict:
    """Ask every case with both models; each sees only what was on record when it began."""
    places = {
        name: _right(cases, documents, model, progress)
        for name, model in (("before", before), ("after", after))
    }
    return Verdict(
        cases=len(cases),
        before=sum(places["before"]) / len(cases),
        after=sum(places["after"]) / len(cases),
        gain=paired_difference([places["after"]], [places["before"]]),
    )


def _right(
    cases: Sequence[Case],
    documents: Sequence[Document],
    embedder: Embedder,
    progress: Callable[[int, int], None] | None,
) -> list[float]:
    source = MemorySource(documents)
    projection = Projection(source, embedder, None)
    projection.open()
    try:
        projection.catch_up()
        retriever = Retriever(projection, source, embed=embedder.embed)
        starts: Mapping[str, PastIncident] = {
            one.id: one for one in documents if isinstance(one, PastIncident)
        }
        right = []
        for number, (incident, pair) in enumerate(cases):
            later = frozenset(
                name
                for name, one in starts.items()
                if one.started_at is None
                or incident.started_at is None
                or one.started_at >= incident.started_at
            )
            hidden = later | {incident.id}
            ranking = retriever.search(replace(pair.question, excluded=hidden))
            first = [hits[0].document_id for hits in (ranking.incidents, ranking.runbooks) if hits]
            right.append(float(bool(pair.answers.intersection(first))))
            if progress is not None:
                progress(number + 1, len(cases))
        return right
    finally:
        projection.close()
