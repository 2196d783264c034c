"""The Slack world, with what happens on a schedule."""

from dataclasses import replace
from datetime import datetime, timedelta

from bot.alerts.model import Alert, AlertStatus, Severity
from bot.alerts.ports import AlertWrite
from bot.channels.model import ChannelSettings, PersonSettings
from bot.chat.messages import Board
from bot.chat.ports import CardRoom, Destination
from bot.clock import ManualClock
from bot.engine.work import JobWork
from bot.incidents.lifecycle import by_person
from bot.incidents.model import Incident, IncidentState, TimelineEntry, TimelineKind
from bot.schedules.jobs import Schedule
from bot.schedules.settings import ScheduleSettings
from bot.store.database import Database
from bot.suggestions.jobs import SUGGEST, enqueue
from tests.support.chat import Post
from tests.support.slack_world import CHANNEL, TEAM, World

LEAD = "U0LEAD"


class PlainRooms:
    """The Rooms port without a platform; channels in `shared` are shared."""

    def __init__(self) -> None:
        self.shared: set[str] = set()

    def default(self) -> CardRoom | None:
        return self.of(TEAM, CHANNEL)

    def shadow(self) -> CardRoom | None:
        return None

    def of(self, team_id: str, channel: str) -> CardRoom:
        return CardRoom(Destination(team_id or TEAM, channel), channel in self.shared)


class ScheduleWorld(World):
    """A world whose clock strikes: `strikes` looks at it as each minute's tick does."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        super().__init__(database, clock)
        self.rooms = PlainRooms()
        self.settings = ScheduleSettings(leads=(f"{TEAM}/{LEAD}",))
        self.has_direct_messages = True

    @property
    def schedule(self) -> Schedule:
        return Schedule(self.database, self.rooms, self._direct, self.clock, self.settings)

    def _direct(self, team_id: str, user_id: str) -> Destination | None:
        return Destination(team_id, f"D{user_id}") if self.has_direct_messages else None

    def at(self, day_and_time: str) -> None:
        """Let it be that time, UTC, without anybody looking at the clock on the way."""
        wanted = datetime.fromisoformat(f"{day_and_time}+00:00")
        self.clock.advance((wanted - self.clock.now()).total_seconds())

    def strikes(self) -> None:
        """A tick, and all that is to be done and said then."""
        self.schedule.tick()
        self.works()

    def works(self) -> None:
        handlers = {**self.schedule.handlers(), SUGGEST: self.job.handle}
        work = JobWork(self.database, handlers, self.clock, lambda: None)
        while work.step():
            pass
        for _ in range(12):
            self.sender.run_once()
            self.clock.advance(1)

    def passes(self, minutes: float) -> None:
        """Time goes by, with a tick at its end."""
        self.clock.advance(minutes * 60)
        self.strikes()

    def has_no_reminders(self) -> None:
        self.settings = replace(self.settings, remind_after=timedelta(0))

    def boards(self, channel: str = CHANNEL) -> list[Post]:
        return [
            post
            for post in self.chat.posts
            if isinstance(post.message, Board) and post.to.channel == channel
        ]

    def channel_chooses(self, channel: str = CHANNEL, **chosen: object) -> None:
        with self.database.begin() as uow:
            before = uow.preferences.channel(TEAM, channel)
            changed = ChannelSettings.model_validate({**before.model_dump(), **chosen})
            uow.preferences.save_channel(TEAM, channel, changed, actor="t", now=self.clock.now())

    def person_chooses(self, user_id: str, **chosen: object) -> None:
        with self.database.begin() as uow:
            settings = PersonSettings.model_validate(chosen)
            uow.preferences.save_person(TEAM, user_id, settings, actor="t", now=self.clock.now())

    def incident(
        self,
        alert: str,
        severity: Severity = Severity.HIGH,
        service: str = "checkout",
        **more: object,
    ) -> Incident:
        """An alert of that name opens an incident of its own."""
        now = self.clock.now()
        with self.database.begin() as uow:
            opened, _ = uow.incidents.open(
                group_key=f"{alert}:{now.isoformat()}",
                title=alert,
                service=service,
                environment="prod",
                severity=severity,
                team_id=TEAM,
                now=now,
            )
            incident = replace(opened, **more)  # type: ignore[arg-type]
            uow.incidents.save(incident)
            fired = TimelineEntry(
                at=now, kind=TimelineKind.ALERT_FIRED, text=alert, data={"alert": alert}
            )
            uow.incidents.add_timeline(incident.id, [fired])
            reported = Alert(
                source="generic",
                fingerprint=f"generic:1:{incident.id}",
                name=alert,
                status=AlertStatus.FIRING,
                severity=severity,
            )
            write = AlertWrite(
                alert=reported, service=service, environment="prod", incident_id=incident.id
            )
            uow.alerts.save([write], now)
            enqueue(uow, incident, self.clock)
        return incident

    def takes_on(self, incident: Incident, user_id: str = "U0ALICE") -> Incident:
        """Somebody acknowledges it."""
        actor = f"{TEAM}/{user_id}"
        return self._moves(incident, IncidentState.ACKNOWLEDGED, actor, "acknowledged by alice")

    def ends(self, incident: Incident, note: str = "restarted it") -> Incident:
        return self._moves(incident, IncidentState.RESOLVED, f"{TEAM}/U0ALICE", note)

    def _moves(self, incident: Incident, to: IncidentState, actor: str, note: str) -> Incident:
        with self.database.begin() as uow:
            there = uow.incidents.get(incident.id)
            assert there is not None
            moved = by_person(there, to, actor=actor, now=self.clock.now(), note=note)
            assert moved.entry is not None
            changed = replace(moved.incident, owner=actor)
            uow.incidents.save(changed)
            uow.incidents.add_timeline(incident.id, [moved.entry])
            return changed

    def snoozes(self, incident: Incident, minutes: float) -> None:
        with self.database.begin() as uow:
            there = uow.incidents.get(incident.id)
            assert there is not None
            until = self.clock.now() + timedelta(minutes=minutes)
            uow.incidents.save(replace(there, snoozed_until=until))


def words_of(board: object) -> str:
    """All that a board says, for assertions."""
    assert isinstance(board, Board)
    lines = [f"{line.text} — {line.detail}" for part in board.parts for line in part.lines]
    headings = [part.heading for part in board.parts]
    return "\n".join([board.title, *headings, *lines, board.note])
