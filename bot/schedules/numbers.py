"""The numbers of some days: what came in, what was said, what people thought of it. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from bot.chat.budget import Noise, noise_of
from bot.chat.cards import card_key
from bot.chat.ports import SaidMessage
from bot.incidents.model import Incident
from bot.suggestions.ports import Feedback, Outcome

_HELPFUL = ("helpful", "resolved_like", "graded_right")
_NOT_HELPFUL = ("not_helpful", "not_same", "graded_wrong")


@dataclass(frozen=True, slots=True)
class Numbers:
    """`searched` incidents were searched for, `answered` of them with something close enough;
    `silent` are those that the channel heard nothing of. `to_card` is the median time from the
    first alert to the card, in seconds; None without a card. `better_silent` are words of people
    who said so."""

    incidents: int
    searched: int
    answered: int
    silent: int
    helpful: int
    not_helpful: int
    better_silent: int
    to_card: float | None
    noise: Noise

    @property
    def answered_share(self) -> float | None:
        return self.answered / self.searched if self.searched else None

    @property
    def unwelcome_share(self) -> float | None:
        """Of the words that people said, those that found an answer no help or too much."""
        words = self.helpful + self.not_helpful + self.better_silent
        return (self.not_helpful + self.better_silent) / words if words else None


def numbers_of(
    incidents: Sequence[Incident],
    outcomes: Iterable[Outcome],
    feedback: Iterable[Feedback],
    said: Sequence[SaidMessage],
    now: datetime,
    noise_limit: int,
) -> Numbers:
    """Of these incidents alone, and of words on answers to people. What was said after `now`
    may be the card of an incident, and is no noise yet."""
    ids = {incident.id for incident in incidents}
    answered: dict[int, bool] = {}
    for outcome in outcomes:
        if outcome.incident_id in ids and outcome.incident_id is not None:
            earlier = answered.get(outcome.incident_id, False)
            answered[outcome.incident_id] = earlier or outcome.answered
    verdicts = Counter(
        word.verdict for word in feedback if word.incident_id is None or word.incident_id in ids
    )
    cards = {message.key: message.at for message in said}
    waits = [
        max(0.0, (cards[card_key(incident)] - incident.opened_at).total_seconds())
        for incident in incidents
        if card_key(incident) in cards
    ]
    return Numbers(
        incidents=len(incidents),
        searched=len(answered),
        answered=sum(answered.values()),
        silent=len(incidents) - len(waits),
        helpful=sum(verdicts[word] for word in _HELPFUL),
        not_helpful=sum(verdicts[word] for word in _NOT_HELPFUL),
        better_silent=verdicts["graded_noise"],
        to_card=median(waits) if waits else None,
        noise=noise_of([message for message in said if message.at <= now], now, noise_limit),
    )
