"""The numbers of a week, or of several, by service. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.channels.report import wilson
from bot.incidents.model import Incident
from bot.suggestions.ports import Feedback, Outcome

RIGHT = ("helpful", "graded_right", "resolved_like")
WRONG = ("not_helpful", "graded_wrong", "not_same")
"""Verdicts of people on an answer."""
MOST = 200
"""Services of one week that are kept, those with the most incidents."""


@dataclass(frozen=True, slots=True)
class ServiceNumbers:
    """`searched` incidents of a service (None: unknown) were searched for, `answered` of them with
    something close enough. Of the answers on them `right` words said that one was right, `wrong`
    that it was not."""

    service: str | None
    incidents: int
    searched: int
    answered: int
    right: int
    wrong: int

    @property
    def abstained(self) -> int:
        return self.searched - self.answered

    @property
    def answered_share(self) -> float | None:
        return self.answered / self.searched if self.searched else None

    @property
    def graded(self) -> int:
        return self.right + self.wrong

    @property
    def precision(self) -> float | None:
        return self.right / self.graded if self.graded else None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the precision."""
        return wilson(self.right, self.graded)


def by_service(
    incidents: Sequence[Incident], outcomes: Iterable[Outcome], words: Iterable[Feedback]
) -> tuple[ServiceNumbers, ...]:
    """Of these incidents, the services with the most of them first."""
    service = {one.id: one.service for one in incidents}
    answered: dict[int, bool] = {}
    for outcome in outcomes:
        if outcome.incident_id is not None and outcome.incident_id in service:
            earlier = answered.get(outcome.incident_id, False)
            answered[outcome.incident_id] = earlier or outcome.answered
    said = Counter(
        (service[word.incident_id], word.verdict in RIGHT)
        for word in words
        if word.incident_id is not None
        and word.incident_id in service
        and word.verdict in (*RIGHT, *WRONG)
    )
    opened = Counter(service.values())
    searched = Counter(service[number] for number in answered)
    close = Counter(service[number] for number, was_close in answered.items() if was_close)
    return _ordered(
        ServiceNumbers(
            service=name,
            incidents=count,
            searched=searched[name],
            answered=close[name],
            right=said[name, True],
            wrong=said[name, False],
        )
        for name, count in opened.items()
    )


def together(parts: Iterable[ServiceNumbers]) -> tuple[ServiceNumbers, ...]:
    """The sums of several weeks, a service each."""
    sums: dict[str | None, ServiceNumbers] = {}
    for one in parts:
        before = sums.get(one.service)
        sums[one.service] = (
            one
            if before is None
            else ServiceNumbers(
                service=one.service,
                incidents=before.incidents + one.incidents,
                searched=before.searched + one.searched,
                answered=before.answered + one.answered,
                right=before.right + one.right,
                wrong=before.wrong + one.wrong,
            )
        )
    return _ordered(sums.values())


def _ordered(found: Iterable[ServiceNumbers]) -> tuple[ServiceNumbers, ...]:
    return tuple(sorted(found, key=lambda one: (-one.incidents, one.service or ""))[:MOST])
