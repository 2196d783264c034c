"""From gitleaks' own rule file to the data that Recall carries.

    python -m bot.redact.convert gitleaks.toml bot/redact/gitleaks.json

A rule that cannot be carried is listed in the result under `not_carried`, with the reason.
"""

import json
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.redact.led import begins_with_keyword
from bot.redact.re2 import Unconvertible, to_python

SOURCE = "gitleaks, config/gitleaks.toml (https://github.com/gitleaks/gitleaks)"
LICENCE = "MIT License, Copyright (c) 2019 Zachary Rice; whole text in gitleaks.LICENSE.md"

LEFT_OUT: Mapping[str, str] = {
    "curl-auth-header": "spans whole command lines; Recall's own rule `authorization` has it",
    "private-key": "spans lines; Recall's own rule `private key` has it",
}
"""Rules that convert and are left out all the same, with the reason."""


def converted(rules: Mapping[str, Any]) -> dict[str, Any]:
    """The parsed TOML as the data that `bot.redact.gitleaks` reads."""
    carried: list[dict[str, Any]] = []
    not_carried: dict[str, str] = {}
    for rule in rules["rules"]:
        try:
            carried.append(_rule(rule))
        except Unconvertible as error:
            not_carried[rule["id"]] = str(error)
    everywhere = rules.get("allowlist", {})
    return {
        "source": SOURCE,
        "licence": LICENCE,
        "not_carried": dict(sorted(not_carried.items())),
        "allow": [_allowed({key: everywhere.get(key, []) for key in ("regexes", "stopwords")})],
        "rules": carried,
    }


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    if rule["id"] in LEFT_OUT:
        raise Unconvertible(LEFT_OUT[rule["id"]])
    if "regex" not in rule or "path" in rule:
        raise Unconvertible("goes by the name of the file, and a line of a log has none")
    if not rule.get("keywords"):
        raise Unconvertible("has no keywords, so every line would be searched")
    allowed = [
        _allowed(one)
        for one in rule.get("allowlists", ())
        # One that asks for a file's name as well can never hold here.
        if one.get("condition", "OR") != "AND" and (one.get("regexes") or one.get("stopwords"))
    ]
    regex = to_python(rule["regex"])
    words = sorted({word.lower() for word in rule["keywords"]})
    return {
        "id": rule["id"],
        "keywords": words,
        "regex": regex,
        **({"led": True} if begins_with_keyword(regex, words) else {}),
        **({"entropy": rule["entropy"]} if "entropy" in rule else {}),
        **({"group": rule["secretGroup"]} if "secretGroup" in rule else {}),
        **({"allow": allowed} if allowed else {}),
    }


def _allowed(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "target": one.get("regexTarget", "secret"),
        "regexes": [to_python(regex) for regex in one.get("regexes", ())],
        "stopwords": [word.lower() for word in one.get("stopwords", ())],
    }


def main(source: Path, target: Path) -> None:
    made = converted(tomllib.loads(source.read_text(encoding="utf-8")))
    text = json.dumps(made, ensure_ascii=True, indent=1)
    target.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
