"""From a storm and its incidents to the message that tells of it. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from bot.alerts.ports import Tally
from bot.chat.messages import StormIncident, StormMessage, StormService
from bot.incidents.model import Incident
from bot.storms.model import Channel, Storm

INCIDENTS_TOLD = 15
SERVICES_TOLD = 20


def storm_message(
    storm: Storm, channel: Channel, incidents: Mapping[int, Incident], tallies: Sequence[Tally]
) -> StormMessage:
    """What stands in one channel: its incidents, those that are open and worst first, and the
    services of their alerts, those with the most first."""
    mine = [incidents[number] for number in channel.incidents if number in incidents]
    own = [one for one in tallies if one.incident_id in channel.incidents]
    alerts, firing = Counter[int](), Counter[int]()
    services = Counter[tuple[str, str]]()
    for one in own:
        alerts[one.incident_id] += one.alerts
        firing[one.incident_id] += one.firing
        services[one.service or "", one.environment or ""] += one.alerts
    ordered = sorted(
        mine, key=lambda one: (one.state.is_over, one.severity.rank, -alerts[one.id], one.id)
    )
    return StormMessage(
        is_over=storm.over_at is not None,
        began_at=storm.began_at,
        ended_at=storm.over_at,
        alerts=sum(alerts.values()),
        firing=sum(firing.values()),
        incidents_total=len(mine),
        open_total=sum(not one.state.is_over for one in mine),
        incidents=tuple(
            StormIncident(
                key=one.key,
                title=one.title,
                service=one.service,
                environment=one.environment,
                severity=one.severity.value,
                state=one.state.value,
                alerts=alerts[one.id],
                firing=firing[one.id],
            )
            for one in ordered[:INCIDENTS_TOLD]
        ),
        services_total=len(services),
        services=tuple(_services(services.items())),
    )


def _services(counted: Iterable[tuple[tuple[str, str], int]]) -> list[StormService]:
    ordered = sorted(counted, key=lambda one: (-one[1], one[0]))
    return [
        StormService(name=name, environment=environment, alerts=number)
        for (name, environment), number in ordered[:SERVICES_TOLD]
    ]
