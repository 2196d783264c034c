"""A week in shadow that has been graded, as the people of a team would leave it behind."""

from datetime import datetime, timedelta
from itertools import chain, repeat

from bot.alerts.model import Severity
from bot.channels.model import Mode, Placement
from bot.people.model import SYSTEM
from bot.store.database import Database
from bot.suggestions.ports import Feedback
from bot.suggestions.speak import keep
from tests.support.saying import one_cause


def graded_week(
    database: Database,
    team_id: str,
    channel: str,
    now: datetime,
    *,
    right: int,
    wrong: int,
    silent: int,
    ungraded: int = 0,
) -> None:
    """So many answers of a channel over the six days before `now`, and one word on each."""
    words = list(
        chain(
            repeat("graded_right", right),
            repeat("graded_wrong", wrong),
            repeat("graded_noise", silent),
            repeat("", ungraded),
        )
    )
    for number, word in enumerate(words):
        at = now - timedelta(days=6) * (1 - number / len(words))
        with database.begin() as uow:
            incident, _ = uow.incidents.open(
                group_key=f"graded-{number}",
                title=f"QueueGrows {number}",
                service="checkout",
                environment="prod",
                severity=Severity.HIGH,
                team_id=team_id,
                now=at,
            )
            suggestion = one_cause(id=f"graded{number}")
            keep(uow, suggestion, incident, SYSTEM.key, at)
            placed = Placement(
                incident_id=incident.id, team_id=team_id, channel=channel, mode=Mode.SHADOW, at=at
            )
            uow.placements.place(placed)
            if word:
                uow.suggestions.record_feedback(
                    Feedback(
                        team_id=team_id,
                        actor=f"{team_id}/U0GRADER",
                        suggestion_id=suggestion.id,
                        incident_id=incident.id,
                        verdict=word,
                        past_incident_id=None,
                        at=at,
                    )
                )
