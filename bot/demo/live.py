"""The story live, for people who watch, and what they can do once it is told."""

import json
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.demo.beats import alerts, storms
from bot.demo.director import Director
from bot.demo.night import Night
from bot.demo.opening import data_folder, opened
from bot.demo.play import Tell
from bot.demo.stage import CHANNEL, Stage
from bot.demo.story import StoryAlert, load_story
from bot.workspace.control import DemoButton

PAUSE_SECONDS = 7.0
"""Between two beats of the story, for people to read what they see."""
_OVER = ("resolved", "closed")
_YOURS = (
    "That was the story; now it is yours: ask @recall, paste a log, press buttons, fire alerts."
)


class LiveShow:
    """The demo for people: the page, its buttons, and the story when somebody watches."""

    def __init__(
        self,
        seed: int,
        *,
        port: int,
        keep: Path | None,
        tell: Tell,
        pause: float = PAUSE_SECONDS,
    ) -> None:
        self._story = load_story()
        self._cause = self._story.true_cause(seed)
        self._port = port
        self._keep = keep
        self._tell = tell
        self._pause = pause
        self._night: Night | None = None

    def run(self, stop: threading.Event) -> None:
        """Open the stage, wait for a watcher, play, and stay until `stop` is set."""
        with (
            data_folder(self._keep) as folder,
            opened(
                folder,
                self._story,
                self._cause,
                port=self._port,
                buttons=self._buttons(),
                told=self._tell,
            ) as (stage, plant),
        ):
            director = Director(stage, self._story, self._cause, plant)
            self._night = director.night
            self._tell(f"the console, once: {_console_link(stage)}")
            self._tell(f"the workspace: {stage.workspace.page_url}")
            self._tell("open it in a browser; the story begins when you do. Ctrl-C ends it.")
            stage.narrate("A night at Larkspur, a bookshop. The story begins in a moment.")
            while not stop.wait(0.2):
                if stage.workspace.control.is_watched:
                    break
            if not stop.is_set():
                self._play(director, stop)
            stop.wait()

    def _play(self, director: Director, stop: threading.Event) -> None:
        stage = director.night.stage
        for beat in director.beats:
            if stop.wait(self._pause / 2):
                return
            self._tell(f"{beat.time}  {beat.what}")
            stage.narrate(beat.what, beat.time)
            try:
                beat.play()
            except (TimeoutError, LookupError) as error:
                self._tell(f"this did not happen in time: {error}")
                stage.narrate("That did not happen in time; the terminal says more.", beat.time)
                return
            stage.narrate(f"{beat.then}.", beat.time)
            if stop.wait(self._pause):
                return
        self._tell("the story is told; now it is yours: type to @recall, fire more alerts")
        stage.narrate(_YOURS)

    def _buttons(self) -> Sequence[DemoButton]:
        first = self._story.first_alert
        note = "the first alert of the night comes again"
        others = [*self._story.fire_more, self._story.unfamiliar_alert]
        return [
            DemoButton(
                id="next-thursday",
                label="Next Thursday, 03:12",
                description=f"{first.name}: {note}",
                callback=lambda: self._another_night(first),
            ),
            DemoButton(
                id="node-fails",
                label=self._story.storm.label,
                description="One message for all of them; what is unrelated gets its own card",
                callback=self._node_fails,
            ),
            DemoButton(
                id="mend-it",
                label="Mend it yourself",
                description=f"{first.name}: the same cause again, and an action to approve",
                callback=self._relapse,
            ),
            *(self._button(alert) for alert in others),
        ]

    def _button(self, alert: StoryAlert) -> DemoButton:
        return DemoButton(
            id=alert.name.lower(),
            label=alert.label,
            description=f"{alert.name}: {alert.annotations.get('summary', '')}",
            callback=lambda: self._another_night(alert),
        )

    def _another_night(self, alert: StoryAlert) -> None:
        """What still fires ends, so that nothing joins it; then the alert fires, and once the
        bot has made up its mind, people are told what came of it."""
        stage = self._the_stage()
        self._end_the_night()
        stage.narrate(f"{alert.name} fires: {alert.annotations.get('summary', '')}.")
        stage.alert("alertmanager", alert.body(datetime.now(UTC)))
        stage.bot.until(lambda: _is_answered(stage.incident(alert.name)))
        if (stage.incident(alert.name) or {})["suggestion"]["answered"]:
            stage.narrate(f"{alert.name}: its card stands at the end of #{CHANNEL}.")
        else:
            stage.narrate(
                f"{alert.name}: nothing on record is close, so the channel stays silent. "
                "Ask @recall about it."
            )

    def _node_fails(self) -> None:
        night = self._the_night()
        self._end_the_night()
        story, before = self._story.storm, night.cards()
        night.stage.narrate(f"A node of {story.cluster} fails: {story.alerts} alerts.")
        storms.send(night)
        night.wait_card("Alert storm", but=before)
        night.stage.narrate(
            f"{story.alerts} alerts, one message that is edited; {story.unrelated.name} has "
            "nothing to do with it and got its own card."
        )

    def _relapse(self) -> None:
        """What was mended is broken again, and waits for people."""
        night, fix = self._the_night(), self._cause.action
        self._end_the_night()
        first = self._story.first_alert
        night.stage.narrate(f"{first.name} fires: the same cause as in the story.")
        night.plant.relapse()
        night.fire(first)
        night.stage.bot.until(lambda: _is_answered(night.stage.incident(first.name)))
        alerts.watch(night)
        key = night.incident(first.name)["key"]
        night.stage.narrate(
            f"Type /recall act {key} {fix.template} as one person, approve it as the other; "
            "the watcher says when it helped."
        )

    def _end_the_night(self) -> None:
        """Send that every alert of the story that is part of an open incident is over."""
        stage, story = self._the_stage(), self._story
        joins = self._cause.joins.alert
        told = (story.first_alert, joins, story.unfamiliar_alert, story.hostile_alert)
        stormy = (*story.storm.waves, story.storm.unrelated)
        going_on = [row["key"] for row in stage.incidents() if row["state"] not in _OVER]
        whole = [stage.bot.get(f"/v1/incidents/{key}") for key in going_on]
        names = {alert["name"] for incident in whole for alert in incident["alerts"]}
        for alert in (*told, *stormy, *story.fire_more):
            if alert.name in names:
                stage.alert(alert.source, alert.body(datetime.now(UTC), status="resolved"))
        stage.bot.until(lambda: all(one["state"] in _OVER for one in stage.incidents()))

    def _the_stage(self) -> Stage:
        return self._the_night().stage

    def _the_night(self) -> Night:
        if self._night is None:
            raise RuntimeError("the stage is not open yet")
        return self._night


def _is_answered(incident: Mapping[str, Any] | None) -> bool:
    """Whether there is an open incident with a suggestion, spoken or not."""
    return incident is not None and incident["state"] not in _OVER and bool(incident["suggestion"])


def _console_link(stage: Stage) -> str:
    """A link that opens the console once, at the address where this stage's front listens."""
    made = stage.recall("console", "link", "--name", "You", "--json")
    link = urlsplit(json.loads(made.stdout)["url"])
    return f"{stage.bot.address}{link.path}?{link.query}"
