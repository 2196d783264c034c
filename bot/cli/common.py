"""What several commands share: settings, consoles, the database, how errors are told."""

import getpass
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bot.clock import Clock, SystemClock
from bot.errors import Permanent, RecallError, SettingsError
from bot.settings import Settings, load_settings
from knowledge.errors import KnowledgeError, ModelError

if TYPE_CHECKING:
    from bot.store.database import Database

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

EXIT_FAILED = 1
EXIT_USAGE = 2

people = Console(stderr=True, highlight=False)
"""For people: standard error, so that standard output stays one JSON object with --json."""

CONFIG_OPTION = typer.Option(None, "--config", help="Settings file (TOML).", metavar="FILE")
JSON_OPTION = typer.Option(False, "--json", help="Print one JSON object on standard output.")

HISTORY_ARGUMENT = typer.Argument(
    None,
    metavar="FILE",
    exists=True,
    dir_okay=False,
    help="Past incidents: JSON Lines, CSV, PagerDuty's export; or exported alerts.",
)
DB_OPTION = typer.Option(False, "--db", help="Those in the database, instead of a file.")
RUNBOOKS_OPTION = typer.Option(
    None, exists=True, file_okay=False, help="Folder of pages instead of the database's."
)
REPLAY_STAGES = {"embedding": "Embedding", "asking": "Asking"}
"""What a replay of past incidents goes through, as its bars call it."""


def say(text: str, style: str = "") -> None:
    """One line for people; `text` is never read as markup, nor as orders to the terminal."""
    people.print(escape(printable(text)), style=style or None, soft_wrap=True)


def printable(text: str) -> str:
    """`text` without anything that a terminal would take as an order."""
    return _CONTROL.sub("\ufffd", text)


def print_json(value: Mapping[str, Any]) -> None:
    """One JSON object on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
    sys.stdout.flush()


def fail(message: str, code: int = EXIT_FAILED) -> typer.Exit:
    """Print `message` in red and make the exit to raise."""
    say(message, "bold red")
    return typer.Exit(code)


def read_settings(config: Path | None = None) -> Settings:
    """The settings in force, redaction as they want it; prints every problem and exits with 2
    when there is one."""
    from bot.redaction import set_up_redaction

    with exit_on_error():
        settings = load_settings(config)
        set_up_redaction(settings)
        return settings


@contextmanager
def exit_on_error() -> Iterator[None]:
    """Errors raised on purpose become plain red lines and an exit code, not a traceback.

    Wrong settings exit with 2 (usage), everything else with 1.
    """
    try:
        yield
    except SettingsError as error:
        say("The settings cannot be used:", "bold red")
        for problem in error.problems:
            say(f"  - {problem}")
        raise typer.Exit(EXIT_USAGE) from error
    except (RecallError, KnowledgeError) as error:
        raise fail(str(error)) from error


@contextmanager
def open_database(settings: Settings, clock: Clock | None = None) -> Iterator["Database"]:
    """The database, its schema made when it is empty; closed on leaving.

    An older schema is not migrated here: a running server of the older version may use it.
    Raises SchemaMismatch or DatabaseBusy.
    """
    # SQLAlchemy and Alembic are only loaded by commands that use the database.
    from bot.store.database import Database
    from bot.store.schema import SchemaState

    database = Database(settings.database, clock=clock or SystemClock())
    try:
        if database.schema_state() is SchemaState.EMPTY:
            database.migrate()
        database.require_current_schema()
        yield database
    finally:
        database.close()


@contextmanager
def exit_as_child() -> Iterator[None]:
    """As `exit_on_error`, for the processes of `serve`: what would fail again until a person
    changes something exits with 2, by which the supervisor knows that trying again is no use."""
    try:
        with exit_on_error():
            yield
    except typer.Exit as ended:
        if isinstance(ended.__cause__, Permanent | ModelError):
            raise typer.Exit(EXIT_USAGE) from ended.__cause__
        raise


def actor_name() -> str:
    """Who runs this command, for the audit record."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return f"cli:uid-{os.getuid()}"


@contextmanager
def progress_bar(label: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on standard error, shown only to a terminal; call what it gives with what is done."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=people,
        disable=not people.is_terminal,
        transient=True,
    )
    with bar:
        task = bar.add_task(escape(label), total=total)
        yield lambda done: bar.update(task, completed=done)


@contextmanager
def stage_bars(
    labels: Mapping[str, str], subject: str = ""
) -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each stage of a long work, shown only to a terminal; call what it gives with the
    stage, how much is done, and of how much. `subject` says what is worked on."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=people,
        disable=not people.is_terminal,
        transient=True,
    )
    with bar:
        tasks = {
            stage: bar.add_task(escape(f"{label} {subject}".strip()), total=None)
            for stage, label in labels.items()
        }
        yield lambda stage, done, total: bar.update(tasks[stage], completed=done, total=total)
