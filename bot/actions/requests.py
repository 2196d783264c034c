"""Asking for an action: filled in, frozen, decided on, and put in front of those who approve."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.actions.book import ActionBook, change, note
from bot.actions.frozen import Frozen, freeze
from bot.actions.model import CHAT, ActionRequest, Phase, RequestState
from bot.actions.parameters import WrongValues
from bot.actions.policy import Decision, Deed, Deny, NeedsApprovals, Principal, decide
from bot.actions.template import ActionTemplate
from bot.chat.ports import Destination
from bot.clock import Clock
from bot.incidents.model import Incident
from bot.uow import UnitOfWork, UnitOfWorkFactory


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants to have run. `at` is where it is asked, and where its message goes;
    `is_shared` whether that place is shared with another organisation. `replaces` is the id of
    the request that this is another try of, after changes were asked for; `via` is how it is asked
    (CHAT or TOKEN), and `by_token` the key of the token then."""

    by: Principal
    at: Destination
    template_id: str
    values: Mapping[str, str]
    incident: Incident | None
    is_shared: bool = False
    reason: str = ""
    rollback_of: int | None = None
    replaces: int | None = None
    via: str = CHAT
    by_token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a wish. `problems` are by parameter, "" for what no one of them is to blame;
    `refused` is why it is not allowed; else `frozen` is what would run and `missing` how many
    approvals it needs, `record` how it did before. `request` is there once it was made."""

    problems: Mapping[str, str] = field(default_factory=dict)
    refused: str = ""
    frozen: Frozen | None = None
    missing: int = 0
    record: str = ""
    request: ActionRequest | None = None


class Requests:
    """The use case behind `/recall act`: `preview` changes nothing, `make` asks for it."""

    def __init__(self, units: UnitOfWorkFactory, book: ActionBook, clock: Clock) -> None:
        self.units = units
        self.book = book
        self.clock = clock

    def preview(self, wish: Wish) -> Answer:
        """What would run, or why it would not."""
        now = self.clock.now()
        with self.units.read() as uow:
            answer, template = self._decide(uow, wish, now)
            if answer.frozen is None or template is None:
                return answer
            record = self.book.record(uow, template, wish.incident, now)
        return replace(answer, record=record.said) if record is not None else answer

    def make(self, wish: Wish, *, seen: str | None = None) -> Answer:
        """Ask for it; a denial is on the audit record as well. `seen` is the hash that was shown
        to whoever confirms; something else is then not asked for."""
        now = self.clock.now()
        with self.units.begin() as uow:
            return self.make_within(uow, wish, now, seen=seen)

    def make_within(
        self, uow: UnitOfWork, wish: Wish, now: datetime, *, seen: str | None = None
    ) -> Answer:
        """As `make`, in the transaction of whoever calls."""
        answer, template = self._decide(uow, wish, now)
        if answer.frozen is None or template is None:
            self._note_denial(uow, wish, answer, now)
            return answer
        if seen is not None and seen != answer.frozen.digest:
            changed = Answer(refused="it was changed since you saw it; begin again")
            self._note_denial(uow, wish, changed, now)
            return changed
        old = uow.actions.hold(wish.replaces) if wish.replaces is not None else None
        if wish.replaces is not None and (old is None or not self._may_replace(old, wish)):
            late = Answer(refused="what it was to replace does not wait for changes any more")
            self._note_denial(uow, wish, late, now)
            return late
        state = RequestState.AWAITING_APPROVAL if answer.missing else RequestState.APPROVED
        if answer.frozen.dry_run is not None:
            state = RequestState.PROPOSED
        request = uow.actions.add(
            ActionRequest(
                id=0,
                team_id=wish.at.team_id,
                channel=wish.at.channel,
                thread=wish.at.thread,
                incident_id=wish.incident.id if wish.incident is not None else None,
                frozen=answer.frozen,
                digest=answer.frozen.digest,
                requested_by=wish.by.key,
                requester_role=wish.by.role,
                reason=wish.reason[:400],
                state=state,
                phase=Phase.NONE,
                created_at=now,
                expires_at=now + template.expires_after,
                rollback_of=old.rollback_of if old is not None else wish.rollback_of,
                via=wish.via,
            )
        )
        if old is not None:
            self._replace(uow, old, request, now)
        data = {
            "parameters": answer.frozen.parameters,
            "targets": list(answer.frozen.targets),
            **_way(wish),
        }
        note(uow, request, actor=wish.by.key, action="action.requested", now=now, data=data)
        if state is not RequestState.PROPOSED:
            # Before the dry run nobody is asked: the first word is the one that is heard.
            self.book.show(uow, request, now)
        return Answer(frozen=answer.frozen, missing=answer.missing, request=request)

    def _may_replace(self, old: ActionRequest, wish: Wish) -> bool:
        """Only whoever asked for it asks anew, for the same template and incident."""
        same_incident = old.incident_id == (wish.incident.id if wish.incident else None)
        return (
            old.state is RequestState.CHANGES_ASKED
            and self.book.same.person_of_key(old.requested_by) == wish.by.person
            and old.frozen.template_id == wish.template_id
            and same_incident
        )

    def _replace(
        self, uow: UnitOfWork, old: ActionRequest, new: ActionRequest, now: datetime
    ) -> None:
        """What was asked for before is over: its approvals stay on its own record."""
        moved = change(
            uow,
            old,
            RequestState.WITHDRAWN,
            actor=new.requested_by,
            action="action.replaced",
            now=now,
            data={"by": new.key},
            note=f"replaced by {new.key}",
        )
        if moved is not None:
            self.book.show(uow, moved, now)

    def _decide(
        self, uow: UnitOfWork, wish: Wish, now: datetime
    ) -> tuple[Answer, ActionTemplate | None]:
        wish = replace(wish, by=self.book.in_groups(uow, wish.by, now))
        template = self.book.catalogue.templates.get(wish.template_id)
        if template is None:
            return Answer(refused=f"there is no action called {wish.template_id}"), None
        needs_incident = template.verification is not None and template.verification.alert_resolved
        if needs_incident and wish.incident is None:
            told = "say for which incident: it is verified by that incident's alerts"
            return Answer(refused=told), template
        try:
            frozen = freeze(
                self.book.catalogue,
                template,
                wish.values,
                self.book.known,
                environment=wish.incident.environment if wish.incident is not None else None,
                incident_key=wish.incident.key if wish.incident is not None else "",
            )
        except WrongValues as error:
            return Answer(problems=error.problems), template
        asked = self.book.asked(
            uow,
            Deed.REQUEST,
            template,
            frozen,
            wish.by,
            now,
            seen=frozen.digest,
            channel=wish.at.channel_key,
            is_shared=wish.is_shared,
        )
        return _answer(decide(wish.by, asked, (), now), frozen), template

    def _note_denial(self, uow: UnitOfWork, wish: Wish, answer: Answer, now: datetime) -> None:
        uow.audit.append(
            at=now,
            actor=wish.by.key,
            action="action.denied",
            subject=wish.template_id[:60],
            data={
                "deed": Deed.REQUEST.value,
                "reason": answer.refused or "parameters that cannot be taken",
                "parameters": sorted(answer.problems),
                "channel": wish.at.channel_key,
                **_way(wish),
            },
        )


def _way(wish: Wish) -> dict[str, str]:
    """How it was asked, for the record; nothing where it was by a person in the chat."""
    return {} if wish.via == CHAT else {"via": wish.via, "token": wish.by_token}


def _answer(said: Decision, frozen: Frozen) -> Answer:
    match said:
        case Deny(why):
            return Answer(refused=why.said)
        case NeedsApprovals(missing):
            return Answer(frozen=frozen, missing=missing)
        case _:
            return Answer(frozen=frozen)
