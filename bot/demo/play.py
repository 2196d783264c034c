"""Playing the story once, checked, without a browser."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.demo.director import Director
from bot.demo.opening import data_folder, opened
from bot.demo.seen import Beat, Seen
from bot.demo.story import load_story

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class PlayedBeat:
    beat: Beat
    seen: Seen


def play_once(seed: int, *, tell: Tell, on_beat: Callable[[PlayedBeat], None]) -> bool:
    """The whole story; True when every check came true."""
    story = load_story()
    cause = story.true_cause(seed)
    with data_folder(None) as folder, opened(folder, story, cause, told=tell) as (stage, plant):
        director = Director(stage, story, cause, plant)
        came_true = True
        for beat in director.beats:
            try:
                seen = beat.play()
            except (TimeoutError, LookupError) as error:
                # What should be there by now is not: late, or not at all.
                seen = Seen()
                seen.check(f"it happens in time ({error})", False)
            on_beat(PlayedBeat(beat, seen))
            came_true = came_true and seen.ok
            if not came_true:
                break
        return came_true
