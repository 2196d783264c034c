"""Delivered in time, late, again, read back, in any order and with kills between: one effect."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.alerts.model import Severity
from bot.slack.app import item_of
from bot.workspace.model import Message
from tests.support.gap_world import GapWorld, gap_world
from tests.support.saying import card

START = datetime(2026, 11, 19, 2, 10, tzinfo=UTC)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GapWorld]:
    with gap_world(tmp_path, START) as opened:
        opened.beat()
        with opened.database.begin() as uow:
            incident, _ = uow.incidents.open(
                group_key="g",
                title="CheckoutHighErrorRate",
                service="checkout",
                environment="prod",
                severity=Severity.CRITICAL,
                team_id=opened.workspace.team_id,
                now=opened.clock.now(),
            )
            key = f"card:{incident.key}"
            shown = card(incident_key=incident.key)
            uow.outbox.put(key, opened.room.to, shown, opened.clock.now())
        opened.work()
        yield opened


class Case:
    """One thing that alice does, and how often it has had an effect."""

    def __init__(self, world: GapWorld, chance: random.Random, number: int) -> None:
        self.world, self.number = world, number
        self.effects_before = self.effects()
        alice = world.workspace.user("alice")
        kind = chance.choice(["mention", "direct", "in a thread", "pasted"])
        self.channel = chance.choice(["incidents", "general"])
        text = f"why {number}?"
        thread = None
        if kind == "in a thread":
            thread = alice.says(self.channel, "it is slow").ts
        if kind == "pasted":
            self.channel = "incidents"
            root = next(m for m in world.workspace.messages("incidents") if m.bot_id)
            text = f"```\nFATAL: no slots {number}\n```"
            self.said = alice.says("incidents", text, thread_ts=root.ts)
        elif kind == "direct":
            self.said = alice.tells_bot(text)
            self.channel = self.said.channel
        else:
            self.said = alice.mentions_bot(self.channel, text, thread_ts=thread)

    def effects(self) -> tuple[int, int]:
        """Answers ever given, and entries in the incident's timeline that are evidence."""
        with self.world.database.read() as uow:
            evidence = [e for e in uow.incidents.timeline(1) if e.kind.value == "evidence"]
        return len(self.world.asked_by_people()), len(evidence)

    def delivered(self) -> None:
        self.world.deliver(self.said, f"Ev{self.number}")

    def read_back(self) -> None:
        self.world.is_deaf_for(1)
        self.world.hears_again()

    def killed(self) -> None:
        """The process is gone between two steps; what it held is free again."""
        self.world.restart()
        with self.world.database.begin() as uow:
            uow.jobs.release_leases()
            uow.outbox.release_leases()


def check_cases(world: GapWorld, cases: int, seed: int) -> None:
    chance = random.Random(seed)
    for number in range(cases):
        case = Case(world, chance, number)
        ways: list[Callable[[], None]] = [case.delivered, case.read_back, case.killed]
        happens = [chance.choice(ways) for _ in range(chance.randint(1, 4))]
        if not {case.delivered, case.read_back} & set(happens):
            happens.append(chance.choice(ways[:2]))
        for one in happens:
            one()
        answers, evidence = case.effects()
        names = [one.__name__ for one in happens]
        assert answers == case.effects_before[0] + 1, f"case {number}: {names}"
        wanted = 1 if "FATAL" in case.said.text else 0
        assert evidence == case.effects_before[1] + wanted, f"case {number}: {names}"
        assert told_once(world, case.said), f"case {number}: {names}"


def told_once(world: GapWorld, said: Message) -> bool:
    """Whether one message of the bot is the answer to it."""
    wanted = f"answer:{world.workspace.team_id}:{said.channel}:{said.ts}"
    root = said.thread_ts or said.ts
    keys = [
        one.metadata["event_payload"]["key"]
        for one in world.workspace.thread(said.channel, root)
        if one.metadata
    ]
    return keys.count(wanted) == 1


def test_a_button_pressed_once_and_delivered_often_is_one_word(world: GapWorld):
    asked = world.workspace.user("alice").mentions_bot("incidents", "why?")
    world.deliver(asked)
    (answer,) = world.answers(asked)
    press = world.workspace.user("alice").clicks(answer, "Helpful")
    for number in range(5):
        item = item_of(press.payload, world.clock, lambda number=number: f"press-{number}")
        assert item is not None
        world.put(item)
    with world.database.read() as uow:
        said = [
            e.action for e in uow.audit.list() if e.actor.endswith(world.workspace.user("alice").id)
        ]
    assert len(said) == 1


def test_fifty_random_cases_have_one_effect_each(world: GapWorld):
    check_cases(world, 50, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 12))
def test_a_thousand_random_cases_have_one_effect_each(world: GapWorld, seed: int):
    check_cases(world, 100, seed)
