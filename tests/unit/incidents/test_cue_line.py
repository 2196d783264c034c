"""One open proposal an incident, whatever is written meanwhile."""

from itertools import count

from bot.incidents.cue_line import MOST_WAITING, CueLine, Proposal
from bot.incidents.cue_patterns import CueKind


def said(ts: str, kind: CueKind = CueKind.ROLLED_BACK) -> Proposal:
    return Proposal(kind=kind, team_id="T1", channel="C1", ts=ts, user="U1")


class Tokens:
    def __init__(self) -> None:
        self._number = count(1)

    def __call__(self) -> str:
        return f"t{next(self._number)}"


def test_the_first_is_open_and_the_rest_wait() -> None:
    new = Tokens()
    line = CueLine().with_(said("1"), new)
    assert (line.yes, line.no) == ("t1", "t2")
    after = line.with_(said("2", CueKind.ROOT_CAUSE), new)
    assert after.open == said("1")
    assert (after.yes, after.no) == ("t1", "t2")


def test_a_later_message_of_a_kind_replaces_one_that_nobody_sees() -> None:
    new = Tokens()
    line = CueLine().with_(said("1"), new)
    for ts in ("2", "3"):
        line = line.with_(said(ts, CueKind.RESTARTED), new)
    assert [one.ts for one in line.waiting] == ["1", "3"]


def test_a_message_is_proposed_once() -> None:
    new = Tokens()
    line = CueLine().with_(said("1"), new).with_(said("1"), new)
    assert len(line.waiting) == 1
    decided = line.without("1", new)
    assert decided.open is None
    assert decided.with_(said("1"), new) == decided


def test_what_is_decided_makes_room_under_new_tokens() -> None:
    new = Tokens()
    line = CueLine().with_(said("1"), new).with_(said("2", CueKind.SCALED), new)
    before = line.yes
    after = line.keeping(new)
    assert after.open == said("2", CueKind.SCALED)
    assert after.kept == said("1")
    assert len({before, after.yes, after.no, after.undo, ""}) == 5


def test_one_that_waits_can_go_without_a_word() -> None:
    new = Tokens()
    line = CueLine().with_(said("1"), new).with_(said("2", CueKind.SCALED), new)
    after = line.without("2", new)
    assert (after.open, after.yes) == (said("1"), line.yes)


def test_only_so_many_wait() -> None:
    new = Tokens()
    line = CueLine()
    for number, kind in enumerate(CueKind):
        line = line.with_(said(str(number), kind), new)
    assert len(line.waiting) <= MOST_WAITING
