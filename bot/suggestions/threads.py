"""What was said in a thread before: by the bot, about which incident, and to whom."""

from dataclasses import dataclass

from bot.chat.messages import Answer, AnyMessage, Board, IncidentCard, StepList
from bot.incidents.model import Incident
from bot.people.model import Actor
from bot.suggestions.model import Suggestion
from bot.uow import UnitOfWork

MOST_READ = 40
"""Messages of ours in one thread that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """`told` are the answers given in it, the card's first, then in the order they were given.

    `people` are the keys of those whom the bot answered there: who talks with it already need
    not name it again.
    """

    incident: Incident | None = None
    told: tuple[Suggestion, ...] = ()
    people: frozenset[str] = frozenset()

    @property
    def latest(self) -> Suggestion | None:
        """What a short "why?" is about."""
        return self.told[-1] if self.told else None

    def is_with(self, actor: Actor) -> bool:
        return actor.key in self.people


NO_THREAD = Thread()


def thread_of(uow: UnitOfWork, team_id: str, channel: str, thread: str | None) -> Thread:
    """The thread as far as the bot spoke in it, its own message on top included."""
    if thread is None:
        return NO_THREAD
    messages = [said for _, said in uow.outbox.in_thread(team_id, channel, thread, MOST_READ)]
    cards = [said for said in messages if isinstance(said, IncidentCard)]
    answers = [said for said in messages if isinstance(said, Answer)]
    told = [card.suggestion for card in cards if card.suggestion is not None]
    told += [answer.suggestion for answer in answers]
    return Thread(
        incident=uow.incidents.get_by_key(cards[-1].incident_key) if cards else None,
        told=tuple(told),
        people=frozenset(filter(None, map(_asked_by, messages))),
    )


def _asked_by(message: AnyMessage) -> str:
    return message.asked_by if isinstance(message, Answer | Board | StepList) else ""
