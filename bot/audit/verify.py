"""Is the record what was written? The chain is followed row by row, and compared with anchors.

The chain alone shows every changed, removed or swapped row. It cannot show that its end was cut
off, or that somebody who holds the database wrote all of it anew; an anchor can, when it was
kept where that person could not reach it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot.audit.model import GENESIS, AuditEvent, AuditRow, event_hash, hash_of_parts
from bot.errors import DataError


@dataclass(frozen=True, slots=True)
class Anchor:
    """How the chain stood at some moment: the number and hash of its last event."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`broken_at` is the number of the first row that is not as it was written, `problem` what
    is wrong there; both empty where the record is whole."""

    events: int
    head: Anchor
    broken_at: int | None = None
    problem: str = ""

    @property
    def ok(self) -> bool:
        return self.broken_at is None


def verify(rows: Iterable[AuditRow], anchors: Sequence[Anchor] = ()) -> Verdict:
    """Follow the chain from its first event (number 1) to its last."""
    wanted: Mapping[int, str] = {one.seq: one.hash for one in anchors}
    seq, previous = 0, GENESIS
    for row in rows:
        number, at, actor, action, subject, data, before, own = row
        # What is stored is mostly the canonical text itself; if it is not, it is read and
        # written anew. Either way the hash is over all of the content.
        found = hash_of_parts(number, at, actor, action, subject, data, before)
        if found != own:
            found = _hash_anew(row)
        fits = number == seq + 1 and own == found and before == previous
        if not fits or (wanted and wanted.get(number, own) != own):
            # Where the numbers jump it is the missing row that is to be looked for.
            where = seq + 1 if number > seq + 1 else number
            return Verdict(seq, Anchor(seq, previous), where, _problem(row, seq, previous, found))
        seq, previous = number, own
    missing = [one for one in anchors if one.seq > seq]
    if missing:
        last = max(one.seq for one in missing)
        told = f"the record ends with {seq}, but it was anchored up to {last}: its end was cut off"
        return Verdict(seq, Anchor(seq, previous), seq + 1, told)
    return Verdict(seq, Anchor(seq, previous))


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


def read_anchors(path: Path) -> list[Anchor]:
    """The anchors of a file, one JSON object a line with `seq` and `hash`. Raises DataError."""
    anchors = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            anchors.append(Anchor(int(row["seq"]), str(row["hash"])))
        except (ValueError, KeyError, TypeError):
            raise DataError(f"{path}:{number} is no anchor; see docs/security.md") from None
    return anchors


def anchor_line(anchor: Anchor, at: datetime) -> str:
    """One line for a file of anchors."""
    return json.dumps({"seq": anchor.seq, "hash": anchor.hash, "at": at.isoformat()})


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
