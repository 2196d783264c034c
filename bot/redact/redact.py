"""Applying the rules."""

from collections.abc import Iterable, Mapping, Sequence

from bot.redact.rules import BLOCK_RULES, LINE_RULES, SECRET_LABEL, Rule, mark

REDACTION_VERSION = 1
"""Raised when a rule changes, so that what was kept earlier can be told apart."""

_ALL_LITERALS = tuple(literal for rule in (*BLOCK_RULES, *LINE_RULES) for literal in rule.literals)


def redact(text: str) -> str:
    """`text` with every secret that a rule knows replaced by a mark that names its kind.

    Idempotent, and linear in the length of the text. Only private keys are looked for across
    lines; all else is within one, so that a log is judged line by line however it is handed in.
    """
    if not text or not _may_hold(text.lower(), _ALL_LITERALS):
        return text
    text = _apply(BLOCK_RULES, text)
    if "\n" not in text:
        return _apply(LINE_RULES, text)
    return "\n".join(_apply(LINE_RULES, line) for line in text.split("\n"))


def _apply(rules: Sequence[Rule], text: str) -> str:
    lowered = text.lower()
    for rule in rules:
        if _may_hold(lowered, rule.literals):
            text = rule.pattern.sub(rule.replace, text)
    return text


def _may_hold(lowered: str, literals: Iterable[str]) -> bool:
    return any(literal in lowered for literal in literals)


def redact_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """The same labels with redacted values; all of the value where the name says it is one."""
    return {
        redact(name): mark("secret") if value and SECRET_LABEL.search(name) else redact(value)
        for name, value in labels.items()
    }
