"""`recall doctor`: check everything and say what to do about it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bot.cli.common import (
    CONFIG_OPTION,
    EXIT_FAILED,
    JSON_OPTION,
    people,
    print_json,
    say,
)
from bot.errors import SettingsError
from bot.settings import Settings, load_settings

if TYPE_CHECKING:
    from bot.doctor.model import Check
    from knowledge.embed.port import Embedder

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_MARKS = {
    "ok": ("ok     ", "green"),
    "warning": ("warning", "yellow"),
    "problem": ("problem", "red"),
}


@app.command()
def doctor(as_json: bool = JSON_OPTION, config: Path = CONFIG_OPTION) -> None:
    """Check settings, database, model, index, token, Slack and disk. Exit 1 on a problem."""
    found: list[Check] = []
    for check in _checks(config):
        found.append(check)
        mark, style = _MARKS[check.status.value]
        say(f"{mark}  {check.name}: {check.detail}", style)
        if check.advice:
            say(f"         -> {check.advice}")
    is_ok = all(check.status.value != "problem" for check in found)
    if as_json:
        print_json({"ok": is_ok, "checks": [as_dict(check) for check in found]})
    if not is_ok:
        raise typer.Exit(EXIT_FAILED)


def as_dict(check: "Check") -> dict[str, str]:
    """One check in the JSON of the command; a contract."""
    return {
        "name": check.name,
        "status": check.status.value,
        "detail": check.detail,
        "advice": check.advice,
    }


def _checks(config: Path | None) -> "Iterator[Check]":
    from bot.doctor.place import check_settings

    try:
        settings = load_settings(config)
    except SettingsError as error:
        yield check_settings(error.problems)
        return
    yield from _examine(settings)


def _examine(settings: Settings) -> "Iterator[Check]":
    from bot.clock import SystemClock
    from bot.doctor.examine import examine

    def load() -> "Embedder":
        from bot.memory import load_model

        with people.status("Loading the embedding model"):
            return load_model(settings.model, settings.data_dir)

    return examine(settings, settings.index_dir, load, SystemClock())
