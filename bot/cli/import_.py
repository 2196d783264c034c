"""`recall import`: bring in runbooks, past incidents, Slack history, the starter pack."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from typer.core import TyperGroup

from bot.cli.common import (
    CONFIG_OPTION,
    EXIT_USAGE,
    JSON_OPTION,
    actor_name,
    exit_on_error,
    fail,
    open_database,
    people,
    read_settings,
    say,
)
from bot.cli.importing import run_import
from knowledge.errors import BadDocument
from knowledge.loaders.incidents import IncidentFormat
from knowledge.loaders.slack_export import DEFAULT_CHANNELS
from knowledge.model import DocumentState

if TYPE_CHECKING:
    from knowledge.loaders.mapping import ColumnMapping
    from knowledge.loaders.outcome import Known, Outcomes


class _Anywhere(TyperGroup):
    """`recall import WHERE` is short for `recall import from WHERE`."""

    def resolve_command(self, ctx, args):  # type: ignore[no-untyped-def]
        if args and args[0] not in self.commands:
            args = ["from", *args]
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=_Anywhere,
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Bring in runbooks, past incidents, Slack history.",
)

_GIT = "git+"
_URL_BASE = typer.Option("", help="Address that the pages' paths are appended to.")
_DRY_RUN = typer.Option(False, "--dry-run", help="Read and compare; write nothing.")
_DRAFT = typer.Option(False, "--draft", help="Import as drafts, served only after a review.")


@app.command("from", short_help="Read a folder, whatever it holds; `from` may be left out.")
def from_(
    where: str = typer.Argument(
        ...,
        metavar="WHERE",
        help="An export of Recall, a folder of Markdown, a zip, or git+URL#BRANCH:FOLDER.",
    ),
    url_base: str = _URL_BASE,
    dry_run: bool = _DRY_RUN,
    as_json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """Import what `recall export` wrote, or the runbooks of a folder, a zip of Markdown or HTML,
    or a git repository, by what WHERE turns out to be."""
    from knowledge.loaders import export

    path = Path(where)
    if path.is_dir() and export.is_export(path):
        _import_export(path, dry_run, as_json, config)
    elif path.is_dir():
        runbooks(path, url_base, dry_run, as_json, config)
    elif path.is_file() and path.suffix.lower() == ".zip":
        _import_zip(path, url_base, dry_run, as_json, config)
    elif where.startswith(_GIT):
        _import_git(where, url_base, dry_run, as_json, config)
    else:
        raise fail(
            f"{where} is no folder, zip or git+URL; see `recall import --help` for other things",
            EXIT_USAGE,
        )


def _import_zip(
    path: Path, url_base: str, dry_run: bool, as_json: bool, config: Path | None
) -> None:
    from knowledge.loaders import pages_zip

    settings = read_settings(config)
    with exit_on_error():

        def outcomes(known: "Known") -> "Outcomes":
            return pages_zip.load(path, url_base=url_base or None, known=known)

        run_import(settings, outcomes, f"runbooks {path.name}", None, dry_run, as_json)


def _import_git(
    where: str, url_base: str, dry_run: bool, as_json: bool, config: Path | None
) -> None:
    from bot.sync.model import parse_source
    from bot.syncing import git_access
    from knowledge.loaders import git

    settings = read_settings(config)
    with exit_on_error():
        source = parse_source(where)
        assert source.git is not None
        with people.status("Fetching the repository"):
            fetched = git.fetch(source.git, settings.sync_folder, git_access(settings))
        if fetched.was_rewritten:
            say("The history of the branch was rewritten since the last time.", "yellow")
        repository, commit = source.git, fetched.commit

        def outcomes(known: "Known") -> "Outcomes":
            base = url_base or None
            return git.load(repository, settings.sync_folder, commit, url_base=base, known=known)

        run_import(settings, outcomes, source.key, None, dry_run, as_json)


def _import_export(folder: Path, dry_run: bool, as_json: bool, config: Path | None) -> None:
    from bot.clock import SystemClock
    from bot.exporting import SaidReport, take_in_said
    from bot.uow import UnitOfWorkFactory
    from knowledge.loaders import export

    def say_again(units: UnitOfWorkFactory) -> SaidReport:
        return take_in_said(units, SystemClock(), folder, actor=actor_name(), dry_run=dry_run)

    settings = read_settings(config)
    with exit_on_error():
        outcomes = export.load(folder)
        run_import(
            settings, outcomes, f"export {folder.name}", None, dry_run, as_json, said=say_again
        )


@app.command()
def runbooks(
    path: Path = typer.Argument(
        ..., metavar="PATH", exists=True, help="Folder or git checkout of Markdown."
    ),
    url_base: str = _URL_BASE,
    dry_run: bool = _DRY_RUN,
    as_json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """Import every Markdown page under PATH. The path below it is the page's id."""
    from knowledge.loaders import markdown_dir

    settings = read_settings(config)
    with exit_on_error():
        pages = markdown_dir.find_pages(path)
        if not pages.files:
            say(f"There is no Markdown page (.md, .markdown) under {path}.", "yellow")

        def outcomes(known: "Known") -> "Outcomes":
            return markdown_dir.load(pages, url_base=url_base or None, known=known)

        total = len(pages.files) + len(pages.problems)
        run_import(settings, outcomes, f"runbooks {path.name}", total, dry_run, as_json)


