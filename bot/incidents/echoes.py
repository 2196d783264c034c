"""One alert that comes twice: by a webhook, and in what a tool posted in a channel. Pure.

A post says less than a webhook: often no environment, and the service in running text. So what
it does not say is no contradiction here; the name is what counts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.alerts.family import normalised_name
from bot.alerts.model import FROM_POSTS, Alert, AlertStatus, StoredAlert
from bot.incidents.grouping import Newcomer, may_be_same_place
from bot.incidents.model import Incident
from bot.incidents.traces import Trace, words_of


def echo_of(
    newcomer: Newcomer, active: Sequence[Incident], traces: Mapping[int, Sequence[Trace]]
) -> int | None:
    """The newest incident of `active` in which this very alert is known from another tool, one
    of the two being a post; None where there is none."""
    mine = newcomer.trace
    for incident in sorted(active, key=lambda one: (one.opened_at, one.id), reverse=True):
        if not may_be_same_place(incident.environment, newcomer.environment):
            continue
        for trace in traces.get(incident.id, ()):
            if (mine.is_post or trace.is_post) and tell_the_same(mine, trace):
                return incident.id
    return None


def tell_the_same(one: Trace, other: Trace) -> bool:
    """Whether two are of one rule, and nothing says that they are of two services."""
    if one.service is not None and other.service is not None and one.service != other.service:
        return False
    mine, theirs = normalised_name(one.name), normalised_name(other.name)
    if mine == theirs:
        return True
    return (one.is_post and _is_named(theirs, other, one)) or (
        other.is_post and _is_named(mine, one, other)
    )


def _is_named(normalised: str, alert: Trace, post: Trace) -> bool:
    """Whether the words of a post have the whole name; a name of one plain word can be any."""
    return "-" in normalised and words_of(alert.name) <= post.words


def ended_as_well(
    ended: Sequence[StoredAlert], members: Sequence[StoredAlert]
) -> Sequence[StoredAlert]:
    """The posts' alerts among an incident's `members` that end with those that have `ended`.

    A tool's webhook says when it is over, its posts often do not. As long as any other alert of
    the same rule fires, the post stands for that.
    """
    over = [_trace(one) for one in ended if one.alert.source != FROM_POSTS]
    firing = [one for one in members if one.alert.status is AlertStatus.FIRING]
    others = [_trace(one) for one in firing if one.alert.source != FROM_POSTS]
    posts = [(one, _trace(one)) for one in firing if one.alert.source == FROM_POSTS]
    return [
        one
        for one, post in posts
        if any(tell_the_same(post, end) for end in over)
        and not any(tell_the_same(post, other) for other in others)
    ]


def _trace(stored: StoredAlert) -> Trace:
    alert: Alert = stored.alert
    return Trace(
        name=alert.name,
        service=stored.service,
        at=stored.last_seen_at,
        words=words_of(alert.name, alert.summary),
        is_post=alert.source == FROM_POSTS,
    )


def completed(incident: Incident, newcomer: Newcomer) -> Incident:
    """With the service and the place that a post, which came first, did not tell."""
    return replace(
        incident,
        service=incident.service or newcomer.service,
        environment=_more_exact(incident.environment, newcomer.environment),
    )


def _more_exact(known: str | None, told: str | None) -> str | None:
    if known is None or (told is not None and told.startswith(f"{known}/")):
        return told
    return known
