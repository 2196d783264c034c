"""`recall engine`: the process of `serve` that thinks. Started by the supervisor."""

from pathlib import Path

import typer

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def engine(
    socket: Path = typer.Option(..., help="Unix socket to answer on."),
    config: Path = typer.Option(None, help="TOML settings file."),
) -> None:
    """Parse, search, suggest and send, until told to stop."""
    from bot.cli.common import exit_as_child, read_settings
    from bot.processes.engine import run_engine

    with exit_as_child():
        run_engine(read_settings(config), socket)
