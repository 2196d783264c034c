"""The schema's history: migrations that come with the package, run without an alembic.ini."""

from enum import StrEnum
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

MIGRATIONS = Path(__file__).parent / "migrations"


class SchemaState(StrEnum):
    """How the database's schema relates to the one this program knows."""

    EMPTY = "empty"
    OLDER = "older"
    CURRENT = "current"
    NEWER = "newer"


def alembic_config(connection: Connection | None = None) -> Config:
    """A configuration for alembic's commands; `connection` is the one they work on."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


@cache
def _known() -> tuple[frozenset[str], frozenset[str]]:
    """All revisions that this program knows, and the newest of them."""
    scripts = ScriptDirectory.from_config(alembic_config())
    revisions = frozenset(script.revision for script in scripts.walk_revisions())
    return revisions, frozenset(scripts.get_heads())


def schema_state(connection: Connection) -> SchemaState:
    present = frozenset(MigrationContext.configure(connection).get_current_heads())
    known, newest = _known()
    if not present:
        return SchemaState.EMPTY
    if present == newest:
        return SchemaState.CURRENT
    return SchemaState.OLDER if present <= known else SchemaState.NEWER


def knows(revision: str) -> bool:
    """Whether this program has the migrations up to `revision`."""
    return revision in _known()[0]


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run the missing migrations up to `revision` inside the connection's transaction."""
    command.upgrade(alembic_config(connection), revision)
