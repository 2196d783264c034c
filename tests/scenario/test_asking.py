"""Alice's deploy script asks for a fix in her name; Bob approves it in Slack, as ever."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.clock import SystemClock
from bot.demo.story import Story
from bot.people.model import Actor
from bot.people.same import SamePeople
from bot.people.token_desk import TokenDesk
from knowledge.embed.port import Embedder
from tests.support.acting import ALERT, acting_house, named, request_that_says
from tests.support.house import House, Mode, text_of

pytestmark = [pytest.mark.model]


@pytest.fixture
def acting(tmp_path: Path, real_embedder: Embedder, mode: Mode) -> Iterator[House]:
    with acting_house(tmp_path, real_embedder, mode) as house:
        yield house


def token_of(house: House, who: str) -> str:
    actor = Actor(house.workspace.team_id, house.person(who).id)
    desk = TokenDesk(house.database, SamePeople(), SystemClock())
    return desk.make(actor, who, "deploy script", 30, by=actor.key)[0]


def script(
    house: House, secret: str, path: str = "", body: Any = None, key: str = ""
) -> httpx.Response:
    """A call of somebody's script."""
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": key or "none"}
    with httpx.Client(trust_env=False, headers=headers, timeout=30) as client:
        return client.post(f"{house.address}/v1/actions/requests{path}", json=body)


def test_a_script_asks_and_people_decide(
    acting: House, story: Story, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    secret = token_of(acting, "alice")
    acting.fires(named(story, ALERT))
    acting.card_that_says(ALERT)
    body = {"template": "touch", "parameters": {"name": "fixed"}, "incident": "RCL-1"}
    asked = script(acting, secret, body=body, key="deploy-7")
    assert asked.status_code == 201
    assert asked.json()["rendered"] == f"/usr/bin/touch -- {tmp_path}/fixed"
    message = request_that_says(acting, "Waits for approval", "asked for by a program")
    assert f"<@{acting.person('alice').id}>" in str(message.blocks)
    assert asked.json()["digest"][:12] in text_of(message)

    again = script(acting, secret, body=body, key="deploy-7")
    assert (again.status_code, again.json()["key"]) == (200, "ACT-1")
    assert script(acting, secret, "/1/approve").status_code == 403
    assert script(acting, token_of(acting, "bob"), "/1/approve").status_code == 403

    acting.person("alice").clicks(message, "Approve")
    told = acting.workspace.wait_for(lambda: acting.replies(message), 20)
    assert "may not approve" in text_of(told[-1])
    acting.person("bob").clicks(message, "Approve")
    ran = request_that_says(acting, "Ran, verifying")
    assert ran.ts == message.ts
    assert (tmp_path / "fixed").exists()
    acting.resolves(named(story, ALERT))
    request_that_says(acting, "Worked", "Verified by the condition itself")
    assert "recall_pat_" not in caplog.text


def test_what_a_script_asked_for_it_takes_back_and_who_left_asks_no_more(
    acting: House, story: Story, tmp_path: Path
) -> None:
    secret = token_of(acting, "alice")
    acting.fires(named(story, ALERT))
    acting.card_that_says(ALERT)
    acting.person("alice").is_deactivated()
    body = {"template": "touch", "parameters": {"name": "late"}, "incident": "RCL-1"}
    refused = script(acting, secret, body=body)
    assert (refused.status_code, "hold no role here" in refused.text) == (403, True)

    bobs = token_of(acting, "bob")
    assert script(acting, bobs, body=body).status_code == 201
    message = request_that_says(acting, "Waits for approval")
    assert script(acting, bobs, "/1/withdraw").json()["state"] == "withdrawn"
    assert request_that_says(acting, "Withdrawn").ts == message.ts
    assert not (tmp_path / "late").exists()
