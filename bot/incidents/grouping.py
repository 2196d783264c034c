"""Which active incident an alert belongs to, and why. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.alerts.family import family_of
from bot.alerts.fingerprint import digest
from bot.alerts.model import FROM_POSTS
from bot.incidents.model import Incident
from bot.incidents.telling import Telling, is_symptom
from bot.incidents.traces import Depends, Trace, alike, hops, names, nothing_told

BURST = timedelta(seconds=60)
"""Within it, what breaks on one machine or says the same of one thing is one problem."""
SOON = timedelta(seconds=120)
"""After it, that a fault spreads from one service to the next is less likely than all else."""
DEEPEST = 4
"""Most declared dependencies between the service that an incident began with and another."""
LONGEST_WINDOWS = 12
"""For how many windows an incident takes in what is not the same alert, group or family."""

GROUP_KEY_VERSION = 1
DECLARED_PREFIX = "channel:"
"""Begins the group keys of incidents that people declared by making a channel."""


class JoinReason(StrEnum):
    SAME_ALERT = "the same alert"
    SAME_GROUP = "same group key"
    SAME_FAMILY = "same alert, another instance"
    SAME_SERVICE = "same service"
    DEPENDENCY = "declared dependency"
    NAMED = "its text names a service"
    TOLD = "alerts of one have named the other before"
    SAME_NODE = "same machine"
    ALIKE = "text alike"
    SAME_NAMESPACE = "same namespace"
    SPREADS = "nothing of its own fails, and one problem spreads"
    ECHO = "the same alert, told by another tool"
    MERGED = "people said that they are one problem"
    NEW = "nothing alike is open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """The alert to be placed. `known_incident` is the one it was in before, if any.

    `with_incidents` are those that people said it belongs to, `not_with` those it must not
    join; one that was split from something (`is_split`) is grouped by its own family alone.
    `echo_of` is the incident that knows this very alert from another tool (`echoes`);
    `telling` is what it, or another of the batch, says of its service. One that comes back
    after an incident that it had to itself (`keeps_to_itself`) is no effect of its neighbours.
    """

    source: str
    name: str
    group_key: str | None
    service: str | None
    environment: str | None
    received_at: datetime
    known_incident: int | None = None
    with_incidents: frozenset[int] = frozenset()
    not_with: frozenset[int] = frozenset()
    is_split: bool = False
    node: str | None = None
    namespace: str | None = None
    words: frozenset[str] = frozenset()
    echo_of: int | None = None
    telling: Telling = Telling.FEELS
    keeps_to_itself: bool = False

    @property
    def is_post(self) -> bool:
        """Whether it was read out of what a tool posted in a channel."""
        return self.source == FROM_POSTS

    @property
    def trace(self) -> Trace:
        return Trace(
            name=self.name,
            service=self.service,
            at=self.received_at,
            node=self.node,
            namespace=self.namespace,
            words=self.words,
            is_post=self.is_post,
            telling=self.telling,
        )


@dataclass(frozen=True, slots=True)
class Joining:
    """Where it goes: an active incident, or None for a new one. `text` is for people."""

    incident: Incident | None
    reason: JoinReason
    text: str


def group_key_of(newcomer: Newcomer) -> str:
    """The typed key under which a new incident for this alert is opened.

    From the sender's own group where it gives one, else from the alert's family. Service and
    environment are always part of it: one sender's group may span several.
    """
    service, environment = newcomer.service or "", newcomer.environment or ""
    parts: tuple[str, ...]
    if newcomer.is_split:
        # Not the key of the incident that it was split from, which is still reserved for that.
        family = family_of(newcomer.name, newcomer.service, newcomer.environment)
        parts = ("split", family.name, service, environment)
    elif newcomer.group_key:
        parts = ("group", newcomer.source, newcomer.group_key, service, environment)
    else:
        family = family_of(newcomer.name, newcomer.service, newcomer.environment)
        parts = ("family", family.name, service, environment)
    return f"auto:{GROUP_KEY_VERSION}:{digest(*parts)}"


def place(
    newcomer: Newcomer,
    active: Sequence[Incident],
    *,
    window: timedelta,
    depends: Depends,
    traces: Mapping[int, Sequence[Trace]] | None = None,
    told: Depends = nothing_told,
) -> Joining:
    """The incident of `active` that the alert joins; the strongest ground first.

    `depends(one, other)` tells whether service `one` declares that it needs `other`; `traces`
    are what the incidents' alerts show, by incident id. Only incidents that are not over may be
    given; the nearest in time wins within one ground.
    """
    open_ones = [
        incident
        for incident in active
        if not incident.state.is_over and incident.id not in newcomer.not_with
    ]
    for incident in open_ones:
        if incident.id == newcomer.known_incident:
            return _join(incident, JoinReason.SAME_ALERT, newcomer)
    for incident in open_ones:
        if incident.id in newcomer.with_incidents:
            return _join(incident, JoinReason.MERGED, newcomer)
    for incident in open_ones:
        if incident.id == newcomer.echo_of:
            return _join(incident, JoinReason.ECHO, newcomer)
    key = group_key_of(newcomer)
    for incident in open_ones:
        if incident.group_key == key:
            by_sender = newcomer.group_key and not newcomer.is_split
            named = JoinReason.SAME_GROUP if by_sender else JoinReason.SAME_FAMILY
            return _join(incident, named, newcomer)
    grounds = [
        ground
        for incident in open_ones
        if _is_same_place(incident, newcomer, (traces or {}).get(incident.id, ()))
        for ground in _grounds(
            newcomer, incident, (traces or {}).get(incident.id), window, depends, told
        )
    ]
    if not grounds:
        grounds = _spreading_to(newcomer, open_ones, traces or {})
    if not grounds:
        return Joining(None, JoinReason.NEW, JoinReason.NEW.value)
    return min(grounds, key=_Ground.order).joining


def related(
    one: Newcomer,
    other: Newcomer,
    *,
    window: timedelta,
    depends: Depends,
    told: Depends = nothing_told,
) -> tuple[JoinReason, str] | None:
    """Why two alerts that come together are one problem, and in words; None where nothing says
    so."""
    if one.environment != other.environment or one.is_split or other.is_split:
        return None
    apart = abs(one.received_at - other.received_at)
    if group_key_of(one) == group_key_of(other):
        reason = JoinReason.SAME_GROUP if one.group_key else JoinReason.SAME_FAMILY
        return reason, _spoken(reason.value, apart)
    if apart > window:
        return None
    found = _link(one.trace, other.trace, depends, told)
    if found is None:
        return None
    if (one.keeps_to_itself or other.keeps_to_itself) and found[0] is not JoinReason.SAME_SERVICE:
        return None
    return found[0], _spoken(found[1], apart)


@dataclass(frozen=True, slots=True)
class _Ground:
    joining: Joining
    apart: timedelta

    def order(self) -> tuple[int, timedelta, int]:
        assert self.joining.incident is not None
        strength = list(JoinReason).index(self.joining.reason)
        is_late = self.apart > SOON and self.joining.reason in SPREADING
        return strength + is_late * len(JoinReason), self.apart, self.joining.incident.id


def _grounds(
    newcomer: Newcomer,
    incident: Incident,
    traces: Sequence[Trace] | None,
    window: timedelta,
    depends: Depends,
    told: Depends,
) -> list[_Ground]:
    """Why the newcomer may join the incident: at most one ground for each of its traces."""
    if abs(newcomer.received_at - incident.opened_at) > window * LONGEST_WINDOWS:
        return []
    shown = traces or [Trace(name="", service=incident.service, at=incident.opened_at)]
    nodes = {trace.node for trace in shown if trace.node is not None}
    there = {trace.service for trace in shown if trace.service is not None}
    mine, found = newcomer.trace, []
    is_second = is_second_cause(mine, shown, depends)
    for trace in shown:
        apart = abs(newcomer.received_at - trace.at)
        link = _link(mine, trace, depends, told) if apart <= window else None
        if link is None:
            continue
        reason, words = link
        if reason in SPREADING and (is_second or _is_long_after(mine, trace, apart)):
            # No effect of it; but both may go down with the machine that they are on.
            if (link := _same_node(mine, trace)) is None:
                continue
            reason, words = link
        if newcomer.keeps_to_itself and reason is not JoinReason.SAME_SERVICE:
            continue
        if reason is JoinReason.SAME_NODE and len(nodes) > 1:
            continue  # what shows on several machines is no failure of one
        if reason is JoinReason.SAME_NAMESPACE and is_of_one_machine(shown):
            continue  # and what fails with its machine says nothing of its namespace
        if reason is JoinReason.DEPENDENCY and newcomer.service is not None:
            far = hops(
                incident.service,
                newcomer.service,
                there,
                lambda one, other: depends(one, other) or told(one, other),
            )
            if far is not None and far > DEEPEST:
                continue
        found.append(_Ground(Joining(incident, reason, _spoken(words, apart)), apart))
    return found


def _is_long_after(mine: Trace, trace: Trace, apart: timedelta) -> bool:
    """Whether it fails itself so long after a neighbour began to feel something, or failed, that
    this is no sign of one problem."""
    return mine.telling is not Telling.FEELS and apart > SOON


def _spreading_to(
    newcomer: Newcomer, open_ones: Sequence[Incident], traces: Mapping[int, Sequence[Trace]]
) -> list[_Ground]:
    """The one incident of its environment that spreads at that moment: a service fails itself in
    it, others feel it, and it took in something within the burst. What feels a fault without one
    of its own has it from somewhere, and not all dependencies are declared. Where several
    spread, none is told from the others."""
    if newcomer.service is None or newcomer.telling is not Telling.FEELS:
        return []
    if newcomer.keeps_to_itself or newcomer.is_split or newcomer.is_post:
        return []
    if not is_symptom(newcomer.name):
        return []
    found = []
    for incident in open_ones:
        shown = traces.get(incident.id, ())
        if incident.environment != newcomer.environment or not _spreads(shown):
            continue
        if is_of_one_machine(shown) or machine_of(shown) is not None:
            continue
        apart = min(abs(newcomer.received_at - trace.at) for trace in shown)
        if apart <= BURST:
            words = _spoken(f"nothing of {newcomer.service} itself fails, this spreads", apart)
            found.append(_Ground(Joining(incident, JoinReason.SPREADS, words), apart))
    return found if len(found) == 1 else []


def is_of_one_machine(shown: Sequence[Trace]) -> bool:
    """Whether several services show it, all of them on the same machine."""
    nodes = {trace.node for trace in shown if trace.node is not None}
    return len(nodes) == 1 and len({trace.service for trace in shown}) > 1


def machine_of(shown: Sequence[Trace]) -> str | None:
    """The machine that went down with services of this incident, if one did."""
    services: dict[str, set[str]] = {}
    for trace in shown:
        if trace.node is not None and trace.service is not None:
            services.setdefault(trace.node, set()).add(trace.service)
    most = max(services, key=lambda node: (len(services[node]), node), default=None)
    return most if most is not None and len(services[most]) >= 3 else None


def _spreads(shown: Sequence[Trace]) -> bool:
    services = {trace.service for trace in shown}
    return len(services) > 1 and any(trace.telling is not Telling.FEELS for trace in shown)


SPREADING = frozenset(
    {JoinReason.DEPENDENCY, JoinReason.NAMED, JoinReason.TOLD, JoinReason.SAME_NAMESPACE}
)
"""Grounds by which what spreads from one service to the others is found."""
HEARSAY = SPREADING | {JoinReason.SPREADS}
"""Those that are weaker than that a service which it needs begins to fail at that moment."""


def is_second_cause(mine: Trace, shown: Sequence[Trace], depends: Depends) -> bool:
    """Whether a service that fails itself does so beside another one that does, and does not
    need that one: then it is a problem of its own, however near."""
    if mine.telling is Telling.FEELS:
        return False
    failing = {trace.service for trace in shown if trace.telling is not Telling.FEELS}
    if not failing or mine.service is None or mine.service in {one.service for one in shown}:
        return False
    if mine.telling is Telling.RUNS_OUT:
        return True
    return not any(one is not None and depends(mine.service, one) for one in failing)


def _link(
    mine: Trace, trace: Trace, depends: Depends, told: Depends
) -> tuple[JoinReason, str] | None:
    """The strongest ground between two traces of one environment, and how it is said."""
    if mine.service is not None and trace.service is not None:
        if mine.service == trace.service:
            return JoinReason.SAME_SERVICE, f"{JoinReason.SAME_SERVICE} {mine.service}"
        for one, other in ((trace.service, mine.service), (mine.service, trace.service)):
            if depends(one, other):
                return JoinReason.DEPENDENCY, f"{one} depends on {other}"
        if names(mine.words, trace.service):
            return JoinReason.NAMED, f"its text names {trace.service}"
        if names(trace.words, mine.service):
            return JoinReason.NAMED, f"the text of {trace.name} names {mine.service}"
        for one, other in ((trace.service, mine.service), (mine.service, trace.service)):
            if told(one, other):
                return JoinReason.TOLD, f"alerts of {one} have named {other} before"
    if abs(mine.at - trace.at) > BURST:
        return None
    if (node := _same_node(mine, trace)) is not None:
        return node
    likeness = alike(mine, trace)
    if likeness is not None:
        return JoinReason.ALIKE, f"{likeness[0]:.2f} alike, both speak of {likeness[1]}"
    if mine.namespace is not None and mine.namespace == trace.namespace:
        return JoinReason.SAME_NAMESPACE, f"{JoinReason.SAME_NAMESPACE} {mine.namespace}"
    return None


def _same_node(mine: Trace, trace: Trace) -> tuple[JoinReason, str] | None:
    if mine.node is None or mine.node != trace.node or abs(mine.at - trace.at) > BURST:
        return None
    return JoinReason.SAME_NODE, f"{JoinReason.SAME_NODE} {mine.node}"


def _is_same_place(incident: Incident, newcomer: Newcomer, traces: Sequence[Trace]) -> bool:
    """People who declare an incident in a channel often do not say where it is, and neither do
    the posts of tools."""
    if incident.environment is None and incident.group_key.startswith(DECLARED_PREFIX):
        return True
    if newcomer.is_post or (traces and all(trace.is_post for trace in traces)):
        return may_be_same_place(incident.environment, newcomer.environment)
    return incident.environment == newcomer.environment


def may_be_same_place(one: str | None, other: str | None) -> bool:
    """Whether two environments can be one; "prod" may be any cluster of it, None is anywhere."""
    if one is None or other is None or one == other:
        return True
    return one.partition("/")[0] == other or other.partition("/")[0] == one


def _join(incident: Incident, reason: JoinReason, newcomer: Newcomer) -> Joining:
    apart = abs(newcomer.received_at - incident.opened_at)
    return Joining(incident, reason, _spoken(reason.value, apart))


def _spoken(words: str, apart: timedelta) -> str:
    return f"{words}, {round(apart.total_seconds())} s apart"
