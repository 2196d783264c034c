"""Anchors, and reading them back from wherever they were kept.

They come back as they were written (a JSON object a line), as a collector of syslog wrote them (RFC
5424, RFC 3164, or rsyslog's own form, other programs' lines among them), or as a receiver over HTTP
kept them: JSON, each anchor by itself, in a list, or inside the receiver's own envelope.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.errors import DataError

MARK = " recall-anchor - "
"""What stands before an anchor in a syslog message: message id, and no structured data."""
APP = "recall"
"""The program's name in syslog."""
_DEPTH = 6
_ENVELOPES = (
    "anchors",
    "items",
    "records",
    "events",
    "data",
    "body",
    "payload",
    "content",
    "json",
    "message",
    "MESSAGE",
    "msg",
    "log",
    "line",
)
"""Keys under which receivers keep what they were sent."""

_PRIORITY = r"(?:\d+ )?(?:<\d{1,3}>)?"
_STAMP = r"\d{4}-\d\d-\d\dT[\d:.,]+(?:Z|[+-]\d\d:?\d\d)?"
_TAG = r"(?P<app>[^\s:\[]+)(?:\[\d+\])?:?\s+"
_HEADERS = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        # RFC 5424: version, time, host, program, process, message id, structured data.
        rf"{_PRIORITY}1 (?:{_STAMP}|-) \S+ (?P<app>\S+) \S+ \S+ (?:-|\[.*?[^\\]\])(?: |$)",
        # RFC 3164, with or without a colon after the program; rsyslog leaves it out at times.
        rf"{_PRIORITY}[A-Z][a-z]{{2}} [ \d]\d \d\d:\d\d:\d\d \S+ {_TAG}",
        # The same with a time of RFC 3339, as rsyslog and systemd write it.
        rf"{_PRIORITY}{_STAMP} \S+ {_TAG}",
    )
)


@dataclass(frozen=True, slots=True)
class Anchor:
    """How the chain stood at some moment: the number and hash of its last event."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Collected:
    """What was found; `left_out` is how many lines of other programs, or without an anchor."""

    anchors: tuple[Anchor, ...]
    left_out: int = 0


def anchor_line(anchor: Anchor, at: datetime) -> str:
    """One line for a file of anchors."""
    return json.dumps({"seq": anchor.seq, "hash": anchor.hash, "at": at.isoformat()})


def read_anchors(path: Path) -> list[Anchor]:
    """The anchors of a file. Raises DataError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    return list(anchors_in(text, str(path)).anchors)


def anchors_in(text: str, where: str) -> Collected:
    """The anchors of a text. `where` it is from is for the error. Raises DataError for what says
    that it is an anchor, or is neither JSON nor a line of syslog, and cannot be read."""
    whole = text.strip().lstrip("\ufeff")
    if whole.startswith(("[", "{")):
        try:
            value = json.loads(whole)
        except (ValueError, RecursionError):
            pass  # one object a line, or a list that is broken: then its first line says so
        else:
            return Collected(tuple(_walk(value, where)))
    found: list[Anchor] = []
    left_out = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        here = list(_of_line(line.strip().lstrip("\ufeff"), f"{where}:{number}"))
        left_out += not here
        found += here
    return Collected(tuple(found), left_out)


def _of_line(line: str, where: str) -> Iterator[Anchor]:
    """The anchors of one line; none for another program's line of syslog."""
    _, mark, sent = line.partition(MARK)
    if mark:
        # Whatever a collector wrote before it, this is what we sent.
        yield from _walk(_json(sent, where), where)
        return
    if line.startswith(("{", "[")):
        yield from _walk(_json(line, where), where)
        return
    header = next((found for one in _HEADERS if (found := one.match(line))), None)
    if header is None:
        raise DataError(f"{where} is no anchor; see docs/security.md")
    message = line[header.end() :].lstrip("\ufeff ")
    if header["app"] == APP and message.startswith("{"):
        yield from _walk(_json(message, where), where)


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise DataError(f"{where} is no anchor; see docs/security.md") from None


def _walk(value: Any, where: str, depth: int = 0) -> Iterator[Anchor]:
    """The anchors in a JSON value: itself, those of a list, or what an envelope holds."""
    if depth > _DEPTH:
        raise DataError(f"{where} is no anchor: it is nested too deep")
    if isinstance(value, list):
        for one in value:
            yield from _walk(one, where, depth + 1)
        return
    if isinstance(value, dict) and "seq" in value and "hash" in value:
        seq, own = value["seq"], value["hash"]
        if type(seq) is int and seq >= 0 and isinstance(own, str) and own:
            yield Anchor(seq, own)
            return
    elif isinstance(value, dict):
        inner = next((value[name] for name in _ENVELOPES if name in value), None)
        if isinstance(inner, str):
            for line in inner.splitlines():
                if line.strip():
                    yield from _of_line(line.strip(), where)
            return
        if inner is not None:
            yield from _walk(inner, where, depth + 1)
            return
    raise DataError(f"{where} is no anchor; see docs/security.md")


def disputed(anchors: Sequence[Anchor]) -> frozenset[int]:
    """The numbers for which anchors name different hashes: one of them was forged, or the record
    was written anew between them."""
    first: dict[int, str] = {}
    return frozenset(one.seq for one in anchors if first.setdefault(one.seq, one.hash) != one.hash)
