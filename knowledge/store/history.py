"""Runbooks in lists, and what they said before."""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Text, cast, select

from knowledge.curate.model import RecordLine, RunbookLine, ShelfLine, Version, VersionLine
from knowledge.model import DocumentKind, DocumentState, Origin, Runbook, Visibility
from knowledge.store.documents import action_from_json, document_from_row, visibility_from_json
from knowledge.store.statements import chunks
from knowledge.store.tables import document_versions, documents

_RUNBOOK = DocumentKind.RUNBOOK.value


def runbooks(connection: Connection, ids: Sequence[str] | None = None) -> list[RunbookLine]:
    """Every runbook in any state, or those of `ids`, by id. Bodies stay in the database: thousands
    of them would take longer to read than all the rest. What most pages say alike (who may see
    them, their actions) comes as text, and each such text is read once."""
    fields = documents.c.fields
    statement = (
        select(
            documents.c.id,
            documents.c.title,
            documents.c.state,
            documents.c.origin,
            cast(documents.c.visibility, Text).label("visibility"),
            documents.c.url,
            documents.c.version,
            documents.c.meta,
            documents.c.updated_at,
            documents.c.updated_by,
            fields["owner"].as_string().label("owner"),
            fields["reviewed"].as_string().label("reviewed"),
            fields["review_by"].as_string().label("review_by"),
            cast(fields["actions"], Text).label("actions"),
        )
        .where(documents.c.kind == _RUNBOOK)
        .order_by(documents.c.id)
    )
    if ids is None:
        return [_line(row) for row in connection.execute(statement).mappings()]
    found = [
        _line(row)
        for some in chunks(ids)
        for row in connection.execute(statement.where(documents.c.id.in_(some))).mappings()
    ]
    return sorted(found, key=lambda line: line.id)


def shelf(connection: Connection, *, retired: bool, whole: bool) -> list[ShelfLine]:
    """What each runbook is found by: of those that are retired, or of all the others; with alerts
    and owner where `whole`. By id."""
    meta, is_retired = documents.c.meta, documents.c.state == DocumentState.RETIRED.value
    shown = [
        documents.c.id,
        documents.c.title,
        cast(meta["services"], Text),
        cast(documents.c.visibility, Text),
    ]
    if whole:
        shown += [cast(meta["alerts"], Text), documents.c.fields["owner"].as_string()]
    statement = (
        select(*shown)
        .where(documents.c.kind == _RUNBOOK, is_retired if retired else ~is_retired)
        .order_by(documents.c.id)
    )
    return [
        ShelfLine(
            id=row[0],
            title=row[1],
            services=_names(row[2]),
            visibility=_visibility(row[3]),
            alerts=_names(row[4]) if whole else (),
            owner=(row[5] or "") if whole else "",
        )
        for row in connection.execute(statement)
    ]


def records(connection: Connection) -> list[RecordLine]:
    """Every past incident in any state, by id, without its texts."""
    table = documents
    statement = (
        select(table.c.id, table.c.meta, table.c.state, table.c.visibility)
        .where(table.c.kind == DocumentKind.PAST_INCIDENT.value)
        .order_by(table.c.id)
    )
    return [
        RecordLine(
            id=row["id"],
            alerts=tuple(row["meta"]["alerts"]),
            services=tuple(row["meta"]["services"]),
            state=DocumentState(row["state"]),
            visibility=visibility_from_json(row["visibility"]),
        )
        for row in connection.execute(statement).mappings()
    ]


def _line(row: Mapping[Any, Any]) -> RunbookLine:
    meta = row["meta"]
    return RunbookLine(
        id=row["id"],
        title=row["title"],
        services=tuple(meta["services"]),
        alerts=tuple(meta["alerts"]),
        actions=_actions(row["actions"]),
        owner=row["owner"] or "",
        state=DocumentState(row["state"]),
        origin=Origin(row["origin"]),
        visibility=_visibility(row["visibility"]),
        url=row["url"],
        version=row["version"],
        reviewed=_day(row["reviewed"]),
        review_by=_day(row["review_by"]),
        updated_at=row["updated_at"],
        updated_by=row["updated_by"],
    )


@lru_cache(maxsize=1024)
def _visibility(text: str) -> Visibility:
    return visibility_from_json(json.loads(text))


@lru_cache(maxsize=4096)
def _names(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


@lru_cache(maxsize=1024)
def _actions(text: str | None) -> tuple[str, ...]:
    named = json.loads(text) if text else None
    return tuple(action_from_json(one).template for one in named or ())


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None


def versions(connection: Connection, document_id: str) -> list[VersionLine]:
    """The newest first; none for an unknown page and for what is no runbook."""
    table = document_versions
    statement = (
        select(table.c.version, table.c.at, table.c.by)
        .join(documents, documents.c.id == table.c.document_id)
        .where(table.c.document_id == document_id, documents.c.kind == _RUNBOOK)
        .order_by(table.c.version.desc())
    )
    return [
        VersionLine(document_id=document_id, version=number, at=at, by=by)
        for number, at, by in connection.execute(statement)
    ]


def version(connection: Connection, document_id: str, number: int) -> Version | None:
    table = document_versions
    row = connection.execute(
        select(table.c.content, table.c.at, table.c.by).where(
            table.c.document_id == document_id, table.c.version == number
        )
    ).first()
    if row is None:
        return None
    content, at, by = row
    runbook = document_from_row(
        {**content, "version": number, "state": DocumentState.REVIEWED.value}
    )
    if not isinstance(runbook, Runbook):
        return None
    return Version(document_id=document_id, version=number, at=at, by=by, runbook=runbook)
