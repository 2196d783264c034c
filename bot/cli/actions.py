"""`recall actions`: the catalogue of what may be run, and the switch that stops everything."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bot.cli.common import (
    CONFIG_OPTION,
    JSON_OPTION,
    actor_name,
    exit_on_error,
    fail,
    open_database,
    print_json,
    read_settings,
    say,
)
from bot.cli.emergency import add_to

if TYPE_CHECKING:
    from bot.actions.catalogue import Mistake
    from bot.actions.template import ActionTemplate

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Check and list what may be run; stop and resume all of it; ask while the chat is down.",
)
add_to(app)


@app.command("check")
def check(
    folder: Path = typer.Argument(
        None, metavar="DIR", help="Folder of templates; RECALL_ACTIONS_DIR where it is left out."
    ),
    json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """Explain every mistake in the templates, with file and line. Exits with 1 if there is one."""
    from bot.actions.catalogue import read_actions

    with exit_on_error():
        where = folder or read_settings(config).actions_dir
        if where is None:
            raise fail("Say which folder, or set RECALL_ACTIONS_DIR.", code=2)
        catalogue, mistakes = read_actions(where)
    if json:
        print_json(check_as_dict(len(catalogue.templates), mistakes))
    else:
        for mistake in mistakes:
            say(str(mistake), "red")
        say(f"{len(catalogue.templates)} templates can be used, {len(mistakes)} mistakes.")
    if mistakes:
        raise typer.Exit(1)


def check_as_dict(templates: int, mistakes: "Sequence[Mistake]") -> dict[str, Any]:
    """What `recall actions check --json` prints."""
    return {
        "ok": not mistakes,
        "templates": templates,
        "mistakes": [
            {"file": one.file, "line": one.line, "problem": one.problem} for one in mistakes
        ],
    }


@app.command("list")
def list_(json: bool = JSON_OPTION, config: Path = CONFIG_OPTION) -> None:
    """List the templates that may be used."""
    from bot.actions.catalogue import load_actions

    settings = read_settings(config)
    with exit_on_error():
        catalogue = load_actions(settings.actions_dir)
    rows = [as_dict(one) for one in catalogue.templates.values()]
    if json:
        print_json({"actions": rows})
        return
    for row in rows:
        say(f"{row['id']} v{row['version']}  {row['risk']}  {row['title']}")
        approvals = f"{row['approvals']} approvals by {row['may_approve'] or 'nobody'}"
        say(f"    {row['executor']}, {approvals if row['approvals'] else 'no approval needed'}")
    if not rows:
        say("Nothing may be run: RECALL_ACTIONS_DIR names no folder with templates.")


def as_dict(template: "ActionTemplate") -> dict[str, Any]:
    """One template as `recall actions list --json` prints it."""
    approvers = template.may_approve
    role = [f"a {approvers.role}"] if approvers.role else []
    return {
        "id": template.id,
        "version": template.version,
        "title": template.title,
        "risk": template.risk.value,
        "executor": template.executor,
        "parameters": [one.name for one in template.parameters],
        "environments": list(template.environments),
        "approvals": template.approvals,
        "may_approve": ", ".join([*role, *approvers.people]),
    }


@app.command("stop")
def stop(
    reason: str = typer.Option("", help="Why, for the record and for those who ask."),
    config: Path = CONFIG_OPTION,
) -> None:
    """Stop everything: nothing starts any more, what runs is ended. Works without Slack."""
    from bot.actions.switch import StopSwitch
    from bot.clock import SystemClock

    with exit_on_error(), open_database(read_settings(config)) as database:
        running = StopSwitch(database, SystemClock()).stop(actor_name(), reason)
    say(f"All actions are stopped; {running} that run are told to end.")


@app.command("resume")
def resume(config: Path = CONFIG_OPTION) -> None:
    """Let actions run again."""
    from bot.actions.switch import StopSwitch
    from bot.clock import SystemClock

    with exit_on_error(), open_database(read_settings(config)) as database:
        was_stopped = StopSwitch(database, SystemClock()).resume(actor_name())
    say("Actions may run again." if was_stopped else "Nothing was stopped.")


@app.command("status")
def status(json: bool = JSON_OPTION, config: Path = CONFIG_OPTION) -> None:
    """Say whether all is stopped, and what waits or runs."""
    from bot.actions.model import BEFORE_RUN, RequestState
    from bot.actions.switch import StopSwitch
    from bot.clock import SystemClock

    with exit_on_error(), open_database(read_settings(config)) as database:
        switch = StopSwitch(database, SystemClock()).state()
        with database.read() as uow:
            there = uow.actions.in_states(
                (*BEFORE_RUN, RequestState.RUNNING, RequestState.UNKNOWN), limit=1_000
            )
    rows = [
        {
            "key": one.key,
            "template": one.frozen.template_id,
            "state": one.state.value,
            "phase": one.phase.value,
            "requested_by": one.requested_by,
            "digest": one.digest,
        }
        for one in there
    ]
    if json:
        told = {"stopped": switch.stopped, "by": switch.by, "reason": switch.reason}
        print_json({**told, "requests": rows})
        return
    say(f"Stopped by {switch.by}: {switch.reason}" if switch.stopped else "Actions may run.")
    for row in rows:
        say(f"{row['key']}  {row['state']} {row['phase']}  {row['template']}")
