"""How a proposal for the timeline is drawn: one line and its buttons, small under the card."""

from collections.abc import Iterator

from bot.chat.messages import TimelineProposal
from bot.slack.escape import Safe, join, link, words
from bot.slack.limits import Block
from bot.slack.pieces import actions, context, moment, section

_NOTHING = "Nothing waits for the timeline."


def proposal_parts(message: TimelineProposal) -> Iterator[tuple[int, Block]]:
    """Blocks with their ranks."""
    if message.what:
        when = str(moment(message.at)) if message.at is not None else "then"
        at = link(message.url, when, 40) if message.url else words(when, 40)
        who = words(message.author, 80) or Safe("somebody")
        more = Safe(f"_{message.waiting} more after it_") if message.waiting else Safe("")
        asked = Safe(
            f"For the timeline of {words(message.incident_key, 40)}: "
            f"*{words(message.what, 60)}*, says {who} ({at})"
        )
        yield 0, section(join([asked, more], "\n"))
    told = words(message.told, 400) or Safe("" if message.what else _NOTHING)
    if told:
        yield 0, context(told)
    if message.buttons:
        yield 0, actions(message.buttons)


def proposal_text(message: TimelineProposal) -> str:
    """What a notification says."""
    if not message.what:
        return message.told or _NOTHING
    return f"For the timeline of {message.incident_key}: {message.what}, says {message.author}?"
