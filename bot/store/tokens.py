"""Personal tokens, by the hash of their secret."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, Select, and_, false, insert, or_, select, update

from bot.people.model import Actor
from bot.people.tokens import PersonalToken
from bot.store.console_tables import personal_tokens


class SqlTokens:
    """The TokenRepository port on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, digest: str, token: PersonalToken) -> PersonalToken:
        statement = (
            insert(personal_tokens)
            .values(
                digest=digest,
                team_id=token.actor.team_id,
                user_id=token.actor.user_id,
                name=token.name,
                label=token.label,
                made_by=token.made_by,
                made_at=token.made_at,
                expires_at=token.expires_at,
                last_used_at=token.last_used_at,
                revoked_at=token.revoked_at,
                revoked_by=token.revoked_by,
            )
            .returning(personal_tokens)
        )
        return _token(self._connection.execute(statement).mappings().one())

    def find(self, digest: str) -> PersonalToken | None:
        return self._first(select(personal_tokens).where(personal_tokens.c.digest == digest))

    def get(self, token_id: int) -> PersonalToken | None:
        return self._first(select(personal_tokens).where(personal_tokens.c.id == token_id))

    def of(self, actors: Collection[str]) -> Sequence[PersonalToken]:
        columns = personal_tokens.c
        pairs = [one.partition("/") for one in actors]
        theirs = (and_(columns.team_id == team, columns.user_id == user) for team, _, user in pairs)
        statement = select(personal_tokens).where(or_(false(), *theirs)).order_by(columns.id.desc())
        return [_token(row) for row in self._connection.execute(statement).mappings()]

    def newest(self, limit: int) -> Sequence[PersonalToken]:
        statement = select(personal_tokens).order_by(personal_tokens.c.id.desc()).limit(limit)
        return [_token(row) for row in self._connection.execute(statement).mappings()]

    def used(self, token_id: int, now: datetime) -> None:
        table = personal_tokens
        self._connection.execute(
            update(table).where(table.c.id == token_id).values(last_used_at=now)
        )

    def revoke(self, token_id: int, by: str, now: datetime) -> bool:
        table = personal_tokens
        statement = (
            update(table)
            .where(table.c.id == token_id, table.c.revoked_at.is_(None))
            .values(revoked_at=now, revoked_by=by)
            .returning(table.c.id)
        )
        return self._connection.execute(statement).first() is not None

    def _first(self, statement: "Select[tuple[object, ...]]") -> PersonalToken | None:
        row = self._connection.execute(statement).mappings().first()
        return None if row is None else _token(row)


def _token(row: RowMapping) -> PersonalToken:
    return PersonalToken(
        id=row["id"],
        actor=Actor(team_id=row["team_id"], user_id=row["user_id"]),
        name=row["name"],
        label=row["label"],
        made_by=row["made_by"],
        made_at=row["made_at"],
        expires_at=row["expires_at"],
        last_used_at=row["last_used_at"],
        revoked_at=row["revoked_at"],
        revoked_by=row["revoked_by"],
    )
