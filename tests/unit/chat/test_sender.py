"""The sender: in order, at the right pace, never twice, and out of trouble by itself."""

import random
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from bot.chat.messages import Notice
from bot.chat.ports import Destination
from bot.chat.sender import LEASE_SECONDS, OutboxSender
from bot.clock import ManualClock, SystemClock
from bot.errors import ChatRefused, ChatUnavailable, DatabaseBusy
from bot.store.database import Database
from bot.uow import UnitOfWork
from tests.support.chat import FakeChat
from tests.support.databases import sqlite_database

HERE = Destination("T1", "C1")
THERE = Destination("T1", "C2")


class World:
    """A database, a fake chat and a sender on a clock that only the test moves."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database = database
        self.clock = clock
        self.chat = FakeChat(clock)
        self.sender = self.new_sender()

    def new_sender(self) -> OutboxSender:
        return OutboxSender(self.database, self.chat, self.clock, chance=random.Random(7))

    def put(self, key: str, text: str, to: Destination = HERE) -> None:
        with self.database.begin() as uow:
            uow.outbox.put(key, to, Notice(text=text), self.clock.now())

    def run_for(self, seconds: float, step: float = 0.25) -> None:
        """Let time pass, the sender looking after each step."""
        for _ in range(int(seconds / step)):
            self.sender.run_once()
            self.clock.advance(step)
        self.sender.run_once()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database:
        yield World(database, clock)


def test_a_first_message_goes_out_at_once(world: World):
    world.put("a", "one")
    assert world.sender.run_once() == 1
    assert world.chat.texts("C1") == ["one"]


def test_what_was_sent_is_not_sent_again(world: World):
    world.put("a", "one")
    world.sender.run_once()
    world.put("a", "one")
    assert world.sender.run_once() == 0


def test_saying_again_under_the_same_key_edits_in_place(world: World):
    world.put("a", "one")
    world.sender.run_once()
    world.put("a", "two")
    world.sender.run_once()
    assert world.chat.texts("C1") == ["two"]
    assert [call for call, _ in world.chat.calls] == ["post", "update"]


def test_edits_that_were_not_sent_yet_become_one(world: World):
    world.put("a", "one")
    world.sender.run_once()
    for number in range(10):
        world.put("a", f"edit {number}")
    world.sender.run_once()
    assert world.chat.texts("C1") == ["edit 9"]
    assert len(world.chat.calls) == 2


def test_a_channel_gets_a_short_burst_then_one_a_second_in_order(world: World):
    for number in range(8):
        world.put(f"k{number}", str(number))
        world.put(f"t{number}", str(number), THERE)
    world.sender.run_once()
    assert world.chat.texts("C1") == ["0", "1", "2"]
    assert world.chat.texts("C2") == ["0", "1", "2"]
    world.clock.advance(1.0)
    world.sender.run_once()
    assert world.chat.texts("C1") == ["0", "1", "2", "3"]
    world.run_for(6)
    assert world.chat.texts("C1") == [str(number) for number in range(8)]
    assert world.chat.texts("C2") == [str(number) for number in range(8)]


def test_retry_after_is_obeyed_and_the_order_stays(world: World):
    world.put("a", "first")
    world.put("b", "second")
    world.chat.troubles.append(ChatUnavailable("slow down", retry_after=20))
    world.sender.run_once()
    world.run_for(19)
    assert world.chat.posts == []
    world.run_for(3)
    assert world.chat.texts("C1") == ["first", "second"]


def test_one_channel_in_trouble_does_not_hold_up_another(world: World):
    world.put("a", "here")
    world.chat.troubles.append(ChatUnavailable("slow down", retry_after=60))
    world.sender.run_once()
    world.put("b", "there", THERE)
    world.sender.run_once()
    assert world.chat.texts("C2") == ["there"]


def test_pauses_grow_and_it_never_gives_up(world: World):
    world.put("a", "at last")
    world.chat.troubles.extend(ChatUnavailable("500") for _ in range(12))
    world.run_for(60)
    few = len(world.chat.calls)
    assert few < 15
    world.run_for(900, step=5)
    assert world.chat.texts("C1") == ["at last"]


def test_a_refused_message_is_kept_and_logged_once_and_never_loops(world: World, caplog):
    world.put("a", "no")
    world.put("b", "yes")
    world.chat.troubles.append(ChatRefused("is_archived; unarchive it", code="is_archived"))
    world.run_for(120, step=5)
    assert world.chat.texts("C1") == ["yes"]
    assert [record.getMessage() for record in caplog.records].count(
        "a was not said in C1: is_archived; unarchive it"
    ) == 1
    assert [key for _, key in world.chat.calls].count("a") == 1


def test_a_post_whose_answer_was_lost_is_looked_up_and_not_repeated(world: World):
    world.put("a", "once")
    world.chat.lose_answers = 1
    world.run_for(30)
    assert world.chat.texts("C1") == ["once"]
    assert len(world.chat.posts) == 1


def test_it_is_found_even_when_looking_it_up_fails_for_a_long_time(world: World):
    world.put("a", "once")
    world.chat.lose_answers = 1
    world.sender.run_once()
    world.chat.troubles.extend(ChatUnavailable("500") for _ in range(12))
    world.run_for(1200, step=5)
    assert world.chat.texts("C1") == ["once"]
    assert len(world.chat.posts) == 1


class Killed(BaseException):
    """The process ends here."""


def test_a_kill_between_post_and_note_posts_nothing_twice(world: World):
    world.put("a", "once")

    def die() -> None:
        raise Killed

    world.chat.on_post = die
    with pytest.raises(Killed):
        world.sender.run_once()
    world.chat.on_post = lambda: None
    world.sender = world.new_sender()
    world.put("a", "newer")
    with world.database.begin() as uow:
        uow.outbox.release_leases()
    world.sender.run_once()
    assert world.chat.texts("C1") == ["newer"]
    assert len(world.chat.posts) == 1


class Flaky:
    """A unit-of-work factory that fails when told to."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.fail_at: set[int] = set()
        self.begun = 0

    def begin(self) -> AbstractContextManager[UnitOfWork]:
        self.begun += 1
        if self.begun in self.fail_at:
            raise DatabaseBusy("locked")
        return self._database.begin()

    def read(self) -> AbstractContextManager[UnitOfWork]:
        return self._database.read()


