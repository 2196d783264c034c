"""The sql_read executor: one SELECT on PostgreSQL, in a transaction that only reads."""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from bot.actions.executors.extras import library
from bot.actions.executors.port import Ended, NotAllowed, Outcome, Run, with_secrets
from bot.actions.frozen import Step
from bot.actions.queries import SqlRead, bound_sql, sql_problem

_CONNECT_SECONDS = 10
_LOOK_SECONDS = 0.1
_LONGEST_CELL = 200
_URLS = ("postgresql://", "postgres://")


class SqlExecutor:
    """The database is the runner's own secret, so which one may be asked is its to say. A cursor
    takes nothing but a SELECT; the server ends it at the statement's timeout."""

    def run(self, step: Step, run: Run) -> Outcome:
        assert step.sql_read is not None
        block = step.sql_read
        try:
            psycopg = library("psycopg", "postgres")
            if problem := sql_problem(block.query):
                raise NotAllowed(problem)
            url = with_secrets(block.database, run.secrets)
            if not url.startswith(_URLS):
                raise NotAllowed(f"{block.database} is no postgresql:// URL")
        except NotAllowed as error:
            return Outcome(Ended.REFUSED, detail=str(error))
        if run.cancelled():
            return Outcome(Ended.CANCELLED, detail="was stopped before it was asked")
        return _ask(psycopg, url, block, run)


def _ask(psycopg: Any, url: str, block: SqlRead, run: Run) -> Outcome:
    seconds = min(block.statement_timeout.total_seconds(), run.seconds)
    try:
        connection = psycopg.connect(
            url,
            connect_timeout=max(2, min(_CONNECT_SECONDS, int(run.seconds))),
            application_name="recall",
            options="-c default_transaction_read_only=on",
        )
    except (psycopg.Error, ValueError) as error:
        # What libpq says may quote the URL: only the kind of error is told.
        return Outcome(Ended.FAILED, detail=f"it cannot be reached ({type(error).__name__})")
    over = threading.Event()
    watch = threading.Thread(
        target=_watch, args=(psycopg, connection, run, over), name="sql-watch", daemon=True
    )
    watch.start()
    try:
        _read(connection, block, run, seconds)
    except psycopg.errors.QueryCanceled:
        if run.cancelled():
            return Outcome(Ended.CANCELLED, detail="was stopped: somebody asked for it")
        return Outcome(Ended.TIMED_OUT, detail=f"was stopped after {seconds:.0f} s")
    except psycopg.Error as error:
        said = getattr(error.diag, "message_primary", None) or type(error).__name__
        return Outcome(Ended.FAILED, detail=f"the database says: {said[:300]}")
    finally:
        over.set()
        watch.join(_CONNECT_SECONDS)
        connection.close()
    return Outcome(Ended.OK)


def _read(connection: Any, block: SqlRead, run: Run, seconds: float) -> None:
    connection.read_only = True
    milliseconds = str(max(1, int(seconds * 1_000)))
    connection.execute("SELECT set_config('statement_timeout', %s, true)", [milliseconds])
    with connection.cursor("recall") as cursor:
        cursor.execute(bound_sql(block.query), block.values)
        rows = cursor.fetchmany(block.most_rows + 1)
        names = [column.name for column in cursor.description or ()]
    connection.rollback()
    run.on_output(_line(names))
    for row in rows[: block.most_rows]:
        run.on_output(_line(row))
    if len(rows) > block.most_rows:
        run.on_output(b"... and more\n")


def _line(cells: Sequence[object]) -> bytes:
    shown = ("" if cell is None else str(cell)[:_LONGEST_CELL] for cell in cells)
    return (" | ".join(" ".join(text.split()) for text in shown) + "\n").encode(errors="replace")


def _watch(psycopg: Any, connection: Any, run: Run, over: threading.Event) -> None:
    until = time.monotonic() + run.seconds
    while not over.wait(_LOOK_SECONDS):
        if run.cancelled() or time.monotonic() >= until:
            with suppress(psycopg.Error):
                connection.cancel_safe(timeout=2)
