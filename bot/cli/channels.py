"""`recall channels`: how far the bot is switched on in each channel, and what a week was like."""

import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bot.cli.common import (
    CONFIG_OPTION,
    JSON_OPTION,
    actor_name,
    exit_on_error,
    open_database,
    print_json,
    read_settings,
    say,
)

if TYPE_CHECKING:
    from bot.channels.report import Report
    from bot.uow import UnitOfWork

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="See and set how far the bot is switched on in each channel, with a week's numbers.",
)

_CHANNEL = re.compile(r"([A-Z0-9]+)/([CGD][A-Z0-9]+)", re.ASCII)


@app.command("list")
def list_(json: bool = JSON_OPTION, config: Path = CONFIG_OPTION) -> None:
    """List the channels that chose something or had an incident in the last seven days."""
    from bot.clock import SystemClock

    settings = read_settings(config)
    with exit_on_error(), open_database(settings) as database, database.read() as uow:
        rows = _rows(uow, settings.rollout, SystemClock().now())
    if json:
        print_json({"default_mode": settings.rollout, "channels": rows})
        return
    for row in rows:
        chosen = "" if row["chosen"] else " (the default)"
        say(f"{row['channel']}  {row['mode']}{chosen}")
        say(f"    {row['posts']} incidents in {row['days']} days, {row['posts_a_day']} a day")
        if row["graded"]:
            low, high = row["interval"]
            say(
                f"    {row['right']} of {row['graded']} graded right ({row['precision']:.0%}, "
                f"95 % interval {low:.0%} to {high:.0%}), {row['noise']} better silent"
            )
        say(f"    {row['advice']}")
    if not rows:
        say(f"No channel has chosen anything; the default is {settings.rollout}.")


def _rows(uow: "UnitOfWork", default: str, now: datetime) -> list[dict[str, Any]]:
    from bot.channels.report import WEEK, report

    placements = uow.placements.everywhere_since(now - WEEK)
    chosen = uow.preferences.everywhere()
    there = {(one.team_id, one.channel) for one in placements} | set(chosen)
    rows = []
    for team_id, channel in sorted(there):
        own = [one for one in placements if (one.team_id, one.channel) == (team_id, channel)]
        grades = uow.suggestions.feedback_on_incidents([one.incident_id for one in own])
        week = report(own, grades, since=now - WEEK, now=now)
        settings = chosen.get((team_id, channel))
        mode = settings.mode if settings is not None else None
        rows.append(
            {
                "channel": f"{team_id}/{channel}",
                "mode": mode.value if mode is not None else default,
                "chosen": mode is not None,
                **_numbers(week),
            }
        )
    return rows


def _numbers(week: "Report") -> dict[str, Any]:
    return {
        "days": round(week.days, 1),
        "posts": week.posts,
        "posts_a_day": round(week.posts_a_day, 1),
        "graded": week.graded,
        "right": week.right,
        "noise": week.noise,
        "precision": week.precision,
        "interval": list(week.interval),
        "advice": week.advice,
    }


@app.command("set")
def set_(
    channel: str = typer.Argument(..., help="TEAM_ID/CHANNEL_ID, as `recall channels list` says."),
    mode: str = typer.Argument(..., help="off, shadow, thread or card."),
    config: Path = CONFIG_OPTION,
) -> None:
    """Switch the bot further on or off in a channel, as a lead does by /recall settings."""
    from bot.channels.model import Mode
    from bot.clock import SystemClock
    from bot.errors import DataError

    with exit_on_error(), open_database(read_settings(config)) as database:
        match = _CHANNEL.fullmatch(channel)
        if match is None:
            raise DataError(f"{channel!r} is not of the form TEAM_ID/CHANNEL_ID, such as T1/C2")
        if mode not in {one.value for one in Mode}:
            raise DataError(f"{mode!r} is no mode; off, shadow, thread and card are")
        now = SystemClock().now()
        with database.begin() as uow:
            before = uow.preferences.channel(match[1], match[2])
            changed = before.model_copy(update={"mode": Mode(mode)})
            uow.preferences.save_channel(match[1], match[2], changed, actor=actor_name(), now=now)
            uow.audit.append(
                at=now,
                actor=actor_name(),
                action="channel.settings",
                subject=channel,
                data=changed.model_dump(mode="json"),
            )
    say(f"From now on in {channel}: {mode}, it {Mode(mode).meaning}.")
