"""What is different this time: today's logs and labels against those of the best past incident.

Says only what the records hold: lines that are new, lines of then that are missing though the
logs of today would show them, and a client, host or version that changed. Times, ids, counts and
measurements always differ and are never told.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from knowledge.model import PastIncident, Query
from knowledge.retrieve.clues import same_line
from knowledge.retrieve.reading import line_words
from knowledge.text.logs import LogDigest, LogTemplate, pair, read_log
from knowledge.text.masking import PLACEHOLDER, mask

MOST_ROWS = 3

COMPARABLE = 0.4
"""Share of then's log templates that must be in today's log before a line counts as new, and of
today's that may be new: else the two logs are of different things, or then's is an excerpt."""

COVERED = 0.7
"""The same share, from which today's log covers what then's did: below it, what is not there may
only have been left out of the paste."""

LEAST_SHARED = 2
"""Templates that both logs must have, for the same reason."""

_TROUBLE = re.compile(
    r"error|fail|fatal|critical|panic|exception|refused|denied|timed? ?out|exhausted|unavailable"
    r"|cannot|could not|unable|killed|\boom|\bwarn|reject|exceed|corrupt|abort|deadlock|retry",
    re.IGNORECASE,
)
_KEY = re.compile(r"^[\"'(\[{]*([A-Za-z_][\w.-]*)[\"']?[=:]([\"']?.+)$")
_MARKS = "\"'`()[]{}<>,;:"
_NAME_LIKE = re.compile(r"[A-Za-z].*[-_./:@\d]|[-_./:@\d].*[A-Za-z]")
_SHORT_NUMBER = re.compile(r"(?<![\d.])\d{1,3}(?![\d.])")
_LONGEST_VALUE = 80
_MOST_VALUES = 2
_VOLATILE_LABELS = frozenset(
    ("alertname", "pod", "instance", "container_id", "uid", "id", "replica", "prometheus")
)
_PLACES = frozenset(("env", "environment", "cluster", "region", "stage"))
"""An answer from another environment is marked as such already."""


class DifferenceKind(StrEnum):
    CHANGED_VALUE = "changed_value"
    OTHER_VERSION = "other_version"
    NEW_LINE = "new_line"
    MISSING_LINE = "missing_line"
    OTHER_LABEL = "other_label"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was. `then` and `now` are lines verbatim ("" where there is
    none), or a label as `name=value`; `was` and `is_now` are the changed values of `name`."""

    kind: DifferenceKind
    then: str = ""
    now: str = ""
    name: str = ""
    was: str = ""
    is_now: str = ""


def differences(record: PastIncident, query: Query) -> tuple[Difference, ...]:
    """At most `MOST_ROWS` differences of today against the record, the most telling first."""
    then, now = read_log(_lines(record.logs)), read_log(_todays_lines(query))
    rated = [*_of_logs(then, now, record, query), *_of_labels(record.labels, query.labels)]
    rated.sort(key=lambda item: -item[0])
    kept: list[Difference] = []
    for _, one in rated:
        if not any(_says_the_same(one, other) for other in kept):
            kept.append(one)
    return tuple(kept[:MOST_ROWS])


_Rated = tuple[float, Difference]


def _of_logs(
    then: LogDigest, now: LogDigest, record: PastIncident, query: Query
) -> Iterable[_Rated]:
    if not then.templates or not now.templates:
        return
    paired = pair(then.templates, now.templates)
    old = [(one, line_words(one.text)) for one in then.templates]
    new = [(one, line_words(one.text)) for one in now.templates]
    gone = [one for one in paired.gone if not _is_among(one, new)]
    fresh = [one for one in paired.new if not _is_among(one, old)]
    shared = len(then.templates) - len(gone)
    yield from _changed_values(paired.both, "\n".join(record.logs), "\n".join(query.logs))
    if shared < LEAST_SHARED or shared < COMPARABLE * len(then.templates):
        return
    if len(fresh) <= COMPARABLE * len(now.templates):
        for one in fresh:
            if _is_telling(one):
                yield _weight(one) + 2.0, Difference(DifferenceKind.NEW_LINE, now=one.example)
    if shared < COVERED * len(then.templates) or 2 * now.lines < then.lines:
        return
    for one in gone:
        if _is_telling(one):
            yield _weight(one) + 1.5, Difference(DifferenceKind.MISSING_LINE, then=one.example)


