"""Indexes of several models stand side by side, and none is mistaken for another."""

from pathlib import Path

import pytest

from knowledge.embed.hashing import HashingEmbedder
from knowledge.errors import IndexInUse, UnknownGeneration
from knowledge.index.generations import Generations
from knowledge.index.projection import Projection
from tests.support.knowledge import MemorySource, runbook

OLD, NEW = HashingEmbedder(64), HashingEmbedder(32)


@pytest.fixture
def generations(tmp_path: Path) -> Generations:
    return Generations(tmp_path / "index")


def _opened(generations: Generations, embedder: HashingEmbedder) -> Projection:
    source = MemorySource([runbook("disk", "the disk is full"), runbook("dns", "no names")])
    projection = Projection(source, embedder, generations.home(embedder.generation))
    projection.open()
    return projection


def test_a_new_generation_is_built_while_the_old_one_answers(generations: Generations) -> None:
    serving = _opened(generations, OLD)
    generations.serve(OLD.generation)
    assert not generations.is_built(NEW.generation)
    _opened(generations, NEW).close()
    assert generations.is_built(NEW.generation)
    assert serving.lexical_search("disk", 1, {"body": 1.0})
    told = {one.name: (one.passages, one.is_served) for one in generations.list()}
    assert told == {OLD.generation.name: (2, True), NEW.generation.name: (2, False)}
    generations.serve(NEW.generation)
    assert generations.served == NEW.generation.name
    serving.close()
    removed = generations.remove(OLD.generation.name)
    assert removed.bytes > 1_000
    assert [one.name for one in generations.list()] == [NEW.generation.name]


def test_what_is_served_or_open_or_unknown_is_not_removed(generations: Generations) -> None:
    serving, other = _opened(generations, OLD), _opened(generations, NEW)
    generations.serve(OLD.generation)
    with pytest.raises(IndexInUse, match="is the index that is served"):
        generations.remove(OLD.generation.name)
    with pytest.raises(IndexInUse, match="in use by another process"):
        generations.remove(NEW.generation.name)
    with pytest.raises(UnknownGeneration, match="recall index list"):
        generations.remove("../index")
    assert serving.check() == other.check() == []
    serving.close()
    other.close()


def test_one_that_was_not_finished_is_told_as_incomplete(generations: Generations) -> None:
    home = generations.home(OLD.generation)
    home.mkdir(parents=True)
    (home / "rest.bin").write_bytes(b"x" * 10)
    (told,) = generations.list()
    assert (told.passages, told.applied_seq, told.bytes) == (None, None, 10)
    assert not generations.is_built(OLD.generation)


def test_an_index_from_before_there_were_generations_is_tidied_away(
    generations: Generations, tmp_path: Path
) -> None:
    old = tmp_path / "index"
    (old / "vectors").mkdir(parents=True)
    (old / "vectors" / "faiss-1.bin").write_bytes(b"x")
    (old / "manifest.json").write_text("{}")
    (old / "lock").touch()
    assert generations.list() == []
    _opened(generations, OLD).close()
    generations.serve(OLD.generation)
    assert {path.name for path in old.iterdir()} == {OLD.generation.name, "served"}


def test_nothing_there_is_no_error(generations: Generations) -> None:
    assert generations.list() == []
    assert generations.served == ""
