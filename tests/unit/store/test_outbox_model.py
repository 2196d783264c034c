"""Whatever happens between put and post, a channel ends up saying the last words, each once."""

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from bot.chat.messages import Notice
from bot.chat.ports import Destination, PendingMessage
from bot.clock import ManualClock
from bot.store.database import Database
from tests.support.databases import sqlite_url

LEASE = 30.0
CHANNELS = ("C1", "C2")
KEYS = ("a1", "b1", "a2")
"""The digit is the channel."""
WORDS = st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from("xyz")), min_size=1, max_size=4)


def said_in(message: PendingMessage) -> str:
    assert isinstance(message.message, Notice)
    return message.message.text


class SendersAndCrashes(RuleBasedStateMachine):
    """One sender with all its accidents, against a chat that only adds up what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = ManualClock()
        self.database = Database(sqlite_url(self.folder), clock=self.clock)
        self.wanted: dict[str, str] = {}
        self.refused: dict[str, str] = {}
        self.ever_refused: set[str] = set()
        self.posts: dict[str, list[str]] = {channel: [] for channel in CHANNELS}
        self.shown: dict[str, str] = {}
        self.in_flight: dict[str, PendingMessage] = {}

    def teardown(self) -> None:
        try:
            self.say_all_that_is_left()
            self.check_the_end()
        finally:
            self.database.close()
            shutil.rmtree(self.folder)

    @initialize(words=WORDS)
    def begin(self, words: list[tuple[str, str]]) -> None:
        for key, text in words:
            self.put(key, text)

    @rule(words=WORDS)
    def put_some(self, words: list[tuple[str, str]]) -> None:
        for key, text in words:
            self.put(key, text)

    def put(self, key: str, text: str) -> None:
        to = Destination("T1", f"C{key[-1]}")
        with self.database.begin() as unit:
            unit.outbox.put(key, to, Notice(text=text), self.clock.now())
        self.wanted[key] = text

    @rule(limit=st.integers(1, 3))
    def claim(self, limit: int) -> None:
        with self.database.begin() as unit:
            claimed = unit.outbox.claim(self.clock.now(), LEASE, limit)
        assert len(claimed) <= limit
        for message in claimed:
            assert not any(each.to == message.to for each in self.in_flight.values())
            assert said_in(message) == self.wanted[message.key], "the newest words, no others"
            self.in_flight[message.key] = message

    def reach_the_chat(self, message: PendingMessage) -> None:
        """What a sender does: look first if an earlier attempt may have arrived."""
        posts = self.posts[message.to.channel]
        known = message.ref is not None
        found = message.attempted_at is not None and message.key in posts
        if not known and not found:
            posts.append(message.key)
        self.shown[message.key] = said_in(message)

    def attempt(self, change: bool) -> PendingMessage | None:
        """One claimed message; with `change`, its words change while it is on its way."""
        if not self.in_flight:
            self.claim(3)
        if not self.in_flight:
            return None
        message = self.in_flight.pop(next(iter(self.in_flight)))
        if change:
            self.put(message.key, self.wanted[message.key] + "!")
        return message

    @rule(change=st.booleans())
    def send(self, change: bool) -> None:
        message = self.attempt(change)
        if message is not None:
            self.reach_the_chat(message)
            with self.database.begin() as unit:
                unit.outbox.mark_sent(message.key, message.revision, "ref", self.clock.now())

    @rule(change=st.booleans(), arrived=st.booleans())
    def die(self, change: bool, arrived: bool) -> None:
        message = self.attempt(change)
        if message is not None and arrived:
            self.reach_the_chat(message)
        self.all_leases_run_out()

    def all_leases_run_out(self) -> None:
        self.in_flight.clear()
        self.clock.advance(LEASE)

    @rule(change=st.booleans(), arrived=st.booleans(), seconds=st.sampled_from([0, 5]))
    def fail_for_now(self, change: bool, arrived: bool, seconds: int) -> None:
        message = self.attempt(change)
        if message is None:
            return
        if arrived:
            self.reach_the_chat(message)
        later = self.clock.now() + timedelta(seconds=seconds)
        with self.database.begin() as unit:
            unit.outbox.mark_retry(message.key, later, "timed out")

    @rule(change=st.booleans())
    def be_refused(self, change: bool) -> None:
        message = self.attempt(change)
        if message is None:
            return
        with self.database.begin() as unit:
            unit.outbox.mark_refused(message.key, "invalid_blocks", self.clock.now())
        self.refused[message.key] = said_in(message)
        self.ever_refused.add(message.key)

    @rule()
    def time_passes(self) -> None:
        self.clock.advance(1)

    @invariant()
    def nothing_is_posted_twice(self) -> None:
        for posts in self.posts.values():
            assert len(posts) == len(set(posts))

    def say_all_that_is_left(self) -> None:
        if self.in_flight:
            self.all_leases_run_out()
        for _ in range(len(KEYS) + 1):
            self.clock.advance(LEASE)
            self.claim(3)
            if not self.in_flight:
                return
            while self.in_flight:
                self.send(change=False)
        raise AssertionError("something is said again and again")

    def check_the_end(self) -> None:
        for key, text in self.wanted.items():
            if self.shown.get(key) != text:
                assert self.refused[key] == text, "only a refusal leaves the last words unsaid"
        first_put = list(self.wanted)
        for posts in self.posts.values():
            smooth = [key for key in posts if key not in self.ever_refused]
            assert smooth == sorted(smooth, key=first_put.index)


def test_the_last_words_are_said_once_whatever_goes_wrong() -> None:
    run_state_machine_as_test(
        SendersAndCrashes,
        settings=settings(max_examples=60, stateful_step_count=20, deadline=None),
    )
