"""Merges and splits that the bot proposes: incidents that look like one, and one that looks like
two. Looked for now and then, a few a day, and never again what a lead has turned down."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.clock import Clock
from bot.drafts.curation import record_on_draft
from bot.drafts.model import Draft, DraftKind, DraftState
from bot.errors import Retryable
from bot.incidents.belonging import AsOne, AsTwo, Shown, as_one, as_two, went_apart
from bot.incidents.bindings import Binding, ties_of
from bot.incidents.traces import Depends, Trace
from bot.people.model import SYSTEM
from bot.uow import UnitOfWork, UnitOfWorkFactory

_log = logging.getLogger(__name__)

MARK = "found:regroupings"
EVERY = timedelta(minutes=15)
TICK_SECONDS = 300.0
LOOK_BACK = timedelta(days=1)
"""How long ago an incident may have opened and be looked at."""
MOST_A_DAY = 5
"""Merges and splits together: a queue that is too long is not read."""

_MOST_INCIDENTS = 300
_MOST_NAMED = 4
_MOST_EARLIER = 10_000
_KINDS = (DraftKind.MERGE, DraftKind.SPLIT)

Tick = tuple[float, str, Callable[[], None]]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A draft to be made; `keys` are the incidents that it is about, `kinds` the families."""

    draft: Draft
    keys: frozenset[str]
    kinds: frozenset[tuple[str, str]]


class Misplaced:
    """`depends` tells which service declares that it needs which."""

    def __init__(self, units: UnitOfWorkFactory, clock: Clock, depends: Depends) -> None:
        self._units = units
        self._clock = clock
        self._depends = depends

    def keep_up(self) -> int:
        """Look if it is time; how many proposals were made. Two replicas that look at once wait
        for each other, and the second finds nothing to do."""
        now = self._clock.now()
        with self._units.read() as uow:
            if not _is_due(uow, now):
                return 0
            shown = _shown(uow, now)
            services = {trace.service for one in shown for trace in one.traces if trace.service}
            calls = uow.alerts.told_calls(services)

        def told(one: str, other: str) -> bool:
            return (one, other) in calls

        ones = as_one(shown, depends=self._depends, told=told)
        twos = [
            two
            for one in shown
            if (two := as_two(one, depends=self._depends, told=told)) is not None
        ]
        with self._units.read() as uow:
            twos = [one for one in twos if not one.is_burst or _went_apart(uow, one, now)]
        with self._units.begin() as uow:
            if not _is_due(uow, now):
                return 0
            uow.marks.put(MARK, {"at": now.isoformat()}, now)
            bindings = uow.bindings.in_force()
            _close_what_was_settled(uow, bindings, now)
            wanted = [
                *(_merge(one, now) for one in ones if not _are_apart(one.across, bindings)),
                *(_split(two, now) for two in twos if not _are_one(two.kinds, bindings)),
            ]
            return _propose(uow, wanted, now)


def misplaced_tick(misplaced: Misplaced) -> Tick:
    """What the engine has to do every so many seconds."""

    def keep_up() -> None:
        try:
            misplaced.keep_up()
        except Retryable as error:
            _log.warning("merges and splits: %s; the next tick looks again", error)

    return (TICK_SECONDS, "misplaced", keep_up)


def _is_due(uow: UnitOfWork, now: datetime) -> bool:
    kept = uow.marks.get(MARK)
    return kept is None or now - datetime.fromisoformat(kept["at"]) >= EVERY


def _shown(uow: UnitOfWork, now: datetime) -> list[Shown]:
    """Incidents of late that everyone may see, each with what it shows."""
    since = now - LOOK_BACK
    incidents = {
        one.id: one
        for one in uow.incidents.opened_since(since, _MOST_INCIDENTS)
        if one.visibility.is_everyone and one.absorbed_into is None
    }
    traces: dict[int, list[Trace]] = defaultdict(list)
    for number, trace in uow.alerts.beginnings(list(incidents), since):
        traces[number].append(trace)
    return [Shown(incidents[number], found) for number, found in traces.items()]


def _went_apart(uow: UnitOfWork, two: AsTwo, now: datetime) -> bool:
    return went_apart(two, uow.alerts.of_incident(two.incident.id), now)


