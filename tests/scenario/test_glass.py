"""The night when nobody is there to approve: the glass is broken, loudly. And who leads because a
group of the chat says so."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from bot.cli.actions import app
from bot.clock import SystemClock
from bot.demo.story import Story
from bot.people.groups import GroupWatch
from bot.people.model import Actor
from bot.people.same import SamePeople
from bot.people.token_desk import TokenDesk
from bot.slack.connect import web_client
from bot.slack.people import SlackPeople
from bot.slack.user_groups import SlackGroups
from bot.workspace.driver import button_texts
from bot.workspace.model import Message
from knowledge.embed.port import Embedder
from tests.support.acting import ALERT, acting_house, asks, named, request_that_says, sees
from tests.support.actions import TOUCH
from tests.support.house import House, Mode, text_of

pytestmark = [pytest.mark.model]

CRITICAL = TOUCH.replace("risk: low", "risk: critical") + "approvals: 2\n"
HIGH = TOUCH.replace("risk: low", "risk: high")
WHY = "checkout is down and nobody answers"
Opens = Callable[..., AbstractContextManager[House]]


@pytest.fixture
def open_house(tmp_path: Path, real_embedder: Embedder, mode: Mode) -> Opens:
    def opened(template: str, more: Callable[[House], Mapping[str, str]]):
        return acting_house(tmp_path, real_embedder, mode, template, more, leads=("bob",))

    return opened


def alice_may_break(house: House) -> Mapping[str, str]:
    return {"RECALL_BREAK_GLASS": f"{house.workspace.team_id}/{house.person('alice').id}"}


def told_loudly(house: House) -> list[Message]:
    """The words on the broken glass, wherever they stand in the channel."""
    there = [
        *house.cards(),
        *(reply for card in house.cards() for reply in house.replies(card)),
    ]
    return [one for one in there if "Glass broken: ACT-1" in text_of(one)]


def audited(house: House, action: str) -> list[Mapping[str, object]]:
    with house.database.read() as uow:
        return [one.data for one in uow.audit.list() if one.action == action]


@pytest.fixture
def glass(open_house: Opens) -> Iterator[House]:
    with open_house(CRITICAL, alice_may_break) as house:
        yield house


def test_alice_presses_the_button_says_why_and_it_runs_loudly(
    glass: House, story: Story, tmp_path: Path
) -> None:
    glass.fires(named(story, ALERT))
    glass.card_that_says(ALERT)
    asks(glass, "bob", "/recall act RCL-1 touch", name="saved")
    message = request_that_says(glass, "Waits for approval", "critical risk")
    assert "Break the glass…" in button_texts(message)

    bob = glass.person("bob")
    bob.clicks(message, "Break the glass…")
    sees(glass, "bob", "do not hold the right")

    alice = glass.person("alice")
    alice.clicks(message, "Break the glass…")
    form = sees(glass, "alice", "without the approvals")
    assert f"{tmp_path}/saved" in str(form.definition)
    still = alice.submits(form, {"reason": "now", "sure": "yes"})
    assert still is not None
    assert "at least 10 characters" in str(still.errors)
    done = alice.submits(still, {"reason": WHY, "sure": "yes"})
    assert done is not None
    assert "The glass is broken" in str(done.definition)

    request_that_says(glass, "Ran, verifying", "glass was broken")
    assert (tmp_path / "saved").exists()
    loud = glass.workspace.wait_for(lambda: told_loudly(glass), 20)
    assert WHY in text_of(loud[0])
    assert f"<@{bob.id}>" in str(loud[0].blocks), "the lead is mentioned"
    [event] = audited(glass, "action.glass_broken")
    assert event["reason"] == WHY
    assert [one["deed"] for one in audited(glass, "action.denied")] == ["break_glass"]


def at_the_machine(house: House, secret: str, *words: str) -> Result:
    environment = {**house.environment()}
    return CliRunner().invoke(
        app, [*words, "--token-file", "-"], input=f"{secret}\n", env=environment
    )


def test_slack_is_down_and_the_command_line_does_it(
    glass: House, story: Story, tmp_path: Path
) -> None:
    actor = Actor(glass.workspace.team_id, glass.person("alice").id)
    desk = TokenDesk(glass.database, SamePeople(), SystemClock())
    secret, _ = desk.make(actor, "alice", "for the worst night", 90, by=actor.key)
    glass.fires(named(story, ALERT))
    glass.card_that_says(ALERT)
    glass.until(glass.is_settled)

    glass.workspace.faults.set(refuse_connections=True)
    glass.workspace.faults.drop_sockets()
    glass.workspace.faults.server_error(calls=1_000_000)
    asked = at_the_machine(glass, secret, "ask", "touch", "-p", "name=saved", "--incident", "RCL-1")
    assert asked.exit_code == 0, asked.output
    with glass.database.read() as uow:
        request = uow.actions.get(1)
    assert request is not None
    assert request.digest in asked.output
    refused = at_the_machine(glass, secret, "break-glass", "ACT-1", request.digest[:12], "now")
    assert (refused.exit_code, "needs a reason" in refused.output) == (1, True)
    done = at_the_machine(glass, secret, "break-glass", "ACT-1", request.digest[:12], WHY)
    assert done.exit_code == 0, done.output
    glass.until(lambda: (tmp_path / "saved").exists())
    assert told_loudly(glass) == []

    glass.workspace.faults.clear()
    loud = glass.workspace.wait_for(lambda: told_loudly(glass), 60)
    assert WHY in text_of(loud[0])
    assert f"<@{glass.person('bob').id}>" in str(loud[0].blocks)
    request_that_says(glass, "ACT-1", "glass was broken")
    [event] = audited(glass, "action.glass_broken")
    assert event["token"] == "TOK-1"


# -- who leads because a group says so -----------------------------------------------------------


def alice_is_in_the_group(house: House) -> Mapping[str, str]:
    made = house.workspace.add_user_group("shop-leads", ["alice"])
    return {"RECALL_LEAD_GROUPS": f"{house.workspace.team_id}/{made.id}"}


def the_group_is(house: House, *members: str) -> None:
    """Somebody edits the group in Slack; then what the engine does once a minute, done now."""
    made = house.workspace.add_user_group("shop-leads", members)
    client = web_client(
        house.workspace.bot_token, base_url=house.workspace.api_url, proxy=None, ca_bundle=None
    )
    slack = SlackGroups(client, SlackPeople(client, house.clock), house.clock)
    groups = [f"{house.workspace.team_id}/{made.id}"]
    GroupWatch(house.database, groups, slack.members, slack.is_inside, house.clock).look()


def changes(house: House) -> list[tuple[object, object]]:
    return [(one["came"], one["went"]) for one in audited(house, "roles.group_changed")]


def test_a_group_makes_alice_a_lead_over_low_risk_until_she_leaves_it(
    open_house: Opens, story: Story, tmp_path: Path
) -> None:
    with open_house(TOUCH, alice_is_in_the_group) as house:
        the_group_is(house, "alice")
        alice = house.person("alice")
        house.fires(named(story, ALERT))
        house.card_that_says(ALERT)
        asks(house, "bob", "/recall act RCL-1 touch", name="one")
        message = request_that_says(house, "ACT-1", "Waits for approval", "low risk")
        assert f"<@{alice.id}>" in str(message.blocks), "she is asked, too"
        alice.clicks(message, "Approve")
        request_that_says(house, "ACT-1", "Ran, verifying")
        assert (tmp_path / "one").exists()

        the_group_is(house)
        assert changes(house) == [([alice.id], []), ([], [alice.id])]
        asks(house, "bob", "/recall act RCL-1 touch", name="two")
        second = request_that_says(house, "ACT-2", "Waits for approval")
        alice.clicks(second, "Approve")
        told = house.workspace.wait_for(lambda: house.replies(second), 20)
        assert "may not approve" in text_of(told[-1])
        assert not (tmp_path / "two").exists()


def test_a_group_gives_nobody_a_right_over_high_risk(
    open_house: Opens, story: Story, tmp_path: Path
) -> None:
    with open_house(HIGH, alice_is_in_the_group) as house:
        the_group_is(house, "alice")
        alice = house.person("alice")
        house.fires(named(story, ALERT))
        house.card_that_says(ALERT)
        asks(house, "bob", "/recall act RCL-1 touch", name="one")
        message = request_that_says(house, "ACT-1", "Waits for approval", "high risk")
        assert f"<@{alice.id}>" not in str(message.blocks)
        alice.clicks(message, "Approve")
        told = house.workspace.wait_for(lambda: house.replies(message), 20)
        assert "may not approve" in text_of(told[-1])
        assert not (tmp_path / "one").exists()
