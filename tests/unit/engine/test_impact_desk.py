"""Previews run beside everything else: started, looked at, cancelled, and never in the way."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from bot.drafts.impact import Wanted
from bot.engine.impact import ImpactDesk
from bot.errors import DataError
from knowledge.errors import Cancelled, KnowledgeError

START = {"do": "start", "page_id": "db/disk", "text": "# Disk\n\nLook at it.\n"}
Tell = Callable[[int, int], None]
Asked = Callable[[], bool]


def ended(desk: ImpactDesk, identity: str) -> Mapping[str, Any]:
    deadline = time.monotonic() + 10
    while (told := desk.call({"do": "look", "id": identity}))["state"] == "running":
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return told


def test_a_preview_tells_how_far_it_is_and_then_what_it_found() -> None:
    half, go = threading.Event(), threading.Event()

    def work(wanted: Wanted, tell: Tell, _: Asked) -> dict[str, Any]:
        tell(3, 6)
        half.set()
        go.wait(10)
        return {"document_id": wanted.document_id}

    desk = ImpactDesk(work)
    identity = desk.call(START)["id"]
    assert half.wait(10)
    assert desk.call({"do": "look", "id": identity}) == {"state": "running", "done": 3, "total": 6}
    go.set()
    assert ended(desk, identity)["report"] == {"document_id": "db/disk"}


def test_a_cancelled_preview_ends_and_the_next_one_runs() -> None:
    def work(wanted: Wanted, tell: Tell, is_cancelled: Asked) -> dict[str, Any]:
        deadline = time.monotonic() + 10
        while wanted.document_id == "slow" and time.monotonic() < deadline:
            if is_cancelled():
                raise Cancelled("enough")
            time.sleep(0.005)
        return {}

    desk = ImpactDesk(work)
    slow = desk.call({**START, "page_id": "slow"})["id"]
    quick = desk.call(START)["id"]
    desk.call({"do": "cancel", "id": slow})
    assert ended(desk, slow)["state"] == "cancelled"
    assert ended(desk, quick)["state"] == "done"


def test_one_that_waits_can_be_cancelled_and_never_begins() -> None:
    go, begun = threading.Event(), []

    def work(wanted: Wanted, tell: Tell, _: Asked) -> dict[str, Any]:
        begun.append(wanted.document_id)
        go.wait(10)
        return {}

    desk = ImpactDesk(work)
    first = desk.call(START)["id"]
    while not begun:
        time.sleep(0.005)
    second = desk.call({**START, "page_id": "second"})["id"]
    desk.call({"do": "cancel", "id": second})
    go.set()
    assert ended(desk, first)["state"] == "done"
    assert ended(desk, second)["state"] == "cancelled"
    assert begun == ["db/disk"]


def test_what_goes_wrong_is_told() -> None:
    def work(wanted: Wanted, tell: Tell, _: Asked) -> dict[str, Any]:
        raise KnowledgeError("the index is not open")

    desk = ImpactDesk(work)
    told = ended(desk, desk.call(START)["id"])
    assert (told["state"], told["problem"]) == ("failed", "the index is not open")


def test_a_stopping_engine_cancels_and_takes_none() -> None:
    def work(wanted: Wanted, tell: Tell, is_cancelled: Asked) -> dict[str, Any]:
        while not is_cancelled():
            time.sleep(0.005)
        raise Cancelled("enough")

    desk = ImpactDesk(work)
    identity = desk.call(START)["id"]
    desk.stop()
    assert ended(desk, identity)["state"] == "cancelled"
    with pytest.raises(DataError, match="stopping"):
        desk.call(START)


def test_only_the_last_twenty_are_remembered() -> None:
    desk = ImpactDesk(lambda *_: {})
    first = desk.call(START)["id"]
    ended(desk, first)
    for _ in range(20):
        desk.call(START)
    assert desk.call({"do": "look", "id": first})["state"] == "unknown"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"do": "delete"},
        {"do": "start"},
        {"do": "start", "page_id": ""},
        {"do": "start", "page_id": 7},
        {"do": "start", "page_id": "p", "text": ["no", "text"]},
        {"do": "start", "page_id": "p", "text": "---\nservices: [\n---\n# X\n"},
    ],
)
def test_what_makes_no_sense_is_refused_at_once(body: Mapping[str, Any]) -> None:
    def work(*_: object) -> dict[str, Any]:
        raise AssertionError("never begun")

    with pytest.raises(DataError):
        ImpactDesk(work).call(body)


def test_an_unknown_preview_is_unknown() -> None:
    desk = ImpactDesk(lambda *_: {})
    assert desk.call({"do": "look", "id": "nope"})["state"] == "unknown"
    assert desk.call({"do": "cancel", "id": "nope"})["state"] == "unknown"
