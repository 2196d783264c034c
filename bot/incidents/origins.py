"""Where each service's trouble comes from: the second look at incidents that are young. Pure.

The first alerts of a problem seldom come from where it began, and are placed before the service
that fails has spoken. So for a few minutes each service that only feels a fault is followed back,
along who needs whom and in the order of time, to the nearest service that fails itself; the
incident of that one is where it belongs. Services that fail themselves, and what goes down with
one machine, are never moved by it.
"""

import heapq
import math
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.incidents.grouping import machine_of
from bot.incidents.telling import Telling, is_symptom
from bot.incidents.traces import Depends, Trace, names, nothing_told

SETTLES_WITHIN = timedelta(minutes=5)
"""For how long after its first alert a service may be placed anew."""
YOUNG = timedelta(minutes=15)
"""Older incidents give nothing away: people have read them by then."""
EARLIER = timedelta(seconds=45)
"""By so much an effect may be heard of before its cause: rules are evaluated every so often."""
SPREADS_IN = timedelta(seconds=75)
"""A hop that takes longer is less and less likely."""
LONGEST = timedelta(seconds=300)

NAMED, DECLARED, TOLD, NAMESPACE, BACKWARDS = 0.6, 1.0, 1.1, 2.5, 3.5
"""What a hop costs by its ground: the surer, the cheaper. What a catalogue declares the other way
round is dear: that callers harm what they call is rare."""
FROM_MACHINE = 2.5
"""More for what begins with a service of which one machine of several is gone."""
FARTHER = 0.15
"""So much of what it costs to follow a service back counts against what is felt through it: what
stands near the cause says more than its last ripples, which would bear each other out."""
MOST_BY_NAMESPACE = 0.2
"""All services of a namespace together speak for an incident no louder than this (0 to 1, where a
declared dependency alone says .37): two problems side by side share one."""
MOST_PAIRS = 40_000
"""Of more pairs of services than this none is looked at: in so wide a storm everything is left
where it came, and the intake is held up by nothing (some 50 ms, once a batch)."""
WIDEST = 3
"""So many times as many services as any other problem one must have reached just before, to be
where a service belongs that hangs together with neither."""
GAIN = 0.2
"""By so much the new place must be better than the one that it has."""


@dataclass(frozen=True, slots=True)
class Move:
    """All alerts of a service leave incident `leaves` for `joins`; `text` says why."""

    service: str
    leaves: int
    joins: int
    text: str


@dataclass(slots=True)
class _Place:
    """One service in one incident, as its alerts show it; `pinned` where it stays in any case."""

    service: str
    incident: int
    at: datetime
    telling: Telling
    namespace: str | None
    words: frozenset[str]
    pinned: bool = False
    of_machine: bool = False
    is_symptom: bool = False


_Hop = tuple[float, str, bool]
"""What it costs, why it may be, and whether a namespace in common is all of the ground."""


def moves(
    traces: Mapping[int, Sequence[Trace]],
    giving: Collection[int],
    *,
    now: datetime,
    depends: Depends,
    told: Depends = nothing_told,
) -> list[Move]:
    """Which services belong to another of these incidents, all of one environment.

    `traces` are what their alerts showed when each was first heard of, by incident id; only those
    in `giving` may lose anything.
    """
    places = _places(traces, giving, now)
    loose = [one for one in places if not one.pinned]
    if len(traces) < 2 or len(loose) * len(places) > MOST_PAIRS:
        return []
    if not loose or not any(one.telling is not Telling.FEELS for one in places):
        return []
    roots = [number for number, one in enumerate(places) if one.pinned]
    hops = _hops(places, depends, told)
    label, cost = _labels(places, roots, hops)
    found: list[Move] = []
    for number, one in enumerate(places):
        if one.pinned:
            continue
        scores, why = _scores(number, hops, label, cost)
        if not scores:
            continue
        joins = min(scores, key=lambda incident: (scores[incident], incident))
        if joins == one.incident or scores[joins] + GAIN > scores.get(one.incident, math.inf):
            continue
        found.append(Move(one.service, one.incident, joins, why[joins]))
    changed = {move.leaves for move in found}
    return [*found, *_strays(places, hops, label, changed), *_absorbed(places, changed)]


