"""Which alerts of one batch belong together, whatever order they came in. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.incidents.grouping import (
    HEARSAY,
    SPREADING,
    Joining,
    JoinReason,
    Newcomer,
    is_second_cause,
    place,
    related,
)
from bot.incidents.model import Incident
from bot.incidents.telling import Telling
from bot.incidents.traces import Depends, Trace, names, nothing_told


@dataclass(frozen=True, slots=True)
class Planned:
    """Where an alert of the batch goes: an open incident, or (`cohort`) one to be opened with
    others of the batch; `text` says why."""

    joining: Joining
    cohort: int | None = None


def arrange(
    newcomers: Mapping[str, Newcomer],
    active: Sequence[Incident],
    *,
    window: timedelta,
    depends: Depends,
    traces: Mapping[int, Sequence[Trace]],
    told: Depends = nothing_told,
) -> dict[str, Planned]:
    """Plan for every newcomer, by its key.

    First those that join an open incident, round by round, since each that joins may be the
    link to another; within a round all see the same. What is left is put together where it is
    related, and each such cohort opens one incident.
    """
    kinds: dict[Newcomer, list[str]] = defaultdict(list)
    earliest: dict[tuple[object, ...], Newcomer] = {}
    for key, newcomer in sorted(
        _as_services(newcomers).items(), key=lambda one: (one[1].received_at, one[0])
    ):
        kinds[earliest.setdefault(_kind(newcomer), newcomer)].append(key)
    shown = {number: list(own) for number, own in traces.items()}
    placed: dict[Newcomer, Joining] = {}
    left = list(kinds)
    while left:
        found = [
            (one, place(one, active, window=window, depends=depends, traces=shown, told=told))
            for one in left
        ]
        failing = [
            one
            for one, joining in found
            if joining.incident is None and one.telling is not Telling.FEELS
        ]
        joined = [
            (one, joining)
            for one, joining in found
            if joining.incident is not None
            and not (joining.reason in HEARSAY and _feels_one_of(failing, one, depends, told))
        ]
        for one, joining in joined:
            assert joining.incident is not None
            placed[one] = joining
            shown.setdefault(joining.incident.id, []).append(one.trace)
        left = [one for one in left if one not in placed]
        if not joined:
            break
    plan = {key: Planned(joining) for one, joining in placed.items() for key in kinds[one]}
    for number, (members, reasons) in enumerate(_cohorts(left, window, depends, told)):
        for one in members:
            reason, words = reasons.get(one, (JoinReason.NEW, JoinReason.NEW.value))
            for key in kinds[one]:
                plan[key] = Planned(Joining(None, reason, words), cohort=number)
    return plan


def _feels_one_of(
    failing: Sequence[Newcomer], one: Newcomer, depends: Depends, told: Depends
) -> bool:
    """Whether it needs a service that begins to fail in this very batch."""
    if one.service is None or one.telling is not Telling.FEELS:
        return False
    return any(
        root.environment == one.environment
        and root.service is not None
        and (
            depends(one.service, root.service)
            or told(one.service, root.service)
            or names(one.words, root.service)
        )
        for root in failing
    )


def _as_services(newcomers: Mapping[str, Newcomer]) -> dict[str, Newcomer]:
    """Each with what all of the batch tells of its service: whether it fails itself, and that it
    is no matter of one machine where it shows on several."""
    place = {key: (one.environment, one.service) for key, one in newcomers.items()}
    tellings: dict[object, Telling] = defaultdict(lambda: Telling.FEELS)
    for key, one in newcomers.items():
        tellings[place[key]] = max(tellings[place[key]], one.telling)
    nodes: dict[object, set[str]] = defaultdict(set)
    for key, one in newcomers.items():
        if one.node is not None:
            nodes[place[key]].add(one.node)
    return {
        key: replace(
            one,
            telling=tellings[place[key]] if one.service is not None else one.telling,
            node=None if one.service is not None and len(nodes[place[key]]) > 1 else one.node,
        )
        for key, one in newcomers.items()
    }


def _kind(newcomer: Newcomer) -> tuple[object, ...]:
    """Instances of one rule on one service and machine go where the first of them goes."""
    return (
        *(newcomer.source, newcomer.group_key, newcomer.name, newcomer.service),
        *(newcomer.environment, newcomer.known_incident, newcomer.node),
        *(newcomer.with_incidents, newcomer.not_with, newcomer.is_split),
        *(newcomer.echo_of, newcomer.telling, newcomer.keeps_to_itself),
    )


def _cohorts(
    newcomers: Sequence[Newcomer], window: timedelta, depends: Depends, told: Depends
) -> list[tuple[list[Newcomer], dict[Newcomer, tuple[JoinReason, str]]]]:
    left = list(newcomers)
    made = []
    while left:
        members, reasons = [left.pop(0)], {}
        for here in members:  # grows while it is walked: everything that hangs together
            for other in list(left):
                reason = related(here, other, window=window, depends=depends, told=told)
                if reason is None or (
                    reason[0] in SPREADING
                    and is_second_cause(other.trace, [one.trace for one in members], depends)
                ):
                    continue
                left.remove(other)
                members.append(other)
                reasons[other] = reason
        made.append((members, reasons))
    return made
