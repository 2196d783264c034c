"""What channels and people chose, where incidents are spoken of, and posts of other apps."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, select, update

from bot.alerts.model import AlertStatus
from bot.channels.model import ChannelSettings, PersonSettings, Placement, ToolPost
from bot.store import post_tables, tables
from knowledge.store.statements import insert_into

_CHANNEL, _PERSON = "channel", "person"


class SqlPreferences:
    """The Preferences port on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def channel(self, team_id: str, channel: str) -> ChannelSettings:
        content = self._content(_CHANNEL, team_id, channel)
        return ChannelSettings() if content is None else ChannelSettings.model_validate(content)

    def channels(self, team_id: str) -> Mapping[str, ChannelSettings]:
        table = tables.preferences
        statement = (
            select(table.c.subject, table.c.content)
            .where(table.c.scope == _CHANNEL, table.c.team_id == team_id)
            .order_by(table.c.subject)
        )
        return {
            row["subject"]: ChannelSettings.model_validate(row["content"])
            for row in self._connection.execute(statement).mappings()
        }

    def everywhere(self) -> Mapping[tuple[str, str], ChannelSettings]:
        table = tables.preferences
        statement = (
            select(table.c.team_id, table.c.subject, table.c.content)
            .where(table.c.scope == _CHANNEL)
            .order_by(table.c.team_id, table.c.subject)
        )
        return {
            (row["team_id"], row["subject"]): ChannelSettings.model_validate(row["content"])
            for row in self._connection.execute(statement).mappings()
        }

    def person(self, team_id: str, user_id: str) -> PersonSettings:
        content = self._content(_PERSON, team_id, user_id)
        return PersonSettings() if content is None else PersonSettings.model_validate(content)

    def save_channel(
        self, team_id: str, channel: str, settings: ChannelSettings, *, actor: str, now: datetime
    ) -> None:
        content = settings.model_dump(mode="json")
        self._save(_CHANNEL, team_id, channel, content, actor, now)

    def save_person(
        self, team_id: str, user_id: str, settings: PersonSettings, *, actor: str, now: datetime
    ) -> None:
        self._save(_PERSON, team_id, user_id, settings.model_dump(mode="json"), actor, now)

    def _content(self, scope: str, team_id: str, subject: str) -> Any:
        table = tables.preferences
        statement = select(table.c.content).where(
            table.c.scope == scope, table.c.team_id == team_id, table.c.subject == subject
        )
        return self._connection.execute(statement).scalar_one_or_none()

    def _save(
        self, scope: str, team_id: str, subject: str, content: Any, actor: str, now: datetime
    ) -> None:
        table = tables.preferences
        changed = {"content": content, "changed_at": now, "changed_by": actor}
        statement = insert_into(self._connection, table).values(
            scope=scope, team_id=team_id, subject=subject, **changed
        )
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[table.c.scope, table.c.team_id, table.c.subject],
                set_={name: statement.excluded[name] for name in changed},
            )
        )


