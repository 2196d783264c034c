"""How an action request is drawn: what will run is never cut, and everything else yields."""

from collections.abc import Iterator

from bot.chat.messages import ActionCard
from bot.slack.escape import Safe, code_block, join, person, words
from bot.slack.limits import SECTION
from bot.slack.pieces import actions, context, header, lines_section, section
from bot.slack.suggestion_blocks import Part

_MARKS = {
    "awaiting_approval": "🔐",
    "approved": "⏳",
    "running": "⏳",
    "succeeded": "✅",
    "failed": "❌",
    "unknown": "❓",
}
_OUTPUT = 2_000
_PEOPLE = 5
_TARGETS = 10
_DIGEST_SHOWN = 12


def action_parts(card: ActionCard) -> Iterator[Part]:
    """Blocks with their ranks. What runs, on what, under which hash, has rank 0."""
    yield 0, header(f"{_MARKS.get(card.state, '▫️')} {card.headline}: {card.title}")
    asked = join([person(user) for user in card.people[:_PEOPLE]], " ")
    if asked:
        yield 0, section(Safe(f"{asked} please look at this and decide"))
    yield 0, context(_where(card))
    targets = ", ".join(card.targets[:_TARGETS])
    lines = [Safe(f"*On* {words(targets, 600)}")] if targets else []
    if card.reason:
        lines.append(Safe(f"*Why* {words(card.reason, 400)}"))
    if card.note:
        lines.append(words(card.note, 600))
    if any(lines):
        yield 0, lines_section(lines)
    shown = code_block(card.shows, SECTION)
    yield 0, section(shown or Safe("What would run cannot be shown whole, so do not approve it."))
    yield 0, context(_hash_and_approvals(card))
    facts = [words(fact, 300) for fact in card.facts]
    if any(facts):
        yield 1, context(*facts)
    yield from _printed("Dry run", card.dry_run, rank=3)
    yield from _printed("Output", card.output, rank=2)
    if card.buttons or card.openers:
        yield 0, actions(card.buttons, card.openers)


def _where(card: ActionCard) -> Safe:
    by = person(card.requested_by)
    return join(
        [
            words(card.key, 20),
            Safe(f"*{words(card.risk, 20)} risk*"),
            words(card.template, 90),
            words(card.environment, 80) or Safe("environment unknown"),
            words(card.incident_key, 20),
            Safe(f"asked for by {by}") if by else Safe(""),
        ]
    )


def _hash_and_approvals(card: ActionCard) -> Safe:
    by = join([person(user) for user in card.approved_by[:_PEOPLE]], ", ")
    more = f"{card.missing} approval{'s' if card.missing > 1 else ''} missing"
    return join(
        [
            Safe(f"sha256 `{words(card.digest[:_DIGEST_SHOWN], _DIGEST_SHOWN)}`"),
            Safe(f"approved by {by}") if by else Safe(""),
            Safe(more) if card.missing else Safe(""),
        ]
    )


def _printed(label: str, text: str, rank: int) -> Iterator[Part]:
    """The end of what was printed, in whole lines."""
    lines = text.splitlines()
    while lines:
        block = code_block("\n".join(lines), _OUTPUT)
        if block is not None:
            yield rank, section(Safe(f"*{label}*\n{block}"))
            return
        lines = lines[max(1, len(lines) // 8) :]
