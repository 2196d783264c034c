"""Applying the rules."""

from collections.abc import Mapping, Sequence

from bot.redact.rules import BLOCK_RULES, LINE_RULES, SECRET_LABEL, Rule, mark

REDACTION_VERSION = 1
"""Raised when a rule changes, so that what was kept earlier can be told apart."""

_ALL_LITERALS = tuple(literal for rule in (*BLOCK_RULES, *LINE_RULES) for literal in rule.literals)


def redact(text: str) -> str:
    """`text` with every secret that a rule knows replaced by a mark that names its kind.

    Idempotent, and linear in the length of the text. Only private keys are looked for across
    lines; all else is within one, so that a log is judged line by line however it is handed in.
    """
    lowered = text.lower()
    for literal in _ALL_LITERALS:
        if literal in lowered:
            break
    else:
        return text
    blocks = _concerned(BLOCK_RULES, lowered)
    if blocks:
        text = _apply(blocks, text, lowered)
        lowered = text.lower()
    lines = _concerned(LINE_RULES, lowered)
    if not lines:
        return text
    # Only what occurs at all is looked for in each line: most rules drop out for the whole text.
    return "\n".join(
        _apply(lines, line, low)
        for line, low in zip(text.split("\n"), lowered.split("\n"), strict=True)
    )


_Concerned = Sequence[tuple[Rule, Sequence[str]]]


def _concerned(rules: Sequence[Rule], lowered: str) -> _Concerned:
    """The rules with the literals of theirs that occur in the text; those with none are out."""
    found = ((rule, [one for one in rule.literals if one in lowered]) for rule in rules)
    return [(rule, literals) for rule, literals in found if literals]


def _apply(rules: _Concerned, text: str, lowered: str) -> str:
    for rule, literals in rules:
        for literal in literals:
            if literal in lowered:
                text = rule.pattern.sub(rule.replace, text)
                break
    return text


def redact_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """The same labels with redacted values; all of the value where the name says it is one."""
    return {
        redact(name): mark("secret") if value and SECRET_LABEL.search(name) else redact(value)
        for name, value in labels.items()
    }
