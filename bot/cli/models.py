"""`recall models`: the trained models, which one is in force, and the way back."""

from pathlib import Path

import typer

from bot.cli.common import (
    CONFIG_OPTION,
    JSON_OPTION,
    exit_on_error,
    open_database,
    print_json,
    read_settings,
    say,
)

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="List trained models, put one in force, go back.",
)

_AGAIN = "The next start of `recall serve` takes it."


@app.command("list")
def list_(json: bool = JSON_OPTION, config: Path = CONFIG_OPTION) -> None:
    """List the models, the oldest first."""
    from knowledge.learn.registry import SHIPPED, Registry

    settings = read_settings(config)
    with exit_on_error():
        registry = Registry(settings.data_dir)
        found, current = registry.candidates(), registry.current
    rows: list[dict[str, object]] = [
        {"name": SHIPPED, "state": _state(current == SHIPPED, True), "made_at": None, "verdict": ""}
    ]
    rows += [
        {
            "name": one.name,
            "state": _state(one.name == current, one.passed),
            "made_at": one.facts.get("made_at"),
            "verdict": one.facts.get("verdict", ""),
        }
        for one in found
    ]
    if json:
        print_json({"current": current, "models": rows})
        return
    for row in rows:
        say(f"{row['name']:<18}{row['state']:<14}{row['verdict']}")


@app.command()
def promote(
    name: str = typer.Argument(..., help="A model's name, or how it begins."),
    config: Path = CONFIG_OPTION,
) -> None:
    """Put a model in force that beat the present one, once its index is built."""
    from bot.cli.index import build_with_bar
    from knowledge.learn.registry import Registry

    settings = read_settings(config)
    with exit_on_error():
        registry = Registry(settings.data_dir)
        chosen = registry.promotable(name)
        with open_database(settings) as database:
            passages = database.knowledge_source().counts()["passages"]
        if passages:  # beside the present one, which is served until then
            build_with_bar(settings, chosen.path)
        registry.promote(chosen.name)
    say(f"{chosen.name} is in force. {_AGAIN}")


@app.command()
def rollback(config: Path = CONFIG_OPTION) -> None:
    """Go back to the model that was in force before."""
    from knowledge.learn.registry import Registry

    settings = read_settings(config)
    with exit_on_error():
        name = Registry(settings.data_dir).rollback()
    say(f"{name} is in force again. {_AGAIN}")


def _state(is_current: bool, passed: bool) -> str:
    if is_current:
        return "in force"
    return "may be promoted" if passed else "not better"
