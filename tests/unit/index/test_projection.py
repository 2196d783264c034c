"""The projection follows the database, and finds out when it does not fit."""

import logging
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge.embed.hashing import HashingEmbedder
from knowledge.embed.port import Vectors
from knowledge.errors import IndexInUse
from knowledge.index.files import read_manifest
from knowledge.index.growing import Sizes
from knowledge.index.projection import Projection, embed_documents
from knowledge.model import PUBLIC, Audience, Generation, Runbook, Visibility
from tests.support.knowledge import MemorySource, incident, runbook

WEIGHTS = {"title": 1.0, "alerts": 1.0, "services": 1.0, "body": 1.0}
EMBEDDER = HashingEmbedder(64)
PRIVATE = Visibility(frozenset({"T1/C1"}))


class CountingEmbedder:
    """Counts the texts it embeds."""

    def __init__(self, inner: HashingEmbedder = EMBEDDER) -> None:
        self._inner = inner
        self.texts = 0

    @property
    def generation(self) -> Generation:
        return self._inner.generation

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.texts += len(texts)
        return self._inner.embed(texts)


def _source() -> MemorySource:
    return MemorySource(
        [
            runbook("disk", "## Mitigation\n\n- free the disk", alerts=("DiskFull",)),
            runbook("dns", "## Meaning\n\nname resolution fails"),
            incident("inc-1", "the disk of the database filled up", cause="logs were not rotated"),
        ]
    )


def _opened(
    source: MemorySource, folder: Path | None = None, sizes: Sizes | None = None
) -> Projection:
    projection = Projection(source, EMBEDDER, folder, sizes=sizes)
    projection.open()
    return projection


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


def _documents(projection: Projection, text: str) -> list[str]:
    hits = projection.lexical_search(text, 10, WEIGHTS)
    return [projection.document_of(passage) for passage, _ in hits]


def test_what_is_in_the_database_is_found_by_words_and_by_vector() -> None:
    projection = _opened(_source())
    assert set(_documents(projection, "disk")) == {"disk", "inc-1"}
    assert _documents(projection, "DiskFull")[0] == "disk"
    ((best, score), *_) = projection.vector_search("name resolution fails", 3)
    assert projection.document_of(best) == "dns"
    assert 0.5 < score <= 1.0001
    assert set(projection.cards) == {"disk", "dns", "inc-1"}
    assert projection.check() == []
    projection.close()


def test_changes_of_the_database_arrive_without_a_rebuild(caplog: pytest.LogCaptureFixture) -> None:
    source = _source()
    projection = _opened(source)
    caplog.clear()
    assert projection.catch_up() == 0
    source.put(runbook("dns", "## Meaning\n\nthe resolver answers with servfail"))
    source.withdraw("inc-1")
    source.put(runbook("kafka", "## Meaning\n\nconsumer lag grows"))
    assert "the index is at change" in projection.check()[0]
    assert projection.catch_up() == 5
    assert set(_documents(projection, "servfail lag")) == {"dns", "kafka"}
    assert _documents(projection, "resolution filled") == []
    assert "inc-1" not in projection.cards
    assert projection.revision == source.head()
    assert projection.check() == []
    assert not caplog.records
    projection.close()


