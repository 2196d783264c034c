"""The settings of who may have actions run, and of where anchors go: every mistake is told."""

import pytest

from bot.errors import SettingsError
from bot.settings import load_settings


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("RECALL_LEAD_GROUPS", "leads", "TEAM_ID/GROUP_ID"),
        ("RECALL_LEAD_GROUPS", "T1/U2", "TEAM_ID/GROUP_ID"),
        ("RECALL_LEAD_GROUPS", ",".join(f"T1/S{n}" for n in range(11)), "more than 10"),
        ("RECALL_BREAK_GLASS", "lena", "TEAM_ID/USER_ID"),
        ("RECALL_BREAK_GLASS", "T1/U1;T1/U2", "TEAM_ID/USER_ID"),
        ("RECALL_APPROVE_IN_CONSOLE", "medium", "low"),
        ("RECALL_APPROVE_IN_CONSOLE", "high", "set RECALL_OIDC_ISSUER too"),
        ("RECALL_ANCHOR_SYSLOG", "logs.example.org", "udp://HOST:PORT"),
        ("RECALL_ANCHOR_SYSLOG", "udp://logs.example.org", "udp://HOST:PORT"),
        ("RECALL_ANCHOR_SYSLOG", "tcp://logs.example.org:99999", "udp://HOST:PORT"),
        ("RECALL_ANCHOR_SYSLOG", "tcp://logs.example.org:601/x", "udp://HOST:PORT"),
        ("RECALL_ANCHOR_URL", "http://logs.example.org/a", "https address"),
        ("RECALL_ANCHOR_URL", "file:///etc/passwd", "https address"),
    ],
)
def test_a_wrong_value_is_told(name: str, value: str, told: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings(environment={name: value})
    assert any(told in problem for problem in refused.value.problems), refused.value.problems


def test_lists_are_split_at_commas_and_the_token_is_not_shown() -> None:
    settings = load_settings(
        environment={
            "RECALL_LEAD_GROUPS": "T1/S1, T1/S2",
            "RECALL_BREAK_GLASS": "T1/U1,",
            "RECALL_ANCHOR_SYSLOG": "udp://[::1]:514",
            "RECALL_ANCHOR_URL": "http://127.0.0.1:9/anchors",
            "RECALL_ANCHOR_TOKEN": "s3cret",
        }
    )
    assert settings.lead_groups == ("T1/S1", "T1/S2")
    assert settings.break_glass == ("T1/U1",)
    assert "s3cret" not in repr(settings)
