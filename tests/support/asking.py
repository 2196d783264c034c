"""Programs that ask for actions with personal tokens: a team, its API, and the engine behind it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from httpx import Response
from starlette.testclient import TestClient

from bot.actions.by_token import ByToken
from bot.engine.by_token import TokenCalls
from bot.people.model import Actor
from bot.people.token_desk import TokenDesk
from bot.people.tokens import PersonalToken
from bot.redact import redact
from tests.support.actions import ALICE, TEAM, Team
from tests.support.desk import FakeRooms
from tests.support.front_fakes import FakeEngine, front


class Program:
    """Somebody's program: every call shows that person's token."""

    def __init__(self, asking: "Asking", secret: str, token: PersonalToken) -> None:
        self._asking = asking
        self.secret, self.token = secret, token
        self.headers = {"Authorization": f"Bearer {secret}"}

    def asks(self, *, key: str = "", **body: Any) -> Response:
        headers = {**self.headers, **({"Idempotency-Key": key} if key else {})}
        wanted = {"template": "touch", "parameters": {"name": "it"}, "incident": "RCL-1", **body}
        return self._asking.client.post("/v1/actions/requests", json=wanted, headers=headers)

    def posts(self, path: str) -> Response:
        return self._asking.client.post(f"/v1/actions{path}", headers=self.headers)

    def gets(self, path: str) -> Response:
        return self._asking.client.get(f"/v1/actions{path}", headers=self.headers)


class Asking:
    """`left` are user ids of people who are no members any more, `unknown` whether the chat tells
    anything of people."""

    def __init__(self, team: Team, client: TestClient, engine: FakeEngine) -> None:
        self.team, self.client, self.engine = team, client, engine
        self.left: set[str] = set()
        self.unknown = False
        self.rooms = FakeRooms()
        self.desk = TokenDesk(team.database, team.book.same, team.clock)
        by_token = ByToken(team.requests, self.rooms, self._is_member)
        engine.acting = TokenCalls(by_token, redact).call
        team.fires()

    def _is_member(self, actor: Actor) -> bool | None:
        return None if self.unknown else actor.user_id not in self.left

    def program(self, user: str = ALICE, *, days: int = 30, actor: Actor | None = None) -> Program:
        actor = actor or Actor(TEAM, user)
        secret, token = self.desk.make(actor, user.title(), "deploys", days, by=actor.key)
        return Program(self, secret, token)

    def audited(self, *prefixes: str) -> list[tuple[str, str, dict[str, Any]]]:
        """(actor, action, data) of the events of actions and tokens."""
        with self.team.database.read() as uow:
            events = uow.audit.list()
        return [
            (one.actor.rpartition("/")[2], one.action, dict(one.data))
            for one in events
            if one.action.startswith(prefixes or ("action.", "token."))
        ]


@contextmanager
def asking(team: Team) -> Iterator[Asking]:
    engine = FakeEngine()
    with front(
        team.database,
        team.clock,
        actions=team.book.source,
        engine=engine,
        public_url="https://recall.example.org",
    ) as (client, _):
        yield Asking(team, client, engine)
