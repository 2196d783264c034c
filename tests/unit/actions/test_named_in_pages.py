"""What the doctor says of actions that runbooks name."""

from bot.doctor.model import Status
from bot.doctor.pages import check_named_actions
from bot.settings import load_settings
from knowledge.model import NamedAction, Runbook
from tests.support.actions import Team


def keeps(team: Team, name: str, *templates: str, body: str = "Words.") -> None:
    actions = tuple(NamedAction(template=one) for one in templates)
    page = Runbook(id=name, title=name, body=body, actions=actions)
    with team.database.begin() as uow:
        uow.knowledge.upsert([(page, ())], actor="tests", now=team.clock.now())


def test_a_page_that_names_an_unknown_action_is_told_of(team: Team) -> None:
    assert list(check_named_actions(team.database, team.settings)) == []
    keeps(team, "good", "touch")
    [check] = check_named_actions(team.database, team.settings)
    assert check.status is Status.OK
    keeps(team, "odd", "touch", body="```recall-action\ntemplate: gone\n```\n\nRun the-other now.")
    [check] = check_named_actions(team.database, team.settings)
    assert check.status is Status.WARNING
    assert "odd: gone" in check.detail
    assert "the-other" not in check.detail


def test_without_a_catalogue_there_is_nothing_to_compare_with(team: Team) -> None:
    keeps(team, "odd", "gone")
    assert list(check_named_actions(team.database, load_settings(environment={}))) == []
