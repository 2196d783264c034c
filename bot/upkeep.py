"""What watches over the bot itself, put together: hearing, gap repair, canary, heartbeat."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.canary.heartbeat import Heartbeat, HttpHeartbeat, NoHeartbeat
from bot.canary.job import CanaryJob
from bot.canary.model import Plan
from bot.canary.sending import CanarySender
from bot.canary.watch import WATCH_SECONDS, CanaryWatch
from bot.channels.model import Mode
from bot.chat.ports import CardRoom, Destination
from bot.clock import Clock
from bot.errors import ChatRefused
from bot.jobs.ports import InboxAdder, Job
from bot.jobs.ticks import Ticks
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
    forget: Sequence[Callable[[Destination, ChatRefused], None]] = ()

    def refused(self, to: Destination, error: ChatRefused) -> None:
        """A room that is gone is looked up anew."""
        for forget in self.forget:
            forget(to, error)


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


def canary_ticks(
    settings: Settings, units: UnitOfWorkFactory, rooms: Rooms, clock: Clock
) -> Sequence[tuple[float, str, Callable[[], None]]]:
    """What the engine has to do every so many seconds; nothing where no canary is wanted."""
    plan = canary_plan(settings)
    if plan is None:
        return []
    watch = CanaryWatch(units, plan, rooms.admin, heartbeat(settings), clock)
    return [(WATCH_SECONDS, "canary", watch.look)]


def start_canaries(
    settings: Settings, units: UnitOfWorkFactory, inbox: InboxAdder, clock: Clock
) -> Callable[[], None]:
    """Send one each interval from now on, if wanted; gives what ends that."""
    ticks = Ticks()
    plan = canary_plan(settings)
    if plan is not None:
        sender = CanarySender(units, inbox, plan, clock)
        ticks.every(plan.every.total_seconds(), "canary", sender.send)
        ticks.start()
    return ticks.stop


def gap_handlers(
    units: UnitOfWorkFactory, client: Any, rooms: Rooms, clock: Clock, default_mode: Mode
) -> Mapping[str, Callable[[Job], None]]:
    """`client` is the bot's own of the Web API, `default_mode` that of channels that chose
    nothing."""
    from bot.slack.gaps import GapRepair
    from bot.slack.hearing import GAP_JOB
    from bot.slack.wanted import RoomWants

    wants = RoomWants(units, None, default_mode).wants_post
    return {GAP_JOB: GapRepair(units, client, rooms.admin, clock, wants).handle}


def heartbeat(settings: Settings) -> Heartbeat:
    if settings.heartbeat_url is None:
        return NoHeartbeat()
    from bot.slack.connect import proxy_for

    url = settings.heartbeat_url.get_secret_value()
    return HttpHeartbeat(
        url, proxy=proxy_for(url, settings.https_proxy), ca_bundle=settings.ca_bundle
    )
