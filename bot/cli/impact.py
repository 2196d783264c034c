"""`recall impact`: what an edit of a runbook would do to the team's own past."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bot.cli.common import CONFIG_OPTION, JSON_OPTION, say

if TYPE_CHECKING:
    from bot.engine.ports import EngineClient

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_LONGEST_BYTES = 2_000_000
_SECONDS = 60.0
_LOOK_EVERY = 0.2
_SORTS = (
    ("lost", "Right answers that would be lost"),
    ("won", "Right answers that would be won"),
    ("gets", "Would get the page"),
    ("leaves", "Would not get it any more"),
)


@app.command()
def impact(
    page: Path = typer.Argument(None, metavar="[PAGE.md]", help="The page as it would be."),
    page_id: str = typer.Option(None, "--id", help="Its id; without it, the file's name."),
    retire: bool = typer.Option(False, "--retire", help="As if the page named by --id went away."),
    limit: int = typer.Option(20, min=1, max=200, help="How many incidents of each are shown."),
    json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """Ask past incidents again, with the page and without the change. Changes nothing."""
    from bot.app import open_engine_client
    from bot.cli.common import exit_on_error, print_json, read_settings
    from bot.drafts.impact import in_a_sentence

    if retire == (page is not None):
        raise typer.BadParameter("give a PAGE.md, or --retire with --id")
    if retire and not page_id:
        raise typer.BadParameter("--retire needs --id")
    wanted: dict[str, object] = {"do": "start", "page_id": page_id or page.stem}
    if page is not None:
        wanted["text"] = _read(page)
    with exit_on_error(), open_engine_client(read_settings(config)) as engine:
        report = _wait(engine, wanted)
    if json:
        print_json(report)
        return
    typer.echo(in_a_sentence(report))
    for name, heading in _SORTS:
        _list(heading, report["counts"][name], report[name][:limit])
    say(
        f"{report['cases']} past incidents were asked again; "
        f"the right page is known of {report['known']}."
    )


def _read(page: Path) -> str:
    try:
        with page.open("rb") as file:
            raw = file.read(_LONGEST_BYTES + 1)
        if len(raw) > _LONGEST_BYTES:
            raise typer.BadParameter(f"{page} has more than {_LONGEST_BYTES:,} bytes")
        return raw.decode("utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{page}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise typer.BadParameter(f"{page} is not UTF-8") from error


def _wait(engine: "EngineClient", wanted: Mapping[str, object]) -> Mapping[str, Any]:
    """The report; EngineUnavailable says why there is none. Ctrl-C cancels."""
    import time

    from bot.cli.common import stage_bars
    from bot.errors import EngineUnavailable

    identity = engine.impact(wanted, _SECONDS)["id"]
    try:
        with stage_bars({"asking": "Asking past incidents again"}) as progress:
            while True:
                told = engine.impact({"do": "look", "id": identity}, _SECONDS)
                if told["state"] != "running":
                    break
                if told["total"]:
                    progress("asking", told["done"], told["total"])
                time.sleep(_LOOK_EVERY)
    except KeyboardInterrupt:
        engine.impact({"do": "cancel", "id": identity}, _SECONDS)
        raise
    if told["state"] != "done":
        raise EngineUnavailable(told.get("problem") or f"the comparison is {told['state']}")
    report: Mapping[str, Any] = told["report"]
    return report


def _list(heading: str, count: int, rows: list[Mapping[str, Any]]) -> None:
    if not count:
        return
    typer.echo(f"\n{heading}: {count}")
    for one in rows:
        now, then = one["before"] or "no page", one["after"] or "no page"
        typer.echo(f"  {one['id']}  {one['title']}  ({now} -> {then})")
