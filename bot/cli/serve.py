"""`recall serve`: the bot, as a supervisor with its processes."""

from pathlib import Path

import typer

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def serve(
    host: str = typer.Option("", help="Address to listen on; overrides RECALL_HOST."),
    port: int | None = typer.Option(
        None, min=0, max=65535, help="Port to listen on; 0 takes a free one."
    ),
    config: Path = typer.Option(None, help="TOML settings file.", exists=True, dir_okay=False),
    with_parent: bool = typer.Option(
        False, hidden=True, help="Stop when standard input closes, as when the parent dies."
    ),
) -> None:
    """Run the bot: webhooks, Slack, search. Prints its address; stops on Ctrl-C or SIGTERM."""
    from bot.actions.catalogue import load_actions
    from bot.catalogue import catalogue_of
    from bot.cli.common import EXIT_USAGE, exit_on_error, fail, read_settings
    from bot.clock import SystemClock
    from bot.errors import RecallError
    from bot.processes.child import set_up_logging
    from bot.processes.supervisor import Supervisor, address_of, listening_socket
    from bot.store.database import Database

    with exit_on_error():
        settings = read_settings(config)
        set_up_logging(settings.log_level, "serve")
        # Mistakes in files are told once, before anything starts.
        try:
            catalogue_of(settings)
        except RecallError as error:
            raise fail(str(error), EXIT_USAGE) from None
        if settings.actions_dir is not None:
            load_actions(settings.actions_dir)
        clock = SystemClock()
        database = Database(settings.database, clock=clock)
        try:
            database.migrate()
        finally:
            database.close()
        listener = listening_socket(host or settings.host, settings.port if port is None else port)
        typer.echo(f"listening on {address_of(listener)}")
        supervisor = Supervisor(
            listener=listener,
            config=config,
            clock=clock,
            stop_with_parent=with_parent,
            with_runner=settings.actions_dir is not None,
        )
        code = supervisor.run(on_ready=lambda: typer.echo("ready"))
    if code:
        raise typer.Exit(code)
