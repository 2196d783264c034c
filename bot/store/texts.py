"""Texts of incidents, as one thing to be rewritten or emptied."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, and_, delete, or_, select, update

from bot.incidents.model import IncidentState, TimelineKind
from bot.store import tables
from bot.store.console_tables import console_passes, personal_tokens, source_secrets
from bot.store.post_tables import tool_posts
from knowledge.store.statements import chunks
from knowledge.store.tables import document_versions, documents

_PAGE = 200


@dataclass(frozen=True, slots=True)
class _Texts:
    """Where texts stand in a table: columns that are text, and columns that are JSON. `key` is
    the primary key; rows are read by its first column."""

    table: Table
    key: tuple[str, ...]
    columns: tuple[str, ...]
    json: tuple[str, ...] = ()


_WHERE: Mapping[str, _Texts] = {
    "incidents": _Texts(tables.incidents, ("id",), ("title", "owner")),
    "timeline": _Texts(tables.timeline, ("id",), ("text", "actor"), ("data",)),
    "alerts": _Texts(tables.alerts, ("id",), ("summary", "description"), ("labels", "links")),
    "answers": _Texts(tables.suggestions, ("seq",), ("asked_by",), ("content",)),
    "records and proposals": _Texts(
        tables.drafts, ("id",), ("made_by", "decided_by"), ("content",)
    ),
    "words on cases": _Texts(tables.corrections, ("id",), ("actor", "revoked_by")),
    "merges and splits": _Texts(tables.bindings, ("id",), ("actor", "revoked_by")),
    "feedback": _Texts(tables.feedback, ("id",), ("actor",)),
    "messages": _Texts(tables.outbox, ("seq",), (), ("message",)),
    "changes": _Texts(tables.changes, ("key",), ("actor", "summary")),
    "posts": _Texts(tool_posts, ("id",), ("text",)),
    "secrets of sources": _Texts(source_secrets, ("source",), ("changed_by",)),
    "document authors": _Texts(documents, ("id",), ("updated_by",)),
}


class SqlTexts:
    """The Texts port on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rewrite(self, change: Callable[[str], str], *, dry_run: bool) -> Mapping[str, int]:
        counted = {kind: self._rewrite(where, change, dry_run) for kind, where in _WHERE.items()}
        counted["document versions"] = self._rewrite_versions(change, dry_run)
        return counted

    def _rewrite(self, where: _Texts, change: Callable[[str], str], dry_run: bool) -> int:
        first = where.table.c[where.key[0]]
        wanted = [where.table.c[name] for name in (*where.key, *where.columns, *where.json)]
        ids = self._connection.execute(select(first).distinct().order_by(first)).scalars().all()
        changed = 0
        for some in chunks(ids, _PAGE):
            statement = select(*wanted).where(first.in_(some))
            for row in self._connection.execute(statement).mappings().all():
                new = _changed(row, where, change)
                changed += bool(new)
                if new and not dry_run:
                    self._update(where.table, where.key, row, new)
        return changed

    def _rewrite_versions(self, change: Callable[[str], str], dry_run: bool) -> int:
        """What past incidents said before; of pages only who published them."""
        table = document_versions
        incidents = self._connection.execute(
            select(documents.c.id).where(documents.c.kind == "past_incident")
        )
        ours = set(incidents.scalars())
        everywhere = _Texts(table, ("document_id", "version"), ("by",), ("content",))
        ids = self._connection.execute(select(table.c.document_id).distinct()).scalars().all()
        changed = 0
        for some in chunks(sorted(ids), _PAGE):
            statement = select(table).where(table.c.document_id.in_(some))
            for row in self._connection.execute(statement).mappings().all():
                new = _changed(row, everywhere, change)
                if row["document_id"] not in ours:
                    new.pop("content", None)
                elif "content" in new:  # the id is what it is found by
                    new["content"]["id"] = row["content"]["id"]
                changed += bool(new)
                if new and not dry_run:
                    self._update(table, everywhere.key, row, new)
        return changed

    def _update(
        self, table: Table, key: Sequence[str], row: Mapping[Any, Any], new: Mapping[str, Any]
    ) -> None:
        same = and_(*(table.c[name] == row[name] for name in key))
        self._connection.execute(update(table).where(same).values(**new))

    def drop_choices(self, keys: Sequence[str], *, dry_run: bool) -> int:
        if not keys:
            return 0
        own = tables.preferences
        teams = [key.partition("/") for key in keys]
        chosen = and_(
            own.c.scope == "person",
            or_(*(and_(own.c.team_id == team, own.c.subject == user) for team, _, user in teams)),
        )

        def theirs(table: Table) -> Any:
            own = (
                and_(table.c.team_id == team, table.c.user_id == user) for team, _, user in teams
            )
            return or_(*own)

        return sum(
            self._drop(table, condition, dry_run)
            for table, condition in (
                (own, chosen),
                (console_passes, theirs(console_passes)),
                (personal_tokens, theirs(personal_tokens)),
            )
        )

    def _drop(self, table: Table, condition: Any, dry_run: bool) -> int:
        key = next(iter(table.primary_key.columns))
        found = len(self._connection.execute(select(key).where(condition)).all())
        if found and not dry_run:
            self._connection.execute(delete(table).where(condition))
        return found

    def empty_before(self, before: datetime, limit: int) -> int:
        over = [state.value for state in IncidentState if state.is_over]
        incidents, timeline, alerts = tables.incidents, tables.timeline, tables.alerts
        old = and_(incidents.c.state.in_(over), incidents.c.resolved_at < before)
        entries = (
            select(timeline.c.id)
            .join(incidents, incidents.c.id == timeline.c.incident_id)
            .where(old, timeline.c.kind.in_(_WRITTEN), timeline.c.text != "")
            .order_by(timeline.c.id)
            .limit(limit)
        )
        said = (
            select(alerts.c.id)
            .join(incidents, incidents.c.id == alerts.c.incident_id)
            .where(
                old,
                alerts.c.last_seen_at < before,
                or_(alerts.c.summary != "", alerts.c.description != ""),
            )
            .order_by(alerts.c.id)
            .limit(limit)
        )
        emptied = 0
        for table, query, values in (
            (timeline, entries, {"text": "", "actor": "", "data": {}, "source": None}),
            (alerts, said, {"summary": "", "description": ""}),
        ):
            ids = self._connection.execute(query).scalars().all()
            for some in chunks(ids):
                self._connection.execute(update(table).where(table.c.id.in_(some)).values(**values))
            emptied += len(ids)
        return emptied


_WRITTEN = [TimelineKind.NOTE.value, TimelineKind.EVIDENCE.value, TimelineKind.FEEDBACK.value]


def _changed(row: Mapping[Any, Any], where: _Texts, change: Callable[[str], str]) -> dict[str, Any]:
    """The columns that `change` makes differ, with their new values."""
    new: dict[str, Any] = {}
    for name in where.columns:
        text = row[name]
        if text and (other := change(text)) != text:
            new[name] = other
    for name in where.json:
        value = row[name]
        if (other := _walk(value, change)) != value:
            new[name] = other
    return new


def _walk(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_walk(item, change) for item in value]
    if isinstance(value, dict):
        return {key: _walk(item, change) for key, item in value.items()}
    return value
