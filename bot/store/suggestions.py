"""Suggestions with their receipts, the buttons under them, and what people said of them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    RowMapping,
    and_,
    insert,
    or_,
    select,
    type_coerce,
)

from bot.store import tables
from bot.store.citation_tables import cited_pages
from bot.suggestions.model import Suggestion
from bot.suggestions.ports import ButtonToken, Feedback, Outcome, StoredSuggestion, Use
from knowledge.store.statements import chunks, insert_into


def _stored(row: RowMapping) -> StoredSuggestion:
    created_at: datetime = row["created_at"]
    return StoredSuggestion(
        suggestion=Suggestion.model_validate(row["content"]),
        incident_id=row["incident_id"],
        asked_by=row["asked_by"],
        created_at=created_at,
    )


class SqlSuggestions:
    """The SuggestionRepository port on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, stored: StoredSuggestion) -> None:
        self._connection.execute(
            insert(tables.suggestions).values(
                id=stored.suggestion.id,
                incident_id=stored.incident_id,
                asked_by=stored.asked_by,
                content=stored.suggestion.model_dump(mode="json"),
                created_at=stored.created_at,
            )
        )
        cited = dict.fromkeys(
            passage.document_id for passage in stored.suggestion.passages if not passage.generic
        )
        if cited:
            self._connection.execute(
                insert(cited_pages),
                [
                    {
                        "document_id": page,
                        "suggestion_id": stored.suggestion.id,
                        "incident_id": stored.incident_id,
                        "at": stored.created_at,
                    }
                    for page in cited
                ],
            )

    def get(self, suggestion_id: str) -> StoredSuggestion | None:
        statement = select(tables.suggestions).where(tables.suggestions.c.id == suggestion_id)
        row = self._connection.execute(statement).mappings().first()
        return None if row is None else _stored(row)

    def latest_of(self, incident_id: int) -> StoredSuggestion | None:
        statement = (
            select(tables.suggestions)
            .where(tables.suggestions.c.incident_id == incident_id)
            .order_by(tables.suggestions.c.seq.desc())
            .limit(1)
        )
        row = self._connection.execute(statement).mappings().first()
        return None if row is None else _stored(row)

    def list(self, limit: int) -> Sequence[StoredSuggestion]:
        statement = (
            select(tables.suggestions).order_by(tables.suggestions.c.seq.desc()).limit(limit)
        )
        return [_stored(row) for row in self._connection.execute(statement).mappings()]

    def add_buttons(self, buttons: Sequence[ButtonToken]) -> None:
        if not buttons:
            return
        rows = [
            {
                "token": each.token,
                "team_id": each.team_id,
                "action": each.action,
                "suggestion_id": each.suggestion_id,
                "incident_id": each.incident_id,
                "past_incident_id": each.past_incident_id,
                "message_key": each.message_key,
                "created_at": each.created_at,
            }
            for each in buttons
        ]
        self._connection.execute(insert(tables.buttons), rows)

    def button(self, token: str) -> ButtonToken | None:
        statement = select(tables.buttons).where(tables.buttons.c.token == token)
        row = self._connection.execute(statement).mappings().first()
        return None if row is None else ButtonToken(**row)

    def record_feedback(self, feedback: Feedback) -> bool:
        statement = insert_into(self._connection, tables.feedback).values(
            team_id=feedback.team_id,
            actor=feedback.actor,
            suggestion_id=feedback.suggestion_id,
            incident_id=feedback.incident_id,
            verdict=feedback.verdict,
            past_incident_id=feedback.past_incident_id,
            at=feedback.at,
        )
        new = statement.excluded
        changed = self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[
                    tables.feedback.c.suggestion_id,
                    tables.feedback.c.team_id,
                    tables.feedback.c.actor,
                ],
                set_={
                    "incident_id": new.incident_id,
                    "verdict": new.verdict,
                    "past_incident_id": new.past_incident_id,
                    "at": new.at,
                },
                where=or_(
                    tables.feedback.c.verdict != new.verdict,
                    tables.feedback.c.past_incident_id.is_distinct_from(new.past_incident_id),
                ),
            ).returning(tables.feedback.c.id)
        )
        return changed.first() is not None

    def outcomes_since(
        self, at: datetime, limit: int = 5_000, until: datetime | None = None
    ) -> Sequence[Outcome]:
        table = tables.suggestions
        # Receipts are long: only what is asked for leaves the database.
        content = type_coerce(table.c.content, JSON)
        statement = (
            select(
                table.c.id,
                table.c.incident_id,
                table.c.created_at,
                content["answered"].label("answered"),
                content["passages"].label("passages"),
            )
            .where(table.c.created_at >= at)
            .order_by(table.c.seq.desc())
            .limit(limit)
        )
        if until is not None:
            statement = statement.where(table.c.created_at < until)
        return [
            Outcome(
                suggestion_id=row["id"],
                incident_id=row["incident_id"],
                at=row["created_at"],
                answered=bool(row["answered"]),
                runbooks=tuple(
                    dict.fromkeys(
                        str(passage["document_id"])
                        for passage in row["passages"] or ()
                        if not passage["generic"]
                    )
                ),
            )
            for row in self._connection.execute(statement).mappings()
        ]

    def uses_of(self, document_id: str, since: datetime, limit: int) -> Sequence[Use]:
        table = cited_pages
        statement = (
            select(table.c.suggestion_id, table.c.incident_id, table.c.at)
            .where(table.c.document_id == document_id, table.c.at >= since)
            .order_by(table.c.at.desc(), table.c.suggestion_id)
            .limit(limit)
        )
        return [
            Use(suggestion_id=row[0], incident_id=row[1], at=row[2])
            for row in self._connection.execute(statement)
        ]

    def feedback_on(self, suggestion_id: str) -> Sequence[Feedback]:
        """Oldest word first."""
        return self._feedback(tables.feedback.c.suggestion_id == suggestion_id)

    def feedback_on_incidents(self, incident_ids: Sequence[int]) -> Sequence[Feedback]:
        found = [
            word
            for some in chunks(sorted(incident_ids))
            for word in self._feedback(tables.feedback.c.incident_id.in_(some))
        ]
        return sorted(found, key=lambda word: word.at)

    def feedback_since(self, at: datetime, until: datetime | None = None) -> Sequence[Feedback]:
        said_at = tables.feedback.c.at
        since = said_at >= at
        return self._feedback(since if until is None else and_(since, said_at < until))

    def _feedback(self, condition: ColumnElement[bool]) -> Sequence[Feedback]:
        statement = (
            select(tables.feedback)
            .where(condition)
            .order_by(tables.feedback.c.at, tables.feedback.c.id)
        )
        return [
            Feedback(
                team_id=row["team_id"],
                actor=row["actor"],
                suggestion_id=row["suggestion_id"],
                incident_id=row["incident_id"],
                verdict=row["verdict"],
                past_incident_id=row["past_incident_id"],
                at=row["at"],
            )
            for row in self._connection.execute(statement).mappings()
        ]
