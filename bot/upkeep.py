"""What watches over the bot itself, put together: hearing, gap repair, canary, heartbeat."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from bot.canary.heartbeat import Heartbeat, HttpHeartbeat, NoHeartbeat
from bot.canary.job import CanaryJob
from bot.canary.model import Plan
from bot.canary.sending import CanarySender
from bot.canary.watch import CanaryWatch
from bot.chat.ports import CardRoom
from bot.clock import Clock
from bot.jobs.ports import InboxAdder
from bot.services.catalogue import Catalogue
from bot.settings import Settings
from bot.suggestions.jobs import Suggester
from bot.uow import UnitOfWorkFactory

Room = Callable[[], CardRoom | None]


@dataclass(frozen=True, slots=True)
class Rooms:
    """Where what goes: incident cards, notices about Recall itself, the canary's message."""

    cards: Room
    admin: Room
    canary: Room


def no_room() -> CardRoom | None:
    """Where no chat is configured."""
    return None


NO_ROOMS = Rooms(no_room, no_room, no_room)


def canary_plan(settings: Settings) -> Plan | None:
    """None where no canary is wanted."""
    if settings.canary_every_minutes == 0:
        return None
    return Plan(
        every=timedelta(minutes=settings.canary_every_minutes),
        limit=timedelta(seconds=settings.canary_seconds),
    )


def canary_job(
    settings: Settings,
    units: UnitOfWorkFactory,
    builder: Suggester,
    catalogue: Catalogue,
    rooms: Rooms,
    clock: Clock,
) -> CanaryJob:
    room = rooms.canary if settings.canary_channel else no_room
    return CanaryJob(units, builder, catalogue, room, clock)


def canary_watch(
    settings: Settings, units: UnitOfWorkFactory, rooms: Rooms, clock: Clock
) -> CanaryWatch | None:
    plan = canary_plan(settings)
    if plan is None:
        return None
    return CanaryWatch(units, plan, rooms.admin, heartbeat(settings), clock)


def canary_sender(
    settings: Settings, units: UnitOfWorkFactory, inbox: InboxAdder, clock: Clock
) -> CanarySender | None:
    plan = canary_plan(settings)
    return CanarySender(units, inbox, plan, clock) if plan is not None else None


def heartbeat(settings: Settings) -> Heartbeat:
    if settings.heartbeat_url is None:
        return NoHeartbeat()
    from bot.slack.connect import proxy_for

    url = settings.heartbeat_url.get_secret_value()
    return HttpHeartbeat(
        url, proxy=proxy_for(url, settings.https_proxy), ca_bundle=settings.ca_bundle
    )
