"""Alice asks for a fix, Bob approves exactly that, it runs, and the alert says that it helped."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.acting import build_runner
from bot.clock import SystemClock
from bot.demo.story import Story, StoryAlert
from bot.settings import load_settings
from bot.store.database import Database
from bot.workspace.driver import button_texts
from bot.workspace.model import Message
from knowledge.embed.port import Embedder
from tests.support.actions import TOUCH
from tests.support.house import CHANNEL, House, Mode, text_of

pytestmark = [pytest.mark.model, pytest.mark.xdist_group("model")]
ALERT = "OrdersDbReplicationLag"


@pytest.fixture
def acting(tmp_path: Path, real_embedder: Embedder, mode: Mode) -> Iterator[House]:
    """A house with one template, a runner of its own, and Bob as a lead."""
    folder = tmp_path / "actions"
    folder.mkdir()
    (folder / "touch.yaml").write_text(TOUCH.replace("FOLDER", str(tmp_path)))
    with House(
        tmp_path,
        real_embedder,
        mode,
        leads=("bob",),
        RECALL_ACTIONS_DIR=str(folder),
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
    form = house.workspace.wait_for(lambda: person.view, 10)
    shown = person.submits(form, answers)
    assert shown is not None
    assert not shown.errors
    assert "This will run" in str(shown.definition)
    done = person.submits(shown, {})
    assert done is not None
    assert "is asked for" in str(done.definition)


def test_two_people_a_command_and_an_alert(acting: House, story: Story, tmp_path: Path) -> None:
    acting.fires(named(story, ALERT))
    acting.card_that_says(ALERT)
    asks(acting, "alice", "/recall act RCL-1 touch", name="fixed")
    message = request_that_says(acting, "Waits for approval", "/usr/bin/touch --", "low risk")
    assert button_texts(message) == ["Approve", "Withdraw", "Reject…", "Ask for changes…"]
    assert f"<@{acting.person('bob').id}>" in str(message.blocks)

    acting.person("alice").clicks(message, "Approve")
    told = acting.workspace.wait_for(lambda: acting.replies(message), 20)
    assert "may not approve" in text_of(told[-1])
    assert not (tmp_path / "fixed").exists()

    acting.person("bob").clicks(message, "Approve")
    ran = request_that_says(acting, "Ran, verifying")
    assert ran.ts == message.ts, "one message, edited in place"
    assert (tmp_path / "fixed").exists()
    acting.resolves(named(story, ALERT))
    over = request_that_says(acting, "Worked", "Verified by the condition itself")
    assert over.ts == message.ts
    assert button_texts(over) == []


def test_a_lead_who_asks_needs_a_second_person_and_anybody_stops(
    acting: House, story: Story, tmp_path: Path
) -> None:
    acting.fires(named(story, ALERT))
    acting.card_that_says(ALERT)
    asks(acting, "bob", "/recall act RCL-1 touch", name="mine")
    message = request_that_says(acting, "Waits for approval")
    acting.person("bob").clicks(message, "Approve")
    told = acting.workspace.wait_for(lambda: acting.replies(message), 20)
    assert "second person" in text_of(told[-1])
    alice = acting.person("alice")
    alice.runs("/recall actions stop", CHANNEL)
    acting.workspace.wait_for(lambda: acting.workspace.ephemeral(CHANNEL, alice.id), 10)
    acting.person("bob").clicks(message, "Withdraw")
    request_that_says(acting, "Withdrawn")
    assert not (tmp_path / "mine").exists()
