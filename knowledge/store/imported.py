"""What the file of a page said when it was imported last: the base of the next merge."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select

from knowledge.curate.model import ImportedPage
from knowledge.model import DocumentState
from knowledge.store.statements import chunks, insert_into
from knowledge.store.tables import documents, imported_pages


def load(connection: Connection, document_ids: Sequence[str]) -> dict[str, ImportedPage]:
    """By document id; those that were never imported are left out."""
    found: dict[str, ImportedPage] = {}
    table = imported_pages.c
    for some in chunks(document_ids):
        statement = select(table.document_id, table.source, table.page, table.digest).where(
            table.document_id.in_(some)
        )
        for document_id, source, page, digest in connection.execute(statement):
            found[document_id] = ImportedPage(source=source, page=page, digest=digest)
    return found


def keep(connection: Connection, pages: Mapping[str, ImportedPage], now: datetime) -> None:
    """In place of what was kept of these documents, which must be there."""
    rows = [
        {
            "document_id": document_id,
            "source": one.source,
            "page": one.page,
            "digest": one.digest,
            "at": now,
        }
        for document_id, one in sorted(pages.items())
    ]
    for some in chunks(rows, 200):
        statement = insert_into(connection, imported_pages).values(list(some))
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=[imported_pages.c.document_id],
                set_={
                    name: statement.excluded[name] for name in ("source", "page", "digest", "at")
                },
            )
        )


def forget(connection: Connection, document_ids: Sequence[str]) -> None:
    """The pages belong to no source any more."""
    for some in chunks(document_ids):
        connection.execute(delete(imported_pages).where(imported_pages.c.document_id.in_(some)))


def of_source(connection: Connection, source: str) -> list[str]:
    """The ids of all that came from a source last, in order."""
    statement = (
        select(imported_pages.c.document_id)
        .where(imported_pages.c.source == source)
        .order_by(imported_pages.c.document_id)
    )
    return list(connection.execute(statement).scalars())


def digests(connection: Connection, source: str) -> dict[str, str]:
    """The digests of the files that came from a source last, by document id. Those of drafts are
    left out: importing one again, on purpose, puts it in force."""
    statement = (
        select(imported_pages.c.document_id, imported_pages.c.digest)
        .join(documents, documents.c.id == imported_pages.c.document_id)
        .where(imported_pages.c.source == source, imported_pages.c.digest != "")
        .where(documents.c.state != DocumentState.DRAFT.value)
    )
    rows = connection.execute(statement).all()
    return {row.document_id: row.digest for row in rows}
