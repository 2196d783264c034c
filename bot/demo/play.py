"""Playing the story: once and checked, or live for people who watch."""

import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.demo.director import Beat, Director, Seen
from bot.demo.stage import Stage
from bot.demo.story import DATA, StoryAlert, knowledge, load_story
from bot.workspace.control import DemoButton

Tell = Callable[[str], None]
_PAUSE_SECONDS = 7.0


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

    def __init__(self, seed: int, *, port: int, keep: Path | None, tell: Tell) -> None:
        self._story = load_story()
        self._seed = seed
        self._port = port
        self._keep = keep
        self._tell = tell
        self._stage: Stage | None = None
        self._busy = threading.Lock()

    def run(self, stop: threading.Event) -> None:
        """Open the stage, wait for a watcher, play, and stay until `stop` is set."""
        with (
            _folder(self._keep) as folder,
            _stage(folder, self._port, self._buttons(), self._tell) as stage,
        ):
            self._stage = stage
            self._tell(f"the workspace: {stage.workspace.page_url}")
            self._tell("open it in a browser; the story begins when you do. Ctrl-C ends it.")
            while not stop.wait(0.2):
                if stage.workspace.control.is_watched:
                    break
            if not stop.is_set():
                self._play(stop)
            stop.wait()

    def _play(self, stop: threading.Event) -> None:
        stage = self._the_stage()
        director = Director(stage, self._story, self._story.true_cause(self._seed))
        with self._busy:
            for beat in director.beats:
                if stop.wait(_PAUSE_SECONDS / 2):
                    return
                self._tell(f"{beat.time}  {beat.what}")
                try:
                    beat.play()
                except TimeoutError as error:
                    self._tell(f"this did not happen in time: {error}")
                    return
                if stop.wait(_PAUSE_SECONDS):
                    return
            self._tell("the story is told; now it is yours: type to @recall, fire more alerts")

    def _buttons(self) -> Sequence[DemoButton]:
        alerts = [self._story.first_alert, *self._story.fire_more, self._story.unfamiliar_alert]
        again = DemoButton(
            id="next-thursday",
            label="Next Thursday, 03:12",
            description="The first alert of the night comes again",
            callback=lambda: self._fire(self._story.first_alert),
        )
        return [again, *(self._button(alert) for alert in alerts[1:])]

    def _button(self, alert: StoryAlert) -> DemoButton:
        return DemoButton(
            id=alert.name.lower(),
            label=alert.label,
            description=f"{alert.name}: {alert.annotations.get('summary', '')}",
            callback=lambda: self._fire(alert),
        )

    def _fire(self, alert: StoryAlert) -> None:
        self._the_stage().alert("alertmanager", alert.body(datetime.now(UTC)))

    def _the_stage(self) -> Stage:
        if self._stage is None:
            raise RuntimeError("the stage is not open yet")
        return self._stage


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
