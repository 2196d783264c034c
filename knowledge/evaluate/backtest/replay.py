"""Past incidents asked again in the order in which they happened, each seeing only what was on
record before it began. Runbooks are as they are now: no export says what a page said then."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from knowledge.embed.port import Embedder
from knowledge.evaluate.memory_source import MemorySource
from knowledge.index.embedding import embed_documents
from knowledge.index.projection import Projection
from knowledge.learn.examples import question_of
from knowledge.model import Document, DocumentKind, PastIncident, Runbook
from knowledge.retrieve.calibration import PRIOR, Calibration
from knowledge.retrieve.ranking import Ranking
from knowledge.retrieve.retriever import Retriever
from knowledge.text.passages import passages_of

Progress = Callable[[str, int, int], None]
"""Called with what is going on ("embedding", "asking"), how much is done, and of how much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One case and what it would have got. `right` is None where the records do not tell:
    neither the runbook that helped nor a cause is recorded; `answerable` likewise.

    `by_incidents` and `by_runbook` say how sure each kind's best was, whether or not it answered,
    and whether it was right; None where there was none or the records do not tell.
    """

    id: str
    title: str
    started_at: datetime
    service: str
    confidence: float
    answered: bool
    top: str | None
    runbook: str | None
    right: bool | None
    answerable: bool | None
    by_incidents: tuple[float, bool] | None = None
    by_runbook: tuple[float, bool] | None = None


@dataclass(frozen=True, slots=True)
class Replay:
    """All cases asked, in time order. `undated` could not be placed in time; `earlier` were
    known from the start but not asked, being older than the days asked for."""

    asked: tuple[Asked, ...]
    undated: tuple[str, ...]
    earlier: int
    threshold: float
    runbook_threshold: float


def replay(
    incidents: Sequence[PastIncident],
    runbooks: Sequence[Runbook],
    embedder: Embedder,
    *,
    threshold: float | None = None,
    calibration: Calibration = PRIOR,
    days: int | None = None,
    progress: Progress | None = None,
) -> Replay:
    """Ask every dated incident of the last `days` (of all without it). Cases that began at the
    same moment do not see each other; each later one sees them."""
    tell = progress or (lambda _stage, _done, _total: None)
    dated = sorted(
        (one for one in incidents if one.started_at is not None),
        key=lambda one: (_start(one), one.id),
    )
    undated = tuple(one.id for one in incidents if one.started_at is None)
    since = _start(dated[-1]) - timedelta(days=days) if dated and days is not None else None
    source = MemorySource(runbooks)
    _embed_all([*runbooks, *dated], source, embedder, tell)
    asked: list[Asked] = []
    wanted = sum(since is None or _start(one) >= since for one in dated)
    projection = Projection(source, embedder, None)
    projection.open()
    try:
        retriever = Retriever(
            projection,
            source,
            threshold=threshold,
            calibration=calibration,
            embed=embedder.embed,
        )
        known: dict[str, PastIncident] = {}
        pages = {one.id for one in runbooks}
        for _, together in groupby(dated, key=_start):
            now = list(together)
            projection.catch_up()
            for one in now:
                if since is None or _start(one) >= since:
                    ranking = retriever.search(question_of(one))
                    asked.append(_judged(one, ranking, known, pages))
                    tell("asking", len(asked), wanted)
            for one in now:
                source.put(one)
                known[one.id] = one
    finally:
        projection.close()
    return Replay(
        tuple(asked),
        undated,
        len(dated) - wanted,
        retriever.threshold,
        retriever.runbook_threshold,
    )


def _start(incident: PastIncident) -> datetime:
    assert incident.started_at is not None
    return incident.started_at


def _embed_all(
    documents: Sequence[Document], source: MemorySource, embedder: Embedder, tell: Progress
) -> None:
    passages = [passage for one in documents for passage in passages_of(one)]
    embed_documents(passages, source, embedder, lambda done, total: tell("embedding", done, total))


def _judged(
    case: PastIncident, ranking: Ranking, known: dict[str, PastIncident], pages: set[str]
) -> Asked:
    named = list(_named(ranking))
    page = ranking.runbooks[0].document_id if ranking.runbooks else None
    told = case.runbook in pages or bool(_cause(case))
    right = answerable = None
    if told:
        answerable = case.runbook in pages or any(_alike(case, one) for one in known.values())
        right = ranking.answered and any(
            name == case.runbook or (name in known and _alike(case, known[name])) for name in named
        )
    first = known.get(named[0]) if named else None
    return Asked(
        id=case.id,
        title=case.title,
        started_at=_start(case),
        service=case.services[0] if case.services else "",
        confidence=ranking.confidence,
        answered=ranking.answered,
        top=named[0] if named and ranking.answered else None,
        runbook=(first.runbook if first is not None and first.runbook else page)
        if ranking.answered
        else None,
        right=right,
        answerable=answerable,
        by_incidents=(
            ranking.incident_confidence,
            any(_alike(case, known[name]) for name in _cases(ranking)),
        )
        if told and ranking.incidents
        else None,
        by_runbook=(ranking.runbook_confidence, page == case.runbook)
        if case.runbook in pages and page is not None
        else None,
    )


def _named(ranking: Ranking) -> Iterator[str]:
    """The documents that the answer stands on: the first, or one of each cause that fits."""
    if ranking.answered_by is DocumentKind.RUNBOOK:
        yield ranking.runbooks[0].document_id
    elif ranking.answered_by is DocumentKind.PAST_INCIDENT:
        yield from _cases(ranking)


def _cases(ranking: Ranking) -> Iterator[str]:
    """The past incidents that an answer by them names."""
    if ranking.leads:
        yield ranking.incidents[0].document_id
    else:
        yield from (cause.incident_ids[0] for cause in ranking.causes)


def _cause(incident: PastIncident) -> str:
    return " ".join(incident.cause.lower().split()).strip(" .")


def _alike(one: PastIncident, other: PastIncident) -> bool:
    """Whether two records say the same truth: the same page, or one cause contains the other."""
    if one.runbook and other.runbook:
        return one.runbook == other.runbook
    a, b = _cause(one), _cause(other)
    return bool(a and b) and (a in b or b in a)
