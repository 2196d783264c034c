"""When it storms, over which services, and when it is over. Pure: values and time in."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.alerts.model import Severity
from bot.alerts.ports import Begun
from bot.incidents.model import Incident

MINUTE = timedelta(seconds=60)
"""How far back alerts are counted, and how long it must be calm until a storm is over."""
LEAST = 3
"""As many alerts of one service or incident within a minute are part of a storm. Fewer are no
part of it where the worst of them is critical: that may be something else."""
BUILDING_UP = timedelta(seconds=3)
"""How long the first card of an incident that grows fast waits whether it becomes a storm."""

Place = tuple[str, str]
"""A service and its environment, "" where that is unknown."""


@dataclass(frozen=True, slots=True)
class StormRule:
    """More than `alerts` alerts that begin within a minute are a storm; 0: nothing ever is. It
    is calm again at half of that."""

    alerts: int = 30

    def is_storm(self, total: int, *, goes_on: bool) -> bool:
        if not self.alerts:
            return False
        return 2 * total > self.alerts if goes_on else total > self.alerts


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel that incidents of a storm belong to; `thread` in thread mode. `told_at` is when
    its message was put or changed last."""

    team_id: str
    channel: str
    thread: str | None
    incidents: tuple[int, ...]
    told_at: datetime | None = None
    is_told_of_end: bool = False


@dataclass(frozen=True, slots=True)
class Storm:
    """`places` and `incidents` are what it is about; `last_at` is when it last stormed."""

    began_at: datetime
    last_at: datetime
    places: frozenset[Place] = frozenset()
    incidents: frozenset[int] = frozenset()
    channels: tuple[Channel, ...] = ()
    over_at: datetime | None = None

    @property
    def key(self) -> str:
        """Names it: `storm:<when it began>`."""
        return f"storm:{self.began_at:%Y%m%dT%H%M%S%f}"

    def message_key(self, channel: Channel) -> str:
        """The outbox key of its one message in that channel."""
        return f"{self.key}:{channel.team_id}/{channel.channel}"

    def covers(self, incident: Incident) -> bool:
        """Whether the incident has no card of its own while the storm lasts."""
        if self.over_at is not None or not incident.visibility.is_everyone:
            return False
        place = (incident.service or "", incident.environment or "")
        return incident.id in self.incidents or place in self.places

    def with_incident(self, incident_id: int, channel: Channel) -> "Storm":
        """The incident belongs to that channel, whose `incidents` and times are taken from what
        is known of it."""
        others = [one for one in self.channels if _place(one) != _place(channel)]
        [known] = [one for one in self.channels if _place(one) == _place(channel)] or [channel]
        numbers = tuple(dict.fromkeys((*known.incidents, incident_id)))
        return replace(
            self,
            incidents=self.incidents | {incident_id},
            channels=(*others, replace(known, incidents=numbers)),
        )


def look(
    storm: Storm | None, begun: Sequence[Begun], rule: StormRule, now: datetime
) -> Storm | None:
    """The storm as it is now, from the alerts that began within the last MINUTE; None while all
    is calm. One that is over stays so until it storms again."""
    total = sum(one.alerts for one in begun)
    goes_on = storm is not None and storm.over_at is None
    if rule.is_storm(total, goes_on=goes_on):
        concerned = _concerned(begun)
        known = storm if storm is not None else Storm(began_at=now, last_at=now)
        if known.over_at is not None:
            again = tuple(replace(one, is_told_of_end=False) for one in known.channels)
            known = replace(known, channels=again)
        return replace(
            known,
            last_at=now,
            over_at=None,
            places=known.places | _places(concerned),
            incidents=known.incidents | {one.incident_id for one in concerned},
        )
    if storm is not None and goes_on and now - storm.last_at >= MINUTE:
        return replace(storm, over_at=now)
    return storm


def over(storm: Storm, incidents: Iterable[Incident], now: datetime) -> Storm:
    """Over, once all of its incidents are."""
    known = {one.id: one for one in incidents}
    ended = all(
        number in known and known[number].state.is_over
        for channel in storm.channels
        for number in channel.incidents
    )
    if storm.over_at is None and storm.channels and ended:
        return replace(storm, over_at=now)
    return storm


def waits_for_storm(
    incident: Incident, begun: Sequence[Begun], rule: StormRule, now: datetime
) -> datetime | None:
    """Until when the first card of an incident should wait because a storm may be building up:
    many alerts just began, and this one has some of them. None: it need not."""
    until = incident.opened_at + BUILDING_UP
    if now >= until or not rule.alerts:
        return None
    own = sum(one.alerts for one in begun if one.incident_id == incident.id)
    total = sum(one.alerts for one in begun)
    return until if own >= LEAST and 3 * total > rule.alerts else None


def _concerned(begun: Sequence[Begun]) -> list[Begun]:
    by_incident, by_place = Counter[int](), Counter[Place]()
    critical: set[Place | int] = set()
    for one in begun:
        by_incident[one.incident_id] += one.alerts
        by_place[_where(one)] += one.alerts
        if one.severity is Severity.CRITICAL:
            critical |= {_where(one)} if one.service else {one.incident_id}
    found = []
    for one in begun:
        # What is of an unknown service has nothing in common with others of that kind.
        many = max(by_incident[one.incident_id], by_place[_where(one)] if one.service else 0)
        if many >= LEAST or not critical & {_where(one), one.incident_id}:
            found.append(one)
    return found


def _places(concerned: Iterable[Begun]) -> frozenset[Place]:
    return frozenset(_where(one) for one in concerned if one.service)


def _where(one: Begun) -> Place:
    return one.service or "", one.environment or ""


def _place(channel: Channel) -> tuple[str, str]:
    return channel.team_id, channel.channel
