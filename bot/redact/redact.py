"""Applying the rules."""

from collections.abc import Mapping

from bot.redact.rules import RULES, SECRET_LABEL, mark

REDACTION_VERSION = 1
"""Raised when a rule changes, so that what was kept earlier can be told apart."""


def redact(text: str) -> str:
    """`text` with every secret that a rule knows replaced by a mark that names its kind.

    Idempotent, and linear in the length of the text.
    """
    if not text:
        return text
    lowered = text.lower()
    for rule in RULES:
        if any(literal in lowered for literal in rule.literals):
            text = rule.pattern.sub(rule.replace, text)
    return text


def redact_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """The same labels with redacted values; all of the value where the name says it is one."""
    return {
        redact(name): mark("secret") if value and SECRET_LABEL.search(name) else redact(value)
        for name, value in labels.items()
    }
