"""What every use case of actions works with: the catalogue, who people are, and the one way in
which a request changes."""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.actions import notices
from bot.actions.cards import build_action_card, buttons_of
from bot.actions.catalogue import ActionCatalogue
from bot.actions.frozen import Frozen
from bot.actions.model import ActionRequest, RequestState
from bot.actions.parameters import Known
from bot.actions.policy import (
    Approved,
    Asked,
    Deed,
    NeedsApprovals,
    Principal,
    decide,
    may,
)
from bot.actions.template import ActionTemplate
from bot.actions.track import LOOKED_BACK, WITHIN, TrackRecord, track_record
from bot.alerts.family import family_of
from bot.chat.messages import ActionCard
from bot.chat.ports import Destination
from bot.incidents.model import Incident
from bot.people.model import Actor, Role, RoleBook
from bot.people.same import SamePeople
from bot.uow import UnitOfWork

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionBook:
    """The catalogue as `source` gives it now, and who is who. `approvers` are the actor keys
    that hold a role by configuration, to be asked."""

    source: Callable[[], ActionCatalogue]
    services: Sequence[str]
    roles: RoleBook
    same: SamePeople
    approvers: Sequence[str] = ()

    @property
    def catalogue(self) -> ActionCatalogue:
        return self.source()

    @property
    def known(self) -> Known:
        inventory = self.catalogue.inventory
        return Known(services=self.services, hosts=inventory.hosts, objects=inventory.objects)

    def principal(self, actor: Actor, home: str) -> Principal:
        """Who that is in the workspace `home`: people of another one hold no role."""
        role = self.roles.role_of(actor) if actor.team_id == home else Role.GUEST
        return Principal(key=actor.key, person=self.same.person_of(actor), role=role)

    def principal_of_key(self, key: str, home: str) -> Principal:
        """As `principal`, for a key that is on record."""
        team_id, _, user_id = key.partition("/")
        return self.principal(Actor(team_id, user_id), home)

    def template_of(self, frozen: Frozen) -> ActionTemplate | None:
        """The template that a frozen copy was made from, if it is still the very same."""
        catalogue = self.catalogue
        template = catalogue.templates.get(frozen.template_id)
        same = catalogue.digest(frozen.template_id) == frozen.template_digest
        return template if same else None

    def asked(
        self,
        uow: UnitOfWork,
        deed: Deed,
        template: ActionTemplate,
        frozen: Frozen,
        requester: Principal,
        now: datetime,
        *,
        number: int = 0,
        **more: Any,
    ) -> Asked:
        """The facts that the policy decides on, read in the transaction that acts on them.
        `number` is the id of the request, which does not stand in its own way."""
        return Asked(
            deed=deed,
            template=template,
            requester=requester,
            digest=frozen.digest,
            targets=len(frozen.targets),
            environment=frozen.environment,
            is_stopped=uow.actions.switch().stopped,
            freezes=self.catalogue.calendar.freezes,
            last_run_at=uow.actions.last_run_at(template.id, frozen.targets, number),
            runs_in_hour=uow.actions.runs_since(template.id, now - _HOUR, number),
            **more,
        )

    def approved(self, uow: UnitOfWork, request: ActionRequest) -> list[Approved]:
        """The approvals of a request, each with the role that its giver holds now."""
        return [
            Approved(by=self.principal_of_key(one.actor, request.team_id), digest=one.digest)
            for one in uow.actions.approvals(request.id)
            if one.word == "approved"
        ]

    def record(
        self, uow: UnitOfWork, template: ActionTemplate, incident: Incident | None, now: datetime
    ) -> TrackRecord | None:
        """How often it helped with alerts of the family that opened the incident; None without
        an incident, or where no alert opened it."""
        return self.records(uow, (template,), incident, now).get(template.id)

    def records(
        self,
        uow: UnitOfWork,
        templates: Iterable[ActionTemplate],
        incident: Incident | None,
        now: datetime,
    ) -> Mapping[str, TrackRecord]:
        """As `record`, by template; empty without an incident, or where no alert opened it."""
        if incident is None:
            return {}
        courses = uow.incidents.courses(incident.service, incident.environment, now - LOOKED_BACK)
        own = courses.get(incident.id)
        if not own:
            return {}
        family = family_of(own[0].alert, incident.service, incident.environment)
        ran = uow.actions.ran_in(list(courses))
        others = {number: beats for number, beats in courses.items() if number != incident.id}
        return {
            one.id: track_record(one.id, family, _within(one), others, ran, now)
            for one in templates
        }

    def show(self, uow: UnitOfWork, request: ActionRequest, now: datetime) -> None:
        """Have the request's one message say how things stand, and those who may approve it be
        told of it in private."""
        card = self.card(uow, request, now)
        to = Destination(request.team_id, request.channel, request.thread)
        uow.outbox.put(request.message_key, to, card, now)
        notices.follow(uow, request, card, self.approver_ids(request), now)

    def card(self, uow: UnitOfWork, request: ActionRequest, now: datetime) -> ActionCard:
        """What the request's message says now. Keeps the buttons that it did not have before."""
        there = uow.actions.buttons(request.id)
        buttons, openers, new = buttons_of(request, there, lambda: secrets.token_urlsafe(18), now)
        uow.actions.keep_buttons(new)
        template = self.template_of(request.frozen)
        waits = request.state is RequestState.AWAITING_APPROVAL
        return build_action_card(
            request,
            uow.actions.approvals(request.id),
            uow.actions.executions(request.id),
            missing=self._missing(uow, request, template, now),
            buttons=buttons,
            openers=openers,
            people=self.approver_ids(request) if waits else (),
            record=self._record_of(uow, request, template, now),
        )

    def _record_of(
        self,
        uow: UnitOfWork,
        request: ActionRequest,
        template: ActionTemplate | None,
        now: datetime,
    ) -> str:
        """What approvers are told of how it did before; nothing once it is decided."""
        if template is None or request.state is not RequestState.AWAITING_APPROVAL:
            return ""
        number = request.incident_id
        incident = uow.incidents.get(number) if number is not None else None
        record = self.record(uow, template, incident, now)
        return record.said if record is not None else ""

    def _missing(
        self,
        uow: UnitOfWork,
        request: ActionRequest,
        template: ActionTemplate | None,
        now: datetime,
    ) -> int:
        if template is None or request.state is not RequestState.AWAITING_APPROVAL:
            return 0
        requester = self.principal_of_key(request.requested_by, request.team_id)
        # Asked as of a free moment: only the counting of approvals matters here.
        asked = Asked(
            deed=Deed.RUN,
            template=template.model_copy(update={"windows": (), "ignores_freeze": True}),
            requester=requester,
            digest=request.digest,
            seen=request.digest,
            targets=0,
            environment=request.frozen.environment,
            channel=request.channel_key,
        )
        said = decide(requester, asked, self.approved(uow, request), now)
        return said.missing if isinstance(said, NeedsApprovals) else 0

    def approver_ids(self, request: ActionRequest) -> list[str]:
        """The user ids of those who may approve it by configuration; none where the template is
        not the one any more."""
        template = self.template_of(request.frozen)
        if template is None:
            return []
        requester = self.same.person_of_key(request.requested_by)
        keys = dict.fromkeys((*template.may_approve.people, *self.approvers))
        return [
            key.partition("/")[2]
            for key in keys
            if key.startswith(f"{request.team_id}/")
            and may(self.principal_of_key(key, request.team_id), template.may_approve)
            and not (template.four_eyes and self.same.person_of_key(key) == requester)
        ]


def _within(template: ActionTemplate) -> timedelta:
    return template.verification.within if template.verification is not None else WITHIN


def change(
    uow: UnitOfWork,
    request: ActionRequest,
    to: RequestState,
    *,
    actor: str,
    action: str,
    now: datetime,
    data: Mapping[str, Any] | None = None,
    **fields: Any,
) -> ActionRequest | None:
    """The one way in which a request changes: compare-and-set, and the audit record with it.
    None, and nothing on record, when somebody was faster."""
    moved = uow.actions.move(request, to, **fields)
    if moved is not None:
        note(uow, moved, actor=actor, action=action, now=now, data=data)
    return moved


def note(
    uow: UnitOfWork,
    request: ActionRequest,
    *,
    actor: str,
    action: str,
    now: datetime,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Put something about a request on the audit record."""
    uow.audit.append(
        at=now,
        actor=actor,
        action=action,
        subject=request.key,
        data={
            "template": f"{request.frozen.template_id} v{request.frozen.version}",
            "digest": request.digest,
            "state": request.state.value,
            **(data or {}),
        },
    )
