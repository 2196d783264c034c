"""The engine's side of Slack, put together: what is said, heard, asked for and looked after."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.channels.model import Mode
from bot.channels.placing import Placing
from bot.chat.ports import Chat
from bot.clock import Clock
from bot.engine.work import SLACK_JOB
from bot.jobs.ports import Job
from bot.people.model import RoleBook
from bot.redact import redact
from bot.services.catalogue import Catalogue
from bot.settings import Settings
from bot.suggestions.feedback import Buttons
from bot.suggestions.jobs import Suggester
from bot.uow import UnitOfWorkFactory
from bot.upkeep import Rooms, gap_handlers
from knowledge.text.passages import passages_of

if TYPE_CHECKING:
    from slack_sdk import WebClient

    from bot.commands.model import Tools
    from bot.slack.room_parts import RoomParts
    from bot.slack.rooms import SlackRooms


@dataclass(frozen=True, slots=True)
class EngineSlack:
    """`where` tells where an incident is spoken of, `handlers` are jobs by kind, `interact`
    answers commands and forms in line, `upkeep` are the rooms of the bot's own notices."""

    chat: Chat
    where: Placing
    handlers: Mapping[str, Callable[[Job], None]]
    interact: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    upkeep: Rooms


def open_slack(
    settings: Settings,
    units: UnitOfWorkFactory,
    builder: Suggester,
    catalogue: Catalogue,
    clock: Clock,
) -> EngineSlack | None:
    """Everything that needs Slack; None without a token. Makes no call to Slack."""
    if settings.slack_bot_token is None:
        return None
    from bot.slack.client import SlackChat
    from bot.slack.connect import web_client
    from bot.slack.rooms import SlackRooms

    client = web_client(
        settings.slack_bot_token.get_secret_value(),
        base_url=settings.slack_api_url,
        proxy=settings.https_proxy,
        ca_bundle=settings.ca_bundle,
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
    parts = _Parts(settings, units, builder, catalogue, clock, client, rooms)
    following = parts.following()
    return EngineSlack(
        chat=SlackChat(client),
        where=Placing(units, rooms, Mode(settings.rollout), clock),
        handlers={
            SLACK_JOB: parts.inbound(following),
            **following.jobs,
            **gap_handlers(units, client, upkeep, clock),
        },
        interact=parts.interact(following),
        upkeep=upkeep,
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    """What the parts are made of."""

    settings: Settings
    units: UnitOfWorkFactory
    builder: Suggester
    catalogue: Catalogue
    clock: Clock
    client: "WebClient"
    rooms: "SlackRooms"

    @property
    def roles(self) -> RoleBook:
        return RoleBook(self.settings.leads, self.settings.admins)

    def tools(self) -> "Tools":
        """What commands, forms and conversations work with."""
        from bot.commands.model import Tools

        return Tools(
            units=self.units,
            clock=self.clock,
            builder=self.builder,
            rooms=self.rooms,
            redact=redact,
            settings=self.settings,
        )

    def following(self) -> "RoomParts":
        """What follows channels and messages."""
        from bot.slack.room_parts import room_parts

        return room_parts(
            self.client,
            self.rooms,
            self.units,
            self.catalogue,
            role_of=self.roles.role_of,
            pattern=self.settings.incident_channel_pattern,
            default_mode=Mode(self.settings.rollout),
            redact=redact,
            clock=self.clock,
        )

    def interact(self, following: "RoomParts") -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
        from bot.commands import COMMANDS, FORMS
        from bot.commands.book import CommandBook
        from bot.slack.interactions import SlackInteractions

        return SlackInteractions(
            CommandBook(self.tools(), COMMANDS, FORMS),
            self.client,
            self.roles.role_of,
            self.is_shared,
            redact,
            following.shortcuts,
        ).handle

    def is_shared(self, team_id: str, channel: str) -> bool:
        return self.rooms.of(team_id, channel).is_shared

    def inbound(self, following: "RoomParts") -> Callable[[Job], None]:
        from bot.slack.inbound import SlackInbound

        units = self.units
        buttons = Buttons(units, self.clock, passages_of, self.roles)
        inbound = SlackInbound(units, self.builder, buttons, redact, self.clock, following.events)

        def handle(job: Job) -> None:
            with units.read() as uow:
                item = uow.inbox.get(str(job.payload["inbox_id"]))
            if item is not None:
                inbound.process(item)

        return handle
