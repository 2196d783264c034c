"""The manifest that admins paste asks for what the bot uses, and for nothing else."""

from pathlib import Path

import yaml

from bot.slack.checkup import NEEDED_SCOPES

MANIFEST = Path(__file__).parents[3] / "docs" / "slack-app-manifest.yaml"


def test_the_manifest_asks_for_the_scopes_that_doctor_checks() -> None:
    manifest = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    assert sorted(manifest["oauth_config"]["scopes"]["bot"]) == sorted(NEEDED_SCOPES)


def test_the_manifest_subscribes_to_the_events_that_are_handled() -> None:
    manifest = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
    events = manifest["settings"]["event_subscriptions"]["bot_events"]
    assert sorted(events) == ["app_mention", "message.channels", "message.groups", "message.im"]
