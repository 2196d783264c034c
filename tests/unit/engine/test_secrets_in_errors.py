"""An error may quote what somebody sent; what is kept and logged of it holds no secret."""

import logging
from pathlib import Path

import pytest

from bot.clock import ManualClock
from bot.engine.work import JobWork
from bot.errors import ChatUnavailable, Permanent
from bot.jobs.ports import InboxItem, InboxKind, InboxState, Job
from bot.processes.child import RedactingFormatter
from tests.support.databases import sqlite_database

CANARY = "xoxb-" + "17653672481-19874698323-pdFZKVeTuE8sk7oOcHrzqqgy"


@pytest.mark.parametrize("error", [Permanent, ValueError, ChatUnavailable])
def test_what_is_kept_of_an_error_holds_no_secret(tmp_path: Path, error: type[Exception]) -> None:
    clock = ManualClock()

    def handler(_: Job) -> None:
        raise error(f"cannot read {CANARY}")

    with sqlite_database(tmp_path, clock) as database:
        item = InboxItem(
            id="item",
            kind=InboxKind.SLACK_EVENT,
            source="slack",
            body=b"{}",
            content_type="application/json",
            received_at=clock.now(),
        )
        with database.begin() as uow:
            uow.inbox.add_many([item])
            uow.jobs.add("k", "work", {"inbox_id": "item"}, clock.now())
        work = JobWork(database, {"work": handler}, clock, lambda: None)
        for _ in range(8):
            work.step()
            clock.advance(120)
        with database.read() as uow:
            failed = uow.inbox.list(InboxState.FAILED, 5)
    assert len(failed) == (0 if error is ChatUnavailable else 1)
    assert all("[redacted" in each.error for each in failed)
    assert all(
        CANARY.encode() not in file.read_bytes() for file in tmp_path.iterdir() if file.is_file()
    )


def test_what_is_logged_holds_no_secret_tracebacks_included() -> None:
    def record() -> logging.LogRecord:
        try:
            raise KeyError(CANARY)
        except KeyError as error:
            caught = (type(error), error, error.__traceback__)
        return logging.LogRecord("x", logging.ERROR, "f", 1, "no %s", (CANARY,), caught)

    line = RedactingFormatter("%(message)s").format(record())
    assert CANARY not in line
    assert "KeyError" in line
    assert "[redacted" in line