def _strays(
    places: Sequence[_Place],
    hops: Mapping[int, Mapping[int, _Hop]],
    label: Mapping[int, int],
    changed: Collection[int],
) -> list[Move]:
    """Services that hang together and with nothing that fails, in an incident where something else
    does: they are where a problem spread at that moment, and not all dependencies are declared."""
    lost = {n for n, one in enumerate(places) if not one.pinned and n not in label}
    found: list[Move] = []
    while lost:
        own = _hanging_together(lost.pop(), lost, places, hops)
        lost -= own
        here = places[min(own)].incident
        stays = any(not places[number].is_symptom for number in own)
        if stays or here in changed or not any(p.pinned for p in places if p.incident == here):
            continue
        began = min(places[number].at for number in own)
        joins = _widest(began, [p for n, p in enumerate(places) if n not in own])
        if joins is not None and joins != here:
            text = "nothing in it fails itself, and this problem spread most at that moment"
            found += [Move(places[n].service, here, joins, text) for n in sorted(own)]
    return found


def _hanging_together(
    start: int,
    others: Collection[int],
    places: Sequence[_Place],
    hops: Mapping[int, Mapping[int, _Hop]],
) -> set[int]:
    own, border = {start}, [start]
    while border:
        here = border.pop()
        for other in others:
            is_near = other in hops.get(here, {}) or here in hops.get(other, {})
            if is_near and other not in own and places[other].incident == places[start].incident:
                own.add(other)
                border.append(other)
    return own


def _widest(began: datetime, places: Sequence[_Place]) -> int | None:
    """The incident that took in by far the most services in the time before, and in which one
    fails itself."""
    reached: dict[int, int] = defaultdict(int)
    fails: set[int] = set()
    for one in places:
        ago = began - one.at
        if one.of_machine or ago < -EARLIER / 3:
            continue
        reached[one.incident] += ago <= SPREADS_IN
        if one.telling is not Telling.FEELS and ago <= LONGEST:
            fails.add(one.incident)
    ranked = sorted(fails, key=lambda incident: -reached[incident])
    if not ranked or not reached[ranked[0]]:
        return None
    second = max((count for incident, count in reached.items() if incident != ranked[0]), default=0)
    return ranked[0] if reached[ranked[0]] >= WIDEST * second else None


def _absorbed(places: Sequence[_Place], changed: Collection[int]) -> list[Move]:
    """Incidents in which nothing fails, where just one other began to spread shortly before."""
    members: dict[int, list[_Place]] = defaultdict(list)
    for one in places:
        members[one.incident].append(one)
    found: list[Move] = []
    for incident, own in members.items():
        began = min(one.at for one in own)
        if incident in changed or any(one.pinned or not one.is_symptom for one in own):
            continue
        near = [
            other
            for other, theirs in members.items()
            if other != incident
            and any(
                one.telling is not Telling.FEELS and -EARLIER / 3 <= began - one.at <= LONGEST
                for one in theirs
                if not one.of_machine
            )
            and any(-EARLIER / 3 <= began - one.at <= SPREADS_IN for one in theirs)
        ]
        if len(near) == 1:
            text = "nothing in it fails itself, and this was the only problem that spread"
            found += [Move(one.service, incident, near[0], text) for one in own]
        elif near:
            joins = _widest(began, [one for one in places if one.incident in near])
            if joins is not None:
                text = "nothing in it fails itself, and this problem spread most at that moment"
                found += [Move(one.service, incident, joins, text) for one in own]
    return found


def _hops(places: Sequence[_Place], depends: Depends, told: Depends) -> dict[int, dict[int, _Hop]]:
    """Through which others each place may feel it: by its number, the others' and what it costs."""
    found: dict[int, dict[int, _Hop]] = defaultdict(dict)
    for child, one in enumerate(places):
        if one.pinned:
            continue
        for parent, other in enumerate(places):
            hop = _hop(one, other, depends, told) if parent != child else None
            if hop is not None:
                found[child][parent] = (hop[0] + FROM_MACHINE * other.of_machine, *hop[1:])
    return found


