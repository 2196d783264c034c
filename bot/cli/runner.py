"""`recall runner`: executes approved actions; as an OS user of its own, where one is wanted."""

from pathlib import Path

import typer

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def runner(
    config: Path = typer.Option(None, help="TOML settings file.", exists=True, dir_okay=False),
    with_parent: bool = typer.Option(
        False, hidden=True, help="Stop when standard input closes, as when the parent dies."
    ),
) -> None:
    """Run approved actions of the catalogue in RECALL_ACTIONS_DIR; stops on Ctrl-C or SIGTERM."""
    from bot.cli.common import exit_as_child, read_settings
    from bot.errors import SettingsError
    from bot.processes.runner import run_runner

    settings = read_settings(config)
    with exit_as_child():
        if settings.actions_dir is None:
            raise SettingsError(["RECALL_ACTIONS_DIR is not set, so there is nothing to run"])
        run_runner(settings, with_parent=with_parent)
