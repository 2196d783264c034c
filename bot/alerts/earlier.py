"""What is known of a batch's newcomers from before: where they were, and what told of them."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from bot.alerts.ports import AlertRepository
from bot.incidents.grouping import Newcomer
from bot.incidents.model import Incident
from bot.incidents.traces import Trace

_LONG_AGO = timedelta(days=30)


def had_to_themselves(
    newcomers: Iterable[Newcomer],
    open_ones: Collection[int],
    since: datetime,
    *,
    alerts: AlertRepository,
    get: Callable[[int], Incident | None],
) -> frozenset[int]:
    """The incidents that newcomers were in which had one alert only, and ended at `since` or
    later. `open_ones` are those that are not over."""
    ended = [
        number
        for number in {one.known_incident for one in newcomers}
        if number is not None
        and number not in open_ones
        and (over := get(number)) is not None
        and (over.resolved_at is None or over.resolved_at >= since)
    ]
    counts: dict[int, int] = defaultdict(int)
    for tally in alerts.tally(ended) if ended else ():
        counts[tally.incident_id] += tally.alerts
    return frozenset(number for number, count in counts.items() if count == 1)


def told_before(
    newcomers: Iterable[Newcomer],
    open_ones: Sequence[int],
    lately: Mapping[int, Sequence[Trace]],
    now: datetime,
    *,
    alerts: AlertRepository,
) -> Mapping[int, Sequence[Trace]]:
    """What a newcomer may repeat, by incident. A post may come long after its alert began, as
    tools remind people; of what else comes late (before `lately`), the incident need not know."""
    if not any(newcomer.is_post for newcomer in newcomers):
        return lately
    found: dict[int, list[Trace]] = {}
    for number, trace in alerts.traces(open_ones, now - _LONG_AGO):
        found.setdefault(number, []).append(trace)
    return found
