"""What decides who may have what run is on the record when it is another one than before."""

from typing import Any

from bot.acting import open_runner
from bot.configuration import note_start
from tests.support.actions import TOUCH, Team


def noted(team: Team, name: str) -> list[tuple[str, list[str]]]:
    with team.database.read() as uow:
        events: list[Any] = [one for one in uow.audit.list() if one.action == f"config.{name}"]
    return [(one.subject, one.data["changed"]) for one in events]


def test_an_edited_template_and_a_new_one_are_on_the_record_at_the_next_start(team: Team) -> None:
    def starts() -> None:
        note_start(team.settings, team.database, team.clock, "engine")

    starts()
    starts()
    assert noted(team, "catalogue") == [("engine", ["template touch"])]
    team.writes("0.yaml", TOUCH.replace("within: 15m", "within: 20m"))
    team.writes("1.yaml", TOUCH.replace("id: touch", "id: other"))
    starts()
    assert noted(team, "catalogue")[1:] == [("engine", ["template other", "template touch"])]
    team.writes("inventory.yaml", "hosts: [db-1]\n")
    starts()
    assert noted(team, "catalogue")[2:] == [("engine", ["inventory"])]


def test_a_new_admin_is_on_the_record_under_its_name(team: Team) -> None:
    note_start(team.settings, team.database, team.clock, "engine")
    changed = team.settings.model_copy(update={"admins": ("T1/U0EVE",)})
    note_start(changed, team.database, team.clock, "engine")
    assert noted(team, "roles")[1:] == [("engine", ["admins"])]
    with team.database.read() as uow:
        last = [one for one in uow.audit.list() if one.action == "config.roles"][-1]
    assert last.data["now"]["admins"] == ["T1/U0EVE"]


def test_the_runner_notes_what_it_reads_itself(team: Team) -> None:
    settings = team.settings.model_copy(update={"data_dir": team.folder})
    with open_runner(settings, {}):
        pass
    assert noted(team, "catalogue") == [("runner", ["template touch"])]