def _labels(
    places: Sequence[_Place], roots: Sequence[int], hops: Mapping[int, Mapping[int, _Hop]]
) -> tuple[dict[int, int], dict[int, float]]:
    """The incident of the nearest root of each place from which there is a way to one, and what
    the way costs."""
    cost = dict.fromkeys(roots, 0.0)
    label = {number: places[number].incident for number in roots}
    queue = [(0.0, number) for number in roots]
    heapq.heapify(queue)
    children: dict[int, list[int]] = defaultdict(list)
    for child, parents in hops.items():
        for parent in parents:
            children[parent].append(child)
    while queue:
        so_far, number = heapq.heappop(queue)
        if so_far > cost[number]:
            continue
        for child in children[number]:
            total = so_far + hops[child][number][0]
            if total < cost.get(child, math.inf):
                cost[child], label[child] = total, label[number]
                heapq.heappush(queue, (total, child))
    for number in sorted(label, key=lambda n: (places[n].at, n)):
        if not places[number].pinned:
            scores, _ = _scores(number, hops, label, cost)
            label[number] = min(scores, key=lambda incident: (scores[incident], incident))
    return label, cost


def _scores(
    number: int,
    hops: Mapping[int, Mapping[int, _Hop]],
    label: Mapping[int, int],
    cost: Mapping[int, float],
) -> tuple[dict[int, float], dict[int, str]]:
    """For each incident how little speaks for it, and the best ground. Several weak grounds add up:
    the more of a namespace fails, the likelier one of them is what is needed."""
    likely: dict[int, float] = defaultdict(float)
    by_namespace: dict[int, float] = defaultdict(float)
    best: dict[int, _Hop] = {}
    for parent, hop in hops.get(number, {}).items():
        if parent in label:
            incident = label[parent]
            here = by_namespace if hop[2] else likely
            here[incident] += math.exp(-hop[0] - FARTHER * cost[parent])
            best[incident] = min(best.get(incident, hop), hop)
    scores = {
        incident: -math.log(likely[incident] + min(by_namespace[incident], MOST_BY_NAMESPACE))
        for incident in best
    }
    return scores, {incident: hop[1] for incident, hop in best.items()}


def _places(
    traces: Mapping[int, Sequence[Trace]], giving: Collection[int], now: datetime
) -> list[_Place]:
    made: list[_Place] = []
    for incident, shown in traces.items():
        machine = machine_of(shown)
        own: dict[str, list[Trace]] = defaultdict(list)
        for trace in shown:
            if trace.service is not None:
                own[trace.service].append(trace)
        for service, some in own.items():
            at = min(trace.at for trace in some)
            surest = max(trace.telling for trace in some)
            is_down = _is_on(some, machine)
            made.append(
                _Place(
                    service=service,
                    incident=incident,
                    at=at,
                    telling=surest,
                    namespace=some[0].namespace,
                    words=frozenset().union(*(trace.words for trace in some)),
                    pinned=is_down
                    or surest is not Telling.FEELS
                    or incident not in giving
                    or now - at > SETTLES_WITHIN
                    or any(trace.is_post for trace in some),
                    of_machine=is_down,
                    is_symptom=any(is_symptom(trace.name) for trace in some),
                )
            )
    return made


def _is_on(some: Sequence[Trace], machine: str | None) -> bool:
    return machine is not None and all(trace.node == machine for trace in some)


def _hop(child: _Place, parent: _Place, depends: Depends, told: Depends) -> _Hop | None:
    """What it costs that `child` feels it through `parent`, and why that may be."""
    lag = child.at - parent.at
    if lag < -EARLIER or lag > LONGEST:
        return None
    mine, theirs = child.service, parent.service
    if mine == theirs:
        price, text = 0.1, f"same service {mine}"
    elif names(child.words, theirs):
        price, text = NAMED, f"its text names {theirs}"
    elif depends(mine, theirs):
        price, text = DECLARED, f"{mine} depends on {theirs}"
    elif told(mine, theirs):
        price, text = TOLD, f"alerts of {mine} have named {theirs} before"
    elif child.namespace is not None and child.namespace == parent.namespace:
        price, text = NAMESPACE, f"same namespace {child.namespace}"
    elif depends(theirs, mine):
        price, text = BACKWARDS, f"{theirs} depends on {mine}"
    else:
        return None
    seconds = lag.total_seconds()
    late = max(0.0, seconds - SPREADS_IN.total_seconds()) / 40 + max(0.0, seconds) / 500
    early = max(0.0, -seconds) / 12
    return price + late + early, f"{text}, {round(abs(seconds))} s apart", price == NAMESPACE
