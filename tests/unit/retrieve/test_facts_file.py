"""Facts beside the index: equal to what the text says, and never trusted beyond that."""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.embed.hashing import HashingEmbedder
from knowledge.evaluate.memory_source import MemorySource
from knowledge.index.projection import Projection
from knowledge.model import Document
from knowledge.retrieve.facts import NOTHING, Beside, Facts, FactsReader, read_facts
from knowledge.retrieve.facts_file import FactsFile, data_of, facts_from
from tests.support.knowledge import incident, runbook

words = st.frozensets(st.text(max_size=8), max_size=4)
lines = st.lists(st.text(max_size=12), max_size=3).map(tuple)
some_facts = st.builds(
    Facts,
    words=words,
    title_words=words,
    exact=words,
    errors=words,
    logs=st.lists(words, max_size=3).map(tuple),
    log_lines=lines,
    cause=st.text(max_size=9),
    cause_words=words,
    ending=st.text(max_size=9),
    runbook=st.none() | st.text(max_size=5),
    lines=words,
    neighbours=words,
    changes=words,
    labels=words,
    beside=st.builds(Beside, lines, lines),
)

POOL = dataclasses.replace(
    incident("inc-1", "the pool is empty", cause="leak"), logs=("ERROR no slot left",)
)
DISK = runbook("disk", "## Mitigation\n\n- free the disk")


class CountingSource(MemorySource):
    """Counts the documents that are read whole."""

    read = 0

    def documents(self, document_ids: Sequence[str]) -> list[Document]:
        found = list(super().documents(document_ids))
        self.read += len(found)
        return found


@pytest.fixture
def file(tmp_path: Path) -> Iterator[FactsFile]:
    opened = FactsFile(tmp_path / "index" / "facts.db")
    yield opened
    opened.close()


@given(some_facts)
def test_what_is_kept_is_what_was_read(facts: Facts) -> None:
    assert facts_from(data_of(facts)) == facts


def test_every_field_of_facts_is_kept() -> None:
    """A field that is added to Facts and forgotten here would be lost in silence."""
    told = {
        one.name: getattr(facts_from(data_of(read_facts(POOL))), one.name)
        for one in dataclasses.fields(Facts)
    }
    assert told == {
        one.name: getattr(read_facts(POOL), one.name) for one in dataclasses.fields(Facts)
    }


def test_facts_outlive_the_process(tmp_path: Path) -> None:
    first = FactsFile(tmp_path / "facts.db")
    first.keep({("inc-1", 1): read_facts(POOL)})
    first.close()
    second = FactsFile(tmp_path / "facts.db")
    assert second.of([("inc-1", 1)]) == {"inc-1": read_facts(POOL)}
    second.close()


def test_facts_of_another_version_are_not_those(file: FactsFile) -> None:
    file.keep({("inc-1", 1): read_facts(POOL)})
    assert file.of([("inc-1", 2)]) == {}
    file.keep({("inc-1", 2): NOTHING})
    assert file.of([("inc-1", 1)]) == {}
    assert file.of([("inc-1", 2)]) == {"inc-1": NOTHING}


def test_very_many_documents_at_once(file: FactsFile) -> None:
    file.keep({(f"inc-{number}", 1): NOTHING for number in range(1_300)})
    assert len(file.of([(f"inc-{number}", 1) for number in range(1_400)])) == 1_300


def test_a_changed_row_is_not_believed(file: FactsFile) -> None:
    file.keep({("inc-1", 1): read_facts(POOL), ("inc-2", 1): NOTHING})
    assert file._open is not None
    with file._open:
        file._open.execute(
            "UPDATE facts SET data = replace(CAST(data AS TEXT), 'pool', 'disk') WHERE id = 'inc-1'"
        )
    assert file.of([("inc-1", 1), ("inc-2", 1)]) == {"inc-2": NOTHING}


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9])
def test_a_cut_file_costs_reading_and_nothing_else(tmp_path: Path, share: float) -> None:
    path = tmp_path / "facts.db"
    whole = FactsFile(path)
    whole.keep({(f"inc-{number}", 1): read_facts(POOL) for number in range(200)})
    whole.close()
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    source = CountingSource([POOL, DISK])
    file = FactsFile(path)
    reader = FactsReader(source, kept=file)
    cards = source.cards()
    told = reader.of(cards)
    assert told == {"inc-1": read_facts(POOL), "disk": read_facts(DISK)}
    file.keep({("new", 1): NOTHING})
    assert file.of([("new", 1)]) == {"new": NOTHING}
    file.close()


def test_a_file_that_is_none_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "facts.db"
    path.write_bytes(b"\x80\x04pickled, or whatever " * 500)
    file = FactsFile(path)
    file.keep({("inc-1", 1): NOTHING})
    assert file.of([("inc-1", 1)]) == {"inc-1": NOTHING}
    file.close()


def test_where_nothing_can_be_written_nothing_is_known(tmp_path: Path) -> None:
    (tmp_path / "facts.db").mkdir()
    file = FactsFile(tmp_path / "facts.db")
    file.keep({("inc-1", 1): NOTHING})
    assert file.of([("inc-1", 1)]) == {}
    file.close()


def test_what_is_indexed_needs_no_reading_when_it_is_asked_for(
    tmp_path: Path, file: FactsFile
) -> None:
    source = CountingSource([POOL, DISK])
    projection = Projection(
        source,
        HashingEmbedder(64),
        tmp_path / "index",
        follower=FactsReader(source, kept=file),
    )
    projection.open()
    source.read = 0
    later = FactsReader(source, kept=file)  # remembers nothing itself
    assert later.of(source.cards())["inc-1"] == read_facts(POOL)
    assert source.read == 0
    newer = dataclasses.replace(POOL, symptom="another symptom", version=2)
    source.put(newer)
    projection.catch_up()
    source.read = 0
    assert later.of(source.cards())["inc-1"] == read_facts(newer)
    assert source.read == 0
    source.withdraw("inc-1")
    projection.catch_up()
    assert file.of([("inc-1", 2)]) == {}
    projection.close()


def test_an_index_of_another_database_forgets_what_was_known(
    tmp_path: Path, file: FactsFile
) -> None:
    """The other database may say something else under the same id and version."""
    source = MemorySource([POOL, DISK, runbook("dns", "## Meaning\n\nname resolution fails")])
    reader = FactsReader(source, kept=file)
    projection = Projection(source, HashingEmbedder(64), None, follower=reader)
    projection.open()
    reader.of(source.cards())
    other = MemorySource([dataclasses.replace(POOL, symptom="quite another symptom")])
    projection._source = reader._source = other
    projection.catch_up()
    told = reader.of(other.cards())["inc-1"]
    assert told == read_facts(dataclasses.replace(POOL, symptom="quite another symptom"))
    projection.close()


def test_what_is_read_at_a_question_is_kept_for_the_next_start(file: FactsFile) -> None:
    """An index of before this file existed fills it on the way."""
    source = CountingSource([POOL])
    FactsReader(source, kept=file).of(source.cards())
    source.read = 0
    assert FactsReader(source, kept=file).of(source.cards()) == {"inc-1": read_facts(POOL)}
    assert source.read == 0
