"""Changes of documents: each writes the version, the passages and the index log together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, RowMapping, bindparam, delete, insert, select, update

from knowledge.model import ALLOWED_STATE_CHANGES, Document, DocumentState, Origin, Passage
from knowledge.store import log
from knowledge.store.documents import (
    digest,
    document_content,
    passage_row,
    passages_digest,
)
from knowledge.store.statements import chunks
from knowledge.store.tables import document_versions, documents, passages

Change = Literal["added", "changed", "same"]
Row = tuple[Document, Sequence[Passage]]


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of one document that was handed in."""

    id: str
    version: int
    change: Change


def upsert(
    connection: Connection, rows: Sequence[Row], *, actor: str, now: datetime
) -> list[Stored]:
    """Store documents with the passages they were cut into; one Stored for each, in order.

    - Content that is there already is "same": no new version, nothing in the log.
    - Changed content is a new version. A passage that kept its place, role and hash keeps its
      id. Everything of the document is said in the log again, also what kept its id: title,
      services or visibility may have changed, and readers learn of it nowhere else.
    - The same content cut in another way is "changed" without a new version.
    - The state of a known document is moved only along ALLOWED_STATE_CHANGES and only together
      with changed content: importing a page again does not bring back what a person retired.
    - A page of the starter pack never replaces the team's own of the same id ("same").
    """
    stored: list[Stored] = []
    for some in chunks(rows):
        pending: dict[str, Row] = {}
        for row in some:
            if row[0].id in pending:  # twice in one batch: the later one meets the earlier
                stored += _upsert_distinct(connection, list(pending.values()), actor, now)
                pending.clear()
            pending[row[0].id] = row
        stored += _upsert_distinct(connection, list(pending.values()), actor, now)
    return stored


def _upsert_distinct(
    connection: Connection, rows: Sequence[Row], actor: str, now: datetime
) -> list[Stored]:
    ids = [document.id for document, _ in rows]
    present = {
        row["id"]: row
        for row in connection.execute(
            select(
                documents.c.id,
                documents.c.state,
                documents.c.origin,
                documents.c.version,
                documents.c.content_hash,
                documents.c.passages_hash,
            )
            .where(documents.c.id.in_(ids))
            .order_by(documents.c.id)
            .with_for_update()
        ).mappings()
    }
    stored: list[Stored] = []
    removed: list[log.Entry] = []
    added: list[log.Entry] = []
    for document, parts in rows:
        outcome = _upsert_one(connection, document, parts, present.get(document.id), actor, now)
        stored.append(outcome.stored)
        name, version = outcome.stored.id, outcome.stored.version
        removed += [log.Entry(number, name, version) for number in outcome.removed]
        added += [log.Entry(number, name, version) for number in outcome.added]
    log.append(connection, removed=removed, added=added)
    return stored


@dataclass(frozen=True, slots=True)
class _Outcome:
    stored: Stored
    removed: Sequence[int] = ()
    added: Sequence[int] = ()


def _upsert_one(
    connection: Connection,
    document: Document,
    parts: Sequence[Passage],
    before: RowMapping | None,
    actor: str,
    now: datetime,
) -> _Outcome:
    content = document_content(document)
    content_hash, passages_hash = digest(content), passages_digest(parts)
    change: Change = "changed"
    if before is None:
        state, version, change = document.state, 1, "added"
    else:
        state = DocumentState(before["state"])
        version = before["version"]
        is_same = (before["content_hash"], before["passages_hash"]) == (
            content_hash,
            passages_hash,
        )
        is_guarded = before["origin"] == Origin.TEAM and document.origin is Origin.STARTER
        if is_same or is_guarded:
            return _Outcome(Stored(document.id, version, "same"))
    was_served = before is not None and state.is_served
    is_new_version = before is None or before["content_hash"] != content_hash
    if before is not None and is_new_version:
        version += 1
        if document.state in ALLOWED_STATE_CHANGES[state]:
            state = document.state
    values = {
        **{name: content[name] for name in ("kind", "title", "origin", "visibility", "url")},
        "meta": content["meta"],
        "fields": content["fields"],
        "state": state.value,
        "version": version,
        "content_hash": content_hash,
        "passages_hash": passages_hash,
        "updated_at": now,
        "updated_by": actor,
    }
    if before is None:
        connection.execute(insert(documents).values(id=document.id, created_at=now, **values))
    else:
        connection.execute(update(documents).where(documents.c.id == document.id).values(**values))
    if is_new_version:
        connection.execute(
            insert(document_versions).values(
                document_id=document.id, version=version, content=content, at=now, by=actor
            )
        )
    old, new = _replace_passages(connection, document.id, parts, version)
    return _Outcome(
        Stored(document.id, version, change),
        # what stays in is said as added again, which readers take as "look afresh"
        removed=sorted(old - new if state.is_served else old) if was_served else (),
        added=sorted(new) if state.is_served else (),
    )


