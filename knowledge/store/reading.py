"""Reads of the knowledge. Only served documents, unless the name says otherwise."""

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Connection, RowMapping, func, select

from knowledge.index.source import DocumentCard
from knowledge.model import Document, DocumentKind, DocumentState, Origin, Passage
from knowledge.store import log
from knowledge.store.documents import (
    card_from_row,
    document_from_row,
    passage_from_row,
    visibility_from_json,
)
from knowledge.store.statements import chunks
from knowledge.store.tables import document_versions, documents, passages

_SERVED_STATES = frozenset(state.value for state in DocumentState if state.is_served)
_AT_ONCE = 10_000
_SERVED = documents.c.state.in_(sorted(_SERVED_STATES))


def live_passage_ids(connection: Connection) -> frozenset[int]:
    # Few documents are not served, so leaving theirs out is quicker than joining all the others;
    # and their states are looked up first: an index finds those that are in a state, but whoever
    # asks for all that are not in one reads every document.
    states = set(connection.execute(select(documents.c.state).distinct()).scalars())
    statement = select(passages.c.id)
    if hidden := sorted(states - _SERVED_STATES):
        unserved = select(documents.c.id).where(documents.c.state.in_(hidden))
        statement = statement.where(passages.c.document_id.not_in(unserved))
    # The driver's own rows: of a million, wrapping each would take most of the time.
    live: set[int] = set()
    with connection.execute(statement) as result:
        while rows := result.cursor.fetchmany(_AT_ONCE):
            live.update(number for (number,) in rows)
    return frozenset(live)


def passages_by_id(connection: Connection, ids: Sequence[int]) -> list[Passage]:
    """In any state of their document."""
    found: list[Passage] = []
    for some in chunks(ids):
        rows = connection.execute(select(passages).where(passages.c.id.in_(some))).mappings()
        found += [passage_from_row(row) for row in rows]
    return found


def cards(connection: Connection, document_ids: Sequence[str] | None) -> list[DocumentCard]:
    if document_ids is None:
        statement = select(documents).where(_SERVED)
        return [card_from_row(row) for row in connection.execute(statement).mappings()]
    return [card_from_row(row) for row in _served_rows(connection, document_ids)]


def served_documents(connection: Connection, document_ids: Sequence[str]) -> list[Document]:
    return [document_from_row(row) for row in _served_rows(connection, document_ids)]


def _served_rows(connection: Connection, document_ids: Sequence[str]) -> Iterator[RowMapping]:
    """Whole rows of the named documents that are served.

    The state is looked at here: asked for both, SQLite without statistics takes the index over
    the states as soon as more than about twenty ids are named, and reads the whole table.
    """
    for some in chunks(document_ids):
        statement = select(documents).where(documents.c.id.in_(some))
        for row in connection.execute(statement).mappings():
            if row["state"] in _SERVED_STATES:
                yield row


def served_at(connection: Connection, revision: int) -> list[Document]:
    """The documents as they were served after log entry `revision`, by id.

    LookupError when that is not known any more, with the reason in plain words.
    """
    versions = log.served_at(connection, revision)
    found: list[Document] = []
    for some in chunks(sorted(versions)):
        statement = select(
            document_versions.c.document_id,
            document_versions.c.version,
            document_versions.c.content,
        ).where(document_versions.c.document_id.in_(some))
        found += [
            document_from_row(
                {**content, "version": version, "state": DocumentState.REVIEWED.value}
            )
            for document_id, version, content in connection.execute(statement)
            if versions[document_id] == version
        ]
    if len(found) < len(versions):
        gone = sorted(set(versions) - {one.id for one in found})
        raise LookupError(f"{len(gone)} documents of that time were removed for good: {gone[0]}")
    return sorted(found, key=lambda one: one.id)


def get(connection: Connection, document_id: str) -> Document | None:
    """In any state."""
    row = (
        connection.execute(select(documents).where(documents.c.id == document_id))
        .mappings()
        .first()
    )
    return None if row is None else document_from_row(row)


def restricted(connection: Connection, document_ids: Sequence[str]) -> frozenset[str]:
    """Those that not everyone may see, in any state."""
    found: set[str] = set()
    for some in chunks(document_ids):
        statement = select(documents.c.id, documents.c.visibility).where(documents.c.id.in_(some))
        found.update(
            name
            for name, visibility in connection.execute(statement)
            if not visibility_from_json(visibility).is_everyone
        )
    return frozenset(found)


def list_documents(
    connection: Connection, kind: DocumentKind | None, state: DocumentState | None
) -> list[Document]:
    """In any state, by id."""
    statement = select(documents).order_by(documents.c.id)
    if kind is not None:
        statement = statement.where(documents.c.kind == kind.value)
    if state is not None:
        statement = statement.where(documents.c.state == state.value)
    return [document_from_row(row) for row in connection.execute(statement).mappings()]


def counts(connection: Connection) -> Mapping[str, int]:
    """`documents` and `passages`, and the documents by `kind.*`, `state.*` and `origin.*`."""
    counted: dict[str, int] = {"documents": 0, "passages": 0}
    counted |= {f"kind.{kind.value}": 0 for kind in DocumentKind}
    counted |= {f"state.{state.value}": 0 for state in DocumentState}
    counted |= {f"origin.{origin.value}": 0 for origin in Origin}
    grouped = (documents.c.kind, documents.c.state, documents.c.origin)
    statement = select(*grouped, func.count()).group_by(*grouped)
    for kind, state, origin, number in connection.execute(statement):
        counted["documents"] += number
        counted[f"kind.{kind}"] += number
        counted[f"state.{state}"] += number
        counted[f"origin.{origin}"] += number
    counted["passages"] = connection.execute(
        select(func.count()).select_from(passages)
    ).scalar_one()
    return counted
