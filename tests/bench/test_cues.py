"""Text cues on the labelled messages: how often a proposal is right, and how many are missed."""

from collections.abc import Sequence

import pytest

from bot.incidents.cue_patterns import CueKind
from knowledge.evaluate.intervals import wilson
from tests.bench.measuring import print_table
from tests.support.cue_measure import HALVES, Labelled, labelled, measure

pytestmark = pytest.mark.bench


def test_text_cues() -> None:
    halves = {half: labelled(half) for half in HALVES}
    everything = [one for half in halves.values() for one in half]
    rows = [row(half.replace("_", " "), messages) for half, messages in halves.items()]
    rows.append(row("all", everything))
    for kind in CueKind:
        concerned = [one for one in everything if kind in one.right or one.proposed is kind]
        rows.append(row(kind.value.replace("_", " "), concerned))
    print_table(
        "Text cues in incident channels",
        ("messages", "n", "hard negatives", "with a cue", "proposed", "precision", "recall"),
        rows,
        notes=[
            "Both halves were written by ourselves before the patterns; the patterns were made on "
            "the first and never changed for the second. Other teams write otherwise.",
            "In brackets: the 95 % interval (Wilson).",
        ],
    )


def row(name: str, messages: Sequence[Labelled]) -> tuple[str, ...]:
    found = measure(messages)
    told = wilson(found.right, found.proposed)
    return (
        name,
        f"{found.messages}",
        f"{found.hard}",
        f"{found.there}",
        f"{found.proposed}",
        f"{found.precision:.3f} ({told.low:.3f} to {told.high:.3f})",
        f"{found.recall:.3f}",
    )
