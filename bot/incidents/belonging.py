"""Incidents that are apart and look like one problem, and one that looks like two. Pure.

The grouper decides at once, by what one alert shows in the minutes around it. Seen from later
there is more to go by; this finds what a person may want to put right.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import islice

from bot.alerts.family import family_of, normalised_name
from bot.alerts.model import AlertStatus, StoredAlert
from bot.incidents.grouping import BURST, is_of_one_machine, machine_of
from bot.incidents.model import Incident
from bot.incidents.telling import Telling
from bot.incidents.traces import Depends, Trace, names

NEAR = timedelta(minutes=30)
"""Two incidents that opened further apart are not taken for one."""
LEAST_ALIKE = 0.5
"""Share of the words of two alerts that both of them have."""
LEAST_WORDS = 2
"""That both must have: one word in common is chance."""

APART = timedelta(minutes=10)
"""By how much two parts of an incident ended apart, from which on that says something."""

Pairs = tuple[tuple[str, str], ...]

_WORD = re.compile(r"[a-z][a-z-]+")
_EMPTY = frozenset(
    {"an", "and", "are", "as", "at", "by", "for", "from", "has", "have", "in", "is", "it", "its"}
    | {"no", "not", "of", "on", "or", "the", "to", "was", "with"}
)


@dataclass(frozen=True, slots=True)
class Shown:
    """An incident with one trace for each kind of its alerts."""

    incident: Incident
    traces: Sequence[Trace]


@dataclass(frozen=True, slots=True)
class AsOne:
    """`goes` looks like a part of `into`, which opened first: their alerts called `alert` and
    `other` are alike (`likeness`, 0 to 1), and `because` says how the services hang together.
    `kinds` are the families (by key) of all pairs of alerts of which that is so, `across` of
    every pair of the two incidents' alerts."""

    goes: Incident
    into: Incident
    likeness: float
    alert: str
    other: str
    because: str
    kinds: Pairs
    across: Pairs


@dataclass(frozen=True, slots=True)
class AsTwo:
    """The alerts `leaving` an incident, each by name and service, have nothing in common with
    those that are `staying`. `kinds` are the families (by key) of every pair across; `is_burst`
    says that both began within the same minute, which may well be no chance."""

    incident: Incident
    leaving: tuple[tuple[str, str], ...]
    staying: tuple[tuple[str, str], ...]
    kinds: Pairs
    is_burst: bool

    def leaves(self, stored: StoredAlert) -> bool:
        """Whether it is one of those `leaving`."""
        return (stored.alert.name, stored.service or "") in self.leaving


def as_one(shown: Iterable[Shown], *, depends: Depends, told: Depends) -> list[AsOne]:
    """Pairs of incidents of one environment that were open at the same time, opened near each
    other, and have alerts that are alike, of one service or of two of which one needs the other;
    the most alike first.

    In the one that came later nothing may fail by itself: that would be a second cause. One that
    may belong to several is told of none.
    """
    ordered = sorted(shown, key=lambda one: (one.incident.opened_at, one.incident.id))
    read = {one.incident.id: _of_services(one.traces) for one in ordered}

    @cache
    def hang_together(one: str, other: str) -> str | None:
        return _hang_together(one, other, depends, told)

    found = []
    for at, later in enumerate(ordered):
        if not _only_feels(later.traces):
            continue
        # Of a storm's hundreds of incidents many may fit: two are enough to know that.
        fitting = (
            (first, pairs)
            for first in ordered[:at]
            if _overlap(first.incident, later.incident)
            and (pairs := _alike(read[later.incident.id], read[first.incident.id], hang_together))
        )
        match list(islice(fitting, 2)):
            case [(first, pairs)]:
                found.append(_as_one(later, first, pairs))
    return sorted(found, key=lambda one: (-one.likeness, one.goes.id, one.into.id))


@dataclass(frozen=True, slots=True)
class _Read:
    """A trace with the words that it says, and those of its own names."""

    trace: Trace
    words: frozenset[str]
    own: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Pair:
    likeness: float
    mine: Trace
    theirs: Trace
    because: str


_ByService = Mapping[str, Sequence[_Read]]


def _alike(
    mine: _ByService, theirs: _ByService, hang_together: Callable[[str, str], str | None]
) -> list[_Pair]:
    """The pairs of alerts that are alike, of services that hang together."""
    return [
        _Pair(likeness, one.trace, other.trace, because)
        for service, own in mine.items()
        for needed, those in theirs.items()
        if (because := hang_together(service, needed)) is not None
        for one in own
        for other in those
        if (likeness := _likeness(one, other)) >= LEAST_ALIKE
    ]


def _as_one(later: Shown, first: Shown, pairs: Sequence[_Pair]) -> AsOne:
    best = min(pairs, key=lambda one: (-one.likeness, one.mine.name, one.theirs.name, one.because))
    kinds = {_kinds(later, one.mine, first, one.theirs) for one in pairs}
    every = {_kinds(later, mine, first, theirs) for mine in later.traces for theirs in first.traces}
    return AsOne(
        goes=later.incident,
        into=first.incident,
        likeness=best.likeness,
        alert=best.mine.name,
        other=best.theirs.name,
        because=best.because,
        kinds=tuple(sorted(kinds)),
        across=tuple(sorted(every)),
    )


