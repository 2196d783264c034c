"""`recall index`: the search indexes of this installation, one a model, side by side."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bot.cli.common import (
    CONFIG_OPTION,
    JSON_OPTION,
    exit_on_error,
    open_database,
    print_json,
    read_settings,
    say,
    stage_bars,
)

if TYPE_CHECKING:
    from bot.settings import Settings

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="List search indexes, build one before it is needed, remove one.",
)


@app.command("list")
def list_(json: bool = JSON_OPTION, config: Path = CONFIG_OPTION) -> None:
    """List the indexes: of which generation, how large, which one was served last."""
    from knowledge.index.generations import Generations

    settings = read_settings(config)
    found = Generations(settings.index_dir).list()
    rows = [
        {
            "name": one.name,
            "state": _state(one.is_served, one.passages is not None),
            "passages": one.passages,
            "applied_seq": one.applied_seq,
            "bytes": one.bytes,
        }
        for one in found
    ]
    if json:
        print_json({"indexes": rows})
        return
    if not rows:
        say("There is no index yet; the first start of `recall serve` builds it.")
    for one in found:
        told = [_state(one.is_served, one.passages is not None), f"{one.bytes / 1e6:,.1f} MB"]
        if one.passages is not None:
            told.insert(1, f"{one.passages:,} passages")
        say(f"{one.name}  {', '.join(told)}")


@app.command()
def build(
    model: str = typer.Option(
        "", help="A trained model's name (`recall models list`); the one in force if left out."
    ),
    config: Path = CONFIG_OPTION,
) -> None:
    """Build the index of a model beside the one that is served, so that its start is quick."""
    from knowledge.learn.registry import Registry

    settings = read_settings(config)
    with exit_on_error():
        adapter = Registry(settings.data_dir).find(model).path if model else None
        with open_database(settings):
            pass  # makes an empty one; tells of one that is of another version
        build_with_bar(settings, adapter)
    say("The index is up to date.")


@app.command()
def remove(
    name: str = typer.Argument(..., help="An index's name (`recall index list`)."),
    config: Path = CONFIG_OPTION,
) -> None:
    """Delete an index that is not served. It can be built again from the database."""
    from knowledge.index.generations import Generations

    settings = read_settings(config)
    with exit_on_error():
        removed = Generations(settings.index_dir).remove(name)
    say(f"{name} is removed, {removed.bytes / 1e6:,.1f} MB are free.")


def build_with_bar(settings: "Settings", adapter: Path | None) -> None:
    """Build an index beside what is served, with a bar on a terminal."""
    from bot.memory import build_elsewhere

    with stage_bars({"index": "Building the index"}) as progress:
        build_elsewhere(settings, adapter, progress=progress)


def _state(is_served: bool, is_complete: bool) -> str:
    if not is_complete:
        return "incomplete"
    return "served" if is_served else "ready"
