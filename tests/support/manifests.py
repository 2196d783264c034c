"""The two app manifests in `docs/`, made from the table of features.

`python -m tests.support.manifests` renews both.
"""

from collections.abc import Mapping
from pathlib import Path

from bot.slack.scopes import CORE, FEATURES, SHORTCUTS, Needs, scopes_of

DOCS = Path(__file__).parents[2] / "docs"
FULL, MINIMAL = DOCS / "slack-app-manifest.yaml", DOCS / "slack-app-manifest-minimal.yaml"
RENEW = "python -m tests.support.manifests"

_HEAD = """\
# Paste this at "Create New App > From a manifest". Socket Mode needs no public address; the lines
# to change for HTTP mode are in install.md, "Make the Slack app".
"""
_ABOUT = {
    FULL: """\
# Everything. Behind each scope stands what it is for: leave one out, and that is off, nothing else.
""",
    MINIMAL: """\
# The least: questions by mention, direct message and command, cards, forms. `recall doctor` says
# what else there is; slack-app-manifest.yaml has it all.
""",
}


def manifest(path: Path) -> str:
    """What `path` has to hold."""
    is_full = path == FULL
    features: Mapping[str, Needs] = FEATURES if is_full else {CORE: FEATURES[CORE]}
    events = sorted({event for needs in features.values() for event in needs.events})
    lines = [_HEAD + _ABOUT[path] + "display_information:"]
    lines += [
        "  name: Recall",
        "  description: Remembers past incidents and runbooks, with citations",
        '  background_color: "#4338ca"',
        "features:",
        "  bot_user:",
        "    display_name: recall",
        "    always_online: true",
        "  app_home:",
        f"    home_tab_enabled: {'true' if is_full else 'false'}",
        "    messages_tab_enabled: true",
        "    messages_tab_read_only_enabled: false",
    ]
    if is_full:
        lines += [
            "  agent_view:",
            "    agent_description: Past incidents and runbook steps, each with its source",
            "    suggested_prompts:",
            "      - title: What is open?",
            "        message: status",
            "      - title: What can you do?",
            "        message: help",
        ]
    lines += [
        "  slash_commands:",
        "    - command: /recall",
        "      description: Incidents, past cases, runbooks, settings",
        "      usage_hint: help",
        "      should_escape: false",
        "  shortcuts:",
    ]
    for callback_id, (name, says) in SHORTCUTS.items():
        lines += [
            f"    - name: {name}",
            "      type: message",
            f"      callback_id: {callback_id}",
            f"      description: {says}",
        ]
    lines += ["oauth_config:", "  scopes:", "    bot:"]
    for scope, wanted_by in scopes_of(features).items():
        needed = ["the least"] if CORE in wanted_by else list(wanted_by)
        lines.append(f"      - {scope} # {', '.join(needed)}")
    lines += ["settings:", "  event_subscriptions:", "    bot_events:"]
    lines += [f"      - {event}" for event in events]
    lines += [
        "  interactivity:",
        "    is_enabled: true",
        "  org_deploy_enabled: false",
        "  socket_mode_enabled: true",
        "  token_rotation_enabled: false",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    for each in (FULL, MINIMAL):
        each.write_text(manifest(each), encoding="utf-8")
