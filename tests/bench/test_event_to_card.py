"""How long the channel waits: from an alert's POST, or a person's question, to what the bot says.

Real `recall serve` processes beside the local workspace, with a large memory. The outbox says at
most one message a second in a channel, so samples are spaced out: what is measured is the way
through the product, not its pace. Goal: p50 150 ms, p95 400 ms.
"""

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.clock import SystemClock
from bot.demo.stage import CHANNEL, Stage
from bot.demo.story import DATA, Story, StoryAlert, load_story
from bot.demo.text_card import message_text
from bot.workspace.model import Message
from tests.bench.conftest import LargeMemory
from tests.bench.measuring import Spread, Stopwatch, print_table

pytestmark = [pytest.mark.bench, pytest.mark.processes, pytest.mark.model]

ALERTS = 60
QUESTIONS = 20
SPACING_SECONDS = 1.2
WARM_UP = 3
_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One alert on its way; times are seconds of this machine's one clock."""

    pod: str
    delivery: str
    sent: float
    answered: float
    posted: float
    seen: float


@pytest.fixture
def stage(tmp_path: Path, large_memory: LargeMemory) -> Iterator[Stage]:
    shutil.copy(large_memory.path, tmp_path / "recall.db")
    with Stage(tmp_path, services=DATA / "services.yaml", knowledge=()) as opened:
        opened.workspace.wait_until_connected()
        yield opened


def test_from_an_event_to_the_bots_words(stage: Stage, large_memory: LargeMemory) -> None:
    families = answerable(load_story())
    with stage.bot.client() as client:
        samples = [
            sent_alert(stage, client, on_its_own(families[number % len(families)], number))
            for number in range(WARM_UP + ALERTS)
        ][WARM_UP:]
        questions = [
            asked(stage, question(families[number % len(families)], number))
            for number in range(QUESTIONS)
        ]
        stages = where_the_time_goes(client, samples)
    assert len({sample.pod for sample in samples}) == ALERTS
    assert len(stage.bot_messages()) == WARM_UP + ALERTS, "one card for each alert"
    print_table(
        f"Event to words, {large_memory.passages:,} passages",
        ("what", "samples", "p50 ms", "p95 ms", "most ms"),
        [
            row("alert's POST to card", [one.seen - one.sent for one in samples]),
            *(row(f"- {name}", seconds) for name, seconds in stages.items()),
            row("question to answer", questions),
        ],
        notes=[
            f"Samples are {SPACING_SECONDS} s apart, as the bot says one message a second in a "
            "channel; the goal for the card is p50 150 ms, p95 400 ms."
        ],
    )


def answerable(story: Story) -> Sequence[StoryAlert]:
    """Alerts that Larkspur's past answers."""
    silent = {"GiftWrapPrinterOutOfPaper"}
    return [story.first_alert, *(one for one in story.fire_more if one.name not in silent)]


def on_its_own(alert: StoryAlert, number: int) -> StoryAlert:
    """The same alert in another cluster: no open incident is there for it to join."""
    cluster, pod = f"bench-{number}", f"{alert.labels['service']}-{number}"
    # Critical ones are never held back, however many there are within an hour.
    own = {"cluster": cluster, "pod": pod, "severity": "critical"}
    return replace(alert, labels={**alert.labels, **own})


def question(alert: StoryAlert, number: int) -> str:
    forms = ("has anybody seen this: {}", "{} - what was it last time?", "any idea? {}")
    return forms[number % len(forms)].format(alert.text)


def sent_alert(stage: Stage, client: httpx.Client, alert: StoryAlert) -> Sample:
    """Fire `alert` and wait until its card stands in the channel."""
    before = len(stage.bot_messages())
    body = alert.body(SystemClock().now())
    with spaced_out():
        sent = time.time()
        answer = client.post("/v1/alerts/alertmanager", json=body)
        answered = time.time()
        card = first_after(stage, stage.bot_messages, before)
        seen = time.time()
    assert answer.status_code == 202
    assert alert.name in message_text(card.blocks, card.text)
    return Sample(
        pod=alert.labels["pod"],
        delivery=answer.json()["id"],
        sent=sent,
        answered=answered,
        posted=float(card.ts),
        seen=seen,
    )


def asked(stage: Stage, text: str) -> float:
    """Seconds from a person's words to the bot's answer in their thread."""
    alice = stage.person("alice")
    with spaced_out(), Stopwatch() as watch:
        said = alice.mentions_bot(CHANNEL, text)
        first_after(stage, lambda: stage.workspace.thread(CHANNEL, said.ts), 1)
    return watch.seconds


def first_after(stage: Stage, messages: Callable[[], Sequence[Message]], before: int) -> Message:
    """The first message beyond the `before` that were there; told of by the workspace."""

    def found() -> Message | None:
        return next(iter(messages()[before:]), None)

    message = stage.workspace.wait_for(found, _PATIENCE_SECONDS)
    assert message is not None
    return message


@contextmanager
def spaced_out() -> Iterator[None]:
    """Makes what is inside take SPACING_SECONDS at least."""
    began = time.monotonic()
    yield
    left = SPACING_SECONDS - (time.monotonic() - began)
    threading.Event().wait(max(0.0, left))


def where_the_time_goes(
    client: httpx.Client, samples: Sequence[Sample]
) -> Mapping[str, Sequence[float]]:
    """Seconds of each stage, from the times that the product itself notes."""
    inbox = {row["id"]: row for row in items(client, "inbox")}
    incident = {row["labels"].get("pod"): row["incident_id"] for row in items(client, "alerts")}
    suggested = {
        row["incident_id"]: moment(row["created_at"]) for row in items(client, "suggestions")
    }
    stages: dict[str, list[float]] = {}
    for one in samples:
        delivery = inbox[one.delivery]
        marks = {
            "POST to received": one.sent,
            "received to taken in (fsync, wake, parse)": moment(delivery["received_at"]),
            "taken in to suggestion (search)": moment(delivery["processed_at"]),
            "suggestion to post (outbox, Web API)": suggested[incident[one.pod]],
            "post to seen": one.posted,
        }
        ends = [*list(marks.values())[1:], one.seen]
        for (name, start), end in zip(marks.items(), ends, strict=True):
            stages.setdefault(name, []).append(end - start)
    stages["(POST to 202)"] = [one.answered - one.sent for one in samples]
    return stages


def items(client: httpx.Client, what: str) -> Sequence[Mapping[str, Any]]:
    rows = client.get(f"/v1/{what}?limit=500").raise_for_status().json()["items"]
    assert isinstance(rows, list)
    return rows


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def row(name: str, seconds: Sequence[float]) -> Sequence[object]:
    spread = Spread.of(seconds)
    return (name, spread.n, spread.p50, spread.p95, spread.most)
