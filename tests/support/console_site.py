"""The console on a real port, with incidents, runbooks and drafts in it, for browsers."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from bot.action_book import build_book
from bot.actions.requests import Requests, Wish
from bot.chat.ports import Destination
from bot.clock import ManualClock
from bot.console import console_parts
from bot.drafts.model import Draft, DraftKind, DraftState
from bot.incidents.records import Words, assemble
from bot.jobs.inbox_writer import InboxWriter
from bot.people.model import SYSTEM, Actor, Role
from bot.people.same import SamePeople
from bot.people.sessions import a_link, digest_of, new_secret
from bot.people.token_desk import TokenDesk
from bot.settings import Settings
from bot.source_secrets import open_sealing, open_secret_keeping
from bot.store.database import Database
from bot.suggestions.corrections import Correction, Word
from bot.suggestions.ports import StoredSuggestion
from bot.uow import UnitOfWork
from bot.web.app import create_app
from bot.web.deps import FrontDeps
from bot.web.metrics import FrontMetrics
from knowledge.curate.curator import Curator
from knowledge.model import DocumentState, PastIncident
from knowledge.text.passages import passages_of
from tests.support.actions import TOUCH
from tests.support.console import ANNA
from tests.support.databases import sqlite_database
from tests.support.front_fakes import FakeEngine, a_suggestion
from tests.unit.web.test_read_api import take_in

PAGE = """---
title: Checkout is slow
services: [checkout]
owner: anna
---
# Checkout is slow

## Mitigation

