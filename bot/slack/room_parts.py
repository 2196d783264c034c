"""What follows channels and messages, put together: its events, its message shortcuts, its jobs."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from slack_sdk import WebClient

from bot.channels.model import Mode
from bot.channels.ports import Rooms
from bot.clock import Clock
from bot.jobs.ports import Job
from bot.people.model import Actor, Role
from bot.services.catalogue import Catalogue
from bot.slack.cue_proposals import CUE_JOB, CueProposals
from bot.slack.degrade import OptionalCalls
from bot.slack.incident_rooms import SECOND_LOOK, IncidentRooms
from bot.slack.interactions import Shortcut
from bot.slack.kept_messages import TO_TIMELINE, KeptMessages
from bot.slack.let_in import SayAgain
from bot.slack.people import SlackPeople
from bot.slack.post_alerts import AlertHearer, PostAlerts
from bot.slack.reading import SlackReader
from bot.slack.room_events import RoomEvents
from bot.slack.room_marks import RoomMarks
from bot.slack.taking import Taking
from bot.slack.tool_posts import ToolPosts
from bot.suggestions.speak import MARK_CARD
from bot.uow import UnitOfWorkFactory


@dataclass(frozen=True, slots=True)
class RoomParts:
    """`shortcuts` by their callback id, `jobs` by their kind."""

    events: RoomEvents
    shortcuts: Mapping[str, Shortcut]
    jobs: Mapping[str, Callable[[Job], None]]


def room_parts(
    client: WebClient,
    rooms: Rooms,
    people: SlackPeople,
    units: UnitOfWorkFactory,
    catalogue: Catalogue,
    *,
    role_of: Callable[[Actor], Role],
    pattern: re.Pattern[str] | None,
    default_mode: Mode,
    redact: Callable[[str], str],
    clock: Clock,
    intake: AlertHearer,
    a_day: int,
) -> RoomParts:
    """`pattern` is of incident channels' names; None switches these off, and nothing else.
    `intake` takes in the alerts that tools post; `a_day` is how many posts that nobody asked for a
    channel may get within a day."""
    optional = OptionalCalls(clock)
    reader = SlackReader(client, people, optional)
    taking = Taking(units, reader, role_of, redact, clock)
    kept = KeptMessages(taking)
    posts = ToolPosts(units, rooms, default_mode, redact, clock, PostAlerts(intake, clock))
    cues = CueProposals(taking, a_day)
    marks = RoomMarks(units, client, reader, clock, optional)
    jobs = {MARK_CARD: marks.handle, CUE_JOB: cues.handle}
    incident_rooms = None
    if pattern is not None:
        incident_rooms = IncidentRooms(units, reader, catalogue, pattern, redact, clock)
        jobs[SECOND_LOOK] = incident_rooms.handle
    let_in = SayAgain(units, rooms, clock)
    events = RoomEvents(incident_rooms, kept, posts, reader, cues, optional, let_in)
    return RoomParts(events, {TO_TIMELINE: kept.shortcut}, jobs)
