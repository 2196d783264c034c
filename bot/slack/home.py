"""The home tab: gathered for one person, and published."""

from collections.abc import Callable, Collection, Mapping

from slack_sdk import WebClient

from bot.channels.interrupting import held_back_since
from bot.chat.cards import user_of
from bot.chat.home import HomeFacts, LeadFacts, home_page
from bot.chat.messages import Board
from bot.clock import Clock
from bot.jobs.ports import Job
from bot.people.model import Actor, Role, RoleBook
from bot.schedules.facts import (
    WEEK,
    drafts_for,
    families_without_runbook,
    forgotten_by,
    numbers_for,
    open_for,
    requests_for,
)
from bot.schedules.settings import ScheduleSettings
from bot.slack.blocks import render
from bot.slack.degrade import OptionalCalls
from bot.slack.people import SlackPeople
from bot.uow import UnitOfWork, UnitOfWorkFactory
from knowledge.model import PUBLIC

HOME_JOB = "home"


def refresh_later(uow: UnitOfWork, actor: Actor, clock: Clock) -> None:
    """Have a person's home tab published anew; once for all that happens at one moment."""
    now = clock.now()
    uow.jobs.add(
        f"{HOME_JOB}:{actor.key}:{now.isoformat()}",
        HOME_JOB,
        {"team_id": actor.team_id, "user_id": actor.user_id},
        now,
    )


class SlackHome:
    """Publishes home tabs. One person reads theirs, and which channels they are in is not
    known: so it tells only what everyone may see."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        client: WebClient,
        people: SlackPeople,
        roles: RoleBook,
        clock: Clock,
        settings: ScheduleSettings,
        forms: Collection[str],
    ) -> None:
        self._units = units
        self._client = client
        self._people = people
        self._roles = roles
        self._clock = clock
        self._settings = settings
        self._forms = forms
        self._optional = OptionalCalls(clock)

    def handlers(self) -> Mapping[str, Callable[[Job], None]]:
        return {HOME_JOB: self._handle}

    def _handle(self, job: Job) -> None:
        self.show(Actor(str(job.payload["team_id"]), str(job.payload["user_id"])))

    def show(self, viewer: Actor) -> None:
        """Publish the viewer's home tab as things are now. May raise ChatUnavailable."""
        role = self._roles.role_of(viewer, is_guest=self._people.is_guest(viewer.user_id))
        with self._units.read() as uow:
            facts = self._facts(uow, viewer, role)
        self._publish(viewer, home_page(facts))

    def _publish(self, viewer: Actor, page: Board) -> None:
        view = {"type": "home", "blocks": list(render(page).blocks)}
        method, call = "views.publish", self._client.views_publish
        self._optional.call("the home tab", method, call, user_id=viewer.user_id, view=view)

    def _facts(self, uow: UnitOfWork, viewer: Actor, role: Role) -> HomeFacts:
        now = self._clock.now()
        chosen = uow.preferences.person(viewer.team_id, viewer.user_id)
        if not role.includes(Role.RESPONDER):
            return HomeFacts(now, role, chosen)
        active = open_for(uow, PUBLIC)
        own = [one for one in active if one.owner and user_of(one.owner) == viewer.user_id]
        drafts = drafts_for(uow, PUBLIC)
        after = self._settings.remind_after if chosen.reminders else None
        return HomeFacts(
            now=now,
            role=role,
            settings=chosen,
            active=active,
            reminders=forgotten_by(uow, own, now, after) if after is not None else (),
            own_drafts=[draft for draft in drafts if draft.made_by == viewer.key],
            requests=requests_for(uow, PUBLIC, viewer.team_id),
            viewer=viewer.key,
            lead=LeadFacts(
                drafts=drafts,
                families=families_without_runbook(uow, PUBLIC, now),
                numbers=numbers_for(uow, PUBLIC, now, self._settings.noise_limit),
                held_back=held_back_since(uow, now - WEEK),
            )
            if role.includes(Role.LEAD)
            else None,
            forms=self._forms,
        )
