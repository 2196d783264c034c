"""A database of a team that has used the bot for two years: incidents, alerts, answers, pages.

Rows are written straight into the tables, as a million alerts through the front door would take
an hour. What they say is made by a seeded generator.
"""

import os
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table

from bot.chat.cards import CARD_PREFIX
from bot.clock import Clock
from bot.store import tables
from bot.store.database import Database
from bot.suggestions.model import Citation, CitedPassage, Suggestion, SuggestionKind
from knowledge.evaluate.filler import filler
from knowledge.model import Runbook
from knowledge.text.passages import passages_of

INCIDENTS = 100_000
ALERTS = 1_000_000
RUNBOOKS = 2_000
NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
STORM = 2_000
"""Alerts of the largest incident; the others share what is left."""

_PAST = timedelta(days=730)
_SEED = 20_261_127
_BATCH = 5_000
_SERVICES = 200
_FAMILIES = 600
_VERDICTS = ("helpful", "helpful", "not_helpful", "graded_right", "graded_wrong", "resolved_like")


KEPT = "RECALL_BENCH_HOUSE"
"""Variable that names a folder in which the filled database stays for the next time."""


@contextmanager
def open_house(folder: Path, clock: Clock) -> Iterator[Database]:
    """The filled database: in `folder`, or kept where the variable says. Filling takes minutes."""
    kept = os.environ.get(KEPT)
    path = (Path(kept) if kept else folder) / "house.db"
    is_filled = path.with_suffix(".filled")
    database = Database(f"sqlite:///{path}", clock=clock, busy_timeout_seconds=20.0)
    try:
        if is_filled.exists():
            database.migrate()
        else:
            fill(database)
            is_filled.touch()
        yield database
    finally:
        database.close()


def fill(database: Database) -> int:
    """Write all of it; the id of the incident with the most alerts."""
    database.migrate()
    chance = random.Random(_SEED)
    pages = _knowledge(database)
    _write(database, tables.incidents, _incidents())
    _write(database, tables.alerts, _alerts())
    _write(database, tables.timeline, _timeline(chance))
    _write(database, tables.suggestions, _suggestions(chance, pages))
    _write(database, tables.feedback, _feedback(chance))
    _write(database, tables.outbox, _outbox())
    with database.writing() as connection:
        connection.exec_driver_sql("ANALYZE")
    return INCIDENTS


def _knowledge(database: Database) -> list[str]:
    """Pages of 10 passages or so, and a record for every tenth incident; the pages' ids."""
    source = database.knowledge_source()
    pages: list[str] = []
    records = 0
    rows = []
    for loaded in filler(RUNBOOKS * 40, _SEED):
        document = loaded.document
        is_page = isinstance(document, Runbook)
        if is_page and len(pages) >= RUNBOOKS:
            continue
        if not is_page and records >= INCIDENTS // 10:
            continue
        if is_page:
            pages.append(document.id)
        else:
            records += 1
        rows.append((document, passages_of(document)))
        if len(rows) == 500:
            source.upsert(rows, actor="bench", now=NOW)
            rows = []
    source.upsert(rows, actor="bench", now=NOW)
    assert len(pages) == RUNBOOKS
    return pages


def _opened(number: int) -> datetime:
    return NOW - _PAST + _PAST * number / (INCIDENTS + 1)


def _family(number: int) -> tuple[str, str]:
    """Alert name and service."""
    family = number * 7919 % _FAMILIES
    return f"Alert{family}High", f"service-{family % _SERVICES}"


def _incidents() -> Iterator[dict[str, Any]]:
    for number in range(1, INCIDENTS + 1):
        name, service = _family(number)
        is_open = number > INCIDENTS - 40
        opened = _opened(number)
        yield {
            "id": number,
            "title": f"{name} on {service}",
            "service": service,
            "environment": "prod/eu-1",
            "severity": ("critical", "warning")[number % 2],
            "state": "open" if is_open else "closed",
            "group_key": f"group-{number}",
            "opened_at": opened,
            "resolved_at": None if is_open else opened + timedelta(minutes=10 + number % 90),
            "revision": 3,
            "team_id": "T1",
            "visibility": {"channels": None},
            "owner": None,
        }