class SqlPlacements:
    """The Placements port on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def place(self, placement: Placement) -> None:
        table = tables.placements
        statement = insert_into(self._connection, table).values(
            **{**placement.model_dump(), "mode": placement.mode.value}
        )
        self._connection.execute(
            statement.on_conflict_do_nothing(index_elements=[table.c.incident_id])
        )

    def of(self, incident_id: int) -> Placement | None:
        table = tables.placements
        statement = select(table).where(table.c.incident_id == incident_id)
        row = self._connection.execute(statement).mappings().first()
        return None if row is None else Placement.model_validate(dict(row))

    def since(self, team_id: str, channel: str, at: datetime) -> Sequence[Placement]:
        table = tables.placements
        return self._since(at, table.c.team_id == team_id, table.c.channel == channel)

    def everywhere_since(self, at: datetime) -> Sequence[Placement]:
        return self._since(at)

    def _since(self, at: datetime, *where: ColumnElement[bool]) -> Sequence[Placement]:
        table = tables.placements
        statement = (
            select(table).where(table.c.at >= at, *where).order_by(table.c.at, table.c.incident_id)
        )
        rows = self._connection.execute(statement).mappings()
        return [Placement.model_validate(dict(row)) for row in rows]

    def dedicate(self, team_id: str, channel: str, incident_id: int, now: datetime) -> None:
        table = tables.incident_channels
        statement = insert_into(self._connection, table).values(
            team_id=team_id, channel=channel, incident_id=incident_id, at=now
        )
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[table.c.team_id, table.c.channel],
                set_={
                    "incident_id": statement.excluded.incident_id,
                    "at": statement.excluded.at,
                    "closed_at": None,
                },
            )
        )

    def incident_of(self, team_id: str, channel: str) -> int | None:
        table = tables.incident_channels
        statement = select(table.c.incident_id).where(
            table.c.team_id == team_id, table.c.channel == channel, table.c.closed_at.is_(None)
        )
        return self._connection.execute(statement).scalar_one_or_none()

    def channel_of(self, incident_id: int) -> tuple[str, str] | None:
        return next(iter(self.channels_of(incident_id)), None)

    def channels_of(self, incident_id: int) -> Sequence[tuple[str, str]]:
        table = tables.incident_channels
        statement = (
            select(table.c.team_id, table.c.channel)
            .where(table.c.incident_id == incident_id, table.c.closed_at.is_(None))
            .order_by(table.c.at.desc(), table.c.channel)
        )
        return [(row[0], row[1]) for row in self._connection.execute(statement)]

    def close(self, team_id: str, channel: str, now: datetime) -> bool:
        return self._set_closed(team_id, channel, now)

    def reopen(self, team_id: str, channel: str) -> bool:
        return self._set_closed(team_id, channel, None)

    def is_closed(self, team_id: str, channel: str) -> bool:
        table = tables.incident_channels
        statement = select(table.c.closed_at).where(
            table.c.team_id == team_id, table.c.channel == channel
        )
        return self._connection.execute(statement).scalar_one_or_none() is not None

    def _set_closed(self, team_id: str, channel: str, at: datetime | None) -> bool:
        table = tables.incident_channels
        was_so = table.c.closed_at.is_not(None) if at is None else table.c.closed_at.is_(None)
        changed = self._connection.execute(
            update(table)
            .where(table.c.team_id == team_id, table.c.channel == channel, was_so)
            .values(closed_at=at)
            .returning(table.c.channel)
        )
        return changed.first() is not None

    def add_post(self, post: ToolPost) -> bool:
        table = post_tables.tool_posts
        statement = insert_into(self._connection, table).values(**post.model_dump())
        changed = self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[table.c.team_id, table.c.channel, table.c.ts],
                set_={"text": statement.excluded.text},
                where=table.c.text != statement.excluded.text,
            ).returning(table.c.id)
        )
        return changed.first() is not None

    def posts(self, team_id: str, channel: str, since: datetime) -> Sequence[ToolPost]:
        table = post_tables.tool_posts
        statement = (
            select(table.c.team_id, table.c.channel, table.c.ts, table.c.text, table.c.at)
            .where(table.c.team_id == team_id, table.c.channel == channel, table.c.at >= since)
            .order_by(table.c.at.desc(), table.c.ts.desc())
        )
        rows = self._connection.execute(statement).mappings()
        return [ToolPost.model_validate(dict(row)) for row in rows]

    def told(self, team_id: str, channel: str, ts: str) -> dict[str, AlertStatus]:
        table = post_tables.post_alerts
        statement = select(table.c.fingerprint, table.c.status).where(
            table.c.team_id == team_id, table.c.channel == channel, table.c.ts == ts
        )
        return {row[0]: AlertStatus(row[1]) for row in self._connection.execute(statement)}

    def keep_told(
        self, team_id: str, channel: str, ts: str, told: Mapping[str, AlertStatus], at: datetime
    ) -> None:
        if not told:
            return
        table = post_tables.post_alerts
        rows = [
            {
                **{"team_id": team_id, "channel": channel, "ts": ts, "at": at},
                **{"fingerprint": fingerprint, "status": status.value},
            }
            for fingerprint, status in sorted(told.items())
        ]
        statement = insert_into(self._connection, table)
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[table.c.team_id, table.c.channel, table.c.ts, table.c.fingerprint],
                set_={"status": statement.excluded.status},
            ),
            rows,
        )

    def heard_in(self, incident_id: int) -> Sequence[tuple[str, str]]:
        posts, alerts = post_tables.post_alerts, tables.alerts
        statement = (
            select(posts.c.team_id, posts.c.channel)
            .join(alerts, alerts.c.fingerprint == posts.c.fingerprint)
            .where(alerts.c.incident_id == incident_id)
            .order_by(posts.c.at, posts.c.ts)
        )
        found = [(row[0], row[1]) for row in self._connection.execute(statement)]
        return list(dict.fromkeys(found))

    def purge_posts(self, before: datetime) -> int:
        told = post_tables.post_alerts
        self._connection.execute(delete(told).where(told.c.at < before))
        table = post_tables.tool_posts
        return self._connection.execute(delete(table).where(table.c.at < before)).rowcount