def test_a_database_that_is_away_when_the_post_is_to_be_noted_posts_nothing_twice(world: World):
    flaky = Flaky(world.database)
    flaky.fail_at = {2}
    world.sender = OutboxSender(flaky, world.chat, world.clock)
    world.put("a", "once")
    with pytest.raises(DatabaseBusy):
        world.sender.run_once()
    world.clock.advance(LEASE_SECONDS + 1)
    world.sender.run_once()
    assert world.chat.texts("C1") == ["once"]
    assert len(world.chat.posts) == 1


def test_a_bug_in_one_message_does_not_stop_the_others(world: World, caplog):
    world.put("a", "bad")
    world.put("b", "good")
    world.chat.troubles.extend(KeyError("a bug") for _ in range(5))
    world.run_for(60)
    assert world.chat.texts("C1") == ["good"]


def test_the_threads_send_when_woken_and_survive_a_database_that_is_away(tmp_path: Path):
    clock = SystemClock()
    with sqlite_database(tmp_path, clock) as database:
        chat = FakeChat(clock)
        said = threading.Event()
        chat.on_post = said.set
        flaky = Flaky(database)
        flaky.fail_at = {1, 2, 3}
        sender = OutboxSender(flaky, chat, clock, threads=2)
        sender.start()
        try:
            with database.begin() as uow:
                uow.outbox.put("a", HERE, Notice(text="hello"), clock.now())
            sender.wake()
            assert said.wait(10)
        finally:
            sender.stop()
        assert chat.texts("C1") == ["hello"]


def test_several_threads_keep_the_order_of_each_channel_and_say_nothing_twice(tmp_path: Path):
    clock = SystemClock()
    channels = [Destination("T1", f"C{number}") for number in range(10)]
    with sqlite_database(tmp_path, clock) as database:
        chat = FakeChat(clock)
        done = threading.Event()
        chat.on_post = lambda: done.set() if len(chat.posts) == 30 else None
        with database.begin() as uow:
            for number in range(3):
                for to in channels:
                    uow.outbox.put(
                        f"{to.channel}:{number}", to, Notice(text=str(number)), clock.now()
                    )
        sender = OutboxSender(database, chat, clock)
        sender.start()
        try:
            assert done.wait(20)
        finally:
            sender.stop()
        for to in channels:
            assert chat.texts(to.channel) == ["0", "1", "2"]


def test_a_slow_post_is_not_begun_by_another_sender_meanwhile(world: World):
    world.put("a", "one")
    other = world.new_sender()

    def slow() -> None:
        for _ in range(30):
            world.clock.advance(10)
            world.sender.renew()
            assert other.run_once() == 0

    world.chat.on_post = slow
    assert world.sender.run_once() == 1
    assert world.chat.calls == [("post", "a")]


def test_what_a_killed_sender_held_is_said_by_another_within_a_minute(world: World):
    for number in range(6):
        world.put(f"k{number}", str(number))
    world.sender.run_once()
    said = len(world.chat.posts)
    world.clock.advance(55)
    world.sender = world.new_sender()
    world.run_for(10)
    assert said < 6
    assert world.chat.texts("C1") == [str(number) for number in range(6)]


def test_what_a_stopped_sender_held_back_can_be_said_by_another_at_once(world: World):
    for number in range(6):
        world.put(f"k{number}", str(number))
    world.sender.run_once()
    held = len(world.chat.posts)
    world.sender.stop()
    assert world.new_sender().run_once() > 0
    assert len(world.chat.posts) > held


def test_a_sender_stops_in_order_although_the_database_is_away(world: World, caplog):
    for number in range(6):
        world.put(f"k{number}", str(number))
    flaky = Flaky(world.database)
    world.sender = OutboxSender(flaky, world.chat, world.clock)
    world.sender.run_once()
    flaky.fail_at = set(range(1, 1000))
    world.sender.stop()
    assert "wait for their leases" in caplog.text
    world.clock.advance(LEASE_SECONDS + 1)
    world.sender = world.new_sender()
    world.run_for(10)
    assert world.chat.texts("C1") == [str(number) for number in range(6)]