def _alerts() -> Iterator[dict[str, Any]]:
    for number in range(1, ALERTS + 1):
        incident = INCIDENTS if number > ALERTS - STORM else 1 + number % (INCIDENTS - 1)
        name, service = _family(incident)
        at = _opened(incident) + timedelta(seconds=number % 300)
        yield {
            "fingerprint": f"v1:alertmanager:{number:032x}",
            "source": "alertmanager",
            "name": name,
            "status": "resolved" if incident <= INCIDENTS - 40 else "firing",
            "severity": ("critical", "warning")[incident % 2],
            "starts_at": at,
            "ends_at": at + timedelta(minutes=9),
            "summary": f"{name}: value {number % 97} is above its limit on pod {number}",
            "description": "Requests wait for a free connection; the pool has none left.",
            "labels": {
                "alertname": name,
                "service": service,
                "env": "prod",
                "cluster": "eu-1",
                "pod": f"{service}-{number:x}",
            },
            "links": {"runbook": f"https://runbooks.example/{name}"},
            "service": service,
            "environment": "prod/eu-1",
            "incident_id": incident,
            "first_seen_at": at,
            "last_seen_at": at,
            "times_seen": 1 + number % 5,
            "ends": [],
        }


def _timeline(chance: random.Random) -> Iterator[dict[str, Any]]:
    for number in range(1, INCIDENTS + 1):
        opened = _opened(number)
        name, service = _family(number)
        fingerprints = STORM if number == INCIDENTS else 3
        for one in range(fingerprints):
            yield {
                "incident_id": number,
                "at": opened + timedelta(seconds=one),
                "kind": "alert_fired",
                "text": f"{name} fired on {service}-{one}",
                "actor": "",
                "data": {"fingerprint": f"{number}-{one}", "alert": name},
                "source": None,
            }
        yield {
            "incident_id": number,
            "at": opened + timedelta(minutes=chance.randint(1, 9)),
            "kind": "state_changed",
            "text": "acknowledged",
            "actor": "T1/ANNA",
            "data": {},
            "source": None,
        }


def _suggestions(chance: random.Random, pages: Sequence[str]) -> Iterator[dict[str, Any]]:
    for number in range(1, INCIDENTS + 1):
        page = pages[chance.randrange(len(pages))]
        answered = number % 3 != 0
        said = Suggestion(
            id=f"s{number}",
            kind=SuggestionKind.ONE_CAUSE if answered else SuggestionKind.ABSTENTION,
            answered=answered,
            confidence=0.7 if answered else 0.1,
            confidence_words="likely" if answered else "very unlikely",
            headline="The pool has no connection left.",
            passages=(_cited(page),) if answered else (),
            receipt={"generation": "g1", "features": {f"f{n}": n / 7 for n in range(120)}},
        )
        yield {
            "id": f"s{number}",
            "incident_id": number,
            "asked_by": "",
            "content": said.model_dump(mode="json"),
            "created_at": _opened(number) + timedelta(seconds=20),
        }


def _cited(page: str) -> CitedPassage:
    return CitedPassage(
        id=f"{page}#2",
        document_id=page,
        title="Connections run out",
        section="First look",
        score=0.8,
        url=None,
        excerpt="Restart the job that holds them.",
        generic=False,
        citation=Citation(document_id=page, version=1, title="Connections run out"),
    )


def _feedback(chance: random.Random) -> Iterator[dict[str, Any]]:
    for number in range(1, INCIDENTS + 1, 4):
        yield {
            "team_id": "T1",
            "actor": f"T1/U{number % 30}",
            "suggestion_id": f"s{number}",
            "incident_id": number,
            "verdict": chance.choice(_VERDICTS),
            "past_incident_id": None,
            "at": _opened(number) + timedelta(minutes=30),
        }


def _outbox() -> Iterator[dict[str, Any]]:
    for number in range(1, INCIDENTS + 1):
        at = _opened(number) + timedelta(seconds=25)
        yield {
            "key": f"{CARD_PREFIX}RCL-{number}",
            "team_id": "T1",
            "channel": "C1",
            "thread": None,
            "message": {"people": [], "text": "The pool has no connection left."},
            "message_hash": "0",
            "desired_revision": 1,
            "claimed_revision": 1,
            "sent_revision": 1,
            "refused_revision": 0,
            "ref": f"{1_700_000_000 + number}.000100",
            "queued_at": at,
            "not_before": at,
            "attempts": 1,
            "error": "",
            "sent_at": at,
            "first_put_at": at,
            "edits": 1,
        }


def _write(database: Database, table: Table, rows: Iterator[dict[str, Any]]) -> None:
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == _BATCH:
            _insert(database, table, batch)
            batch = []
    if batch:
        _insert(database, table, batch)


def _insert(database: Database, table: Table, rows: list[dict[str, Any]]) -> None:
    with database.writing() as connection:
        connection.execute(table.insert(), rows)
