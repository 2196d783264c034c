"""The beats of the story in their order, each played on a stage and checked from outside."""

from collections.abc import Callable, Sequence
from functools import partial

from bot.demo.beats import actions, alerts, asked, resolving, storms
from bot.demo.machines.plant import Plant
from bot.demo.night import Night
from bot.demo.seen import Beat, Seen
from bot.demo.stage import Stage
from bot.demo.story import Story, TrueCause

__all__ = ["Beat", "Director", "Seen"]


class Director:
    """Plays the beats one after the other; later ones build on earlier ones."""

    def __init__(self, stage: Stage, story: Story, cause: TrueCause, plant: Plant) -> None:
        self.night = Night(stage, story, cause, plant)

    @property
    def beats(self) -> Sequence[Beat]:
        story, cause = self.night.story, self.night.cause
        first, right = story.first_alert.name, cause.expected_incident
        joins, fix = cause.joins.alert, cause.action
        mended = sum(program.afterwards for program in cause.plant.programs)
        return (
            self._beat(
                "0:10",
                f"{first} fires in prod/eu-1",
                "Several causes fit, so the card names them all and says what to check first",
                alerts.first_alert,
            ),
            self._beat(
                "0:30",
                f"{joins.source.capitalize()} sends {joins.name}",
                f"The same incident, because: {cause.joins.because}. That tells the causes apart: "
                f"the card was edited in place, like {right}",
                alerts.joining,
            ),
            self._beat(
                "0:50",
                "alice pastes what she sees into the thread",
                f"Her lines bear it out: still like {right}, and what is different this time",
                alerts.evidence,
            ),
            self._beat(
                "1:10",
                f"alice asks for {fix.template}, and tries to approve it herself",
                "She may not, and that she tried is on record. Bob saw exactly what will run, "
                "and its hash, and approved",
                actions.request,
            ),
            self._beat(
                "1:30",
                f"{fix.restarts} is started anew",
                f"A watcher measured {mended} of {cause.plant.slots} {cause.plant.of} and sent by "
                "itself that it is over: verified by the condition, not by an exit code",
                actions.verified,
            ),
            self._beat(
                "1:50",
                f"a node of {story.storm.cluster} fails: {story.storm.alerts} alerts",
                "One message, edited in place. In the middle of it something unrelated got its "
                "own card at once",
                storms.storm,
            ),
            self._beat(
                "2:15",
                f"{story.unfamiliar_alert.name}: never seen",
                "The channel stayed silent. Bob asked: the bot says so, why the nearest case is "
                "too far, and what changed last",
                asked.unfamiliar,
            ),
            self._beat(
                "2:30",
                "an alert that tries to give orders",
                "Its words stay words: nobody is mentioned, nothing is linked, nothing is run",
                asked.hostile,
            ),
            self._beat(
                "2:40",
                "alice says with one tap what it was",
                f"The first card is short now, and tonight is on record as like {right}",
                resolving.resolve,
            ),
            self._beat(
                "2:50",
                "next Thursday, 03:12: the same alert again",
                "Tonight's incident comes first now, confirmed by alice",
                resolving.again,
            ),
        )

    def _beat(self, time: str, what: str, then: str, play: Callable[[Night], Seen]) -> Beat:
        return Beat(time, what, then, partial(play, self.night))
