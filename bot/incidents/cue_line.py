"""What was proposed for an incident's timeline out of what people wrote, and what came of it.

One incident has one line of proposals, of which the first alone is shown. Pure.
"""

from collections.abc import Callable

from bot.incidents.cue_patterns import CueKind
from bot.suggestions.model import Value

MOST_WAITING = 5
_TOLD = 20

WORDS = {
    CueKind.ROOT_CAUSE: "the cause",
    CueKind.ROLLED_BACK: "rolled back",
    CueKind.FAILED_OVER: "failed over",
    CueKind.SCALED: "scaled",
    CueKind.RESTARTED: "restarted",
    CueKind.MITIGATED: "mitigated",
    CueKind.STARTED: "when it began",
}
FIXES = frozenset({CueKind.ROLLED_BACK, CueKind.FAILED_OVER, CueKind.SCALED, CueKind.RESTARTED})
"""What somebody did about it."""


class Proposal(Value):
    """One message that says something. `user` is the platform's id of its author."""

    kind: CueKind
    team_id: str
    channel: str
    ts: str
    user: str


class CueLine(Value):
    """`waiting`: the first is the one that is shown; `yes` and `no` are the tokens of its
    buttons, `undo` that of taking `kept` out again. `told` are messages that were decided on, and
    `last` says what came of the last of them."""

    waiting: tuple[Proposal, ...] = ()
    yes: str = ""
    no: str = ""
    kept: Proposal | None = None
    undo: str = ""
    told: tuple[str, ...] = ()
    last: str = ""

    @property
    def open(self) -> Proposal | None:
        return self.waiting[0] if self.waiting else None

    def has(self, ts: str) -> bool:
        """Whether that message was proposed before, whatever came of it."""
        return ts in self.told or any(one.ts == ts for one in self.waiting)

    def with_(self, new: Proposal, new_token: Callable[[], str]) -> "CueLine":
        """A later message of the same kind takes an earlier one's place, but never that of the
        one that somebody may be about to press."""
        if self.has(new.ts):
            return self
        first, rest = self.waiting[:1], self.waiting[1:]
        rest = (*(one for one in rest if one.kind is not new.kind), new)[-(MOST_WAITING - 1) :]
        if first:
            return self.model_copy(update={"waiting": (*first, *rest)})
        return self._showing((new,), new_token)

    def without(self, ts: str, new_token: Callable[[], str]) -> "CueLine":
        """Decided on, or gone: the next one is shown."""
        if not any(one.ts == ts for one in self.waiting):
            return self
        told = (*self.told, ts)[-_TOLD:]
        waiting = tuple(one for one in self.waiting if one.ts != ts)
        line = self.model_copy(update={"told": told})
        if waiting[:1] == self.waiting[:1]:
            return line.model_copy(update={"waiting": waiting})
        return line._showing(waiting, new_token)

    def keeping(self, new_token: Callable[[], str]) -> "CueLine":
        """The shown one is in the timeline from now on."""
        shown = self.open
        if shown is None:
            return self
        line = self.without(shown.ts, new_token)
        return line.model_copy(update={"kept": shown, "undo": new_token()})

    def taken_out(self) -> "CueLine":
        return self.model_copy(update={"kept": None, "undo": ""})

    def _showing(self, waiting: tuple[Proposal, ...], new_token: Callable[[], str]) -> "CueLine":
        """With tokens of its own: a press meant for what was shown before finds nothing."""
        tokens = {"yes": new_token(), "no": new_token()} if waiting else {"yes": "", "no": ""}
        return self.model_copy(update={"waiting": waiting, **tokens})
