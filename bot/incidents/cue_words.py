"""What confirmed cues in a timeline say of how an incident ended. Pure."""

from collections.abc import Sequence

from bot.incidents.cue_line import FIXES
from bot.incidents.cue_patterns import CueKind
from bot.incidents.model import TimelineEntry
from bot.incidents.records import Words
from knowledge.model import Audience

_MOST = 3


def cues_told(timeline: Sequence[TimelineEntry], audience: Audience) -> Words:
    """The newest cause, and the newest things that were done, in the order in which they were
    said, each with its author. What stands in a private channel is told to that channel only,
    and what was deleted to nobody. Empty where nothing was confirmed."""
    told = [
        (entry.data["cue"], entry.text)
        for entry in timeline
        if entry.data.get("cue")
        and not entry.data.get("deleted")
        and entry.data.get("only", audience.channel) == audience.channel
    ]
    causes = [text for kind, text in told if kind == CueKind.ROOT_CAUSE]
    fixes = [text for kind, text in told if kind in FIXES]
    return Words(cause="\n".join(causes[-1:]), fix="\n".join(fixes[-_MOST:]))
