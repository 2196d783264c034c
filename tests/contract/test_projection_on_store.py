"""The projection over the real store, on both databases."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bot.clock import ManualClock
from bot.store.database import Database
from knowledge.embed.hashing import HashingEmbedder
from knowledge.index.projection import Projection, embed_documents
from knowledge.model import PUBLIC, Document, DocumentState, Visibility
from knowledge.store.knowledge import KnowledgeStore
from knowledge.text.passages import passages_of
from tests.support.knowledge import incident, runbook

EMBEDDER = HashingEmbedder(64)
WEIGHTS = {"title": 1.0, "alerts": 1.0, "services": 1.0, "body": 1.0}


def _put(store: KnowledgeStore, clock: ManualClock, *documents: Document) -> None:
    rows = [(document, passages_of(document)) for document in documents]
    store.upsert(rows, actor="test", now=clock.now())


def _found(projection: Projection, text: str) -> set[str]:
    hits = projection.lexical_search(text, 10, WEIGHTS)
    near = projection.vector_search(text, 3)
    assert all(projection.document_of(passage) for passage, _ in near)
    return {projection.document_of(passage) for passage, _ in hits}


def test_the_projection_follows_imports_reviews_and_restrictions(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    store = database.knowledge_source()
    _put(
        store,
        clock,
        runbook("disk", "## Mitigation\n\n- free the disk", alerts=("DiskFull",)),
        incident("inc-1", "the disk of the database filled up", cause="no rotation"),
    )
    projection = Projection(store, EMBEDDER, tmp_path / "index")
    projection.open()
    assert _found(projection, "disk") == {"disk", "inc-1"}

    _put(store, clock, runbook("disk", "## Mitigation\n\n- free the disk", alerts=("VolumeFull",)))
    projection.catch_up()
    assert _found(projection, "VolumeFull") == {"disk"}

    secret = Visibility(frozenset({"T1/C1"}))
    _put(store, clock, incident("inc-1", "the disk of the database filled up", visibility=secret))
    projection.catch_up()
    assert projection.hidden_from(PUBLIC) == frozenset(projection.passage_ids_of("inc-1"))

    store.set_state("inc-1", DocumentState.RETIRED, actor="lead", now=clock.now())
    projection.catch_up()
    assert _found(projection, "database") == set()
    assert "inc-1" not in projection.cards
    assert projection.check() == []
    projection.close()

    store.remove("disk")
    again = Projection(store, EMBEDDER, tmp_path / "index")
    again.open()
    assert len(again) == 0
    assert again.check() == []
    again.close()


def test_two_machines_index_the_same_vectors(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    store = database.knowledge_source()
    documents = [runbook(f"page-{i}", f"disk word{i} of the volume") for i in range(20)]
    _put(store, clock, *documents)
    first = Projection(store, EMBEDDER, tmp_path / "one")
    first.open()
    passages = store.passages(sorted(store.live_passage_ids()))
    assert embed_documents(passages, store, EMBEDDER) == 0
    second = Projection(store, EMBEDDER, tmp_path / "two")
    second.open()
    assert first.vector_search("disk volume", 9) == second.vector_search("disk volume", 9)
    assert first.revision == second.revision == store.head()
    first.close()
    second.close()


def test_a_document_that_waits_for_review_is_not_found_until_it_is_reviewed(
    database: Database, clock: ManualClock
) -> None:
    store = database.knowledge_source()
    draft = replace(incident("draft", "the disk filled up"), state=DocumentState.DRAFT)
    _put(store, clock, draft)
    projection = Projection(store, EMBEDDER, None)
    projection.open()
    assert _found(projection, "disk") == set()
    store.set_state(
        "draft", DocumentState.CONFIRMED, actor="resolver", now=clock.now() + timedelta(hours=1)
    )
    projection.catch_up()
    assert _found(projection, "disk") == {"draft"}
    projection.close()