def _only_feels(traces: Sequence[Trace]) -> bool:
    if is_of_one_machine(traces) or machine_of(traces) is not None:
        return False
    return all(trace.telling is Telling.FEELS for trace in traces)


def _overlap(first: Incident, second: Incident) -> bool:
    if first.environment != second.environment or first.team_id != second.team_id:
        return False
    if second.opened_at - first.opened_at > NEAR:
        return False
    return first.resolved_at is None or first.resolved_at > second.opened_at


def _of_services(traces: Iterable[Trace]) -> _ByService:
    found: dict[str, list[_Read]] = defaultdict(list)
    for trace in traces:
        if trace.service is not None:
            found[trace.service].append(_read(trace))
    return found


def _hang_together(one: str, other: str, depends: Depends, told: Depends) -> str | None:
    """How two services do, in words; None where they do not."""
    if one == other:
        return f"both are of {one}"
    for first, second in ((one, other), (other, one)):
        if depends(first, second):
            return f"{first} depends on {second}"
    for first, second in ((one, other), (other, one)):
        if told(first, second):
            return f"alerts of {first} have named {second} before"
    return None


def likeness_of(one: Trace, other: Trace) -> float:
    """The share of words that both alerts have, 0 to 1; numbers, ids and the names of the services
    and machines do not count."""
    return _likeness(_read(one), _read(other))


def _likeness(one: _Read, other: _Read) -> float:
    own = one.own | other.own
    mine, theirs = one.words - own, other.words - own
    both = mine & theirs
    return len(both) / len(mine | theirs) if len(both) >= LEAST_WORDS else 0.0


def _read(trace: Trace) -> _Read:
    own = " ".join(name for name in (trace.service, trace.node) if name).lower()
    return _Read(trace, _words(trace), frozenset(_WORD.findall(own)))


def _words(trace: Trace) -> frozenset[str]:
    whole = trace.name.lower()
    said = {word for word in trace.words if word != whole and _WORD.fullmatch(word)}
    return frozenset(said | set(normalised_name(trace.name).split("-"))) - _EMPTY


def _kinds(one: Shown, mine: Trace, other: Shown, theirs: Trace) -> tuple[str, str]:
    first, second = sorted((_family(one.incident, mine), _family(other.incident, theirs)))
    return first, second


def _family(incident: Incident, trace: Trace) -> str:
    return family_of(trace.name, trace.service, incident.environment).key


def as_two(shown: Shown, *, depends: Depends, told: Depends) -> AsTwo | None:
    """The part of an incident that has nothing in common with the rest of it, the one that began
    last where there are several; None where all hangs together, or where it is not known of what
    service something is."""
    groups = _groups(shown.traces, depends, told)
    if len(groups) < 2:
        return None
    groups.sort(key=lambda group: (min(trace.at for trace in group), group[0].name))
    leaving = groups[-1]
    staying = [trace for group in groups[:-1] for trace in group]
    return AsTwo(
        shown.incident,
        leaving=_named(leaving),
        staying=_named(staying),
        kinds=tuple(
            sorted({_kinds(shown, mine, shown, theirs) for mine in leaving for theirs in staying})
        ),
        is_burst=any(abs(mine.at - theirs.at) <= BURST for mine in leaving for theirs in staying),
    )


def went_apart(two: AsTwo, alerts: Iterable[StoredAlert], now: datetime) -> bool:
    """Whether one part of the incident was over long before the other, or still goes on since."""
    ends: dict[bool, datetime] = {}
    for stored in alerts:
        part = two.leaves(stored)
        ends[part] = max(ends.get(part, _ended(stored, now)), _ended(stored, now))
    return len(ends) == 2 and abs(ends[True] - ends[False]) >= APART


def _ended(stored: StoredAlert, now: datetime) -> datetime:
    return now if stored.alert.status is AlertStatus.FIRING else stored.last_seen_at


def _named(traces: Iterable[Trace]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({(trace.name, trace.service or "") for trace in traces}))


def _groups(traces: Sequence[Trace], depends: Depends, told: Depends) -> list[list[Trace]]:
    left = list(traces)
    groups = []
    while left:
        group = [left.pop(0)]
        for here in group:  # grows while it is walked
            for other in [one for one in left if _has_in_common(here, one, depends, told)]:
                left.remove(other)
                group.append(other)
        groups.append(group)
    return groups


def _has_in_common(one: Trace, other: Trace, depends: Depends, told: Depends) -> bool:
    if one.service is None or other.service is None:
        return True  # nothing can be said of it
    if _hang_together(one.service, other.service, depends, told) is not None:
        return True
    if names(one.words, other.service) or names(other.words, one.service):
        return True
    if one.node is not None and one.node == other.node:
        return True
    if one.namespace is not None and one.namespace == other.namespace:
        return True
    return likeness_of(one, other) >= LEAST_ALIKE
