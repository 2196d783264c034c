"""Playing the story: once and checked, or live for people who watch."""

import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.demo.director import Beat, Director, Seen
from bot.demo.stage import CHANNEL, Stage
from bot.demo.story import DATA, StoryAlert, knowledge, load_story
from bot.workspace.control import DemoButton

Tell = Callable[[str], None]
PAUSE_SECONDS = 7.0
"""Between two beats of the story, for people to read what they see."""
_OVER = ("resolved", "closed")
_YOURS = (
    "That was the story; now it is yours: ask @recall, paste a log, press buttons, fire alerts."
)


@dataclass(frozen=True, slots=True)
class PlayedBeat:
    beat: Beat
    seen: Seen


def play_once(seed: int, *, tell: Tell, on_beat: Callable[[PlayedBeat], None]) -> bool:
    """The whole story without a browser; True when every check came true."""
    story = load_story()
    with _folder(None) as folder, _stage(folder, 0, (), tell) as stage:
        director = Director(stage, story, story.true_cause(seed))
        came_true = True
        for beat in director.beats:
            try:
                seen = beat.play()
            except TimeoutError as error:
                seen = Seen()
                seen.check(f"it happens in time ({error})", False)
            on_beat(PlayedBeat(beat, seen))
            came_true = came_true and seen.ok
            if not came_true:
                break
        return came_true


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
        self._seed = seed
        self._port = port
        self._keep = keep
        self._tell = tell
        self._pause = pause
        self._stage: Stage | None = None

    def run(self, stop: threading.Event) -> None:
        """Open the stage, wait for a watcher, play, and stay until `stop` is set."""
        with (
            _folder(self._keep) as folder,
            _stage(folder, self._port, self._buttons(), self._tell) as stage,
        ):
            self._stage = stage
            self._tell(f"the workspace: {stage.workspace.page_url}")
            self._tell("open it in a browser; the story begins when you do. Ctrl-C ends it.")
            stage.narrate("A night at Larkspur, a bookshop. The story begins in a moment.")
            while not stop.wait(0.2):
                if stage.workspace.control.is_watched:
                    break
            if not stop.is_set():
                self._play(stop)
            stop.wait()

    def _play(self, stop: threading.Event) -> None:
        stage = self._the_stage()
        director = Director(stage, self._story, self._story.true_cause(self._seed))
        for beat in director.beats:
            if stop.wait(self._pause / 2):
                return
            self._tell(f"{beat.time}  {beat.what}")
            stage.narrate(beat.what, beat.time)
            try:
                beat.play()
            except TimeoutError as error:
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

    def _end_the_night(self) -> None:
        """Send that every alert of the story that is part of an open incident is over."""
        stage, story = self._the_stage(), self._story
        alerts = (story.first_alert, story.unfamiliar_alert, story.hostile_alert, *story.fire_more)
        for alert in alerts:
            incident = stage.incident(alert.name)
            if incident is not None and incident["state"] not in _OVER:
                stage.alert("alertmanager", alert.body(datetime.now(UTC), status="resolved"))
        stage.bot.until(lambda: all(one["state"] in _OVER for one in stage.incidents()))

    def _the_stage(self) -> Stage:
        if self._stage is None:
            raise RuntimeError("the stage is not open yet")
        return self._stage


def _is_answered(incident: Mapping[str, Any] | None) -> bool:
    """Whether there is an open incident with a suggestion, spoken or not."""
    return incident is not None and incident["state"] not in _OVER and bool(incident["suggestion"])


def _stage(folder: Path, port: int, buttons: Sequence[DemoButton], tell: Tell) -> Stage:
    return Stage(
        folder,
        services=DATA / "services.yaml",
        knowledge=knowledge(),
        port=port,
        buttons=buttons,
        told=tell,
    )


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """The folder to keep, or one that goes away afterwards."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="recall-demo-") as folder:
        yield Path(folder)
