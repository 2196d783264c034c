"""`recall inbox`: deliveries and what became of them; replay one after a fix."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bot.cli.common import CONFIG_OPTION, JSON_OPTION

if TYPE_CHECKING:
    from bot.jobs.ports import InboxItem

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="List deliveries that failed; replay one after a fix.",
)


@app.command("list")
def list_(
    state: str = typer.Option("failed", help="pending, done, failed or all."),
    limit: int = typer.Option(50, min=1, max=1000, help="How many, newest first."),
    json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """List deliveries; their bodies are never shown."""
    from bot.cli.common import exit_on_error, open_database, print_json, read_settings, say
    from bot.jobs.ports import InboxState

    wanted = {None if state == "all" else item for item in InboxState if state in (item, "all")}
    if not wanted:
        raise typer.BadParameter("use pending, done, failed or all", param_hint="--state")
    with exit_on_error(), open_database(read_settings(config)) as database, database.read() as uow:
        items = uow.inbox.list(wanted.pop(), limit)
    if json:
        print_json({"items": [as_dict(item) for item in items]})
        return
    for item in items:
        say(f"{item.id}  {item.received_at:%Y-%m-%d %H:%M:%S}  {item.source:<14} {item.state}")
        if item.error:
            say(f"    {item.error}")
    if not items:
        say("nothing there")


def as_dict(item: "InboxItem") -> dict[str, object]:
    """One delivery in the JSON of the list; a contract."""
    return {
        "id": item.id,
        "kind": item.kind.value,
        "source": item.source,
        "state": item.state.value,
        "received_at": item.received_at.isoformat(),
        "attempts": item.attempts,
        "error": item.error,
    }


@app.command(short_help="Make a failed delivery pending again.")
def replay(
    item_id: str = typer.Argument(..., metavar="ID", help="The id that `recall inbox list` shows."),
    config: Path = CONFIG_OPTION,
) -> None:
    """Make a failed delivery pending again; a running server takes it up by itself."""
    from bot.cli.common import exit_on_error, fail, open_database, read_settings, say

    with exit_on_error(), open_database(read_settings(config)) as database:
        with database.begin() as uow:
            found = uow.inbox.replay(item_id)
        if not found:
            raise fail(f"no failed delivery has the id {item_id}")
        say(f"{item_id} is pending again")
