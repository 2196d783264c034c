"""How an answer is said in plain words: headlines, excerpts, why a case is too far."""

import re
from collections.abc import Mapping

from bot.chat.lines import spoken_length
from bot.suggestions.model import Changed, Nearest

_COMMIT = re.compile(r"^[0-9a-f]{12,64}$")
EXCERPT = 280
"""Characters of an excerpt on a card."""

HEADLINE_PART = 90
FEW_WORDS = 0.35
"""Share of the query's telling words below which a case has few words in common with it."""

_NUMBERS = ("No", "One", "Two", "Three", "Four")
"""More causes than these are not told apart by counting them: they are "several"."""


def trimmed(text: str, most: int = EXCERPT) -> str:
    """The beginning of `text`, verbatim, cut at a word's end and marked with an ellipsis."""
    text = text.strip()
    if len(text) <= most:
        return text
    head = text[: most - 1]
    if not text[most - 1].isspace() and any(letter.isspace() for letter in head):
        while not head[-1].isspace():
            head = head[:-1]
    return head.rstrip() + "…"


def first_line(text: str, most: int = EXCERPT) -> str:
    """The first line that says something, verbatim, trimmed."""
    return trimmed(next((line for line in text.splitlines() if line.strip()), ""), most)


def one_cause(incident_id: str, confidence_words: str, elsewhere: str) -> str:
    """ "Like INC-87, likely". `elsewhere` names the case's environment when it is another."""
    place = f" in {elsewhere}" if elsewhere else ""
    return f"Like {incident_id}{place}, {confidence_words}"


def several_causes(number: int, check_first: str) -> str:
    """ "Three causes fit; cannot tell yet. Check first: ..."; a page's title or a first check."""
    count = _NUMBERS[number] if number < len(_NUMBERS) else "Several"
    said = f"{count} causes fit; cannot tell yet."
    return f"{said} Check first: {first_line(check_first, HEADLINE_PART)}" if check_first else said


def runbook_only(title: str, confidence_words: str) -> str:
    """ "No past incident fits; the runbook “Disk full” does, likely"."""
    page = first_line(title, HEADLINE_PART)
    return f"No past incident fits; the runbook “{page}” does, {confidence_words}"


def not_seen(nearest: Nearest | None) -> str:
    """ "Not seen before; nearest INC-44, too far: other service, other error"."""
    if nearest is None:
        return "Not seen before, and nothing that I know is near"
    return f"Not seen before; nearest {nearest.id}, too far: {', '.join(nearest.why_too_far)}"


def why_too_far(features: Mapping[str, float]) -> tuple[str, ...]:
    """Reasons in plain words why the nearest case is no answer; at least one."""
    reasons: list[str] = []
    if features.get("other_service", 0.0) > 0.0:
        reasons.append("other service")
    if features.get("same_alert", 1.0) == 0.0 or features.get("errors", 1.0) == 0.0:
        reasons.append("other error")
    if features.get("coverage", 1.0) < FEW_WORDS:
        reasons.append("few words in common")
    if features.get("other_environment", 0.0) > 0.0:
        reasons.append("other environment")
    return tuple(reasons) or ("not alike enough",)


def spoken_name(kept: str) -> str:
    """The name of whoever vouched: kept as `alice (T0/U1)`, or as the bare key `T0/U1`."""
    name, _, key = kept.partition(" (")
    return name if key else kept.rpartition("/")[2]


def short_version(version: str) -> str:
    """A version as people say it: seven characters of a commit, any other as it is."""
    return version[:7] if _COMMIT.match(version) else version


def what_changed(change: Changed) -> str:
    """ "vault-agent 2.1.4 → 2.1.5"; that it failed, or still runs, is said."""
    versions = " → ".join(part for part in (change.previous, change.version) if part)
    state = {"failed": "(failed)", "running": "(under way)"}.get(change.status, "")
    return " ".join(part for part in (change.service, versions, state) if part)


def when_changed(change: Changed) -> str:
    """ "12 min before", with what else a reader must know to weigh it."""
    when = f"{spoken_length(change.seconds_before)} {'ago' if change.is_ago else 'before'}"
    needed = f"{change.needed_by} depends on it" if change.needed_by else ""
    unsaid = "" if change.environment else "environment not said"
    return ", ".join(part for part in (when, needed, unsaid) if part)


def changed_last(change: Changed) -> str:
    """ "vault-agent 2.1.4 → 2.1.5, 12 min before"."""
    return f"{what_changed(change)}, {when_changed(change)}"
