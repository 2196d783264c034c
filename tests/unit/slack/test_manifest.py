"""The manifests ask for what the code calls and hears, and for nothing else."""

import ast
import re
from pathlib import Path

import pytest
import yaml

from bot.commands import SHORTCUTS as FORM_SHORTCUTS
from bot.slack.kept_messages import TO_TIMELINE
from bot.slack.scopes import CORE, FEATURES, SHORTCUTS, features_off
from bot.slack.shortcuts import FIND_SIMILAR
from bot.workspace.api import METHODS, SCOPES
from tests.support.manifests import FULL, MINIMAL, RENEW, manifest

SLACK = Path(__file__).parents[3] / "bot" / "slack"
APP_LEVEL = {"apps.connections.open"}
"""Called with the app-level token, which has a scope of its own."""
NOT_EVENTS = {"message", "app_home"}
EVENT = re.compile(
    r"(?:channel|group)_(?:archive|created|deleted|left|rename|shared|unarchive|unshared)"
    r"|member_joined_channel|reaction_(?:added|removed)|app_mention|app_home_opened"
    r"|assistant_thread_(?:started|context_changed)"
)


def sources() -> list[ast.Module]:
    files = [file for file in SLACK.glob("*.py") if file.name != "scopes.py"]
    return [ast.parse(file.read_text(encoding="utf-8")) for file in files]


def methods_called() -> set[str]:
    """Web API methods by the names that slack_sdk's client has for them, or in plain text."""
    known = {name.replace(".", "_"): name for name in (*METHODS, *APP_LEVEL)}
    found = set()
    for tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in known:
                found.add(known[node.attr])
            if isinstance(node, ast.Constant) and node.value in METHODS:
                found.add(str(node.value))
    return found - APP_LEVEL


def events_heard() -> set[str]:
    """Event types that the code looks for."""
    return {
        node.value
        for tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and EVENT.fullmatch(node.value)
    }


def test_the_table_names_every_method_that_is_called_and_no_other() -> None:
    told = {method for needs in FEATURES.values() for method in needs.methods}
    assert told == methods_called()


def test_the_table_names_every_event_that_is_heard_and_no_other() -> None:
    told = {event for needs in FEATURES.values() for event in needs.events}
    talk = {event for event in told if event.startswith("message.")}
    assert talk == {"message.channels", "message.groups", "message.im"}
    assert told - talk == events_heard()


@pytest.mark.parametrize("feature", sorted(FEATURES))
def test_a_feature_has_the_scopes_that_its_methods_need(feature: str) -> None:
    needs = FEATURES[feature]
    held = {*needs.scopes, *FEATURES[CORE].scopes}
    for method in needs.methods:
        sufficient = SCOPES.get(method, ())
        assert not sufficient or held & set(sufficient), f"{method} needs one of {sufficient}"


@pytest.mark.parametrize("path", [FULL, MINIMAL], ids=lambda path: path.stem)
def test_the_manifests_are_what_the_table_says(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == manifest(path), f"renew it with: {RENEW}"
    told = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert told["settings"]["socket_mode_enabled"]
    assert told["features"]["slash_commands"][0]["command"] == "/recall"


def test_the_minimal_manifest_asks_for_the_core_alone() -> None:
    told = yaml.safe_load(MINIMAL.read_text(encoding="utf-8"))
    assert set(told["oauth_config"]["scopes"]["bot"]) == set(FEATURES[CORE].scopes)
    off = features_off(frozenset(FEATURES[CORE].scopes))
    assert CORE not in off
    assert off["shared files"] == ("files:read",)


def test_each_shortcut_that_is_offered_is_handled() -> None:
    assert set(SHORTCUTS) == {TO_TIMELINE, FIND_SIMILAR, *FORM_SHORTCUTS}
    assert all(len(name) <= 24 for name, _ in SHORTCUTS.values())
