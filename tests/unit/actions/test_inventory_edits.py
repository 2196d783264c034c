"""What may be named is looked up again right before it runs: an inventory that was edited since the
approval undoes it."""

from pathlib import Path

import pytest

from bot.actions.model import RequestState
from bot.clock import ManualClock
from bot.store.database import Database
from tests.support.actions import LENA, Team

TEMPLATE = """
id: touch
version: 1
title: Touch a file for one of them
risk: low
parameters:
  - PARAMETER
executor: command
command: {argv: [/usr/bin/touch, --, "FOLDER/it"], env: {WHICH: "${which}"}}
targets: ["${which}"]
verification: {alert_resolved: true, within: 15m}
"""
KINDS = {
    "host": ("{name: which, type: host}", "hosts: [db-1, db-2]\n", "hosts: [db-2]\n", "db-1"),
    "object": (
        "{name: which, type: object, kind: deployment}",
        "objects: [deployment/shop/checkout, deployment/shop/cart]\n",
        "objects: [deployment/shop/cart]\n",
        "deployment/shop/checkout",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_left_the_inventory_after_the_approval_is_not_touched(
    database: Database, clock: ManualClock, tmp_path: Path, kind: str
) -> None:
    parameter, before, after, which = KINDS[kind]
    team = Team(database, clock, tmp_path, TEMPLATE.replace("PARAMETER", parameter))
    team.writes("inventory.yaml", before)
    request = team.asked(which=which)
    team.approves(LENA, request)
    team.writes("inventory.yaml", after)
    team.runs()
    assert team.state(request) is RequestState.DENIED
    assert "not valid any more" in team.card(request).note
    assert not team.is_there()
    assert any(action == "action.denied" for _, action in team.audited())


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_still_in_it_runs(
    database: Database, clock: ManualClock, tmp_path: Path, kind: str
) -> None:
    parameter, before, _, which = KINDS[kind]
    team = Team(database, clock, tmp_path, TEMPLATE.replace("PARAMETER", parameter))
    team.writes("inventory.yaml", before)
    request = team.asked(which=which)
    team.approves(LENA, request)
    team.runs()
    assert team.is_there()


def test_what_is_not_in_it_cannot_be_asked_for(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    parameter, before, _, _ = KINDS["host"]
    team = Team(database, clock, tmp_path, TEMPLATE.replace("PARAMETER", parameter))
    team.writes("inventory.yaml", before)
    answer = team.asks(which="db-3")
    assert answer.request is None
    assert "which" in answer.problems
