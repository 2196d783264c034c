"""`recall front`: the process of `serve` that meets the outside. Started by the supervisor."""

from pathlib import Path

import typer

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def front(
    socket: Path = typer.Option(..., help="Unix socket of the engine."),
    listener: int = typer.Option(..., help="File descriptor of the listening socket."),
    config: Path = typer.Option(None, help="TOML settings file."),
) -> None:
    """Take in webhooks and Slack's payloads, until told to stop."""
    from bot.cli.common import exit_as_child, read_settings
    from bot.processes.front import run_front

    with exit_as_child():
        run_front(read_settings(config), socket, listener)
