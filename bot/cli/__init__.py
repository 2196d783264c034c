"""The `recall` command: one file a subcommand, imported only when it is used.

`recall --help` must answer at once, so nothing heavy is imported here, and the help texts of
the list stand in `COMMANDS` beside the module that holds each command.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

import typer
from typer.core import TyperGroup

from bot import __version__


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a subcommand lives: `module` has a Typer app named `app`."""

    module: str
    help: str
    hidden: bool = False


COMMANDS: Mapping[str, Entry] = {
    "demo": Entry("bot.cli.demo", "Play the story in a local workspace; type to the bot."),
    "serve": Entry("bot.cli.serve", "Run the bot: webhooks, Slack, search."),
    "ask": Entry("bot.cli.ask", "Ask what is known about an alert, an error or a log."),
    "import": Entry("bot.cli.import_", "Bring in runbooks, past incidents, Slack history."),
    "export": Entry("bot.cli.export", "Write all that is known as Markdown and JSON Lines."),
    "sync": Entry("bot.cli.sync", "Read the sources of runbooks now; how the last time went."),
    "forget": Entry("bot.cli.forget", "Take a person out of what is kept of incidents."),
    "eval": Entry("bot.cli.eval", "Measure retrieval on a corpus with known answers."),
    "bench": Entry("bot.cli.bench", "Measure how fast the memory is on this machine."),
    "backtest": Entry("bot.cli.backtest", "Replay your own past incidents before switching on."),
    "calibrate": Entry("bot.cli.calibrate", "Fit the confidence to your own past incidents."),
    "channels": Entry("bot.cli.channels", "How far the bot is switched on in each channel."),
    "console": Entry("bot.cli.console", "Let somebody into the console by a link that works once."),
    "links": Entry("bot.cli.links", "Say which case an incident is, or is not; take it back."),
    "records": Entry("bot.cli.records", "List incident records; write them as Markdown."),
    "coverage": Entry("bot.cli.coverage", "Which alerts have no runbook that helps."),
    "impact": Entry("bot.cli.impact", "What an edit of a runbook would do to your own past."),
    "stale": Entry("bot.cli.stale", "Which runbooks need somebody's eyes again."),
    "actions": Entry("bot.cli.actions", "What may be run: check, list, stop, resume."),
    "token": Entry("bot.cli.token", "Tokens with which people's programs ask for actions."),
    "audit": Entry("bot.cli.audit", "Verify and export the record of who did what."),
    "runner": Entry("bot.cli.runner", "Run approved actions, in a process of their own."),
    "train": Entry("bot.cli.train", "Teach the model this team's words, from its history."),
    "models": Entry("bot.cli.models", "List trained models, put one in force, go back."),
    "index": Entry("bot.cli.index", "List search indexes, build one ahead, remove one."),
    "replay": Entry("bot.cli.replay", "Check a past answer against its receipt."),
    "doctor": Entry("bot.cli.doctor", "Check everything and say what to do about it."),
    "migrate": Entry("bot.cli.migrate", "Bring the database schema up to date."),
    "backup": Entry("bot.cli.backup", "Write everything into one file."),
    "restore": Entry("bot.cli.restore", "Read a backup into an empty place."),
    "noise": Entry("bot.cli.noise", "List what noise rules held back; check the rules' file."),
    "inbox": Entry("bot.cli.inbox", "List deliveries that failed; replay one after a fix."),
    "sources": Entry("bot.cli.sources", "List the tools that are understood; try a body of one."),
    "health": Entry("bot.cli.health", "Ask a running server whether it is ready."),
    "front": Entry("bot.cli.front", "One process of serve: webhooks and Slack.", hidden=True),
    "engine": Entry("bot.cli.engine", "One process of serve: search and sending.", hidden=True),
}


class _LazyGroup(TyperGroup):
    """Knows the names and help of all subcommands; imports the one that is called."""

    def list_commands(self, ctx: object) -> list[str]:
        return [name for name, entry in COMMANDS.items() if not entry.hidden]

    def get_command(self, ctx, cmd_name):  # type: ignore[no-untyped-def]
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        return typer.main.get_command(import_module(entry.module).app)

    def format_commands(self, ctx, formatter):  # type: ignore[no-untyped-def]
        rows = [(name, entry.help) for name, entry in COMMANDS.items() if not entry.hidden]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


app = typer.Typer(
    cls=_LazyGroup,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Recall: a ChatOps incident assistant that remembers.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"recall {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version."
    ),
) -> None:
    pass


def main() -> None:
    """Entry point of the `recall` command."""
    app(prog_name="recall")