@app.command()
def incidents(
    file: Path = typer.Argument(
        ...,
        metavar="FILE",
        exists=True,
        help="JSON Lines, CSV, another tool's export, or a page or folder of Markdown records.",
    ),
    format: IncidentFormat = typer.Option(IncidentFormat.AUTO, help="Format of the file."),  # noqa: A002
    map: list[str] = typer.Option(  # noqa: A002 - the option's name
        [], metavar="FIELD=COLUMN", help="Which column fills a field; may be given often."
    ),
    fresh: bool = typer.Option(False, "--fresh", help="Forget the columns that were chosen."),
    draft: bool = _DRAFT,
    dry_run: bool = _DRY_RUN,
    as_json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """Import past incidents. What a record does not say stays empty."""
    from bot.clock import SystemClock
    from bot.mappings import chosen_columns, keep_columns
    from knowledge.loaders.incidents import open_incidents

    columns: Mapping[str, str] = {}
    chosen = _pairs(map)
    settings = read_settings(config)
    with exit_on_error():
        try:
            source = open_incidents(file, format, chosen)
            if source.signature:
                with open_database(settings) as database:
                    columns = chosen_columns(database, source, chosen, fresh=fresh)
                if columns and not chosen:
                    source = open_incidents(file, source.format, columns)
                    say("Columns as they were chosen the last time (--fresh forgets that):")
            if source.mapping is not None:
                _show_mapping(source.mapping, source.format)
            outcomes = source.load(state=_state(draft))
            run_import(settings, outcomes, f"incidents {file.name}", None, dry_run, as_json)
            if source.signature and not dry_run:
                with open_database(settings) as database:
                    keep_columns(database, SystemClock(), source, chosen or columns)
        except BadDocument as error:
            raise BadDocument(f"{file.name} {error}") from error


@app.command("slack-history", short_help="Import the incident channels of an export.")
def slack_history(
    export: Path = typer.Argument(
        ..., metavar="EXPORT", exists=True, dir_okay=False, help="Slack export (.zip)."
    ),
    channels: str = typer.Option(DEFAULT_CHANNELS, help="Pattern of incident channels' names."),
    team: str = typer.Option("", help="Workspace id (T...), where the export does not name it."),
    draft: bool = _DRAFT,
    dry_run: bool = _DRY_RUN,
    as_json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """Import each incident channel of a Slack export as one past incident."""
    from knowledge.loaders import slack_export

    settings = read_settings(config)
    with exit_on_error():
        outcomes = slack_export.load(
            export, channels=channels, team_id=team or None, state=_state(draft)
        )
        try:
            run_import(settings, outcomes, f"slack-history {export.name}", None, dry_run, as_json)
        except BadDocument as error:
            told = str(error)
            named = told if told.startswith(export.name) else f"{export.name}: {told}"
            raise BadDocument(named) from error


@app.command(short_help="Import the pack of generic runbooks.")
def starter(
    dry_run: bool = _DRY_RUN,
    as_json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """Import the generic runbook pack; it never outranks the team's own pages."""
    from knowledge.loaders import starter as pack

    settings = read_settings(config)
    with exit_on_error():
        run_import(settings, pack.load(), "starter", None, dry_run, as_json)


def _show_mapping(mapping: "ColumnMapping", format: IncidentFormat) -> None:  # noqa: A002
    if all(ours == theirs for ours, theirs in mapping.chosen.items()) and not mapping.unused:
        return  # nothing was guessed
    say(f"Reading as {format.value}:")
    for ours, theirs in mapping.chosen.items():
        say(f"  {ours:<13} <- {theirs}")
    if mapping.unused:
        say(f"  not used: {', '.join(mapping.unused)}", "yellow")


def _pairs(given: list[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for item in given:
        ours, separator, theirs = item.partition("=")
        if not separator or not ours.strip() or not theirs.strip():
            say(f"--map {item!r} must be written as FIELD=COLUMN", "bold red")
            raise typer.Exit(EXIT_USAGE)
        pairs[ours.strip()] = theirs.strip()
    return pairs


def _state(draft: bool) -> DocumentState:
    return DocumentState.DRAFT if draft else DocumentState.CONFIRMED
