"""What every use case of actions works with: the catalogue, who people are, and the one way in
which a request changes."""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.actions import notices
from bot.actions.cards import build_action_card, buttons_of
from bot.actions.catalogue import ActionCatalogue
from bot.actions.frozen import Frozen
from bot.actions.model import SIGN_ON, ActionRequest, Approval, RequestState
from bot.actions.parameters import Known
from bot.actions.policy import (
    GROUP_RISKS,
    Approved,
    Asked,
    Deed,
    NeedsApprovals,
    Principal,
    decide,
    may,
)
from bot.actions.template import ActionTemplate, Risk
from bot.actions.track import LOOKED_BACK, WITHIN, TrackRecord, track_record
from bot.alerts.family import family_of
from bot.chat.messages import ActionCard
from bot.chat.ports import Destination
from bot.incidents.model import Incident
from bot.people.model import Actor, Role, RoleBook
from bot.people.same import SamePeople
from bot.people.standing import members_of, signed_on_role
from bot.uow import UnitOfWork

_HOUR = timedelta(hours=1)
_MOST_OF_GROUPS = 20
"""So many members of user groups are asked by name."""


def actor_of(key: str) -> Actor:
    """The actor of a key that is on record."""
    team_id, _, user_id = key.partition("/")
    return Actor(team_id, user_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionBook:
    """The catalogue as `source` gives it now, and who is who. `approvers` are the actor keys
    that hold a role by configuration, to be asked; `lead_groups` are user groups (TEAM/GROUP) whose
    members lead where the risk is low, `break_glass` the keys with that right. What is of a risk in
    `in_console` is approved at `console_url` alone."""

    source: Callable[[], ActionCatalogue]
    services: Sequence[str]
    roles: RoleBook
    same: SamePeople
    approvers: Sequence[str] = ()
    lead_groups: Sequence[str] = ()
    break_glass: Sequence[str] = ()
    in_console: Sequence[Risk] = ()
    console_url: str = ""

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
        return Principal(
            key=actor.key,
            person=self.same.person_of(actor),
            role=role,
            may_break_glass=actor.key in self.break_glass,
        )

    def principal_of_key(self, key: str, home: str) -> Principal:
        """As `principal`, for a key that is on record."""
        return self.principal(actor_of(key), home)

    def who(
        self, uow: UnitOfWork, actor: Actor, home: str, now: datetime, *, signed_on: bool = False
    ) -> Principal:
        """As `principal`, with what user groups give, and with `signed_on` what the identity
        provider said of whom it vouches for. Who is linked is who they are in the chat."""
        if not signed_on:
            return self.in_groups(uow, self.principal(actor, home), now)
        there = self.same.key_in(home, actor.key)
        chat = Actor(*there.split("/", 1)) if there is not None else actor
        known = self.in_groups(uow, self.principal(chat, home), now)
        claimed = signed_on_role(uow.marks, actor)
        # Whom the chat knows as a guest stays one, whatever else is said of them.
        is_guest = there is not None and known.role is Role.GUEST
        role = max(known.role, claimed, key=list(Role).index)
        return replace(
            known,
            role=Role.GUEST if is_guest else role,
            signed_on=True,
            is_linked=there is not None,
        )

    def in_groups(self, uow: UnitOfWork, who: Principal, now: datetime) -> Principal:
        """The same person, with the role that user groups give."""
        is_in = who.role.includes(Role.RESPONDER) and who.key in members_of(
            uow.marks, self.lead_groups, now
        )
        return replace(who, group_role=Role.LEAD) if is_in else who

    def is_in_console(self, template: ActionTemplate) -> bool:
        """Whether only an approval in the console counts. The stricter of template and settings."""
        return template.approve_in == "console" or template.risk in self.in_console

    def link(self, request: ActionRequest) -> str:
        """Where its page is."""
        return f"{self.console_url}/console/actions/{request.id}"

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
            in_console=self.is_in_console(template),
            environment=frozen.environment,
            is_stopped=uow.actions.switch().stopped,
            freezes=self.catalogue.calendar.freezes,
            last_run_at=uow.actions.last_run_at(template.id, frozen.targets, number),
            runs_in_hour=uow.actions.runs_since(template.id, now - _HOUR, number),
            **more,
        )

    def approved(self, uow: UnitOfWork, request: ActionRequest, now: datetime) -> list[Approved]:
        """The approvals of a request, each with the role that its giver holds now, and whoever
        broke the glass."""
        home = request.team_id
        found = [
            Approved(
                by=self.who(uow, actor_of(one.actor), home, now, signed_on=one.via == SIGN_ON),
                digest=one.digest,
            )
            for one in uow.actions.approvals(request.id)
            if one.word == "approved"
        ]
        if request.broken_by:
            by = self.principal_of_key(request.broken_by, home)
            found.append(Approved(by=by, digest=request.broken_digest, is_break_glass=True))
        return found

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
        notices.follow(uow, request, card, self.approver_ids(uow, request, now), now)

    def card(self, uow: UnitOfWork, request: ActionRequest, now: datetime) -> ActionCard:
        """What the request's message says now. Keeps the buttons that it did not have before."""
        there = uow.actions.buttons(request.id)
        buttons, openers, new = buttons_of(
            request,
            there,
            lambda: secrets.token_urlsafe(18),
            now,
            has_glass=bool(self.break_glass),
        )
        uow.actions.keep_buttons(new)
        template = self.template_of(request.frozen)
        waits = request.state is RequestState.AWAITING_APPROVAL
        return build_action_card(
            request,
            self._as_in_chat(uow, request),
            uow.actions.executions(request.id),
            missing=self._missing(uow, request, template, now),
            buttons=buttons,
            openers=openers,
            people=self.approver_ids(uow, request, now) if waits else (),
            record=self._record_of(uow, request, template, now),
            where=self._where(request, template),
        )

    def _as_in_chat(self, uow: UnitOfWork, request: ActionRequest) -> list[Approval]:
        """The approvals, of people as the chat knows them."""
        return [
            replace(one, actor=self.same.key_in(request.team_id, one.actor) or one.actor)
            for one in uow.actions.approvals(request.id)
        ]

    def _where(self, request: ActionRequest, template: ActionTemplate | None) -> str:
        waits = request.state is RequestState.AWAITING_APPROVAL
        if template is None or not waits or not self.is_in_console(template):
            return ""
        return f"approved in the console alone: {self.link(request)}"

    def record_of(self, uow: UnitOfWork, request: ActionRequest, now: datetime) -> str:
        """How the action did before, as approvers are told of it; "" once it is decided."""
        return self._record_of(uow, request, self.template_of(request.frozen), now)

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
            in_console=self.is_in_console(template),
            deed=Deed.RUN,
            template=template.model_copy(update={"windows": (), "ignores_freeze": True}),
            requester=requester,
            digest=request.digest,
            seen=request.digest,
            targets=0,
            environment=request.frozen.environment,
            channel=request.channel_key,
        )
        said = decide(requester, asked, self.approved(uow, request, now), now)
        return said.missing if isinstance(said, NeedsApprovals) else 0

    def approver_ids(self, uow: UnitOfWork, request: ActionRequest, now: datetime) -> list[str]:
        """The user ids of those who may approve it by configuration or user group; none where the
        template is not the one any more."""
        template = self.template_of(request.frozen)
        if template is None:
            return []
        requester = self.same.person_of_key(request.requested_by)
        groups = self.lead_groups if template.risk in GROUP_RISKS else ()
        members = sorted(members_of(uow.marks, groups, now))[:_MOST_OF_GROUPS]
        keys = dict.fromkeys((*template.may_approve.people, *self.approvers, *members))
        return [
            key.partition("/")[2]
            for key in keys
            if key.startswith(f"{request.team_id}/")
            and may(
                self.in_groups(uow, self.principal_of_key(key, request.team_id), now),
                template.may_approve,
                template.risk,
            )
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
