"""`recall noise`: what was held back, and whether the rules' file is right."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bot.cli.common import CONFIG_OPTION, JSON_OPTION

if TYPE_CHECKING:
    from bot.alerts.noise import HeldAlert

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="List what noise rules held back; check the rules' file.",
)


@app.command("list")
def list_(
    limit: int = typer.Option(50, min=1, max=1000, help="How many, newest first."),
    json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """List what was held back and why, with the counts of the last day."""
    from bot.cli.common import exit_on_error, open_database, print_json, read_settings, say
    from bot.clock import SystemClock

    day_ago = SystemClock().now() - timedelta(days=1)
    with exit_on_error(), open_database(read_settings(config)) as database, database.read() as uow:
        items, totals = uow.held.list(limit), uow.held.totals(day_ago)
    if json:
        print_json({"items": [as_dict(one) for one in items], "last_day": dict(totals)})
        return
    for one in items:
        where = ", ".join(part for part in (one.service, one.environment) if part)
        say(f"{one.at:%Y-%m-%d %H:%M}  {one.times:>4} x {one.name} ({where or 'service unknown'})")
        say(f"    {one.by}: {one.reason} [{one.rule}]")
    if not items:
        say("nothing was held back")


def as_dict(one: "HeldAlert") -> dict[str, object]:
    """One line of the record in JSON; a contract, of `GET /v1/noise` as well."""
    return {
        "fingerprint": one.fingerprint,
        "name": one.name,
        "service": one.service,
        "environment": one.environment,
        "by": one.by,
        "reason": one.reason,
        "rule": one.rule,
        "at": one.at.isoformat(),
        "times": one.times,
    }


@app.command()
def check(
    file: Path = typer.Argument(None, help="The rules' file; empty means the one in use."),
    json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """Read the rules' file and say what is in it, or every mistake."""
    from bot.alerts.noise_file import load_noise_rules
    from bot.cli.common import exit_on_error, fail, print_json, read_settings, say

    with exit_on_error():
        path = file or read_settings(config).noise_file
        if path is None:
            raise fail("there is no file; name one, or set RECALL_NOISE_FILE")
        rules = load_noise_rules(path)
    counts = {
        "silences": len(rules.silences),
        "maintenance": len(rules.maintenance),
        "minimum": len(rules.minimums),
    }
    if json:
        print_json({**counts, "inhibit_dependents": rules.inhibit_dependents})
        return
    say(", ".join(f"{kind}: {count}" for kind, count in counts.items()))
    say(f"inhibit_dependents: {'yes' if rules.inhibit_dependents else 'no'}")
