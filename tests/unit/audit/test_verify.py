"""Any changed, removed or swapped row is found; what the chain cannot tell, anchors do."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from typer.testing import CliRunner

from bot.audit.anchors import Anchor, read_anchors
from bot.audit.model import GENESIS, AuditEvent, event_hash, row_of
from bot.audit.verify import Verdict
from bot.audit.verify import verify as verify_rows
from bot.cli.audit import app
from bot.clock import ManualClock
from bot.errors import DataError
from tests.support.databases import sqlite_database

AT = datetime(2026, 11, 19, 3, 12, tzinfo=UTC)


def chain(length: int, *, actor: str = "T1/U1") -> list[AuditEvent]:
    events: list[AuditEvent] = []
    previous = GENESIS
    for seq in range(1, length + 1):
        facts = {
            "seq": seq,
            "at": AT + timedelta(seconds=seq),
            "actor": actor,
            "action": "action.requested",
            "subject": f"ACT-{seq}",
            "data": {"n": seq},
            "previous_hash": previous,
        }
        event = AuditEvent(**facts, hash=event_hash(**facts))  # type: ignore[arg-type]
        events.append(event)
        previous = event.hash
    return events


def verify(events: Iterable[AuditEvent], anchors: Sequence[Anchor] = ()) -> Verdict:
    return verify_rows(map(row_of, events), anchors)


def test_a_whole_chain_verifies() -> None:
    verdict = verify(chain(50))
    assert (verdict.ok, verdict.events, verdict.head.seq) == (True, 50, 50)
    assert verify([]).ok


FIELDS = {
    "actor": "T1/U9",
    "action": "action.approved",
    "subject": "ACT-99",
    "data": {"n": -1},
    "at": AT,
    "hash": "0" * 64,
    "previous_hash": "f" * 64,
}


@given(st.integers(1, 20), st.sampled_from(sorted(FIELDS)))
def test_a_changed_row_is_the_one_that_is_named(number: int, field: str) -> None:
    events = chain(20)
    events[number - 1] = replace(events[number - 1], **{field: FIELDS[field]})
    assert verify(events).broken_at == number


@given(st.integers(1, 19))
def test_a_removed_row_is_the_one_that_is_named(number: int) -> None:
    events = chain(20)
    del events[number - 1]
    assert verify(events).broken_at == number


@given(st.integers(1, 19), st.integers(2, 20))
def test_two_swapped_rows_are_found_at_the_first(one: int, other: int) -> None:
    one, other = sorted((one, max(other, one + 1)))
    events = chain(20)
    first, second = events[one - 1], events[other - 1]
    events[one - 1] = replace(second, seq=first.seq)
    events[other - 1] = replace(first, seq=second.seq)
    assert verify(events).broken_at == one


def test_a_cut_off_end_and_a_new_record_are_found_by_an_anchor() -> None:
    events = chain(20)
    anchor = Anchor(15, events[14].hash)
    assert verify(events, [anchor]).ok
    assert verify(events[:10]).ok, "the chain alone cannot tell"
    cut = verify(events[:10], [anchor])
    assert (cut.broken_at, "cut off" in cut.problem) == (11, True)
    anew = verify(chain(20, actor="T1/U2"), [anchor])
    assert (anew.broken_at, "written anew" in anew.problem) == (15, True)


def test_a_file_that_holds_no_anchors_is_told(tmp_path: Path) -> None:
    file = tmp_path / "anchors"
    file.write_text('{"seq": 1, "hash": "a"}\n\nnonsense\n')
    with pytest.raises(DataError, match=r"anchors:3"):
        read_anchors(file)


def test_the_commands_verify_anchor_and_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECALL_DATA_DIR", str(tmp_path))
    run = CliRunner().invoke
    with sqlite_database(tmp_path, ManualClock()) as database:
        for n in range(5):
            with database.begin() as uow:
                uow.audit.append(at=AT, actor="a", action="b", subject="c", data={"n": n})
        anchors = tmp_path / "anchors.jsonl"
        assert run(app, ["anchor", str(anchors)]).exit_code == 0
        good = run(app, ["verify", "--json", "--anchors", str(anchors)])
        assert good.exit_code == 0
        told = json.loads(good.stdout)
        assert (told["ok"], told["events"], told["anchors"]) == (True, 5, 1)

        exported = run(app, ["export"])
        rows = [json.loads(line) for line in exported.stdout.splitlines()]
        again = [AuditEvent(**{**r, "at": datetime.fromisoformat(r["at"])}) for r in rows]
        assert verify(again).ok

        with database.writing() as connection:
            connection.execute(text("UPDATE audit SET actor = 'z' WHERE seq = 3"))
        bad = run(app, ["verify", "--json"])
        assert bad.exit_code == 1
        assert json.loads(bad.stdout)["broken_at"] == 3
        assert run(app, ["anchor", str(anchors)]).exit_code == 1

        with database.writing() as connection:
            connection.execute(text("DELETE FROM audit WHERE seq >= 3"))
        assert run(app, ["verify"]).exit_code == 0
        cut = run(app, ["verify", "--anchors", str(anchors)])
        assert cut.exit_code == 1
        assert "cut off" in cut.stderr
