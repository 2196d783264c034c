"""The knowledge store on both databases: versions, passages, states, the log, vectors."""

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest
from sqlalchemy import text

from bot.clock import ManualClock
from bot.store.database import Database
from knowledge.errors import GenerationMismatch
from knowledge.index.source import LogEntry
from knowledge.model import (
    ALLOWED_STATE_CHANGES,
    Document,
    DocumentKind,
    DocumentState,
    Generation,
    NamedAction,
    Origin,
    Passage,
    PastIncident,
    Runbook,
    SectionRole,
    Visibility,
)
from knowledge.store.knowledge import KnowledgeStore
from tests.support.together import together

GENERATION = Generation(
    model_digest="d" * 64, pooling="mean", max_length=256, dimension=8, text_version=1, build=1
)
RUNBOOK = Runbook(
    id="crash-loops",
    title="Crash loops",
    services=("api", "web"),
    environments=("production",),
    alerts=("KubePodCrashLooping",),
    tags=("kubernetes",),
    url="https://wiki.example/crash-loops",
    visibility=Visibility(frozenset({"T1/C2", "T1/C1"})),
    body="# Crash loops\n\nRestart — naïve 🔥",
    owner="platform",
    actions=(
        NamedAction(template="restart-pod"),
        NamedAction(template="scale", parameters={"replicas": "3"}),
    ),
    reviewed=date(2026, 5, 1),
)
INCIDENT = PastIncident(
    id="INC-7",
    title="Checkout down",
    state=DocumentState.CONFIRMED,
    symptom="5xx on checkout",
    cause="certificate ran out",
    resolution="renewed it",
    logs=("x509: certificate has expired",),
    severity="critical",
    started_at=datetime(2025, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
    resolved_at=datetime(2025, 1, 2, 4, tzinfo=UTC),
    labels={"region": "eu"},
    neighbours=("EdgeHandshakesFail: tls errors",),
    changes=("deploy vault-agent 1.2.3",),
    runbook="certificates",
    confirmed_by="T1/U1",
)


def passage(words: str, ordinal: int = 0, document_id: str = "crash-loops") -> Passage:
    return Passage(
        document_id=document_id,
        kind=DocumentKind.RUNBOOK,
        ordinal=ordinal,
        title_path=("Crash loops", "Mitigation"),
        role=SectionRole.MITIGATION,
        text=f"# {words}",
        masked=words,
        hash=hashlib.sha256(words.encode()).hexdigest(),
    )


@pytest.fixture
def knowledge(database: Database) -> KnowledgeStore:
    return database.knowledge_source()


def put(
    knowledge: KnowledgeStore, clock: ManualClock, document: Document, *words: str
) -> tuple[str, int]:
    parts = [passage(each, n, document.id) for n, each in enumerate(words)]
    (stored,) = knowledge.upsert([(document, parts)], actor="T1/U1", now=clock.now())
    assert stored.id == document.id
    return stored.change, stored.version


def said_after(knowledge: KnowledgeStore, seq: int) -> list[tuple[str, bool]]:
    """The log after `seq` by the words of the passages ("?" for one that is gone)."""
    entries = knowledge.changes(seq, 100)
    words = {p.id: p.masked for p in knowledge.passages([e.passage_id for e in entries])}
    return [(words.get(each.passage_id, "?"), each.added) for each in entries]


def live(knowledge: KnowledgeStore) -> dict[str, int]:
    return {p.masked: p.id for p in knowledge.passages(sorted(knowledge.live_passage_ids()))}


@pytest.mark.parametrize("document", [RUNBOOK, INCIDENT], ids=lambda document: document.id)
def test_a_document_comes_out_as_it_went_in(
    knowledge: KnowledgeStore, clock: ManualClock, document: Document
) -> None:
    assert put(knowledge, clock, document, "words") == ("added", 1)
    assert knowledge.get(document.id) == document
    assert knowledge.documents([document.id, "unknown"]) == [document]
    assert knowledge.get("unknown") is None


def test_a_passage_comes_out_as_it_went_in_with_an_id(
    knowledge: KnowledgeStore, clock: ManualClock
) -> None:
    put(knowledge, clock, RUNBOOK, "one", "two")
    ids = sorted(knowledge.live_passage_ids())
    stored = knowledge.passages([*ids, 999])
    assert {replace(each, id=0).masked for each in stored} == {"one", "two"}
    assert replace(min(stored, key=lambda p: p.ordinal), id=0) == passage("one")


def test_a_card_has_what_ranking_needs(knowledge: KnowledgeStore, clock: ManualClock) -> None:
    put(knowledge, clock, RUNBOOK)
    put(knowledge, clock, INCIDENT)
    cards = {card.id: card for card in knowledge.cards()}
    assert set(cards) == {"crash-loops", "INC-7"}
    assert cards["INC-7"].cause == "certificate ran out"
    assert cards["INC-7"].started_at == INCIDENT.started_at
    card = cards["crash-loops"]
    assert (card.services, card.environments, card.alerts, card.tags, card.visibility) == (
        RUNBOOK.services,
        RUNBOOK.environments,
        RUNBOOK.alerts,
        RUNBOOK.tags,
        RUNBOOK.visibility,
    )
    assert [each.id for each in knowledge.cards(["INC-7", "unknown"])] == ["INC-7"]


def test_the_same_again_changes_nothing(knowledge: KnowledgeStore, clock: ManualClock) -> None:
    put(knowledge, clock, RUNBOOK, "one", "two")
    head = knowledge.head()
    clock.advance(60)
    assert put(knowledge, clock, RUNBOOK, "one", "two") == ("same", 1)
    assert knowledge.head() == head


def test_changed_content_is_a_new_version_and_unchanged_passages_keep_their_ids(
    knowledge: KnowledgeStore, clock: ManualClock
) -> None:
    put(knowledge, clock, RUNBOOK, "one", "two", "three")
    before, head = live(knowledge), knowledge.head()
    changed = replace(RUNBOOK, body="other")
    assert put(knowledge, clock, changed, "one", "TWO", "three", "four") == ("changed", 2)
    after = live(knowledge)
    assert set(after) == {"one", "TWO", "three", "four"}
    assert (after["one"], after["three"]) == (before["one"], before["three"])
    assert after["TWO"] not in before.values()
    said = said_after(knowledge, head)
    assert said[0] == ("?", False)
    assert sorted(said[1:]) == [("TWO", True), ("four", True), ("one", True), ("three", True)]
    assert knowledge.get(RUNBOOK.id) == replace(changed, version=2)


def test_a_change_that_touches_no_passage_is_said_in_the_log_too(
    knowledge: KnowledgeStore, clock: ManualClock
) -> None:
    put(knowledge, clock, RUNBOOK, "one")
    before, head = live(knowledge), knowledge.head()
    hidden = replace(RUNBOOK, visibility=Visibility(frozenset({"T1/C9"})))
    assert put(knowledge, clock, hidden, "one") == ("changed", 2)
    assert live(knowledge) == before
    assert said_after(knowledge, head) == [("one", True)], "readers must learn who may see it"


def test_other_words_under_the_same_mask_are_shown(
    knowledge: KnowledgeStore, clock: ManualClock
) -> None:
    part = passage("scale to <num>")
    now = clock.now()
    knowledge.upsert([(RUNBOOK, [replace(part, text="scale to 3")])], actor="a", now=now)
    before = live(knowledge)
    changed = replace(RUNBOOK, body="scale to 5")
    knowledge.upsert([(changed, [replace(part, text="scale to 5")])], actor="a", now=now)
    assert live(knowledge) == before
    assert [p.text for p in knowledge.passages(list(before.values()))] == ["scale to 5"]


def test_the_same_page_cut_in_another_way_is_no_new_version(
    knowledge: KnowledgeStore, clock: ManualClock
) -> None:
    put(knowledge, clock, RUNBOOK, "one two")
    assert put(knowledge, clock, RUNBOOK, "one", "two") == ("changed", 1)
    assert set(live(knowledge)) == {"one", "two"}


def test_a_batch_is_answered_in_order_and_the_later_of_twins_wins(
    knowledge: KnowledgeStore, clock: ManualClock
) -> None:
    later = replace(RUNBOOK, title="Later")
    batch: list[tuple[Document, list[Passage]]] = [
        (RUNBOOK, [passage("one")]),
        (INCIDENT, []),
        (later, [passage("one")]),
        (later, [passage("one")]),
    ]
    stored = knowledge.upsert(batch, actor="a", now=clock.now())
    assert [(each.id, each.change, each.version) for each in stored] == [
        ("crash-loops", "added", 1),
        ("INC-7", "added", 1),
        ("crash-loops", "changed", 2),
        ("crash-loops", "same", 2),
    ]
    assert len(live(knowledge)) == 1


def test_a_thousand_documents_are_stored_and_read(
    knowledge: KnowledgeStore, clock: ManualClock
) -> None:
    rows = [(replace(RUNBOOK, id=str(n)), [passage(f"w{n}", 0, str(n))]) for n in range(1100)]
    assert {s.change for s in knowledge.upsert(rows, actor="a", now=clock.now())} == {"added"}
    assert {s.change for s in knowledge.upsert(rows, actor="a", now=clock.now())} == {"same"}
    ids = sorted(knowledge.live_passage_ids())
    assert len(knowledge.passages(ids)) == 1100
    assert len(knowledge.documents([str(n) for n in range(1100)])) == 1100
    assert len(knowledge.changes(0, 5000)) == 1100


def test_a_passage_handed_in_under_another_document_is_refused(
    knowledge: KnowledgeStore, clock: ManualClock
) -> None:
    with pytest.raises(ValueError, match="other"):
        knowledge.upsert(
            [(RUNBOOK, [passage("x", document_id="other")])], actor="a", now=clock.now()
        )
    assert knowledge.get(RUNBOOK.id) is None


def test_a_draft_is_kept_but_not_served(knowledge: KnowledgeStore, clock: ManualClock) -> None:
    draft = replace(RUNBOOK, state=DocumentState.DRAFT)
    put(knowledge, clock, draft, "one")
    assert knowledge.get(RUNBOOK.id) == draft
    assert knowledge.documents([RUNBOOK.id]) == []
    assert knowledge.cards() == []
    assert (knowledge.head(), knowledge.live_passage_ids()) == (0, frozenset())


def test_serving_and_retiring_are_said_in_the_log(
    knowledge: KnowledgeStore, clock: ManualClock
) -> None:
    put(knowledge, clock, replace(RUNBOOK, state=DocumentState.DRAFT), "one", "two")

    def move(state: DocumentState) -> list[tuple[str, bool]]:
        head = knowledge.head()
        knowledge.set_state(RUNBOOK.id, state, actor="T1/U2", now=clock.now())
        return said_after(knowledge, head)

    assert move(DocumentState.CONFIRMED) == [("one", True), ("two", True)]
    assert move(DocumentState.REVIEWED) == [], "served before and after"
    assert move(DocumentState.REVIEWED) == []
    assert move(DocumentState.RETIRED) == [("one", False), ("two", False)]
    assert knowledge.live_passage_ids() == frozenset()


def test_every_move_is_allowed_or_refused_by_the_one_table(
    knowledge: KnowledgeStore, clock: ManualClock
) -> None:
    for before in DocumentState:
        for after in DocumentState:
            name = f"{before}-{after}"
            put(knowledge, clock, replace(RUNBOOK, id=name, state=before))
            if after is before or after in ALLOWED_STATE_CHANGES[before]:
                knowledge.set_state(name, after, actor="a", now=clock.now())
            else:
                with pytest.raises(ValueError, match=f"{before.value}.*{after.value}"):
                    knowledge.set_state(name, after, actor="a", now=clock.now())
    with pytest.raises(LookupError, match="unknown"):
        knowledge.set_state("unknown", DocumentState.DRAFT, actor="a", now=clock.now())


def test_importing_again_does_not_bring_back_what_was_retired(
    knowledge: KnowledgeStore, clock: ManualClock
) -> None:
    put(knowledge, clock, RUNBOOK, "one")
    knowledge.set_state(RUNBOOK.id, DocumentState.RETIRED, actor="a", now=clock.now())
    head = knowledge.head()
    assert put(knowledge, clock, RUNBOOK, "one")[0] == "same"
    assert put(knowledge, clock, replace(RUNBOOK, body="new"), "two")[0] == "changed"
    assert knowledge.live_passage_ids() == frozenset()
    assert knowledge.head() == head
    found = knowledge.get(RUNBOOK.id)
    assert found is not None
    assert found.state is DocumentState.RETIRED


def test_new_words_that_nobody_vouched_for_are_not_served(
    knowledge: KnowledgeStore, clock: ManualClock
) -> None:
    put(knowledge, clock, RUNBOOK, "one", "two")
    head = knowledge.head()
    draft = replace(RUNBOOK, body="guessed", state=DocumentState.DRAFT)
    assert put(knowledge, clock, draft, "one", "three") == ("changed", 2)
    assert knowledge.live_passage_ids() == frozenset()
    assert sorted(said_after(knowledge, head)) == [("?", False), ("one", False)]


def test_the_starter_pack_never_replaces_the_teams_own_page(
    knowledge: KnowledgeStore, clock: ManualClock
) -> None:
    put(knowledge, clock, RUNBOOK, "one")
    starter = replace(RUNBOOK, origin=Origin.STARTER, body="generic")
    assert put(knowledge, clock, starter, "generic") == ("same", 1)
    assert knowledge.get(RUNBOOK.id) == RUNBOOK


def test_the_teams_page_replaces_the_starter_packs(
    knowledge: KnowledgeStore, clock: ManualClock
) -> None:
    put(knowledge, clock, replace(RUNBOOK, origin=Origin.STARTER), "generic")
    assert put(knowledge, clock, RUNBOOK, "one") == ("changed", 2)
    assert set(live(knowledge)) == {"one"}


def test_removing_forgets_a_document_and_its_versions(
    database: Database, knowledge: KnowledgeStore, clock: ManualClock
) -> None:
    put(knowledge, clock, RUNBOOK, "one")
    put(knowledge, clock, replace(RUNBOOK, title="x"), "one")
    head = knowledge.head()
    assert knowledge.remove(RUNBOOK.id)
    assert said_after(knowledge, head) == [("?", False)]
    assert knowledge.get(RUNBOOK.id) is None
    with database.reading() as connection:
        for table in ("document_versions", "passages"):
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0
    assert not knowledge.remove(RUNBOOK.id)


def test_ids_of_forgotten_passages_are_not_used_again(
    knowledge: KnowledgeStore, clock: ManualClock
) -> None:
    put(knowledge, clock, RUNBOOK, "one")
    (gone,) = knowledge.live_passage_ids()
    knowledge.remove(RUNBOOK.id)
    put(knowledge, clock, RUNBOOK, "one")
    assert gone not in knowledge.live_passage_ids()


def test_every_version_is_kept_whole(
    database: Database, knowledge: KnowledgeStore, clock: ManualClock
) -> None:
    put(knowledge, clock, RUNBOOK, "one")
    put(knowledge, clock, replace(RUNBOOK, title="Second"), "one")
    with database.reading() as connection:
        rows = connection.execute(
            text("SELECT version, content FROM document_versions ORDER BY version")
        ).all()
    assert [version for version, _ in rows] == [1, 2]
    assert "Crash loops" in str(rows[0][1])
    assert "Second" in str(rows[1][1])


def test_documents_are_listed_and_counted_by_kind_state_and_origin(
    knowledge: KnowledgeStore, clock: ManualClock
) -> None:
    put(knowledge, clock, RUNBOOK, "one", "two")
    put(knowledge, clock, INCIDENT)
    put(knowledge, clock, replace(RUNBOOK, id="a", state=DocumentState.DRAFT))
    put(knowledge, clock, replace(RUNBOOK, id="b", origin=Origin.STARTER))
    assert [each.id for each in knowledge.list(DocumentKind.RUNBOOK)] == ["a", "b", "crash-loops"]
    assert [each.id for each in knowledge.list(state=DocumentState.DRAFT)] == ["a"]
    assert {each.id for each in knowledge.list()} == {"INC-7", "a", "b", "crash-loops"}
    counts = knowledge.counts()
    assert counts["documents"] == 4
    assert counts["passages"] == 2
    assert (counts["kind.runbook"], counts["kind.past_incident"]) == (3, 1)
    assert (counts["state.draft"], counts["state.retired"]) == (1, 0)
    assert (counts["origin.team"], counts["origin.starter"]) == (3, 1)


def test_the_log_is_read_in_pages(knowledge: KnowledgeStore, clock: ManualClock) -> None:
    put(knowledge, clock, RUNBOOK, "a", "b", "c")
    first = knowledge.changes(0, 2)
    rest = knowledge.changes(first[-1].seq, 2)
    assert [entry.seq for entry in [*first, *rest]] == sorted(e.seq for e in [*first, *rest])
    assert rest[-1] == LogEntry(knowledge.head(), rest[-1].passage_id, True)
    assert knowledge.changes(knowledge.head(), 5) == []


def test_vectors_come_back_as_half_floats_and_the_first_one_stays(
    knowledge: KnowledgeStore,
) -> None:
    vector = np.linspace(-1, 1, 8, dtype=np.float32)
    knowledge.store_vectors({"a": vector, "b": -vector}, GENERATION)
    knowledge.store_vectors({"a": vector * 0, "c": vector}, GENERATION)
    knowledge.store_vectors({}, GENERATION)
    found = knowledge.vectors(["a", "b", "c", "a", "missing"], GENERATION)
    assert set(found) == {"a", "b", "c"}
    assert found["a"].dtype == np.float32
    np.testing.assert_array_equal(found["a"], vector.astype(np.float16).astype(np.float32))


def test_vectors_of_another_model_are_not_found_but_those_of_another_build_are(
    knowledge: KnowledgeStore,
) -> None:
    knowledge.store_vectors({"a": np.ones(8, dtype=np.float32)}, GENERATION)
    assert knowledge.vectors(["a"], replace(GENERATION, model_digest="e" * 64)) == {}
    assert knowledge.vectors(["a"], replace(GENERATION, text_version=2)) == {}
    assert set(knowledge.vectors(["a"], replace(GENERATION, build=2, dtype="bfloat16"))) == {"a"}


def test_a_vector_of_the_wrong_length_is_refused_and_a_cut_one_is_found_out(
    database: Database, knowledge: KnowledgeStore
) -> None:
    with pytest.raises(ValueError, match="shape"):
        knowledge.store_vectors({"a": np.ones(7, dtype=np.float32)}, GENERATION)
    knowledge.store_vectors({"a": np.ones(8, dtype=np.float32)}, GENERATION)
    with database.writing() as connection:
        connection.execute(text("UPDATE vectors SET fp16 = substr(fp16, 1, 6)"))
    with pytest.raises(GenerationMismatch, match="6 bytes"):
        knowledge.vectors(["a"], GENERATION)


def test_thousands_of_vectors_are_stored_and_found(knowledge: KnowledgeStore) -> None:
    vectors = {str(n): np.full(8, n % 50, dtype=np.float32) for n in range(1500)}
    knowledge.store_vectors(vectors, GENERATION)
    assert len(knowledge.vectors(list(vectors), GENERATION)) == 1500


def test_a_unit_of_work_changes_knowledge_together_with_the_rest(
    database: Database, knowledge: KnowledgeStore, clock: ManualClock
) -> None:
    def fail() -> None:
        with database.begin() as unit:
            unit.knowledge.upsert([(RUNBOOK, [passage("one")])], actor="a", now=clock.now())
            unit.audit.append(at=clock.now(), actor="a", action="b", subject="c", data={})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (knowledge.get(RUNBOOK.id), knowledge.head()) == (None, 0)
    with database.begin() as unit:
        rows = [(RUNBOOK, [passage("one")])]
        assert unit.knowledge.upsert(rows, actor="a", now=clock.now()) == [(RUNBOOK.id, "added")]
        assert unit.knowledge.get(RUNBOOK.id) == RUNBOOK
        unit.knowledge.set_state(RUNBOOK.id, DocumentState.RETIRED, actor="a", now=clock.now())
        assert unit.knowledge.counts()["state.retired"] == 1
    assert knowledge.live_passage_ids() == frozenset()


def test_a_reader_that_follows_the_log_misses_nothing(
    database: Database, knowledge: KnowledgeStore, clock: ManualClock
) -> None:
    writers, documents = 6, 8
    followed: list[LogEntry] = []
    finished: list[int] = []

    def follow() -> None:
        while True:
            all_written = len(finished) == writers
            entries = knowledge.changes(followed[-1].seq if followed else 0, 7)
            followed.extend(entries)
            if all_written and not entries:
                return

    def run(number: int) -> None:
        if number == writers:
            follow()
            return
        try:
            for each in range(documents):
                name = f"{number}-{each}"
                parts = [passage(f"{name} {n}", n, name) for n in range(2)]
                rows = [(replace(RUNBOOK, id=name), parts)]
                knowledge.upsert(rows, actor="a", now=clock.now())
        finally:
            finished.append(number)

    together(writers + 1, run)
    assert {entry.passage_id for entry in followed} == knowledge.live_passage_ids()
    assert followed == list(knowledge.changes(0, 1000))
