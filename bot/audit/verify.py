"""Is the record what was written? The chain is followed row by row, and compared with anchors.

The chain alone shows every changed, removed or swapped row. It cannot show that its end was cut
off, or that somebody who holds the database wrote all of it anew; an anchor can, when it was
kept where that person could not reach it.

A record that was pruned begins after its first event. It is whole if an event further on says so,
in the chain like all others, and if that checkpoint was anchored, where there are anchors.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.audit.anchors import Anchor, disputed
from bot.audit.model import GENESIS, AuditEvent, AuditRow, event_hash, hash_of_parts

PRUNED = "audit.pruned"
"""The event that says up to where older ones were taken out: `through` and `hash` in its data."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """Up to where the record was pruned, when, and by whom."""

    checkpoint: Anchor
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`events` is how many rows were followed. `broken_at` is the number of the first row that is
    not as it was written, `problem` what is wrong there; both empty where the record is whole."""

    events: int
    head: Anchor
    broken_at: int | None = None
    problem: str = ""
    pruned: Pruned | None = None

    @property
    def ok(self) -> bool:
        return self.broken_at is None


def verify(rows: Iterable[AuditRow], anchors: Sequence[Anchor] = ()) -> Verdict:
    """Follow the chain from its first event (number 1, or the one after a checkpoint) to its
    last."""
    wanted: Mapping[int, str] = {one.seq: one.hash for one in anchors}
    two_words = disputed(anchors)
    seq, previous = 0, GENESIS
    start: Anchor | None = None
    pruned: Pruned | None = None
    for row in rows:
        number, at, actor, action, subject, data, before, own = row
        if start is None:
            if number > 1:
                seq, previous = number - 1, before
            start = Anchor(seq, previous)
        elif action == PRUNED and start.seq:
            pruned = _pruned(row, start) or pruned
        # What is stored is mostly the canonical text itself; if it is not, it is read and
        # written anew. Either way the hash is over all of the content.
        found = hash_of_parts(number, at, actor, action, subject, data, before)
        if found != own:
            found = _hash_anew(row)
        fits = number == seq + 1 and own == found and before == previous
        if not fits or (wanted and wanted.get(number, own) != own):
            # Where the numbers jump it is the missing row that is to be looked for.
            where = seq + 1 if number > seq + 1 else number
            head = Anchor(seq, previous)
            followed = seq - start.seq
            return Verdict(followed, head, where, _problem(row, seq, previous, found))
        seq, previous = number, own
    start = start or Anchor(0, GENESIS)
    if two_words:
        return Verdict(seq - start.seq, Anchor(seq, previous), min(two_words), _DISPUTED)
    head, followed = Anchor(seq, previous), seq - start.seq
    if start.seq and (problem := _why_not_pruned(start, pruned, wanted)):
        return Verdict(followed, head, 1, problem)
    missing = [one for one in anchors if one.seq > seq]
    if missing:
        last = max(one.seq for one in missing)
        told = f"the record ends with {seq}, but it was anchored up to {last}: its end was cut off"
        return Verdict(followed, head, seq + 1, told)
    return Verdict(followed, head, pruned=pruned)


_DISPUTED = (
    "anchors name two different hashes for it: one of them was forged, or the record was written "
    "anew in between"
)


def _pruned(row: AuditRow, start: Anchor) -> Pruned | None:
    """What an event says of pruning, if it is about where the record begins now."""
    try:
        data = json.loads(row[5])
        checkpoint = Anchor(int(data["through"]), str(data["hash"]))
    except (ValueError, KeyError, TypeError):
        return None
    return Pruned(checkpoint, row[1], row[2]) if checkpoint == start else None


def _why_not_pruned(start: Anchor, pruned: Pruned | None, wanted: Mapping[int, str]) -> str:
    """Why rows may not be missing before the first one; "" where they may."""
    if pruned is None:
        return f"1 to {start.seq} are missing, and no event says that they were pruned"
    if wanted and wanted.get(start.seq) != start.hash:
        return f"1 to {start.seq} were pruned, but that checkpoint was never anchored so"
    return ""


def _hash_anew(row: AuditRow) -> str:
    number, at, actor, action, subject, data, before, _ = row
    try:
        content = json.loads(data)
    except ValueError:
        return ""
    return event_hash(
        seq=number,
        at=at,
        actor=actor,
        action=action,
        subject=subject,
        data=content,
        previous_hash=before,
    )


def _problem(row: AuditRow, seq: int, previous: str, found: str) -> str:
    if row[0] != seq + 1:
        return f"after {seq} comes {row[0]}: rows are missing or out of order"
    if row[7] != found:
        return "its content is not what its hash was made over: the row was changed"
    if row[6] != previous:
        return "it does not follow the row before it: one of the two was replaced"
    return "its hash is not the one that was anchored: the record was written anew"


def event_line(event: AuditEvent) -> str:
    """One event as a line of JSON, hashes included, so that an export can be verified by itself."""
    return json.dumps(
        {
            "seq": event.seq,
            "at": event.at.isoformat(),
            "actor": event.actor,
            "action": event.action,
            "subject": event.subject,
            "data": event.data,
            "previous_hash": event.previous_hash,
            "hash": event.hash,
        },
        ensure_ascii=False,
    )
