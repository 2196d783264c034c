"""The effect of an edit over 2,000 past incidents: at most 5 s, with the model in force."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from knowledge.curate.impact import Case
from knowledge.curate.preview import Previewer
from knowledge.embed.port import Embedder
from knowledge.evaluate.filler import filler
from knowledge.evaluate.memory_source import MemorySource
from knowledge.index.projection import Projection
from knowledge.learn.examples import question_of
from knowledge.model import Document, PastIncident, Runbook
from knowledge.retrieve import Retriever
from tests.bench.measuring import print_table

pytestmark = [pytest.mark.bench, pytest.mark.model]
INCIDENTS, RUNBOOKS = 2_000, 200
MOST_SECONDS = 5.0
SEED = 5


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    incidents: list[Document] = []
    runbooks: list[Document] = []
    for loaded in filler(1_000_000, SEED):
        is_page = isinstance(loaded.document, Runbook)
        kept, most = (runbooks, RUNBOOKS) if is_page else (incidents, INCIDENTS)
        if len(kept) < most:
            kept.append(loaded.document)
        if len(incidents) == INCIDENTS and len(runbooks) == RUNBOOKS:
            break
    return [*runbooks, *incidents]


@pytest.fixture(scope="module")
def previews(documents: list[Document], real_embedder: Embedder) -> Iterator[Previewer]:
    source = MemorySource(documents)
    projection = Projection(source, real_embedder, None)
    projection.open()
    retriever = Retriever(projection, source, embed=real_embedder.embed)
    yield Previewer(retriever, projection, source)
    projection.close()


def test_an_edit_is_previewed_in_time(documents: list[Document], previews: Previewer) -> None:
    pages = [one for one in documents if isinstance(one, Runbook)]
    cases = [
        Case(id=one.id, title=one.title, at=one.started_at, query=question_of(one))
        for one in documents
        if isinstance(one, PastIncident)
    ]
    edits = []
    for at in range(0, 50, 10):
        page, other = pages[at], pages[at + 5]
        edits.append((page.id, replace(page, body=f"{page.body}\n\n{other.body}", version=2)))
        edits.append((page.id, replace(page, alerts=(*page.alerts, *other.alerts), version=2)))
        edits.append((page.id, None))
    rows, walls = [], []
    for document_id, edit in edits:
        wall, cpu = time.perf_counter(), time.process_time()
        found = previews.preview(document_id, edit, cases)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        walls.append(wall)
        what = "retired" if edit is None else "edited"
        rows.append((what, found.searched, len(found.moved), f"{wall:.2f}", f"{cpu:.2f}"))
    print_table(
        f"Effect of an edit over {INCIDENTS:,} past incidents, {RUNBOOKS} runbooks",
        ("change", "searched in full", "moved", "seconds", "of them CPU"),
        rows,
        notes=[f"The goal is {MOST_SECONDS:g} s."],
    )
    assert max(walls) <= MOST_SECONDS
