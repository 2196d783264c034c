"""Posts a storm through the real intake, and reads what became of it from the HTTP API."""

import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from bot.alerts.flapping import DEFAULT_RULE
from bot.alerts.intake import AlertIntake
from bot.alerts.settling import SETTLE, Settling
from bot.clock import ManualClock
from bot.jobs.ports import InboxItem, InboxKind, Job
from bot.services.catalogue import Catalogue
from bot.services.model import Service
from bot.settings.lifecycle import LifecycleSettings
from bot.store.database import Database
from bot.uow import UnitOfWorkFactory
from tests.generated.storms import START, UID, Storm
from tests.support.databases import sqlite_database
from tests.support.front_fakes import AUTHORIZED, front

BATCH_SECONDS = 10.0
MOST_IN_BATCH = 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """`causes` counts the noise as well: each chronic alert is a matter of its own."""

    alerts: int
    causes: int
    incidents: int
    in_right: int
    pairs: int
    merged: int
    most_of_a_cause: int

    @property
    def more_incidents(self) -> float:
        return self.incidents / self.causes - 1

    @property
    def right(self) -> float:
        return self.in_right / self.alerts

    @property
    def wrongly_merged(self) -> float:
        return self.merged / self.pairs if self.pairs else 0.0


def outcome_of(storm: Storm) -> Outcome:
    clock = ManualClock(START)
    with (
        tempfile.TemporaryDirectory() as folder,
        sqlite_database(Path(folder), clock) as database,
    ):
        post(storm, database, clock)
        return read_outcome(storm, database, clock)


def catalogue_of(storm: Storm) -> Catalogue:
    """What the team declared: not everything that is."""
    land = storm.land
    return Catalogue([Service(name=one, depends_on=land.declared[one]) for one in land.services])


def post(storm: Storm, database: Database, clock: ManualClock) -> None:
    """Every delivery, in the batches that a busy engine would take; what follows by the clock
    alone (automatic resolve, rest after flapping) happens before each, as the settings' defaults
    have it."""

    def take_in(batch: Sequence[InboxItem], intake: AlertIntake) -> None:
        with database.begin() as uow:
            uow.inbox.add_many(batch)
        with database.begin() as uow:
            intake.process(uow, uow.inbox.claim(MOST_IN_BATCH, clock.now()))

    play(storm, database, clock, take_in)


def play(
    storm: Storm,
    units: UnitOfWorkFactory,
    clock: ManualClock,
    take_in: Callable[[Sequence[InboxItem], AlertIntake], None],
) -> None:
    """Have the storm's deliveries taken in, batch by batch, on any store."""
    catalogue = catalogue_of(storm)
    chosen = LifecycleSettings()
    hold, alone = chosen.resolve_after_seconds, chosen.resolve_alone_after
    intake = AlertIntake(
        catalogue,
        clock,
        team_id="T1",
        resolve_after_seconds=hold,
        resolve_alone_after_seconds=alone,
    )
    settling = Settling(
        units,
        catalogue,
        clock,
        flapping=DEFAULT_RULE,
        resolve_after_seconds=hold,
        resolve_alone_after_seconds=alone,
        team_id="T1",
    )
    for batch in _batches(storm):
        clock.advance(max(0.0, (batch[0].received_at - clock.now()).total_seconds()))
        if settling.tick():
            settling.handle(Job(key="settle", kind=SETTLE, payload={}))
        clock.advance(max(0.0, (batch[-1].received_at - clock.now()).total_seconds()))
        take_in(batch, intake)


def _batches(storm: Storm) -> Iterator[list[InboxItem]]:
    batch: list[InboxItem] = []
    began = 0.0
    for number, one in enumerate(storm.deliveries):
        if batch and (one.at - began > BATCH_SECONDS or len(batch) >= MOST_IN_BATCH):
            yield batch
            batch = []
        if not batch:
            began = one.at
        batch.append(
            InboxItem(
                id=f"d{number}",
                kind=InboxKind.ALERT,
                source=one.source,
                body=one.body,
                content_type="application/json",
                received_at=START + timedelta(seconds=one.at),
            )
        )
    yield batch


def read_outcome(storm: Storm, database: Database, clock: ManualClock) -> Outcome:
    """Which alert is in which incident, by GET alone; compared with what was planted."""
    with front(database, clock) as (client, _):
        alerts = list(pages(client, "alerts"))
        incidents = list(pages(client, "incidents"))
    uid_of = {one["fingerprint"]: one["labels"][UID] for one in alerts}
    return judge(
        storm,
        {
            one["key"]: [uid_of[fingerprint] for fingerprint in one["fingerprints"]]
            for one in incidents
        },
    )


def judge(storm: Storm, members: Mapping[str, Sequence[str]]) -> Outcome:
    """`members` are the planted alerts (by uid) that each incident has in the end.

    A cause's right incident is the one with the most of its alerts, if no other cause has more
    alerts in it; two causes with most of their alerts in one incident were wrongly merged.
    """
    truth = storm.truth
    held = {key: Counter(truth[uid] for uid in uids) for key, uids in members.items()}
    spread: dict[str, Counter[str]] = defaultdict(Counter)
    for key, counts in held.items():
        for cause, count in counts.items():
            spread[cause][key] = count
    main = {cause: _most(keys) for cause, keys in spread.items()}
    in_right = sum(spread[cause][key] for cause, key in main.items() if _most(held[key]) == cause)
    pairs = list(combinations(sorted(main), 2))
    return Outcome(
        alerts=len(storm.planted),
        causes=len(set(truth.values())),
        incidents=len(members),
        in_right=in_right,
        pairs=len(pairs),
        merged=sum(main[one] == main[other] for one, other in pairs),
        most_of_a_cause=max(len(keys) for keys in spread.values()),
    )


def _most(counts: Counter[str]) -> str:
    return min(counts, key=lambda name: (-counts[name], name))


def pages(client: TestClient, kind: str) -> Iterator[Any]:
    path = f"/v1/{kind}?limit=500"
    while True:
        answer = client.get(path, headers=AUTHORIZED)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        yield from page["items"]
        if page["next"] is None:
            return
        path = f"/v1/{kind}?limit=500&before={page['next']}"
