"""A house in which actions may be run: a runner of its own, people who ask and approve, and what
is seen of requests in Slack."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bot.acting import build_runner
from bot.clock import SystemClock
from bot.demo.story import Story, StoryAlert
from bot.settings import load_settings
from bot.store.database import Database
from bot.workspace.model import Message, View
from knowledge.embed.port import Embedder
from tests.support.actions import TOUCH
from tests.support.house import CHANNEL, House, Mode, text_of

ALERT = "OrdersDbReplicationLag"


More = Callable[[House], Mapping[str, str]]


def nothing_more(house: House) -> Mapping[str, str]:
    return {}


class ActingHouse(House):
    """`more` gives further settings, from the workspace's own ids."""

    def __init__(
        self,
        *given: Any,
        more: More = nothing_more,
        **settings: Any,
    ) -> None:
        super().__init__(*given, **settings)
        self._more = more

    def environment(self) -> Mapping[str, str]:
        return {**super().environment(), **self._more(self)}


@contextmanager
def acting_house(
    folder: Path,
    embedder: Embedder,
    mode: Mode,
    template: str = TOUCH,
    more: More = nothing_more,
    leads: tuple[str, ...] = ("bob",),
) -> Iterator[House]:
    """One template, a runner, and Bob as a lead."""
    actions = folder / "actions"
    actions.mkdir()
    (actions / "touch.yaml").write_text(template.replace("FOLDER", str(folder)))
    with ActingHouse(
        folder,
        embedder,
        mode,
        more=more,
        leads=leads,
        RECALL_ACTIONS_DIR=str(actions),
        RECALL_RUNNER_COMMANDS="/usr/bin/touch",
    ) as house:
        settings = load_settings(environment=house.environment())
        database = Database(settings.database, clock=SystemClock())
        runner = build_runner(settings, database, SystemClock(), {})
        runner.start()
        yield house
        runner.stop()
        database.close()


def named(story: Story, name: str) -> StoryAlert:
    return next(alert for alert in story.fire_more if alert.name == name)


def request_that_says(house: House, *words: str) -> Message:
    def found() -> Message | None:
        there = [*house.cards(), *house.workspace.messages(CHANNEL)]
        return next((m for m in there if all(w in text_of(m) for w in ("ACT-", *words))), None)

    message = house.workspace.wait_for(found, 30)
    assert message is not None
    return message


def asks(house: House, who: str, line: str, **answers: str) -> None:
    """Type the command, fill in the form, look at what would run, and send it."""
    person = house.person(who)
    person.runs(line, CHANNEL)
    form = sees(house, who, "Approvers read it")
    shown = person.submits(form, answers)
    assert shown is not None
    assert not shown.errors
    assert "This will run" in str(shown.definition)
    done = person.submits(shown, {})
    assert done is not None
    assert "is asked for" in str(done.definition)


def sees(house: House, who: str, words: str) -> View:
    """The form or the answer on that person's screen, once it says that."""
    person = house.person(who)

    def found() -> View | None:
        view = person.view
        return view if view is not None and words in str(view.definition) else None

    view = house.workspace.wait_for(found, 20)
    assert view is not None
    return view