def test_the_first_build_is_no_warning(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        _opened(_source(), folder).close()
    assert "there is no index yet" in caplog.text
    assert all(record.levelno == logging.INFO for record in caplog.records)


def test_a_closed_index_opens_again_without_building_or_embedding(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = _source()
    _opened(source, folder).close()
    caplog.clear()
    embedder = CountingEmbedder()
    again = Projection(source, embedder, folder)
    again.open()
    assert embedder.texts == 0
    assert not caplog.records
    assert set(_documents(again, "disk")) == {"disk", "inc-1"}
    assert again.passage_ids_of("inc-1")
    assert again.cards["inc-1"].cause == "logs were not rotated"
    again.close()


@pytest.mark.parametrize("others", [0, 210])
def test_after_a_crash_only_what_was_not_saved_is_applied_again(
    others: int, folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = _source()
    projection = _opened(source, folder)
    source.put(runbook("kafka", "consumer lag grows"))
    source.withdraw("dns")
    for number in range(others):
        source.put(runbook(f"page-{number}", f"disk {number}"))
    # Nothing is saved yet; of many changes, the lexical index commits its own part.
    projection.catch_up()
    crashed = tmp_path / "crashed"
    _copy_as_a_crash_leaves_it(folder, crashed)
    projection.close()
    caplog.clear()
    again = _opened(source, crashed)
    assert not caplog.records  # no rebuild
    assert again.check() == []
    assert _documents(again, "lag") == ["kafka"]
    assert _documents(again, "resolution") == []
    again.close()


def _copy_as_a_crash_leaves_it(folder: Path, to: Path) -> None:
    """tantivy's own thread is at work meanwhile; its unfinished files come and go."""
    shutil.copytree(folder, to, ignore=shutil.ignore_patterns(".tmp*"))


def _damage_vectors(folder: Path) -> None:
    (blob,) = (folder / "vectors").glob("*.bin")
    blob.write_bytes(blob.read_bytes()[:-3])


def _damage_lexical(folder: Path) -> None:
    (folder / "lexical" / "segments" / "meta.json").write_bytes(b"{")


def _lose_lexical(folder: Path) -> None:
    shutil.rmtree(folder / "lexical")


def _lose_vectors(folder: Path) -> None:
    shutil.rmtree(folder / "vectors")


def _damage_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_bytes(b"\x80\x04")


@pytest.mark.parametrize(
    "damage", [_damage_vectors, _damage_lexical, _lose_lexical, _lose_vectors, _damage_manifest]
)
def test_a_damaged_index_is_built_again_and_says_so_in_one_line(
    damage: Callable[[Path], None], folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = _source()
    _opened(source, folder).close()
    damage(folder)
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        again = _opened(source, folder)
    assert [r.message.startswith("building the index") for r in caplog.records] == [True]
    assert again.check() == []
    assert set(_documents(again, "disk")) == {"disk", "inc-1"}
    again.close()
    caplog.clear()
    _opened(source, folder).close()
    assert not caplog.records


def test_an_index_of_another_model_is_built_again(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = _source()
    _opened(source, folder).close()
    other = Projection(source, HashingEmbedder(32), folder)
    caplog.clear()
    other.open()
    assert "generation" in caplog.records[0].message
    assert other.check() == []
    assert len(other.vector_search("disk", 2)) == 2
    other.close()


def test_a_database_that_is_behind_the_index_is_another_one(folder: Path) -> None:
    source = _source()
    source.put(runbook("kafka", "consumer lag"))
    projection = _opened(source, folder)
    restored = MemorySource([runbook("redis", "memory is full")])
    projection._source = restored
    projection.catch_up()
    assert set(projection.cards) == {"redis"}
    assert projection.check() == []
    projection.close()
    again = _opened(MemorySource(), folder)
    assert len(again) == 0
    again.close()


def test_an_index_that_lost_a_passage_unnoticed_is_told_by_check_and_mended_at_the_next_open(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = _source()
    projection = _opened(source, folder)
    lost = projection.passage_ids_of("dns")[0]
    projection._open_parts().vectors.remove([lost])
    assert projection.check() == [f"the vector index lacks 1 passages ({lost})"]
    projection.save()
    projection.close()
    again = _opened(source, folder)
    assert again.check() == []
    assert "the vector index differs" in caplog.text
    again.close()


def test_one_folder_has_one_owner(folder: Path) -> None:
    first = _opened(_source(), folder)
    with pytest.raises(IndexInUse, match="in use by another process"):
        _opened(_source(), folder)
    first.close()
    _opened(_source(), folder).close()


_OWNER = """
import os, sys
from pathlib import Path
from knowledge.embed.hashing import HashingEmbedder
from knowledge.index.projection import Projection
from tests.support.knowledge import MemorySource, runbook
source = MemorySource([runbook("a", "disk")])
projection = Projection(source, HashingEmbedder(64), Path(sys.argv[1]))
projection.open()
os.kill(os.getpid(), 9)
"""


def test_a_killed_owner_gives_the_folder_free(folder: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", _OWNER, str(folder)], timeout=60, check=False)
    assert killed.returncode == -9
    projection = _opened(MemorySource([runbook("a", "disk")]), folder)
    assert _documents(projection, "disk") == ["a"]
    projection.close()


def test_hidden_and_excluded_documents_behave_as_if_they_did_not_exist() -> None:
    public = [runbook("disk", "the disk is full"), runbook("dns", "resolution fails on the disk")]
    secret = incident("secret", "the disk of payroll is full of the disk", visibility=PRIVATE)
    both, without = _opened(MemorySource([*public, secret])), _opened(MemorySource(public))
    hidden = both.hidden_from(PUBLIC, frozenset())
    assert hidden == frozenset(both.passage_ids_of("secret"))
    assert both.hidden_from(Audience(channel="T1/C1"), frozenset()) == frozenset()
    assert both.hidden_from(Audience(sees_nothing=True)) == frozenset(
        i for document in both.cards for i in both.passage_ids_of(document)
    )
    excluded = both.hidden_from(PUBLIC, frozenset({"dns"}))
    assert excluded == hidden | frozenset(both.passage_ids_of("dns"))
    text = "payroll disk full"
    assert both.lexical_search(text, 5, WEIGHTS, hidden) == without.lexical_search(text, 5, WEIGHTS)
    assert both.vector_search(text, 5, hidden) == without.vector_search(text, 5)
    both.close()
    without.close()


def test_a_change_of_visibility_takes_effect_with_the_next_catch_up() -> None:
    source = _source()
    projection = _opened(source)
    assert projection.hidden_from(PUBLIC) == frozenset()
    source.put(runbook("dns", "name resolution fails", visibility=PRIVATE))
    projection.catch_up()
    assert projection.hidden_from(PUBLIC) == frozenset(projection.passage_ids_of("dns"))
    projection.close()


def test_passages_that_say_the_same_are_embedded_once() -> None:
    source = MemorySource([runbook(f"page-{i}", "## Steps\n\n- restart") for i in range(3)])
    source.put(runbook("page-1", "## Steps\n\n- restart", alerts=("New",)))
    embedder = CountingEmbedder()
    projection = Projection(source, embedder, None)
    projection.open()
    assert embedder.texts == 1  # the titles differ in a number alone
    source.put(runbook("page-1", "## Steps\n\n- restart", alerts=("Newer",)))
    projection.catch_up()
    assert embedder.texts == 1
    projection.close()


def test_an_import_embeds_what_is_missing_and_tells_how_far_it_is() -> None:
    source = MemorySource([runbook(f"page-{i}", f"restart {i} word{i}") for i in range(300)])
    passages = source.passages(sorted(source.live_passage_ids()))
    told: list[tuple[int, int]] = []
    seen = embed_documents(passages, source, EMBEDDER, lambda done, of: told.append((done, of)))
    assert (seen, told) == (300, [(256, 300), (300, 300)])
    assert embed_documents(passages, source, EMBEDDER) == 0


def test_searches_run_while_changes_are_applied() -> None:
    source = _source()
    projection = _opened(source)
    wrong: list[BaseException] = []
    stop = threading.Event()

    def search() -> None:
        try:
            while not stop.is_set():
                with projection.reading():
                    for passage, _ in projection.lexical_search("disk page", 20, WEIGHTS):
                        assert projection.document_of(passage) in projection.cards
                    for passage, _ in projection.vector_search("disk page", 20):
                        assert projection.document_of(passage) in projection.cards
        except BaseException as error:  # noqa: BLE001  shown by the test
            wrong.append(error)

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(15):
        source.put(runbook(f"page-{number % 4}", f"disk page number{number}"))
        projection.catch_up()
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert projection.check() == []
    projection.close()


_STEP = st.one_of(
    st.tuples(st.just("put"), st.integers(0, 4), st.integers(0, 3)),
    st.tuples(st.just("withdraw"), st.integers(0, 4), st.just(0)),
    st.tuples(st.sampled_from(["catch_up", "save", "reopen", "crash"]), st.just(0), st.just(0)),
)


@pytest.mark.parametrize("sizes", [None, Sizes(flat_most=3, relearn_at=1.5)])
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(_STEP, max_size=12))
def test_any_history_with_crashes_ends_in_step_with_the_database(
    sizes: Sizes | None,
    steps: list[tuple[str, int, int]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    base = tmp_path_factory.mktemp("history")
    source, at = MemorySource(), base / "0"
    projection = _opened(source, at, sizes)
    for number, (kind, document, content) in enumerate(steps, 1):
        if kind == "put":
            source.put(runbook(f"page-{document}", f"disk {content}\n\n## Steps\n\n- do{content}"))
        elif kind == "withdraw":
            source.withdraw(f"page-{document}")
        elif kind == "catch_up":
            projection.catch_up()
        elif kind == "save":
            projection.save()
        else:
            if kind == "crash":
                _copy_as_a_crash_leaves_it(at, base / str(number))
                at = base / str(number)
            projection.close()
            projection = _opened(source, at, sizes)
    projection.catch_up()
    assert projection.check() == []
    fresh = _opened(source)
    assert projection.lexical_search("disk do1 page", 9, WEIGHTS) == fresh.lexical_search(
        "disk do1 page", 9, WEIGHTS
    )
    found, wanted = (one.vector_search("disk do1 page", 9) for one in (projection, fresh))
    assert [passage for passage, _ in found] == [passage for passage, _ in wanted]
    # lists score with vectors at half precision
    near = 0.0 if sizes is None else 1e-3
    assert [score for _, score in found] == pytest.approx([s for _, s in wanted], abs=near)
    assert set(projection.cards) == set(fresh.cards)
    fresh.close()
    projection.close()


def test_a_memory_that_outgrows_a_full_comparison_learns_lists_while_it_answers(
    folder: Path,
) -> None:
    sizes = Sizes(flat_most=20)
    source = MemorySource([runbook(f"page-{i}", f"restart word{i}") for i in range(12)])
    projection = _opened(source, folder, sizes)
    assert read_manifest(folder)["kind"] == "flat"
    for i in range(12, 40):
        source.put(runbook(f"page-{i}", f"restart word{i}"))
        projection.catch_up()
        assert _documents(projection, f"word{i}")[0] == f"page-{i}"
    projection.close()  # waits for what is under way
    again = _opened(source, folder, sizes)
    assert read_manifest(folder)["kind"] == "ivf"
    assert again.check() == []
    again.close()


def test_a_large_memory_is_built_with_lists_at_once(folder: Path) -> None:
    source = MemorySource([runbook(f"page-{i}", f"restart word{i}") for i in range(60)])
    told: list[tuple[int, int]] = []
    projection = Projection(
        source,
        EMBEDDER,
        folder,
        sizes=Sizes(flat_most=20),
        progress=lambda done, of: told.append((done, of)),
    )
    projection.open()
    assert read_manifest(folder)["kind"] == "ivf"
    assert told == [(60, 60)]
    assert _documents(projection, "word7")[0] == "page-7"
    projection.close()


def test_a_stored_catalogue_is_written_anew_once_much_changed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("knowledge.index.catalogue._CHANGED_MOST", 2)
    source = _source()
    projection = _opened(source, folder)
    tables = set(folder.glob("catalogue/*.bin"))
    source.put(runbook("one", "a word", alerts=("DiskFull",)))
    projection.catch_up()
    projection.close()
    assert set(folder.glob("catalogue/*.bin")) == tables  # the log says it as soon
    again = _opened(source, folder)
    assert [card.id for card in again.named("disk_full")] == ["disk", "one"]
    source.withdraw("disk")
    address = "https://wiki/x/Two.md"
    source.put(Runbook(id="two", title="2", body="a word", url=address, visibility=PRIVATE))
    again.catch_up()
    again.close()
    assert not tables & set(folder.glob("catalogue/*.bin"))
    last = _opened(source, folder)
    assert [card.id for card in last.named("DiskFull")] == ["one"]
    assert [card.id for card in last.pages_at("http://wiki/x/two#top")] == ["two"]
    assert last.hidden_from(PUBLIC) == frozenset(last.passage_ids_of("two"))
    assert set(last.cards) == {"dns", "inc-1", "one", "two"}
    assert len(last.cards) == 4
    assert last.check() == []
    last.close()


@pytest.mark.parametrize("part", ["vectors", "catalogue"])
@pytest.mark.parametrize("sizes", [None, Sizes(flat_most=1)])
def test_a_part_that_is_damaged_is_built_again(
    part: str, sizes: Sizes | None, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = _source()
    _opened(source, folder, sizes).close()
    for file in sorted((folder / part).glob("*.bin")):
        whole = file.read_bytes()
        file.write_bytes(whole[: len(whole) // 2])
        caplog.clear()
        projection = _opened(source, folder, sizes)
        assert "does not fit its digest" in caplog.text
        assert projection.check() == []
        assert _documents(projection, "resolution")[0] == "dns"
        projection.close()
