"""The console for tests: real pages on a real database, with a person signed in."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from httpx import Response
from starlette.testclient import TestClient

from bot.clock import ManualClock
from bot.console import console_parts
from bot.people.model import Actor, Role
from bot.people.sessions import a_session, digest_of, new_secret
from bot.settings import Settings
from bot.store.database import Database
from bot.web.console.gate import COOKIE
from tests.support.front_fakes import FakeEngine, front

ANNA = Actor(team_id="T1", user_id="ANNA")
_GUARD = re.compile(r'name="guard" value="([^"]+)"')


class Browser:
    """Somebody's browser: follows to the page after a form, and sends each form's guard."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.guard = ""

    def get(self, path: str, **more: Any) -> Response:
        answer = self.client.get(path, **more)
        found = _GUARD.search(answer.text)
        self.guard = found.group(1) if found else self.guard
        return answer

    def send(self, path: str, fields: Mapping[str, str | list[str]] | None = None) -> Response:
        """The form, as a page of this very session would send it."""
        return self.client.post(path, data={"guard": self.guard, **(fields or {})})


def session_for(
    database: Database, clock: ManualClock, role: Role = Role.LEAD, actor: Actor = ANNA
) -> str:
    """The secret of a session in force."""
    secret = new_secret()
    with database.begin() as uow:
        name = actor.user_id.title()
        uow.passes.keep(digest_of(secret), a_session(actor, name, role, clock.now()))
    return secret


@contextmanager
def console(
    database: Database, clock: ManualClock, engine: FakeEngine, settings: Settings
) -> Iterator[Browser]:
    """Nobody is signed in yet."""
    documents = database.knowledge_source().list
    parts = console_parts(settings, database, engine, clock, engine.wake, documents)
    with front(database, clock, console=parts, engine=engine) as (client, _):
        client.follow_redirects = True
        yield Browser(client)


def sign_in(
    browser: Browser, database: Database, clock: ManualClock, role: Role = Role.LEAD
) -> Browser:
    secret = session_for(database, clock, role)
    browser.client.cookies.set(COOKIE, secret, path="/console")
    browser.get("/console/search")
    return browser