1. Look at the connections of orders-db.
2. Restart the client that holds most of them.
"""


BY_PEOPLE = (DraftKind.RUNBOOK_EDIT, DraftKind.NOISE_RULE)
"""Drafts that people propose; the bot proposes the others."""


@dataclass(frozen=True, slots=True)
class Site:
    """`address` is where the console is; `link` makes another way in."""

    address: str
    database: Database
    clock: ManualClock
    engine: FakeEngine

    def link(self, role: Role = Role.LEAD) -> str:
        secret = new_secret()
        with self.database.begin() as uow:
            uow.passes.keep(digest_of(secret), a_link(ANNA, "Anna", role, self.clock.now()))
        return f"{self.address}/console/enter?token={secret}"


@contextmanager
def console_site(folder: Path, hostile: str) -> Iterator[Site]:
    """`hostile` stands in every text that comes from outside."""
    clock = ManualClock()
    with sqlite_database(folder, clock) as database:
        fill(database, clock, hostile)
        engine = FakeEngine()
        writer = InboxWriter(database)
        writer.start()
        settings = settings_of(folder)
        asks(database, clock, settings, hostile)
        documents = database.knowledge_source().list
        keeping = open_secret_keeping(settings, database, clock, open_sealing(settings))
        keeping.add("T1/BEN", Role.ADMIN, "zabbix", "recall:a long password")
        parts = console_parts(settings, database, engine, clock, engine.wake, documents, keeping)
        deps = FrontDeps(
            units=database,
            inbox=writer,
            engine=engine,
            clock=clock,
            metrics=FrontMetrics(database),
            token="unused",
        )
        app = create_app(deps, console=parts)
        listener = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield Site(f"http://127.0.0.1:{listener.getsockname()[1]}", database, clock, engine)
        finally:
            server.should_exit = True
            thread.join(10)
            writer.stop()


def settings_of(folder: Path) -> Settings:
    """With an identity provider that nobody is led to, rules, and one action to read of."""
    (folder / "actions").mkdir()
    (folder / "actions" / "touch.yaml").write_text(TOUCH.replace("FOLDER", str(folder)))
    (folder / "noise.yaml").write_text(
        "silences:\n  - {name: BackupLate*, service: stock, reason: known until the move}\n"
    )
    home = folder / "models" / "3f2a9c01d47e55b8"
    home.mkdir(parents=True)
    (home / "adapter.safetensors").write_bytes(b"only its name is shown")
    facts = {"passed": True, "made_at": "2026-02-20", "verdict": "R@1 0.81, before 0.74"}
    (home / "facts.json").write_text(json.dumps(facts))
    return Settings(
        data_dir=folder,
        actions_dir=folder / "actions",
        noise_file=folder / "noise.yaml",
        webhook_token="never-shown-anywhere",
        leads=("T1/ANNA",),
        public_url="http://127.0.0.1",
        oidc_issuer="https://id.example.net",
        oidc_client_id="recall",
        oidc_client_secret="never-shown-either",
        oidc_role_claim="groups",
        oidc_leads=("sre-leads",),
    )


def fill(database: Database, clock: ManualClock, hostile: str) -> None:
    """Three incidents of two services, one failed delivery, an answer, a page, channels."""
    take_in(
        database,
        clock,
        {
            "name": "CheckoutHighErrorRate",
            "severity": "critical",
            "summary": f"5 % of requests fail {hostile}",
            "labels": {"service": "checkout", "environment": "prod/eu-1", "note": hostile},
        },
        {
            "name": "OrdersDbConnections",
            "key": "2",
            "summary": "19 of 20 connections are taken",
            "labels": {"service": "checkout", "environment": "prod/eu-1"},
        },
        {"name": f"CacheCold {hostile}", "labels": {"service": "search"}},
        {"name": 5},
    )
    with database.begin() as uow:
        found = uow.incidents.get_by_key("RCL-1")
        assert found is not None
        answer = a_suggestion("s1").model_copy(update={"headline": f"Not seen before {hostile}"})
        for suggestion, incident in ((answer, None), (a_suggestion("s2"), found.id)):
            stored = StoredSuggestion(
                suggestion=suggestion,
                incident_id=incident,
                asked_by=ANNA.key,
                created_at=clock.now(),
            )
            uow.suggestions.add(stored)
        curator = Curator(uow.knowledge, actor=ANNA.key, now=clock.now())
        curator.publish("checkout/slow", PAGE + f"\n{hostile}\n", 0)
        title = f"The pool is used up {hostile}"
        other = PAGE.replace("title: Checkout is slow", f"title: {json.dumps(title)}")
        other = other.replace("# Checkout is slow", f"# {title}")
        curator.publish("orders/pool", other.replace("[checkout]", "[orders-db]"), 0)
        changed = other.replace("most of them", f"most of them, then wait a minute{hostile}")
        curator.publish("orders/pool", changed.replace("[checkout]", "[orders-db]"), 1)
        for word in (Word.SAME, Word.HELPFUL, Word.WRONG_STEP):
            uow.corrections.say(
                Correction(
                    team_id=ANNA.team_id,
                    actor=f"T1/BEN{hostile}",
                    is_lead=False,
                    incident_id=found.id,
                    family="family:1:x",
                    document_id="orders/pool",
                    word=word,
                    at=clock.now(),
                )
            )
        for kind, subject, content in drafts(hostile):
            made_by = "T1/BEN" if kind in BY_PEOPLE else SYSTEM.key
            made = Draft(
                kind=kind, subject=subject, content=content, made_by=made_by, made_at=clock.now()
            )
            uow.drafts.add(made)
        keep_records(uow, clock, hostile)


def keep_records(uow: UnitOfWork, clock: ManualClock, hostile: str) -> None:
    """Of both incidents, one of them taken out of answers again."""
    for key in ("RCL-1", "RCL-2"):
        past = PastIncident(
            id=key,
            title=f"Checkout answered slowly {hostile}",
            symptom=f"5 % of requests fail {hostile}",
            resolution="Restarted the client that leaked them.",
            state=DocumentState.CONFIRMED,
            confirmed_by=f"Ben {hostile}",
        )
        uow.knowledge.upsert([(past, passages_of(past))], actor="T1/BEN", now=clock.now())
        incident = uow.incidents.get_by_key(key)
        assert incident is not None
        record = assemble(incident, uow.alerts.of_incident(incident.id), (), Words())
        made = Draft(
            kind=DraftKind.RECORD,
            subject=key,
            content=record.model_dump(mode="json"),
            made_by="T1/BEN",
            made_at=clock.now(),
        )
        kept = uow.drafts.add(made)
        uow.drafts.decide(kept.id, DraftState.ACCEPTED, actor="T1/BEN", now=clock.now())
    uow.knowledge.set_state("RCL-2", DocumentState.RETIRED, actor=ANNA.key, now=clock.now())


def asks(database: Database, clock: ManualClock, settings: Settings, hostile: str) -> None:
    """A request that waits for an approval, and two tokens, one of them somebody else's."""
    requests = Requests(database, build_book(settings), clock)
    with database.read() as uow:
        incident = uow.incidents.get_by_key("RCL-1")
    answer = requests.make(
        Wish(
            by=requests.book.principal(Actor(ANNA.team_id, "BEN"), ANNA.team_id),
            at=Destination(ANNA.team_id, "C1"),
            template_id="touch",
            values={"name": "checkout"},
            incident=incident,
            reason=f"it hangs {hostile}",
        )
    )
    assert answer.request is not None, answer
    desk = TokenDesk(database, SamePeople(()), clock)
    desk.make(ANNA, "Anna", f"nightly clean-up {hostile}"[:60], 30, by=ANNA.key)
    _, gone = desk.make(ANNA, "Anna", "the old one", 1, by=ANNA.key)
    desk.revoke(gone.id, by=ANNA.key)
    desk.make(Actor(ANNA.team_id, "BEN"), f"Ben {hostile}", "deploys", 30, by="T1/BEN")


