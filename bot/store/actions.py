"""Action requests, approvals and executions. Every change of state is a compare-and-set."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from bot.actions.frozen import Frozen
from bot.actions.model import (
    ActionButton,
    ActionRequest,
    Approval,
    Execution,
    Phase,
    RequestState,
    Switch,
)
from bot.actions.track import Ran
from bot.people.model import Role
from bot.store import action_tables, tables
from bot.store.locks import Lock
from knowledge.store.statements import chunks, insert_into, lock_until_commit

_SWITCH = {"scope": "actions", "team_id": "", "subject": "switch"}
_PLAIN = (
    "requested_by",
    "reason",
    "team_id",
    "channel",
    "thread",
    "incident_id",
    "rollback_of",
    "via",
)


class SqlActions:
    """The ActionRepository port on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # -- requests -------------------------------------------------------------------------

    def add(self, request: ActionRequest) -> ActionRequest:
        table = action_tables.action_requests
        values: dict[str, Any] = {name: getattr(request, name) for name in _PLAIN}
        values |= {
            "template_id": request.frozen.template_id,
            "targets": list(request.frozen.targets),
            "frozen": request.frozen.model_dump(mode="json"),
            "digest": request.digest,
            "requester_role": request.requester_role.value,
            "state": request.state.value,
            "phase": request.phase.value,
            "note": request.note,
            "cancel_asked": False,
            "created_at": request.created_at,
            "expires_at": request.expires_at,
        }
        made = self._connection.execute(insert(table).values(**values).returning(table))
        return _request(made.mappings().one())

    def get(self, request_id: int) -> ActionRequest | None:
        table = action_tables.action_requests
        row = self._connection.execute(select(table).where(table.c.id == request_id))
        found = row.mappings().first()
        return None if found is None else _request(found)

    def hold(self, request_id: int) -> ActionRequest | None:
        table = action_tables.action_requests
        statement = select(table).where(table.c.id == request_id).with_for_update()
        found = self._connection.execute(statement).mappings().first()
        return None if found is None else _request(found)

    def move(
        self, request: ActionRequest, to: RequestState, **changes: Any
    ) -> ActionRequest | None:
        table = action_tables.action_requests
        if isinstance(changes.get("phase"), Phase):
            changes["phase"] = changes["phase"].value
        statement = (
            update(table)
            .where(
                table.c.id == request.id,
                table.c.state == request.state.value,
                table.c.phase == request.phase.value,
                table.c.holder.is_not_distinct_from(request.holder),
            )
            .values(state=to.value, **changes)
            .returning(table)
        )
        row = self._connection.execute(statement).mappings().first()
        return None if row is None else _request(row)

    def renew(self, request_id: int, holder: str, leased_until: datetime) -> bool | None:
        table = action_tables.action_requests
        statement = (
            update(table)
            .where(
                table.c.id == request_id,
                table.c.holder == holder,
                table.c.leased_until.is_not(None),
            )
            .values(leased_until=leased_until)
            .returning(table.c.cancel_asked)
        )
        row = self._connection.execute(statement).first()
        return None if row is None else bool(row[0])

    def ask_to_cancel(self, request_id: int) -> bool:
        table = action_tables.action_requests
        statement = (
            update(table)
            .where(table.c.id == request_id, table.c.state == RequestState.RUNNING.value)
            .values(cancel_asked=True)
            .returning(table.c.id)
        )
        return self._connection.execute(statement).first() is not None

    def newest(self, limit: int) -> Sequence[ActionRequest]:
        table = action_tables.action_requests
        statement = select(table).order_by(table.c.id.desc()).limit(limit)
        return [_request(row) for row in self._connection.execute(statement).mappings()]

    def of_incident(self, incident_id: int, limit: int = 100) -> Sequence[ActionRequest]:
        table = action_tables.action_requests
        statement = (
            select(table)
            .where(table.c.incident_id == incident_id)
            .order_by(table.c.id.desc())
            .limit(limit)
        )
        return [_request(row) for row in self._connection.execute(statement).mappings()]

    def in_states(
        self, states: Collection[RequestState], limit: int = 100
    ) -> Sequence[ActionRequest]:
        table = action_tables.action_requests
        statement = (
            select(table)
            .where(table.c.state.in_([state.value for state in states]))
            .order_by(table.c.id)
            .limit(limit)
        )
        return [_request(row) for row in self._connection.execute(statement).mappings()]

    def lock_claims(self) -> None:
        lock_until_commit(self._connection, Lock.ACTION_CLAIM)

    def last_run_at(
        self, template_id: str, targets: Collection[str], but: int = 0
    ) -> datetime | None:
        table = action_tables.action_requests
        statement = (
            select(table.c.targets, table.c.started_at)
            .where(table.c.template_id == template_id, table.c.started_at.is_not(None))
            .where(table.c.id != but)
            .order_by(table.c.started_at.desc())
            .limit(1_000)
        )
        for concerned, at in self._connection.execute(statement):
            if not targets or set(concerned) & set(targets):
                return at  # type: ignore[no-any-return]
        return None

    def runs_since(self, template_id: str, since: datetime, but: int = 0) -> int:
        table = action_tables.action_requests
        statement = select(func.count()).where(
            table.c.template_id == template_id, table.c.started_at >= since, table.c.id != but
        )
        return self._connection.execute(statement).scalar_one()

    def ran_in(self, incident_ids: Collection[int]) -> Sequence[Ran]:
        table, runs = action_tables.action_requests, action_tables.executions
        found: dict[int, Ran] = {}
        for some in chunks(sorted(set(incident_ids))):
            statement = (
                select(
                    table.c.id,
                    table.c.incident_id,
                    table.c.template_id,
                    func.coalesce(table.c.ran_at, runs.c.started_at).label("at"),
                    runs.c.outcome,
                )
                .join(runs, runs.c.request_id == table.c.id)
                .where(
                    table.c.incident_id.in_(some), runs.c.kind == "run", runs.c.outcome != "refused"
                )
                .order_by(table.c.id, runs.c.id)
            )
            for row in self._connection.execute(statement).mappings():
                # The last attempt speaks for the request.
                found[row["id"]] = Ran(
                    incident_id=row["incident_id"],
                    template_id=row["template_id"],
                    at=row["at"],
                    failed=row["outcome"] not in ("", "ok", "unknown"),
                )
        return list(found.values())

    # -- approvals ------------------------------------------------------------------------

    def approve(self, approval: Approval) -> bool:
        table = action_tables.approvals
        statement = (
            insert_into(self._connection, table)
            .values(
                request_id=approval.request_id,
                actor=approval.actor,
                person=approval.person,
                role=approval.role.value,
                word=approval.word,
                digest=approval.digest,
                at=approval.at,
                via=approval.via,
            )
            .on_conflict_do_nothing(index_elements=[table.c.request_id, table.c.person])
            .returning(table.c.id)
        )
        return self._connection.execute(statement).first() is not None

    def approvals(self, request_id: int) -> Sequence[Approval]:
        table = action_tables.approvals
        statement = select(table).where(table.c.request_id == request_id).order_by(table.c.id)
        return [
            Approval(
                request_id=row["request_id"],
                actor=row["actor"],
                person=row["person"],
                role=Role(row["role"]),
                word=row["word"],
                digest=row["digest"],
                at=row["at"],
                via=row["via"],
            )
            for row in self._connection.execute(statement).mappings()
        ]

    # -- executions -----------------------------------------------------------------------

    def start(
        self, request_id: int, kind: str, attempt: int, runner: str, now: datetime
    ) -> Execution | None:
        table = action_tables.executions
        statement = (
            insert_into(self._connection, table)
            .values(
                request_id=request_id,
                kind=kind,
                attempt=attempt,
                runner=runner,
                started_at=now,
                outcome="",
                output="",
                output_digest="",
            )
            .on_conflict_do_nothing(
                index_elements=[table.c.request_id, table.c.kind, table.c.attempt]
            )
            .returning(table)
        )
        row = self._connection.execute(statement).mappings().first()
        return None if row is None else Execution(**row)

    def finish(
        self,
        execution_id: int,
        *,
        outcome: str,
        exit_code: int | None,
        output: str,
        output_digest: str,
        now: datetime,
    ) -> None:
        table = action_tables.executions
        self._connection.execute(
            update(table)
            .where(table.c.id == execution_id)
            .values(
                outcome=outcome,
                exit_code=exit_code,
                output=output,
                output_digest=output_digest,
                ended_at=now,
            )
        )

    def print(self, execution_id: int, output: str) -> None:
        table = action_tables.executions
        self._connection.execute(
            update(table).where(table.c.id == execution_id).values(output=output)
        )

    def executions(self, request_id: int) -> Sequence[Execution]:
        table = action_tables.executions
        statement = select(table).where(table.c.request_id == request_id).order_by(table.c.id)
        return [Execution(**row) for row in self._connection.execute(statement).mappings()]

    # -- buttons and the switch -------------------------------------------------------------

    def keep_buttons(self, buttons: Sequence[ActionButton]) -> None:
        for one in buttons:
            self._connection.execute(
                insert(action_tables.action_buttons).values(
                    token=one.token,
                    team_id=one.team_id,
                    action=one.action,
                    request_id=one.request_id,
                    digest=one.digest,
                    content=one.content,
                    created_at=one.created_at,
                )
            )

    def buttons(self, request_id: int) -> Sequence[ActionButton]:
        table = action_tables.action_buttons
        statement = select(table).where(table.c.request_id == request_id)
        return [ActionButton(**row) for row in self._connection.execute(statement).mappings()]

    def button(self, token: str) -> ActionButton | None:
        table = action_tables.action_buttons
        found = self._connection.execute(select(table).where(table.c.token == token))
        row = found.mappings().first()
        return None if row is None else ActionButton(**row)

    def switch(self) -> Switch:
        table = tables.preferences
        statement = select(table.c.content).filter_by(**_SWITCH)
        content = self._connection.execute(statement).scalar_one_or_none()
        return Switch(**content) if content else Switch()

    def set_switch(self, switch: Switch, now: datetime) -> None:
        table = tables.preferences
        content = {"stopped": switch.stopped, "by": switch.by, "reason": switch.reason}
        changed = {"content": content, "changed_at": now, "changed_by": switch.by}
        statement = insert_into(self._connection, table).values(**_SWITCH, **changed)
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[table.c.scope, table.c.team_id, table.c.subject],
                set_={name: statement.excluded[name] for name in changed},
            )
        )


def _request(row: RowMapping) -> ActionRequest:
    return ActionRequest(
        **{name: row[name] for name in _PLAIN},
        id=row["id"],
        frozen=Frozen.model_validate(row["frozen"]),
        digest=row["digest"],
        requester_role=Role(row["requester_role"]),
        state=RequestState(row["state"]),
        phase=Phase(row["phase"]),
        note=row["note"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        holder=row["holder"],
        leased_until=row["leased_until"],
        started_at=row["started_at"],
        ran_at=row["ran_at"],
        holds_since=row["holds_since"],
        cancel_asked=row["cancel_asked"],
        broken_by=row["broken_by"],
        broken_digest=row["broken_digest"],
    )
