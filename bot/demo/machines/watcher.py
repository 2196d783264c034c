"""What watches the slots, as a monitoring tool does: it measures, and sends what its rules say.

    python -m bot.demo.machines.watcher < orders

The first line on standard input is one JSON object: `port` of the slots, `url` and `token` of
the webhooks, and `rules`. A rule has `source`, `name`, `labels` and `annotations` of its alert
(`{taken}` and `{total}` in them stand for what was measured), `measures` (`taken` slots or
`refused` connections a reading), `from` which number on it fires, below which (`below`) it ends,
and whether it `fires` already. It ends with its standard input.
"""

import json
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from bot.demo.alerts import StoryAlert
from bot.demo.machines.client import connect
from bot.demo.machines.ending import say, wait_for_the_end

READ_EVERY_SECONDS = 0.25
STEADY_READINGS = 8
"""So many readings in a row must be calm before a rule ends, as `keep_firing_for` has it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The slots at one moment; `refused` counts since the reading before."""

    total: int
    taken: int
    refused: int = 0


def read(port: int) -> Reading:
    """`refused` is here since the server began. Raises OSError."""
    there, answer = connect(port, "count")
    there.close()
    count = json.loads(answer)
    return Reading(int(count["total"]), sum(count["taken"].values()), int(count["refused"]))


class Rule:
    """One alert and when it fires."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.alert = StoryAlert(
            name=raw["name"],
            label="",
            labels=raw["labels"],
            annotations=raw["annotations"],
            source=raw["source"],
        )
        self.fires = bool(raw["fires"])
        self._measures = str(raw["measures"])
        self._from = int(raw["from"])
        self._below = int(raw["below"])
        self._calm = 0

    @property
    def is_calm(self) -> bool:
        """Whether it has been below its bound for so long that it may end."""
        return self._calm >= STEADY_READINGS

    def look(self, reading: Reading) -> bool:
        """Whether it begins to fire with this reading."""
        value = reading.taken if self._measures == "taken" else reading.refused
        self._calm = self._calm + 1 if value < self._below else 0
        begins = value >= self._from and not self.fires
        self.fires = self.fires or begins
        return begins

    def end(self) -> bool:
        """It fires no more; whether it did."""
        fired, self.fires = self.fires, False
        return fired


def look(rules: Sequence[Rule], reading: Reading) -> list[tuple[Rule, str]]:
    """What is to be sent after this reading, in the order of the rules: each begins by itself,
    and all end together once all are calm, as one group of a monitoring tool does."""
    begun = [rule for rule in rules if rule.look(reading)]
    ended = [rule for rule in rules if rule.end()] if all(one.is_calm for one in rules) else []
    return [(rule, "firing") for rule in begun] + [(rule, "resolved") for rule in ended]


class Watcher:
    def __init__(self, orders: Mapping[str, Any]) -> None:
        self._port = int(orders["port"])
        self._url = str(orders["url"])
        self._token = str(orders["token"])
        self._rules = [Rule(raw) for raw in orders["rules"]]
        self._refused: int | None = None

    def watch(self) -> None:
        headers = {"Authorization": f"Bearer {self._token}"}
        with httpx.Client(headers=headers, trust_env=False, timeout=30.0) as client:
            while True:
                self._step(client)
                time.sleep(READ_EVERY_SECONDS)

    def _step(self, client: httpx.Client) -> None:
        there = read(self._port)
        before, self._refused = self._refused, there.refused
        refused = 0 if before is None else there.refused - before
        reading = Reading(there.total, there.taken, refused)
        for rule, status in look(self._rules, reading):
            self._send(client, rule.alert, status, reading)

    def _send(self, client: httpx.Client, alert: StoryAlert, status: str, reading: Reading) -> None:
        values = {"taken": str(reading.taken), "total": str(reading.total)}
        body = alert.with_values(values).body(datetime.now(UTC), status=status)
        client.post(f"{self._url}/v1/alerts/{alert.source}", json=body).raise_for_status()
        say(f"{reading.taken} of {reading.total}: {alert.name} {status}")


def main() -> None:
    watcher = Watcher(json.loads(sys.stdin.readline()))
    threading.Thread(target=watcher.watch, daemon=True).start()
    wait_for_the_end()


if __name__ == "__main__":
    main()
