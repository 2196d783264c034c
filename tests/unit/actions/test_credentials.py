"""Credentials are the runner's alone."""

import pytest

from bot.errors import SettingsError
from bot.people.same import SamePeople
from bot.runner.credentials import credentials, refuse_credentials, without_credentials
from bot.settings import load_settings

ENVIRONMENT = {"RECALL_RUNNER_SECRET_TOKEN": "s3cret", "RECALL_PORT": "0", "PATH": "/bin"}


def test_templates_name_them_without_the_prefix() -> None:
    assert credentials(ENVIRONMENT) == {"TOKEN": "s3cret"}


def test_they_are_no_settings_and_no_mistake_either() -> None:
    settings = load_settings(environment=ENVIRONMENT)
    assert "s3cret" not in settings.model_dump_json()


def test_other_processes_are_started_without_and_refuse_them() -> None:
    rest = without_credentials(ENVIRONMENT)
    assert rest == {"RECALL_PORT": "0", "PATH": "/bin"}
    refuse_credentials(rest, "front")
    with pytest.raises(SettingsError, match="the engine holds no credentials") as refused:
        refuse_credentials(ENVIRONMENT, "engine")
    assert "s3cret" not in str(refused.value)


def test_groups_of_identities_that_share_one_are_one_person() -> None:
    same = SamePeople([("T1/U1", "T1/U2"), ("T1/U3", "T2/U4"), ("T1/U2", "T1/U3")])
    assert len({same.person_of_key(key) for key in ("T1/U1", "T1/U2", "T1/U3", "T2/U4")}) == 1
    assert same.person_of_key("T1/U9") == "T1/U9"


@pytest.mark.parametrize("group", ["T1/U1", "T1/U1=bob", "=T1/U1"])
def test_a_group_that_cannot_be_read_is_told(group: str) -> None:
    with pytest.raises(SettingsError, match="TEAM/USER=TEAM/USER"):
        load_settings(environment={"RECALL_SAME_PEOPLE": group})