def _propose(uow: UnitOfWork, wanted: Iterable[_Wanted], now: datetime) -> int:
    earlier = [one for kind in _KINDS for one in uow.drafts.of_kind(kind, limit=_MOST_EARLIER)]
    room = MOST_A_DAY - sum(now - one.made_at < timedelta(days=1) for one in earlier)
    made = 0
    for one in wanted:
        if made >= room:
            break
        if any(_is_the_same(one, other) for other in earlier):
            continue
        added = uow.drafts.add(one.draft)
        earlier.append(added)
        made += 1
        record_on_draft(uow, f"{added.kind.value}.proposed", added, actor=SYSTEM.key, now=now)
    return made


def _is_the_same(wanted: _Wanted, earlier: Draft) -> bool:
    """Whether it was proposed before, of these incidents or of alerts of these kinds; what ran
    out with nobody's word may be proposed again."""
    if earlier.kind is not wanted.draft.kind or earlier.state is DraftState.EXPIRED:
        return False
    kinds = {tuple(pair) for pair in earlier.content.get("kinds", ())}
    return bool(kinds & wanted.kinds) or incidents_of(earlier) == wanted.keys


def incidents_of(draft: Draft) -> frozenset[str]:
    """The keys of the incidents that a merge or a split is about."""
    into = draft.content.get("incident")
    return frozenset({draft.subject, into} if isinstance(into, str) and into else {draft.subject})


def _close_what_was_settled(uow: UnitOfWork, bindings: Sequence[Binding], now: datetime) -> None:
    """What waits and was said by people meanwhile, one way or the other, waits no more."""
    for kind in _KINDS:
        for draft in uow.drafts.waiting(kind, limit=1_000):
            pairs = [tuple(pair) for pair in draft.content.get("kinds", ())]
            if _are_apart(pairs, bindings) or _are_one(pairs, bindings):
                uow.drafts.decide(draft.id, DraftState.REPLACED, actor=SYSTEM.key, now=now)


def _are_apart(pairs: Iterable[tuple[str, ...]], bindings: Sequence[Binding]) -> bool:
    """Whether people said of any of these families that they are never one problem."""
    return any(other in ties_of(one, bindings).apart for one, other in pairs)


def _are_one(pairs: Iterable[tuple[str, ...]], bindings: Sequence[Binding]) -> bool:
    """Whether people said of any of these families that they are one problem."""
    return any(other in ties_of(one, bindings).together for one, other in pairs)


def _merge(one: AsOne, now: datetime) -> _Wanted:
    apart = round((one.goes.opened_at - one.into.opened_at).total_seconds() / 60)
    problem = (
        f"{one.goes.key} looks like a part of {one.into.key}: {one.because}, {one.alert} and "
        f"{one.other} are {one.likeness:.2f} alike, and they opened {apart} min apart."
    )
    content = {
        "problem": problem,
        "title": one.goes.title,
        "incident": one.into.key,
        "other_title": one.into.title,
    }
    return _wanted(DraftKind.MERGE, one.goes.key, content, one.kinds, now)


def _split(two: AsTwo, now: datetime) -> _Wanted:
    problem = (
        f"Nothing ties {_listed(two.leaving)} to the other alerts of {two.incident.key}, "
        f"{_listed(two.staying)}: other services, of which none needs the other, and other words."
    )
    content = {
        "problem": problem,
        "title": two.incident.title,
        "leaving": [list(kind) for kind in two.leaving],
        "staying": [list(kind) for kind in two.staying],
    }
    return _wanted(DraftKind.SPLIT, two.incident.key, content, two.kinds, now)


def _wanted(
    kind: DraftKind,
    subject: str,
    content: dict[str, Any],
    kinds: Sequence[tuple[str, str]],
    now: datetime,
) -> _Wanted:
    whole = {**content, "kinds": [list(pair) for pair in kinds]}
    draft = Draft(kind=kind, subject=subject, content=whole, made_by=SYSTEM.key, made_at=now)
    return _Wanted(draft, incidents_of(draft), frozenset(kinds))


def _listed(kinds: Sequence[tuple[str, str]]) -> str:
    said = [f"{name} of {service}" if service else name for name, service in kinds[:_MOST_NAMED]]
    more = len(kinds) - len(said)
    return ", ".join([*said, *([f"{more} more"] if more else [])])
