"""Settings: environment over file over defaults; every mistake at once; no secret shown."""

from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.settings import Settings, load_settings, variable_names


def problems_of(environment: dict[str, str], config: Path | None = None) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(config, environment)
    return caught.value.problems


def test_defaults_need_nothing() -> None:
    settings = load_settings(environment={})
    assert settings.slack_mode == "off"
    assert settings.webhook_token is None
    assert settings.database.startswith("sqlite:///")


def test_the_names_slack_users_expect_work() -> None:
    settings = load_settings(
        environment={
            "SLACK_BOT_TOKEN": "xoxb-1",
            "SLACK_APP_TOKEN": "xapp-1",
            "SLACK_API_URL": "http://127.0.0.1:9/api",
            "HTTPS_PROXY": "http://127.0.0.1:3128",
        }
    )
    assert settings.slack_mode == "socket"
    assert settings.slack_api_url == "http://127.0.0.1:9/api/"
    assert settings.https_proxy == "http://127.0.0.1:3128"


def test_a_signing_secret_without_an_app_token_means_http_mode() -> None:
    settings = load_settings(environment={"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s"})
    assert settings.slack_mode == "http"


def test_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "recall.toml"
    file.write_text('port = 9000\nlog_level = "debug"\nleads = ["T1/U1", "T1/U2"]\n')
    settings = load_settings(file, {"RECALL_PORT": "9001"})
    assert (settings.port, settings.log_level) == (9001, "debug")
    assert settings.leads == ("T1/U1", "T1/U2")


def test_the_file_can_be_named_by_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "recall.toml"
    file.write_text("port = 9000\n")
    assert load_settings(environment={"RECALL_CONFIG": str(file)}).port == 9000


def test_every_mistake_is_reported_at_once_and_by_its_variable() -> None:
    problems = problems_of(
        {
            "RECALL_PORT": "99999",
            "RECALL_LEADS": "alice",
            "RECALL_TYPO": "1",
            "RECALL_LOG_LEVEL": "loud",
            "SLACK_APP_TOKEN": "xapp-1",
            "SLACK_API_URL": "ftp://slack",
        }
    )
    text = "\n".join(problems)
    for name in (
        "RECALL_PORT", "RECALL_LEADS", "RECALL_TYPO", "RECALL_LOG_LEVEL",
        "SLACK_API_URL", "SLACK_BOT_TOKEN",
    ):  # fmt: skip
        assert name in text
    assert len(problems) == 6


def test_an_unknown_key_in_the_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "recall.toml"
    file.write_text("prot = 1\n")
    assert any("'prot'" in problem for problem in problems_of({}, file))


def test_a_wrong_value_in_the_file_is_told_by_its_key_there(tmp_path: Path) -> None:
    file = tmp_path / "recall.toml"
    file.write_text('port = "eighty"\nhost = "localhost"\n')
    assert problems_of({}, file) == [f"{file}: 'port': is not a whole number"]
    assert problems_of({"RECALL_PORT": "ninety"}, file) == ["RECALL_PORT: is not a whole number"]


@pytest.mark.parametrize("content", ["port = = 1", "\xff\xfe"])
def test_a_broken_file_is_one_clear_problem(tmp_path: Path, content: str) -> None:
    file = tmp_path / "recall.toml"
    file.write_bytes(content.encode("latin-1"))
    assert len(problems_of({}, file)) == 1


def test_a_missing_file_is_said_so(tmp_path: Path) -> None:
    assert "does not exist" in problems_of({}, tmp_path / "nowhere.toml")[0]


def test_secrets_are_never_printed() -> None:
    settings = load_settings(
        environment={
            "RECALL_WEBHOOK_TOKEN": "hush-1",
            "SLACK_BOT_TOKEN": "xoxb-hush",
            "SLACK_SIGNING_SECRET": "hush-2",
        }
    )
    assert "hush" not in repr(settings) + str(settings) + settings.model_dump_json()
    shown = "\n".join(problems_of({"SLACK_APP_TOKEN": "xapp-hush", "RECALL_PORT": "x"}))
    assert "hush" not in shown


def test_an_empty_variable_unsets() -> None:
    assert load_settings(environment={"RECALL_WEBHOOK_TOKEN": ""}).webhook_token is None


def test_every_field_says_what_it_is_for() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert variable_names(name)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("^inc-(", "is no regular expression"),
        ("inc-?|", "matches every channel"),
        (".*", "matches every channel"),
        ("a" * 201, "is longer than 200 characters"),
    ],
)
def test_a_pattern_of_incident_channels_that_cannot_be_meant_is_told(
    pattern: str, why: str
) -> None:
    with pytest.raises(SettingsError) as error:
        load_settings(environment={"RECALL_INCIDENT_CHANNELS": pattern})
    [problem] = error.value.problems
    assert "RECALL_INCIDENT_CHANNELS" in problem
    assert why in problem


def test_incident_channels_are_off_until_they_are_named() -> None:
    assert load_settings(environment={}).incident_channel_pattern is None
    pattern = load_settings(
        environment={"RECALL_INCIDENT_CHANNELS": "^inc-|^incident-"}
    ).incident_channel_pattern
    assert pattern is not None
    assert pattern.search("incident-12")
    assert not pattern.search("principal-inc-")


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({}, 900),
        ({"RECALL_RESOLVE_AFTER_SECONDS": "60"}, 60),
        ({"RECALL_RESOLVE_AFTER_SECONDS": "0"}, 0),
        ({"RECALL_RESOLVE_AFTER_SECONDS": "60", "RECALL_RESOLVE_ALONE_AFTER_SECONDS": "300"}, 300),
        ({"RECALL_RESOLVE_ALONE_AFTER_SECONDS": "0"}, 0),
    ],
)
def test_a_time_for_all_incidents_holds_for_those_of_one_alert_too(
    given: dict[str, str], seconds: int
) -> None:
    assert load_settings(environment=given).resolve_alone_after == seconds