def _changed_values(
    both: Sequence[tuple[LogTemplate, LogTemplate]], then_text: str, now_text: str
) -> Iterable[_Rated]:
    """Values in the same place of the same line, of which neither log has the other's."""
    found: dict[tuple[str, str], tuple[float, Difference]] = {}
    for old, new in both:
        for place in range(len(old.tokens)):
            if place in old.cut or place in new.cut:
                continue
            a = {value.text for value in old.at(place)}
            b = {value.text for value in new.at(place)}
            if a & b or len(a) > _MOST_VALUES or len(b) > _MOST_VALUES:
                continue
            name, was = _named(min(a))
            other, is_now = _named(min(b))
            if name != other or not _may_tell(name, was, is_now):
                continue
            if _occurs(was, now_text) or _occurs(is_now, then_text):
                continue
            kind = _kind(was, is_now)
            weight = math.log1p(min(old.count, new.count)) + (
                0.8 if kind is DifferenceKind.OTHER_VERSION else 3.0
            )
            known = found.get((was, is_now))
            total = weight + (known[0] if known else 0.0)
            first = (
                known[1] if known else Difference(kind, old.example, new.example, name, was, is_now)
            )
            found[was, is_now] = (total, first)
    yield from found.values()


def _of_labels(then: Mapping[str, str], now: Mapping[str, str]) -> Iterable[_Rated]:
    """Labels that both alerts have with another value, but for those that always differ."""
    for name in sorted(then.keys() & now.keys()):
        was, is_now = then[name], now[name]
        if was == is_now or name.lower() in _VOLATILE_LABELS | _PLACES:
            continue
        if _may_tell(name, was, is_now):
            yield (
                1.0,
                Difference(
                    DifferenceKind.OTHER_LABEL,
                    f"{name}={was}",
                    f"{name}={is_now}",
                    name,
                    was,
                    is_now,
                ),
            )


def _lines(logs: Sequence[str]) -> list[str]:
    return [line for log in logs for line in log.splitlines()]


def _todays_lines(query: Query) -> list[str]:
    return _lines((*query.logs, query.text))


def _is_among(template: LogTemplate, others: Sequence[tuple[LogTemplate, frozenset[str]]]) -> bool:
    words = line_words(template.text)
    return any(same_line(words, other) for _, other in others)


def _is_telling(template: LogTemplate) -> bool:
    """A log's own line that speaks of trouble."""
    headed = bool(template.level) or template.first_time is not None
    return headed and (template.level.is_trouble or bool(_TROUBLE.search(template.text)))


def _weight(template: LogTemplate) -> float:
    return 0.5 * template.level.is_trouble + 0.3 * math.log1p(min(template.count, 20))


def _named(token: str) -> tuple[str, str]:
    """`key=value` as (key, value); ("", value) for a bare one. Marks around it are no part."""
    match = _KEY.match(token)
    if match and not token.lower().startswith(("http:", "https:")):
        return match[1], match[2].strip(_MARKS)
    return "", token.strip(_MARKS)


def _may_tell(name: str, was: str, is_now: str) -> bool:
    """Whether two values are names of something: no number, time, id, nor a sentence's word."""
    if not was or not is_now or max(len(was), len(is_now)) > _LONGEST_VALUE:
        return False
    return all(_is_name(one, bool(name)) for one in (was, is_now))


def _is_name(value: str, has_key: bool) -> bool:
    masked = mask(value)
    if masked == "<ver>":
        return True
    # A short number in a name is part of it, as in node-17; a long one is an id.
    rest = masked.replace("<ver>", "").replace("<pod>", "")
    if "<num>" in rest and _SHORT_NUMBER.search(value):
        rest = rest.replace("<num>", "")
    if PLACEHOLDER.search(rest) or not any(letter.isalpha() for letter in rest):
        return False
    return has_key or bool(_NAME_LIKE.search(value))


def _kind(was: str, is_now: str) -> DifferenceKind:
    versions = "<ver>" in mask(was) and "<ver>" in mask(is_now)
    return DifferenceKind.OTHER_VERSION if versions else DifferenceKind.CHANGED_VALUE


def _occurs(value: str, text: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(value)}(?![\w-])", text) is not None


def _says_the_same(one: Difference, other: Difference) -> bool:
    return (
        one.kind is other.kind
        and (one.was, one.is_now) == (other.was, other.is_now)
        and (bool(one.was) or (one.then, one.now) == (other.then, other.now))
    )
