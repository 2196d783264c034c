"""Which active incident an alert belongs to, and why. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.alerts.family import family_of
from bot.alerts.fingerprint import digest
from bot.incidents.model import Incident

GROUP_KEY_VERSION = 1
DECLARED_PREFIX = "channel:"
"""Begins the group keys of incidents that people declared by making a channel."""


class JoinReason(StrEnum):
    SAME_ALERT = "the same alert"
    SAME_GROUP = "same group key"
    SAME_FAMILY = "same alert, another instance"
    SAME_SERVICE = "same service"
    DEPENDENCY = "declared dependency"
    MERGED = "people said that they are one problem"
    NEW = "nothing alike is open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """The alert to be placed. `known_incident` is the one it was in before, if any.

    `with_incidents` are those that people said it belongs to, `not_with` those it must not
    join; one that was split from something (`is_split`) is grouped by its own family alone.
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
    depends: Callable[[str, str], bool],
) -> Joining:
    """The incident of `active` that the alert joins; the strongest ground first.

    `depends(one, other)` tells whether service `one` declares that it needs `other`. Only
    incidents that are not over may be given; the nearest in time wins within one ground.
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
    key = group_key_of(newcomer)
    for incident in open_ones:
        if incident.group_key == key:
            by_sender = newcomer.group_key and not newcomer.is_split
            named = JoinReason.SAME_GROUP if by_sender else JoinReason.SAME_FAMILY
            return _join(incident, named, newcomer)
    near = sorted(
        (one for one in open_ones if _within(one, newcomer, window)),
        key=lambda one: abs(newcomer.received_at - one.opened_at),
    )
    if newcomer.service is not None:
        for incident in near:
            if incident.service == newcomer.service:
                return _join(incident, JoinReason.SAME_SERVICE, newcomer)
        for incident in near:
            if incident.service is None:
                continue
            if depends(incident.service, newcomer.service):
                needs = f"{incident.service} depends on {newcomer.service}"
                return _join(incident, JoinReason.DEPENDENCY, newcomer, needs)
            if depends(newcomer.service, incident.service):
                needs = f"{newcomer.service} depends on {incident.service}"
                return _join(incident, JoinReason.DEPENDENCY, newcomer, needs)
    return Joining(None, JoinReason.NEW, JoinReason.NEW.value)


def _within(incident: Incident, newcomer: Newcomer, window: timedelta) -> bool:
    return (
        _is_same_place(incident, newcomer)
        and abs(newcomer.received_at - incident.opened_at) <= window
    )


def _is_same_place(incident: Incident, newcomer: Newcomer) -> bool:
    """People who declare an incident in a channel often do not say where it is."""
    if incident.environment is None and incident.group_key.startswith(DECLARED_PREFIX):
        return True
    return incident.environment == newcomer.environment


def _join(incident: Incident, reason: JoinReason, newcomer: Newcomer, detail: str = "") -> Joining:
    words = detail or (
        f"{reason} {newcomer.service}" if reason is JoinReason.SAME_SERVICE else reason.value
    )
    apart = round(abs(newcomer.received_at - incident.opened_at).total_seconds())
    return Joining(incident, reason, f"{words}, {apart} s apart")
