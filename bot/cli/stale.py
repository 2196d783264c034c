"""`recall stale`: pages past their review, owners who left, dead links, actions that are gone."""

from pathlib import Path

import typer

from bot.cli.common import (
    CONFIG_OPTION,
    JSON_OPTION,
    exit_on_error,
    fail,
    open_database,
    print_json,
    read_settings,
    say,
)

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    help="Which runbooks need somebody's eyes again.",
)


@app.callback(invoke_without_command=True)
def stale(
    people: Path = typer.Option(
        None, metavar="FILE", exists=True, dir_okay=False, help="Who may own a page, a name a line."
    ),
    json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """Name every page that has gone stale, and why. Owners are compared with FILE and with the
    owners in the services file; without FILE, and without RECALL_PEOPLE_FILE, they are not looked
    at."""
    from bot.actions.catalogue import load_actions
    from bot.catalogue import catalogue_of
    from bot.cli.coverage import gaps_of, operator
    from bot.counting import people_in
    from knowledge.errors import BadDocument

    settings = read_settings(config)
    with exit_on_error(), open_database(settings) as database:
        names = None
        file = people or settings.people_file
        if file is not None:
            try:
                listed = people_in(file)
            except BadDocument as error:
                raise fail(str(error)) from error
            owners = catalogue_of(settings).services.values()
            names = frozenset([*listed, *(one.owner for one in owners if one.owner)])
        folder = settings.actions_dir
        actions = frozenset(load_actions(folder).templates) if folder is not None else None
        found = gaps_of(database).stale(operator(), people=names, actions=actions)
    if json:
        rows = [
            {"page": one.document_id, "title": one.title, "kind": one.kind.value, "why": one.detail}
            for one in found
        ]
        print_json({"stale": rows})
        return
    for one in found:
        say(f"{one.document_id}: {one.detail}")
    if not found:
        say("No page has gone stale.")
