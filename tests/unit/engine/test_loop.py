"""The engine's loops: work while there is some, sleep, wake, survive failures."""

import threading

import pytest

from bot.engine.loop import Loop, Waker
from bot.errors import DatabaseBusy


class Work:
    """Steps that do what they are told, and tell when all of it was done."""

    def __init__(self, *outcomes: int | Exception) -> None:
        self._outcomes = list(outcomes)
        self.done = threading.Event()
        self.calls = 0

    def step(self) -> int:
        self.calls += 1
        if not self._outcomes:
            self.done.set()
            return 0
        outcome = self._outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def test_it_works_until_nothing_is_left_without_waiting_in_between() -> None:
    work = Work(1, 5, 2)
    loop = Loop("work", work.step, poll_seconds=60)
    loop.start()
    assert work.done.wait(5)
    loop.stop()
    assert work.calls == 4


def test_after_a_step_it_leaves_others_alone_for_as_long_as_it_is_told() -> None:
    rested = threading.Event()

    def rest() -> float:
        rested.set()
        return 60.0

    work = Work(1, 1)
    loop = Loop("work", work.step, poll_seconds=60, rest=rest)
    loop.start()
    assert rested.wait(5)
    loop.wake()  # more has come in: it waits with the rest
    loop.stop()
    assert work.calls == 1


def test_waking_starts_the_next_look_at_once() -> None:
    work = Work(0)
    loop = Loop("work", work.step, poll_seconds=60)
    loop.start()
    while work.calls == 0:
        pass
    loop.wake()
    assert work.done.wait(5)
    loop.stop()


@pytest.mark.parametrize("failure", [DatabaseBusy("locked"), KeyError("bug")])
def test_a_failing_step_is_logged_and_tried_again(
    failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    work = Work(failure)
    loop = Loop("work", work.step, poll_seconds=0.01)
    loop.start()
    assert work.done.wait(5)
    loop.stop()
    assert loop.failures == 1
    assert "trying again" in caplog.text


def test_stopping_ends_the_thread_even_while_it_waits() -> None:
    loop = Loop("idle", lambda: 0, poll_seconds=60)
    loop.start()
    loop.stop(timeout=5)
    assert not loop._thread.is_alive()


def test_a_waker_never_makes_its_caller_wait_and_loses_no_call() -> None:
    calls: list[int] = []
    begun, go_on = threading.Event(), threading.Event()

    def slow_wake() -> None:
        calls.append(len(calls))
        begun.set()
        go_on.wait(5)

    waker = Waker(slow_wake)
    waker.soon()
    assert begun.wait(5)
    for _ in range(5):
        waker.soon()
    go_on.set()
    while len(calls) < 2:
        pass
    waker.stop()
    assert calls == [0, 1]


def test_a_waker_calls_at_once_and_then_no_more_than_once_in_its_pause() -> None:
    called = threading.Event()
    calls: list[int] = []

    def wake() -> None:
        calls.append(len(calls))
        called.set()

    waker = Waker(wake, pause_seconds=60)
    waker.soon()
    assert called.wait(5)
    for _ in range(5):
        waker.soon()
    waker.stop()
    assert calls == [0]
