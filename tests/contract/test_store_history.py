"""The knowledge as it was served at an earlier revision, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from bot.store.database import Database
from knowledge.model import Document, DocumentState, Runbook
from knowledge.text.passages import passages_of

NOW = datetime(2026, 11, 26, 3, 12, tzinfo=UTC)
PAGE = Runbook(id="disk", title="Disk full", body="Delete old logs.")
OTHER = Runbook(id="clock", title="Clock", body="Restart the time service.")


def put(database: Database, *documents: Document) -> int:
    source = database.knowledge_source()
    source.upsert([(one, passages_of(one)) for one in documents], actor="a", now=NOW)
    return source.head()


def served(database: Database, revision: int) -> dict[str, str]:
    return {one.id: one.title for one in database.knowledge_source().served_at(revision)}


def test_each_revision_gives_back_what_was_served_then(database: Database) -> None:
    first = put(database, PAGE)
    second = put(database, OTHER, replace(PAGE, title="Disk nearly full", body="Rotate logs."))
    source = database.knowledge_source()
    source.set_state("clock", DocumentState.RETIRED, actor="a", now=NOW)
    third = source.head()
    assert served(database, 0) == {}
    assert served(database, first) == {"disk": "Disk full"}
    assert served(database, second) == {"disk": "Disk nearly full", "clock": "Clock"}
    assert served(database, third) == {"disk": "Disk nearly full"}


def test_a_version_has_its_own_words_back(database: Database) -> None:
    first = put(database, PAGE)
    put(database, replace(PAGE, body="Something else."))
    (then,) = database.knowledge_source().served_at(first)
    assert passages_of(then) == passages_of(replace(PAGE, version=1))


def test_a_document_that_was_removed_for_good_is_said(database: Database) -> None:
    first = put(database, PAGE)
    database.knowledge_source().remove("disk")
    with pytest.raises(LookupError, match="removed for good: disk"):
        served(database, first)


def test_a_log_from_before_versions_were_kept_is_said(database: Database) -> None:
    first = put(database, PAGE)
    with database.writing() as connection:
        connection.execute(text("UPDATE index_log SET document_id = NULL"))
    with pytest.raises(LookupError, match="did not keep them"):
        served(database, first)