def drafts(hostile: str) -> list[tuple[DraftKind, str, dict[str, Any]]]:
    """One of each sort that waits in the review queue, in the order of their numbers, from 1."""
    hostile = f" {hostile}" if hostile else ""
    edit = PAGE.replace("holds most of them", f"leaks them{hostile}")
    words = {"incident": "RCL-1", "by": f"Ben{hostile}"}
    return [
        (
            DraftKind.RUNBOOK_EDIT,
            "checkout/slow",
            {
                "page": "checkout/slow",
                "title": f"Checkout is slow{hostile}",
                "problem": f"The second step restarts the wrong client.{hostile}",
                "text": edit,
                "whole_page": True,
                "base_version": 1,
                **words,
            },
        ),
        (
            DraftKind.NOISE_RULE,
            "cachecold|search|",
            {
                "alert": f"CacheCold{hostile}",
                "service": f"search{hostile}",
                "environment": None,
                "what": "hold_back",
                "seconds": 604_800,
                "why": f"It goes by itself within a minute.{hostile}",
                **words,
            },
        ),
        (
            DraftKind.PAGE_GONE,
            "checkout/slow",
            {
                "problem": "Checkout is slow is gone from its source: retire?",
                "title": f"Checkout is slow{hostile}",
                "source": f"sync:/srv/runbooks{hostile}",
            },
        ),
        (
            DraftKind.DUPLICATE,
            "checkout/slow",
            {
                "problem": f"It says nearly the same as another page{hostile}: 5 of its 6 lines.",
                "other": f"checkout/other{hostile}",
            },
        ),
        (
            DraftKind.LEARNED_LINK,
            "checkout/slow",
            {
                "problem": "RCL-1 is the same as checkout/slow: should it hold for every alert "
                "of this kind?",
                "title": f"Checkout is slow{hostile}",
                "family": "checkouthigherrorrate|checkout|",
                "word": "same",
                "said_by": f"T1/BEN{hostile}",
                "incident": "RCL-1",
            },
        ),
        (
            DraftKind.MERGE,
            "RCL-2",
            {
                "problem": "RCL-2 looks like a part of RCL-1: search depends on checkout, "
                "CacheCold and CheckoutHighErrorRate are 0.62 alike, and they opened 9 min apart."
                f"{hostile}",
                "title": f"CacheCold{hostile}",
                "incident": "RCL-1",
                "other_title": f"CheckoutHighErrorRate{hostile}",
                "kinds": [["family:1:a", "family:1:b"]],
            },
        ),
        (
            DraftKind.SPLIT,
            "RCL-1",
            {
                "problem": "Nothing ties OrdersDbConnections of checkout to the other alerts of "
                f"RCL-1, CheckoutHighErrorRate of checkout.{hostile}",
                "title": f"CheckoutHighErrorRate{hostile}",
                "leaving": [["OrdersDbConnections", "checkout"]],
                "staying": [["CheckoutHighErrorRate", "checkout"]],
                "kinds": [["family:1:a", "family:1:c"]],
            },
        ),
    ]
