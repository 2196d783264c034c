"""gitleaks' rules, carried as data; see gitleaks.LICENSE.md for whose they are."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from bot.redact.scanned import Allowed, ScannedRule


@cache
def gitleaks_data() -> Mapping[str, Any]:
    """What `bot.redact.convert` made: `rules`, `allow`, `not_carried`, `source`, `licence`."""
    loaded: Mapping[str, Any] = json.loads(
        files(__package__).joinpath("gitleaks.json").read_text(encoding="utf-8")
    )
    return loaded


@cache
def gitleaks_rules() -> tuple[ScannedRule, ...]:
    """The rules, in the order of their file."""
    everywhere = tuple(_allowed(one) for one in gitleaks_data()["allow"])
    return tuple(
        ScannedRule(
            name=rule["id"],
            keywords=tuple(rule["keywords"]),
            regex=rule["regex"],
            entropy=rule.get("entropy", 0.0),
            group=rule.get("group", 0),
            is_led=rule.get("led", False),
            allowed=(*everywhere, *(_allowed(one) for one in rule.get("allow", ()))),
        )
        for rule in gitleaks_data()["rules"]
    )


def _allowed(one: Mapping[str, Any]) -> Allowed:
    return Allowed(
        target=one["target"], regexes=tuple(one["regexes"]), stopwords=tuple(one["stopwords"])
    )
