"""The engine's side of Slack, put together: what is said, heard, asked for and looked after."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bot.action_book import build_book
from bot.actions.book import ActionBook
from bot.actions.by_token import ByToken
from bot.actions.glass import GLASS, GlassTelling
from bot.actions.notices import NOTICE, OUTPUT
from bot.actions.offers import ActionOffers, Offers
from bot.actions.presses import ActionButtons
from bot.actions.requests import Requests
from bot.actions.telling import ActionTelling
from bot.alerts.intake import AlertIntake
from bot.channels.model import Mode
from bot.channels.placing import Placing
from bot.chat.ports import Chat
from bot.clock import Clock
from bot.engine.by_token import TokenCalls
from bot.engine.work import SLACK_JOB
from bot.errors import Retryable
from bot.jobs.ports import Job
from bot.pager.jobs import PAGER, PagerJob
from bot.pager.opening import open_pager
from bot.people.groups import LOOK_SECONDS, GroupWatch
from bot.people.model import Actor, RoleBook
from bot.redact import redact
from bot.schedules.jobs import Schedule
from bot.schedules.settings import schedule_settings
from bot.services.catalogue import Catalogue
from bot.settings import Settings
from bot.suggestions.feedback import Buttons
from bot.suggestions.jobs import Suggester
from bot.uow import UnitOfWorkFactory
from bot.upkeep import Rooms, gap_handlers
from knowledge.text.passages import passages_of

if TYPE_CHECKING:
    from slack_sdk import WebClient

    from bot.commands.book import CommandBook
    from bot.commands.model import Pager, Tools
    from bot.slack.asking import Asking
    from bot.slack.home import SlackHome
    from bot.slack.interactions import Shortcut
    from bot.slack.people import SlackPeople
    from bot.slack.room_parts import RoomParts
    from bot.slack.rooms import SlackRooms

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EngineSlack:
    """`where` tells where an incident is spoken of, `handlers` are jobs by kind, `interact`
    answers commands and forms in line, `act` what personal tokens ask, `schedule` makes jobs of
    what is due, `upkeep` are the rooms of the bot's own notices, `offers` the actions under an
    answer; `ticks` is what else is done every so many seconds."""

    chat: Chat
    where: Placing
    handlers: Mapping[str, Callable[[Job], None]]
    interact: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    act: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    schedule: Callable[[], int]
    upkeep: Rooms
    offers: Offers
    ticks: Sequence[tuple[float, str, Callable[[], None]]] = ()


def open_slack(
    settings: Settings,
    units: UnitOfWorkFactory,
    builder: Suggester,
    catalogue: Catalogue,
    clock: Clock,
    opened: ExitStack,
    intake: AlertIntake,
) -> EngineSlack | None:
    """Everything that needs Slack; None without a token. Makes no call to Slack. What has to be
    closed is entered in `opened`."""
    if settings.slack_bot_token is None:
        return None
    from bot.slack.client import SlackChat
    from bot.slack.connect import web_client
    from bot.slack.people import SlackPeople
    from bot.slack.rooms import SlackRooms

    client = web_client(
        settings.slack_bot_token.get_secret_value(),
        base_url=settings.slack_api_url,
        proxy=settings.https_proxy,
        ca_bundle=settings.ca_bundle,
    )
    if settings.rollout == "shadow" and settings.slack_channel and not settings.shadow_channel:
        _log.warning(
            "in shadow mode without RECALL_SHADOW_CHANNEL answers are kept but shown nowhere"
        )
    rooms = SlackRooms(
        client,
        settings.slack_channel,
        settings.shadow_channel,
        clock,
        admin=settings.admin_channel,
        canary=settings.canary_channel,
    )
    upkeep = Rooms(rooms.default, rooms.admin, rooms.canary, [rooms.refused])
    pager = open_pager(settings)
    paging: dict[str, Callable[[Job], None]] = {}
    if pager is not None:
        opened.callback(pager.close)
        paging[PAGER] = PagerJob(units, pager, clock).handle
    people = SlackPeople(client, clock)
    parts = _Parts(settings, units, builder, catalogue, clock, client, rooms, people, pager, intake)
    following = parts.following()
    schedule = Schedule(units, rooms, people.direct, clock, schedule_settings(settings))
    return EngineSlack(
        chat=SlackChat(client),
        where=Placing(units, rooms, Mode(settings.rollout), clock),
        handlers={
            SLACK_JOB: parts.inbound(following),
            **following.jobs,
            **paging,
            **schedule.handlers(),
            **parts.home().handlers(),
            **gap_handlers(units, client, upkeep, clock, Mode(settings.rollout)),
            NOTICE: parts.telling.tell,
            OUTPUT: parts.telling.attach,
            GLASS: parts.glass_telling().tell,
        },
        interact=parts.interact(following),
        act=parts.acting(),
        schedule=schedule.tick,
        upkeep=upkeep,
        offers=parts.offers,
        ticks=parts.group_ticks(),
    )


@dataclass(frozen=True)
class _Parts:
    """What the parts are made of."""

    settings: Settings
    units: UnitOfWorkFactory
    builder: Suggester
    catalogue: Catalogue
    clock: Clock
    client: "WebClient"
    rooms: "SlackRooms"
    people: "SlackPeople"
    pager: "Pager | None"
    intake: AlertIntake

    def is_guest(self, actor: Actor) -> bool:
        return self.people.is_guest(actor.user_id)

    @cached_property
    def roles(self) -> RoleBook:
        return RoleBook(self.settings.leads, self.settings.admins, self.is_guest)

    @cached_property
    def actions(self) -> ActionBook:
        return build_book(self.settings, self.roles)

    @cached_property
    def offers(self) -> ActionOffers:
        return ActionOffers(self.actions)

    @cached_property
    def telling(self) -> ActionTelling:
        return ActionTelling(self.units, self.actions, self.people.direct, self.clock)

    def glass_telling(self) -> GlassTelling:
        """Telling the leads, once the chat says where they are."""
        from bot.commands.breaking import leads_room

        tools = self.tools()
        return GlassTelling(
            self.units, self.actions, lambda team: leads_room(tools, team), self.clock
        )

    def group_ticks(self) -> Sequence[tuple[float, str, Callable[[], None]]]:
        """Reading the user groups that give roles; nothing where none do."""
        from bot.slack.user_groups import SlackGroups

        groups = self.settings.lead_groups
        if not groups:
            return ()
        slack = SlackGroups(self.client, self.people, self.clock)
        watch = GroupWatch(self.units, groups, slack.members, slack.is_inside, self.clock)
        return [(LOOK_SECONDS, "user groups", watch.look)]

    def tools(self) -> "Tools":
        """What commands, forms and conversations work with."""
        from bot.commands.model import Tools

        return Tools(
            actions=Requests(self.units, self.actions, self.clock),
            units=self.units,
            clock=self.clock,
            builder=self.builder,
            rooms=self.rooms,
            redact=redact,
            settings=self.settings,
            pager=self.pager,
            catalogue=self.catalogue,
            time_zone_of=lambda actor: self.people.time_zone(actor.user_id),
        )

    def home(self) -> "SlackHome":
        from bot.commands import FORMS
        from bot.slack.home import SlackHome

        chosen = schedule_settings(self.settings)
        return SlackHome(
            self.units, self.client, self.people, self.roles, self.clock, chosen, FORMS.keys()
        )

    def home_follows(self, actor: Actor) -> None:
        """A person's home tab is made anew after a form of theirs."""
        from bot.slack.home import refresh_later

        try:
            with self.units.begin() as uow:
                refresh_later(uow, actor, self.clock)
        except Retryable as error:
            # The form is taken; the home tab follows when it is opened the next time.
            _log.warning("the home tab of %s was not made anew: %s", actor.key, error)

    def following(self) -> "RoomParts":
        """What follows channels and messages."""
        from bot.slack.room_parts import room_parts

        return room_parts(
            self.client,
            self.rooms,
            self.people,
            self.units,
            self.catalogue,
            role_of=self.roles.role_of,
            pattern=self.settings.incident_channel_pattern,
            default_mode=Mode(self.settings.rollout),
            redact=redact,
            clock=self.clock,
            intake=self.intake,
            a_day=self.settings.noise_limit,
        )

    def interact(self, following: "RoomParts") -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
        from bot.slack.interactions import SlackInteractions

        book = self.book
        return SlackInteractions(
            book,
            self.client,
            self.roles.role_of,
            self.is_shared,
            redact,
            self.shortcuts(book, following),
            self.home_follows,
        ).handle

    def acting(self) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
        """What programs ask with a personal token."""
        requests = Requests(self.units, self.actions, self.clock)
        by_token = ByToken(requests, self.rooms, lambda one: self.people.is_member(one.user_id))
        return TokenCalls(by_token, redact).call

    @cached_property
    def book(self) -> "CommandBook":
        from bot.commands import COMMANDS, FORMS, SHORTCUTS
        from bot.commands.book import CommandBook

        return CommandBook(self.tools(), COMMANDS, FORMS, SHORTCUTS)

    def shortcuts(self, book: "CommandBook", following: "RoomParts") -> "Mapping[str, Shortcut]":
        """What can be done with a message, by the shortcut's callback id."""
        from bot.commands import SHORTCUTS
        from bot.slack.shortcuts import FIND_SIMILAR, FindSimilar, form_shortcut

        similar = FindSimilar(book.tools, self.client)
        forms = {name: form_shortcut(book, name, redact) for name in SHORTCUTS}
        return {**following.shortcuts, FIND_SIMILAR: similar.run, **forms}

    def asking(self) -> "Asking":
        """Follow-ups, commands in a mention, shared files and the assistant pane."""
        from bot.slack.asking import Asking
        from bot.slack.assistant import Pane
        from bot.slack.degrade import OptionalCalls
        from bot.slack.files import FileReader
        from bot.suggestions.following import FollowUps

        settings, clock = self.settings, self.clock
        assert settings.slack_bot_token is not None
        files = FileReader(
            settings.slack_bot_token.get_secret_value(),
            settings.slack_api_url,
            clock,
            proxy=settings.https_proxy,
            ca_bundle=settings.ca_bundle,
        )
        return Asking(
            self.units,
            clock,
            FollowUps(self.units, self.builder, clock, self.catalogue.environments, self.offers),
            book=self.book,
            role_of=self.roles.role_of,
            files=files,
            pane=Pane(self.client, self.units, OptionalCalls(clock)),
            is_shared=self.is_shared,
            redact=redact,
        )

    def is_shared(self, team_id: str, channel: str) -> bool:
        """A conversation with one person never is."""
        from bot.slack.client import is_direct

        return not is_direct(channel) and self.rooms.of(team_id, channel).is_shared

    def inbound(self, following: "RoomParts") -> Callable[[Job], None]:
        from bot.slack.inbound import SlackInbound

        units = self.units
        buttons = Buttons(units, self.clock, passages_of, self.roles, self.offers)
        inbound = SlackInbound(
            units,
            self.builder,
            buttons,
            redact,
            self.clock,
            self.asking(),
            following.events,
            self.home().show,
            ActionButtons(units, self.actions, self.clock),
            self.is_guest,
            self.offers,
        )

        def handle(job: Job) -> None:
            with units.read() as uow:
                item = uow.inbox.get(str(job.payload["inbox_id"]))
            if item is not None:
                inbound.process(item)

        return handle
