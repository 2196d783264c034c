"""How well cues are found in the labelled messages of tests/data/cues."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.incidents.cue_patterns import CueKind
from bot.incidents.cues import cue_in

FOLDER = Path(__file__).parents[1] / "data" / "cues"
HALVES = ("dev", "held_out")


@dataclass(frozen=True, slots=True)
class Labelled:
    """`right` are the kinds that a proposal may have; `is_hard`: none, though it sounds like it.
    `who`: p a person, r a person in a thread, a another app."""

    right: frozenset[CueKind]
    is_hard: bool
    who: str
    text: str

    @property
    def proposed(self) -> CueKind | None:
        """Apps are not listened to: room_payloads lets only people's words through."""
        cue = cue_in(self.text) if self.who != "a" else None
        return cue.kind if cue is not None else None


@dataclass(frozen=True, slots=True)
class Measured:
    """Counts of one set of messages: `proposed` proposals, `right` of them, `there` messages that
    hold a cue."""

    messages: int
    hard: int
    there: int
    proposed: int
    right: int

    @property
    def precision(self) -> float:
        return self.right / self.proposed if self.proposed else 0.0

    @property
    def recall(self) -> float:
        return self.right / self.there if self.there else 0.0


def labelled(half: str) -> Sequence[Labelled]:
    return list(_read(FOLDER / f"{half}.txt"))


def _read(path: Path) -> Iterator[Labelled]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        label, who, text = (part.strip() for part in line.split("|", 2))
        kinds = () if label in "!-" else map(CueKind, label.split(","))
        unescaped = text.replace("\\n", "\n").replace("&gt;", ">")
        yield Labelled(frozenset(kinds), label == "!", who, unescaped)


def measure(messages: Sequence[Labelled]) -> Measured:
    proposed = [(one, kind) for one in messages if (kind := one.proposed) is not None]
    return Measured(
        messages=len(messages),
        hard=sum(one.is_hard for one in messages),
        there=sum(bool(one.right) for one in messages),
        proposed=len(proposed),
        right=sum(kind in one.right for one, kind in proposed),
    )