def _replace_passages(
    connection: Connection, document_id: str, parts: Sequence[Passage], version: int
) -> tuple[set[int], set[int]]:
    """Make the stored passages those of `parts`; ids before and ids after."""
    present = connection.execute(
        select(passages.c.id, passages.c.ordinal, passages.c.role, passages.c.hash).where(
            passages.c.document_id == document_id
        )
    ).all()
    id_of = {(ordinal, role, hash_): id_ for id_, ordinal, role, hash_ in present}
    kept: dict[int, dict[str, object]] = {}
    fresh: list[dict[str, object]] = []
    for part in parts:
        if part.document_id != document_id:
            raise ValueError(f"a passage of {part.document_id!r} was handed in as {document_id!r}")
        row: dict[str, object] = passage_row(part, version)
        known = id_of.get((part.ordinal, part.role.value, part.hash))
        if known is None:
            fresh.append(row)
        else:
            kept[known] = {**row, "known_id": known}
    before = set(id_of.values())
    after = set(kept)
    for some in chunks(sorted(before - after)):
        connection.execute(delete(passages).where(passages.c.id.in_(some)))
    if kept:
        changing = [column.name for column in passages.c if column.name != "id"]
        connection.execute(
            update(passages)
            .where(passages.c.id == bindparam("known_id"))
            .values({name: bindparam(name) for name in changing}),
            list(kept.values()),
        )
    if fresh:
        inserted = connection.execute(insert(passages).returning(passages.c.id), fresh)
        after |= set(inserted.scalars())
    return before, after


def set_state(
    connection: Connection, document_id: str, state: DocumentState, *, actor: str, now: datetime
) -> None:
    """Move a document along ALLOWED_STATE_CHANGES; to the state it has is no change.

    LookupError when there is no such document, ValueError when the move is not allowed.
    """
    row = connection.execute(
        select(documents.c.state, documents.c.version)
        .where(documents.c.id == document_id)
        .with_for_update()
    ).first()
    if row is None:
        raise LookupError(f"there is no document with the id {document_id!r}")
    before = DocumentState(row[0])
    if state is before:
        return
    if state not in ALLOWED_STATE_CHANGES[before]:
        raise ValueError(f"{document_id!r} is {before.value}; it cannot become {state.value}")
    connection.execute(
        update(documents)
        .where(documents.c.id == document_id)
        .values(state=state.value, updated_at=now, updated_by=actor)
    )
    if state.is_served != before.is_served:
        entries = _entries(connection, document_id, row[1])
        if state.is_served:
            log.append(connection, added=entries)
        else:
            log.append(connection, removed=entries)


def remove(connection: Connection, document_id: str) -> bool:
    """Forget a document, its versions and its passages; False when it was not there."""
    row = connection.execute(
        select(documents.c.state, documents.c.version)
        .where(documents.c.id == document_id)
        .with_for_update()
    ).first()
    if row is None:
        return False
    if DocumentState(row[0]).is_served:
        log.append(connection, removed=_entries(connection, document_id, row[1]))
    connection.execute(delete(documents).where(documents.c.id == document_id))
    return True


def _entries(connection: Connection, document_id: str, version: int) -> list[log.Entry]:
    """All passages of a document, as the log has them."""
    numbers = connection.execute(
        select(passages.c.id).where(passages.c.document_id == document_id)
    ).scalars()
    return [log.Entry(number, document_id, version) for number in numbers]
