"""The numbers of a week: what came in, what was said, and what people thought of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from bot.channels.report import wilson
from bot.counts.services import RIGHT, WRONG, ServiceNumbers, by_service
from bot.incidents.model import Incident
from bot.schedules.numbers import Numbers, numbers_of
from bot.suggestions.ports import Feedback
from bot.uow import UnitOfWork
from knowledge.model import PUBLIC

WEEKS = 8
WEEK = timedelta(days=7)
LATE = timedelta(days=1)
"""How long after its end a week may still get what belongs to it, such as a late answer."""

_MOST = 20_000
"""Incidents of one week that are counted; nobody has as many."""


@dataclass(frozen=True, slots=True)
class Span:
    """One week: from `begins` on, before `ends`. `right` of `graded` words said that an answer was
    right; `interval` is the 95 % interval of that share. Medians are in seconds, None where there
    was nothing to measure. `services` are those with the most incidents."""

    begins: datetime
    ends: datetime
    numbers: Numbers
    right: int
    graded: int
    held_back: int
    to_acknowledge: float | None
    to_resolve: float | None
    to_resolve_helped: float | None
    to_resolve_alone: float | None
    services: tuple[ServiceNumbers, ...]

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.right, self.graded)

    @property
    def precision(self) -> float | None:
        return self.right / self.graded if self.graded else None


def begins_of_weeks(now: datetime) -> list[datetime]:
    """When each of the last WEEKS weeks began, Mondays in UTC, the one that still goes on first."""
    monday = datetime.combine(
        now.date() - timedelta(days=now.weekday()), datetime.min.time(), now.tzinfo
    )
    return [monday - WEEK * back for back in range(WEEKS)]


def is_over(begins: datetime, now: datetime) -> bool:
    """Whether nothing comes to the week any more."""
    return now >= begins + WEEK + LATE


def span_of(uow: UnitOfWork, begins: datetime, noise_limit: int) -> Span:
    """The week that began then. `noise_limit` is how many posts a day are too many."""
    ends = begins + WEEK
    opened = [
        each
        for each in uow.incidents.opened_since(begins, _MOST, ends)
        if PUBLIC.may_see(each.visibility)
    ]
    ids = [incident.id for incident in opened]
    feedback = uow.suggestions.feedback_since(begins, ends)
    words = _of_what_everyone_sees(uow, feedback, frozenset(ids))
    helpful = {word.incident_id for word in words if word.verdict in ("helpful", "resolved_like")}
    right = sum(word.verdict in RIGHT for word in words)
    wrong = sum(word.verdict in WRONG for word in words)
    # One that opened in the last minutes of a week is searched for in the next.
    outcomes = uow.suggestions.outcomes_since(begins, 2 * _MOST, ends + LATE)
    taken = uow.incidents.acknowledged(ids)
    return Span(
        begins=begins,
        ends=ends,
        numbers=numbers_of(
            opened,
            outcomes,
            feedback,
            uow.outbox.said_since(begins, until=ends + LATE),
            ends,
            noise_limit,
        ),
        right=right,
        graded=right + wrong,
        held_back=sum(uow.held.totals(begins, ends).values()),
        to_acknowledge=_median(
            [
                (taken[each.id] - each.opened_at).total_seconds()
                for each in opened
                if each.id in taken
            ]
        ),
        to_resolve=_median(_resolved(opened)),
        to_resolve_helped=_median(_resolved([each for each in opened if each.id in helpful])),
        to_resolve_alone=_median(_resolved([each for each in opened if each.id not in helpful])),
        services=by_service(opened, outcomes, words),
    )


def _of_what_everyone_sees(
    uow: UnitOfWork, words: Sequence[Feedback], seen: frozenset[int]
) -> list[Feedback]:
    """Words on questions, on the incidents of the week, and on older ones that all may see."""
    older = {word.incident_id for word in words if word.incident_id is not None} - seen
    shown = set(seen)
    for incident_id in older:
        incident = uow.incidents.get(incident_id)
        if incident is not None and PUBLIC.may_see(incident.visibility):
            shown.add(incident_id)
    return [word for word in words if word.incident_id is None or word.incident_id in shown]


def _resolved(incidents: Sequence[Incident]) -> list[float]:
    return [
        (incident.resolved_at - incident.opened_at).total_seconds()
        for incident in incidents
        if incident.resolved_at is not None
    ]


def _median(values: Sequence[float]) -> float | None:
    return median(values) if values else None
